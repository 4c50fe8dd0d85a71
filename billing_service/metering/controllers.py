"""Which workload a pod belongs to: `Deployment/api`, `StatefulSet/db`, `CronJob/report`, `Pod/alone`, ..."""

from collections.abc import Mapping, Sequence

from billing_service.metering.client import Series
from billing_service.metering.windows import by_key

MACHINE = "VirtualMachineInstance"
_NONE = ("", "<none>")  # kube-state-metrics before 2.0 wrote <none>


class Controllers:
    def __init__(self, pods: Sequence[Series], replica_sets: Sequence[Series], jobs: Sequence[Series]) -> None:
        self._pods = _owners(pods, "pod")
        self._parents = {("ReplicaSet", *key): owner for key, owner in _owners(replica_sets, "replicaset").items()} | {
            ("Job", *key): owner for key, owner in _owners(jobs, "job_name").items()
        }

    def of(self, namespace: str, pod: str) -> tuple[str, str]:
        """Kind and name: the controller of a ReplicaSet or a Job where it has one, otherwise the set or job itself.
        KubeVirt attaches a disk by a pod that the machine's pod owns."""
        kind, name = self._pods.get((namespace, pod), ("Pod", pod))
        if kind == "Pod" and name != pod:
            kind, name = self._pods.get((namespace, name), (kind, name))
        return self._parents.get((kind, namespace, name), (kind, name))

    def workload(self, namespace: str, pod: str) -> str:
        kind, name = self.of(namespace, pod)
        return f"{'VirtualMachine' if kind == MACHINE else kind}/{name}"


def _owners(series: Sequence[Series], label: str) -> Mapping[tuple[str, str], tuple[str, str]]:
    """If a name was used by two objects within the hour, the owner that was there longer, then the first by name."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    ranked = sorted(by_key(series, ("namespace", label, "owner_kind", "owner_name")), key=lambda one: one[0])
    ranked.sort(key=lambda one: sum(one[1].samples.values()))
    for (namespace, name, kind, owner), _ in reversed(ranked):
        if kind not in _NONE:
            found.setdefault((namespace, name), (kind, owner))
    return found
