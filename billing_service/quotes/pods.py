"""What a pod requests, by the rules of the scheduler of Kubernetes.

The larger one of all containers together and of each init container with the sidecars before it, plus the overhead. A
limit without a request is the request.
"""

from dataclasses import dataclass
from decimal import Decimal

from billing_service.money import exact_sum
from billing_service.plans.quantities import EXACT
from billing_service.quotes.body import At
from billing_service.quotes.needs import Unpriced, Volume

CORES = Decimal(10_000)
BYTES = Decimal(2**50)
_MEASURED = {"cpu": CORES, "memory": BYTES}
_IGNORED = ("ephemeral-storage", "storage")


@dataclass(frozen=True)
class Pod:
    cpu: Decimal
    memory: Decimal
    volumes: tuple[Volume, ...]
    others: tuple[tuple[str, Decimal], ...]
    unpriced: tuple[Unpriced, ...]


def read_pod(spec: At) -> Pod:
    """`spec` of a pod. Raises WrongMember."""
    containers = list(spec["containers"].items())
    if not containers:
        raise spec["containers"].wrong("required", "must have at least one container")
    beginning = list(spec["initContainers"].items())
    overhead = spec["overhead"]
    amounts = {name: _amount(name, spec, containers, beginning, overhead) for name in _MEASURED}
    names = sorted({name for one in [*containers, *beginning, spec] for name in _others(one)})
    others = [(name, _amount(name, spec, containers, beginning, overhead)) for name in names]
    return Pod(
        cpu=amounts["cpu"],
        memory=amounts["memory"],
        volumes=tuple(_ephemeral(spec)),
        others=tuple((name, amount) for name, amount in others if amount),
        unpriced=tuple(_unpriced(spec, containers)),
    )


def read_volume(claim: At) -> Volume:
    """`claim` is the spec of a PersistentVolumeClaim."""
    size = claim["resources"]["requests"]["storage"].amount(BYTES, positive=True)
    name = claim["storageClassName"]
    return Volume(name.text() if name.value else "", size)


def _amount(name: str, spec: At, containers: list[At], beginning: list[At], overhead: At) -> Decimal:
    more = (
        overhead[name].amount(_MEASURED.get(name, BYTES))
        if overhead.value is not None and name in overhead
        else Decimal(0)
    )
    of_pod = _request(spec, name)
    if of_pod is not None:  # pod-level resources come before those of the containers
        return EXACT.add(of_pod, more)
    sidecars, largest = Decimal(0), Decimal(0)
    for one in beginning:
        request = _request(one, name) or Decimal(0)
        largest = max(largest, EXACT.add(sidecars, request))
        if _is_sidecar(one):
            sidecars = EXACT.add(sidecars, request)
    together = exact_sum([sidecars, *(_request(one, name) or Decimal(0) for one in containers)])
    return EXACT.add(max(together, largest), more)


def _is_sidecar(container: At) -> bool:
    return bool(container["restartPolicy"].value == "Always")


def _request(container: At, name: str) -> Decimal | None:
    resources = container["resources"]
    if resources.value is None:
        return None
    for member in ("requests", "limits"):
        if resources[member].value is not None and name in resources[member]:
            return resources[member][name].amount(_MEASURED.get(name, BYTES))
    return None


def _others(container: At) -> list[str]:
    """Such as nvidia.com/gpu."""
    resources = container["resources"]
    stated: dict[str, object] = {}
    for member in ("limits", "requests"):
        if resources.value is not None and resources[member].value is not None:
            stated = {**stated, **resources[member].object()}
    return [name for name in stated if name not in _MEASURED and name not in _IGNORED]


def _unpriced(spec: At, containers: list[At]) -> list[Unpriced]:
    return [
        Unpriced(
            f"{one.pointer}/resources/requests/{name}", "not requested: its use is billed, and is not in the quote"
        )
        for one in containers
        for name in _MEASURED
        if _request(one, name) is None and _request(spec, name) is None
    ]


def _ephemeral(spec: At) -> list[Volume]:
    """Volumes that live as long as the pod."""
    volumes = (volume["ephemeral"] for volume in spec["volumes"].items() if "ephemeral" in volume)
    return [read_volume(volume["volumeClaimTemplate"]["spec"]) for volume in volumes]
