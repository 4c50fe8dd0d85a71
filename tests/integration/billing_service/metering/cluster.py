"""A cluster as its exporters report it: a test defines what ran from when to when, this writes the samples.

Times are seconds from the start of the hour. An object is in every scrape from its begin to before its end. Nothing
here is computed as the meter computes it: a test states the expected quantity from its own definition.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

HOUR = datetime(2026, 11, 10, 10, tzinfo=UTC)
SCRAPE = 30
FIRST, LAST = -600, 4200  # a lead before the hour and some time after it

Value = float | Callable[[float], float]

STATE = {"job": "kube-state-metrics", "instance": "10.0.0.1:8080"}
KUBEVIRT = {"job": "kubevirt-prometheus-metrics", "instance": "10.0.0.3:8443"}


def cadvisor(node: str) -> dict[str, str]:
    return {"job": "kubelet", "metrics_path": "/metrics/cadvisor", "instance": f"{node}:10250", "node": node}


def scrapes(begin: float, end: float) -> list[float]:
    return [second for second in range(FIRST + SCRAPE, LAST, SCRAPE) if begin <= second < end]


class Cluster:
    """With kube-state-metrics, KubeVirt's controller and the given nodes, scraped without a gap unless one is added."""

    def __init__(self, nodes: Iterable[str] = ("n1",), *, empty: bool = False) -> None:
        self._series: defaultdict[str, dict[tuple[tuple[str, str], ...], dict[float, float]]] = defaultdict(dict)
        self._gaps: list[tuple[dict[str, str], float, float]] = []
        if empty:
            return
        self.add("kubevirt_virt_controller_ready_status", KUBEVIRT)
        for node in nodes:
            self.node(node)

    def add(self, name: str, labels: dict[str, str], value: Value = 1, begin: float = FIRST, end: float = LAST) -> None:
        key = tuple(sorted(labels.items()))
        found = self._series[name].setdefault(key, {})
        for second in scrapes(begin, end):
            found[second] = value(second) if callable(value) else value

    def gap(self, labels: dict[str, str], begin: float, end: float) -> None:
        """No scrape of the targets with these labels from begin to before end."""
        self._gaps.append((labels, begin, end))

    def node(self, name: str, begin: float = FIRST, end: float = LAST, scraped_until: float = LAST) -> None:
        self.add("kube_node_info", STATE | {"node": name}, begin=begin, end=end)
        self.add("machine_cpu_cores", cadvisor(name), 8, begin, min(end, scraped_until))

    def namespace(self, name: str) -> None:
        self.add("kube_namespace_status_phase", STATE | {"namespace": name, "phase": "Active"})

    def pod(
        self,
        namespace: str,
        name: str,
        owner: tuple[str, str] = ("", ""),
        *,
        cpu: float | None = None,
        memory: float | None = None,
        begin: float = FIRST,
        end: float = LAST,
        container: str = "main",
        state: dict[str, str] = STATE,
    ) -> None:
        """`cpu` in cores and `memory` in bytes are what its one container requests."""
        pod = state | {"namespace": namespace, "pod": name, "uid": f"uid-{name}"}
        for phase in ("Pending", "Running", "Succeeded", "Failed", "Unknown"):
            self.add("kube_pod_status_phase", pod | {"phase": phase}, float(phase == "Running"), begin, end)
        kind, controller = owner
        owned = {"owner_kind": kind, "owner_name": controller, "owner_is_controller": "true" if kind else ""}
        self.add("kube_pod_owner", pod | owned, 1, begin, end)
        requests = {"cpu": ("core", cpu), "memory": ("byte", memory)}
        for resource, (unit, value) in requests.items():
            if value is not None:
                labels = pod | {"container": container, "node": "n1", "resource": resource, "unit": unit}
                self.add("kube_pod_container_resource_requests", labels, value, begin, end)

    def replica_set(self, namespace: str, name: str, deployment: str) -> None:
        owned = {"owner_kind": "Deployment", "owner_name": deployment, "owner_is_controller": "true"}
        self.add("kube_replicaset_owner", STATE | {"namespace": namespace, "replicaset": name} | owned)

    def use(
        self,
        namespace: str,
        pod: str,
        *,
        cpu: Value | None = None,
        memory: Value | None = None,
        begin: float = FIRST,
        end: float = LAST,
        node: str = "n1",
        container: str = "main",
        cgroup: str = "/kubepods/1",
        target: dict[str, str] | None = None,
    ) -> None:
        """`cpu` is the counter in seconds, by time; a number is a constant rate in cores from the begin."""
        labels = (target or cadvisor(node)) | {"namespace": namespace, "pod": pod, "container": container, "id": cgroup}
        if cpu is not None:
            rate = cpu
            counter = rate if callable(rate) else lambda second: rate * (second - begin)
            self.add("container_cpu_usage_seconds_total", labels | {"cpu": "total"}, counter, begin, end)
        if memory is not None:
            self.add("container_memory_working_set_bytes", labels, memory, begin, end)

    def sent(self, namespace: str, pod: str, per_second: float, begin: float = FIRST, end: float = LAST) -> None:
        labels = cadvisor("n1") | {"namespace": namespace, "pod": pod, "interface": "eth0", "id": f"/pod/{pod}"}
        counter: Value = lambda second: per_second * (second - begin)  # noqa: E731 - one line of arithmetic
        self.add("container_network_transmit_bytes_total", labels, counter, begin, end)

    def machine(
        self,
        namespace: str,
        name: str,
        *,
        topology: dict[str, float] | None,
        memory: float,
        begin: float = FIRST,
        end: float = LAST,
        node: str = "n1",
    ) -> None:
        """Running from begin to end, with the launcher pod that runs it."""
        info = KUBEVIRT | {"namespace": namespace, "name": name, "node": node, "phase": "running"}
        self.add("kubevirt_vmi_info", info, 1, begin, end)
        machine = KUBEVIRT | {"namespace": namespace, "name": name}
        for unit, count in (topology or {}).items():
            labels = machine | {"resource": "cpu", "unit": unit, "source": "domain"}
            self.add("kubevirt_vm_resource_requests", labels, count)
        if topology is not None:
            guest = machine | {"resource": "memory", "unit": "bytes", "source": "guest"}
            self.add("kubevirt_vm_resource_requests", guest, memory)
        owner = ("VirtualMachineInstance", name)
        launcher = f"virt-launcher-{name}-x7"
        self.pod(namespace, launcher, owner, cpu=0.1, memory=memory * 1.1, begin=begin, end=end, container="compute")

    def volume(self, namespace: str, claim: str, size: float, storage_class: str = "", *, begin: float = FIRST) -> None:
        labels = STATE | {"namespace": namespace, "persistentvolumeclaim": claim}
        self.add("kube_persistentvolumeclaim_status_phase", labels | {"phase": "Bound"}, 1, begin)
        self.add("kube_persistentvolumeclaim_status_phase", labels | {"phase": "Pending"}, 0, begin)
        self.add("kube_persistentvolumeclaim_resource_requests_storage_bytes", labels, size, begin)
        info = labels | {"storageclass": storage_class, "volumename": f"pv-{claim}"}
        self.add("kube_persistentvolumeclaim_info", info, 1, begin)

    def disk(self, namespace: str, machine: str, claim: str, size: float) -> None:
        labels = KUBEVIRT | {"namespace": namespace, "name": machine, "persistentvolumeclaim": claim, "device": "disk0"}
        self.add("kubevirt_vm_disk_allocated_size_bytes", labels, size)

    def gpus(self, namespace: str, pod: str, number: float, resource: str = "nvidia_com_gpu", **more: float) -> None:
        """As kube-state-metrics writes the request of an extended resource. `more`: begin, end."""
        pod_labels = STATE | {"namespace": namespace, "pod": pod, "uid": f"uid-{pod}", "container": "main"}
        labels = pod_labels | {"node": "n1", "resource": resource, "unit": "integer"}
        self.add("kube_pod_container_resource_requests", labels, number, **more)

    def address(self, kind: str, namespace: str, name: str, ip: str, **more: float) -> None:
        """An EIp or FIp, as the custom resource state of kube-state-metrics shows it. `more`: begin, end."""
        resource = {"customresource_group": "kube-dc.com", "customresource_kind": kind, "customresource_version": "v1"}
        labels = STATE | resource | {"namespace": namespace, "name": name, "ip": ip}
        self.add(f"kube_dc_{kind.lower()}_info", labels, 1, **more)

    def labels(
        self, kind: str, namespace: str, name: str, begin: float = FIRST, end: float = LAST, **values: str
    ) -> None:
        """Of a pod, persistentvolumeclaim or service, with --metric-labels-allowlist."""
        labels = STATE | {"namespace": namespace, kind: name} | {f"label_{key}": value for key, value in values.items()}
        self.add(f"kube_{kind}_labels", labels, 1, begin, end)

    def load_balancer(self, namespace: str, service: str, ip: str, begin: float = FIRST, end: float = LAST) -> None:
        labels = STATE | {"namespace": namespace, "service": service, "uid": f"uid-{service}"}
        self.add("kube_service_spec_type", labels | {"type": "LoadBalancer"}, 1, begin, end)
        self.add("kube_service_status_load_balancer_ingress", labels | {"ip": ip, "hostname": ""}, 1, begin, end)

    def openmetrics(self) -> str:
        lines = []
        for name, series in sorted(self._series.items()):
            lines.append(f"# TYPE {name} unknown")
            for key, samples in sorted(series.items()):
                labels = ",".join(f'{label}="{value}"' for label, value in key)
                lines += [
                    f"{name}{{{labels}}} {value!r} {HOUR.timestamp() + second}"
                    for second, value in sorted(samples.items())
                    if not self._is_missing(dict(key), second)
                ]
        return "\n".join([*lines, "# EOF", ""])

    def _is_missing(self, labels: dict[str, str], second: float) -> bool:
        return any(begin <= second < end and gone.items() <= labels.items() for gone, begin, end in self._gaps)
