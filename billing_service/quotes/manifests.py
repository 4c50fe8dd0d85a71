"""Manifests of Kubernetes: what each kind needs. Members that do not matter for the cost are ignored."""

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

from billing_service.plans.quantities import EXACT
from billing_service.quotes.body import At
from billing_service.quotes.needs import Needs, Volume
from billing_service.quotes.pods import BYTES, CORES, Pod, read_pod, read_volume

MOST = 1000  # replicas, or resources of one entry
_MOST_PROCESSORS = 10_000


def _deployment(manifest: At) -> Needs:
    spec = manifest["spec"]
    return _of_pod(manifest, read_pod(spec["template"]["spec"]), spec["replicas"].whole(1, MOST, 1))


def _stateful_set(manifest: At) -> Needs:
    spec = manifest["spec"]
    claims = tuple(read_volume(claim["spec"]) for claim in spec["volumeClaimTemplates"].items())
    return _of_pod(manifest, read_pod(spec["template"]["spec"]), spec["replicas"].whole(1, MOST, 1), claims)


def _pod(manifest: At) -> Needs:
    return _of_pod(manifest, read_pod(manifest["spec"]), 1)


def _of_pod(manifest: At, pod: Pod, number: int, claims: tuple[Volume, ...] = ()) -> Needs:
    return Needs(
        kind=str(manifest.value["kind"]),
        name=name_of(manifest),
        number=number,
        cpu=pod.cpu,
        memory=pod.memory,
        volumes=(*claims, *pod.volumes),
        pods=1,
        others=pod.others,
        unpriced=pod.unpriced,
    )


def _claim(manifest: At) -> Needs:
    return Needs("PersistentVolumeClaim", name_of(manifest), volumes=(read_volume(manifest["spec"]),))


def _machine(manifest: At) -> Needs:
    """As the meter counts it: the topology, or else the requested processors rounded up; what the guest sees."""
    spec = manifest["spec"]
    for place, member in ((spec, "instancetype"), (spec, "preference")):
        if member in place and member == "instancetype":
            raise place[member].wrong("choice", "is not supported: state cpu and memory in spec/template/spec/domain")
    domain = spec["template"]["spec"]["domain"]
    disks = tuple(_disk(template["spec"]) for template in spec["dataVolumeTemplates"].items())
    return Needs(
        *("VirtualMachine", name_of(manifest)),
        cpu=_processors(domain),
        memory=_memory(domain),
        volumes=disks,
        pods=1,  # its launcher
        others=tuple((device["deviceName"].text(), Decimal(1)) for device in _devices(domain)),
    )


def _processors(domain: At) -> Decimal:
    topology = domain["cpu"]
    parts = ("cores", "sockets", "threads")
    if topology.value is not None and any(part in topology for part in parts):
        product = Decimal(1)
        for part in parts:
            product *= topology[part].whole(1, _MOST_PROCESSORS, 1)
        if product > CORES:
            raise topology.wrong("range", f"must have at most {CORES} processors")
        return product
    requested = _stated(domain, "cpu", CORES)
    return Decimal(1) if requested is None else max(requested.to_integral_value(ROUND_CEILING, EXACT), Decimal(1))


def _memory(domain: At) -> Decimal:
    if domain["memory"].value is not None and "guest" in domain["memory"]:
        return domain["memory"]["guest"].amount(BYTES, positive=True)
    found = _stated(domain, "memory", BYTES)
    if found is None:
        raise (
            domain["memory"]["guest"].wrong("required", "is required")
            if domain["memory"].value
            else domain["memory"].wrong("required", "is required: state guest, or resources/requests/memory")
        )
    return found


def _stated(domain: At, name: str, largest: Decimal) -> Decimal | None:
    resources = domain["resources"]
    for member in ("requests", "limits"):
        if resources.value is not None and resources[member].value is not None and name in resources[member]:
            return resources[member][name].amount(largest, positive=True)
    return None


def _devices(domain: At) -> list[At]:
    devices = domain["devices"]
    if devices.value is None:
        return []
    return [one for member in ("gpus", "hostDevices") for one in devices[member].items()]


def _disk(spec: At) -> Volume:
    """A DataVolume has its claim as `storage` or as `pvc`."""
    return read_volume(spec["storage"] if "storage" in spec else spec["pvc"])


def name_of(manifest: At) -> str | None:
    metadata = manifest["metadata"]
    if metadata.value is None:
        return None
    name = metadata["name"] if "name" in metadata else metadata["generateName"]
    return name.text() if name.value is not None else None


_READERS: dict[tuple[str, str], Callable[[At], Needs]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "ReplicaSet"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("v1", "Pod"): _pod,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("kubevirt.io/v1", "VirtualMachine"): _machine,
}


def read_manifest(manifest: At) -> Needs:
    """Raises WrongMember."""
    manifest.only("apiVersion", "kind", "metadata", "spec", "status")
    key = (manifest["apiVersion"].text(), manifest["kind"].text())
    if key not in _READERS:
        allowed = ", ".join(f"{version} {kind}" for version, kind in _READERS)
        raise manifest["kind"].wrong("choice", f"apiVersion and kind must be one of: {allowed}")
    return _READERS[key](manifest)
