"""GPUs, addresses of Kube-DC, and labels, as a real Prometheus has them."""

from decimal import Decimal

from billing_service.metering.reading import Scope
from billing_service.metering.usage import Reading

from .cluster import SCRAPE, Cluster
from .conftest import Read, quantities

GIB = 2**30
NINE = Decimal("1e-9")
SCOPE = Scope(
    source="cluster-1",
    slot_seconds=SCRAPE,
    has_machines=True,
    gpu_resources=frozenset({"nvidia_com_gpu", "amd_com_gpu", "nvidia_com_gpumem"}),
    address_metrics=frozenset({"kube_dc_eip_info", "kube_dc_fip_info"}),
    labels={"label_team": "team", "label_app_kubernetes_io_part_of": "app.kubernetes.io/part-of"},
)


def hours(number: str, seconds: int) -> Decimal:
    return (Decimal(number) * seconds / 3600).quantize(NINE)


def labels(reading: Reading) -> dict[tuple[str, str], dict[str, str] | None]:
    return {(line.namespace, line.workload): line.labels and dict(line.labels) for line in reading.lines}


async def test_a_gpu_costs_while_its_pod_runs(read: Read) -> None:
    """Two GPUs of one Deployment, one of them for 20 minutes. A pod that waits for a GPU costs nothing."""
    cluster = Cluster()
    cluster.replica_set("acme-ml", "train-5f", "train")
    cluster.pod("acme-ml", "train-5f-a", ("ReplicaSet", "train-5f"), cpu=1)
    cluster.gpus("acme-ml", "train-5f-a", 1)
    cluster.pod("acme-ml", "train-5f-b", ("ReplicaSet", "train-5f"), cpu=1, begin=1210, end=2410)
    cluster.gpus("acme-ml", "train-5f-b", 1, "amd_com_gpu", begin=1210, end=2410)
    cluster.gpus("acme-ml", "waits", 8)
    found = quantities(await read(cluster, SCOPE), "gpu_hour")
    assert found == {("acme-ml", "Deployment/train"): hours("1", 3600 + 1200)}


async def test_shares_of_a_gpu_have_a_sku_of_their_own(read: Read) -> None:
    """Memory of a shared GPU in MiB. A resource that is not in the setting is not metered."""
    cluster = Cluster()
    cluster.pod("acme-ml", "notebook", cpu=1)
    cluster.gpus("acme-ml", "notebook", 4096, "nvidia_com_gpumem")
    cluster.gpus("acme-ml", "notebook", 30, "nvidia_com_gpucores")
    reading = await read(cluster, SCOPE)
    assert quantities(reading, "gpu_hour.nvidia_com_gpumem") == {("acme-ml", "Pod/notebook"): Decimal(4096)}
    assert {line.sku for line in reading.lines} == {"cpu_core_hour", "gpu_hour.nvidia_com_gpumem"}


async def test_the_gpu_of_a_machine_belongs_to_the_machine(read: Read) -> None:
    """Its pod requests it. Processors and memory of this pod are not counted beside the machine."""
    cluster = Cluster()
    cluster.machine("acme-ml", "vm-1", topology={"cores": 4}, memory=8 * GIB)
    cluster.gpus("acme-ml", "virt-launcher-vm-1-x7", 1)
    reading = await read(cluster, SCOPE)
    assert quantities(reading, "gpu_hour") == {("acme-ml", "VirtualMachine/vm-1"): Decimal(1)}
    assert quantities(reading, "cpu_core_hour") == {("acme-ml", "VirtualMachine/vm-1"): Decimal(4)}


async def test_an_address_costs_once_whatever_has_it(read: Read) -> None:
    """A floating IP has the address of an external IP, and a load balancer the same one. Another is there for half an
    hour, first as one kind and then as the other."""
    cluster = Cluster()
    cluster.address("EIp", "acme-web", "eip-1", "203.0.113.7")
    cluster.address("FIp", "acme-web", "eip-1", "203.0.113.7")
    cluster.load_balancer("acme-web", "web", "203.0.113.7")
    cluster.address("EIp", "acme-web", "eip-2", "203.0.113.8", end=930)
    cluster.address("FIp", "acme-web", "fip-2", "203.0.113.8", begin=930, end=1830)
    cluster.address("EIp", "acme-data", "pending", "")
    reading = await read(cluster, SCOPE)
    assert quantities(reading, "public_ip_hour") == {
        ("acme-web", "PublicIP/203.0.113.7"): Decimal(1),
        ("acme-web", "PublicIP/203.0.113.8"): hours("1", 1800),
    }
    assert reading.problems == ()


async def test_lines_carry_the_labels_of_their_workload(read: Read) -> None:
    """Of pods, claims and Services. A label without a value, and one that is not in the setting, is not there."""
    cluster = Cluster()
    cluster.replica_set("acme-web", "api-5f", "api")
    cluster.pod("acme-web", "api-5f-a", ("ReplicaSet", "api-5f"), cpu=1)
    cluster.labels("pod", "acme-web", "api-5f-a", team="web", app_kubernetes_io_part_of="shop", other="x")
    cluster.volume("acme-web", "data", GIB)
    cluster.labels("persistentvolumeclaim", "acme-web", "data", team="storage")
    cluster.load_balancer("acme-web", "front", "203.0.113.7")
    cluster.labels("service", "acme-web", "front", team="edge", app_kubernetes_io_part_of="")
    cluster.pod("acme-data", "api-5f-a", cpu=1)
    assert labels(await read(cluster, SCOPE)) == {
        ("acme-web", "Deployment/api"): {"team": "web", "app.kubernetes.io/part-of": "shop"},
        ("acme-web", "Volume/data"): {"team": "storage"},
        ("acme-web", "Service/front"): {"team": "edge"},
        ("acme-web", "PublicIP/203.0.113.7"): None,
        ("acme-data", "Pod/api-5f-a"): None,
    }


async def test_labels_that_change_are_those_that_were_there_longest(read: Read) -> None:
    """A rollout moves the Deployment from one team to another after 20 minutes."""
    cluster = Cluster()
    cluster.replica_set("acme-web", "api-5f", "api")
    for name, team, begin, end in (("a", "old", 0, 1200), ("b", "new", 1200, 3600)):
        pod = f"api-5f-{name}"
        cluster.pod("acme-web", pod, ("ReplicaSet", "api-5f"), cpu=1, begin=begin, end=end)
        cluster.labels("pod", "acme-web", pod, begin, end, team=team)
    assert labels(await read(cluster, SCOPE)) == {("acme-web", "Deployment/api"): {"team": "new"}}
