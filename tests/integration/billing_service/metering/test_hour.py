"""One hour as a real Prometheus has it. Expected quantities come from what the test defines, in seconds and bytes."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing_service.metering.client import Address, Prometheus, Series
from billing_service.metering.errors import CollidingLabels
from billing_service.metering.reading import HourReader
from billing_service.metering.usage import Instances
from billing_service.metering.windows import Hour

from .cluster import HOUR, KUBEVIRT, STATE, Cluster, cadvisor
from .conftest import QUERIES, SCOPE, Read, quantities
from .server import prometheus

GIB = 2**30
NINE = Decimal("1e-9")
CPU, MEMORY, STORAGE = "cpu_core_hour", "memory_gib_hour", "storage_gib_hour"


def core_hours(*parts: tuple[str, int]) -> Decimal:
    """The sum of (cores, seconds)."""
    return (sum(Decimal(cores) * seconds for cores, seconds in parts) / Decimal(3600)).quantize(NINE)


async def test_a_pod_costs_what_it_requests_if_it_uses_less(read: Read) -> None:
    """The quantity is exactly the request times the hour, attributed to the Deployment."""
    cluster = Cluster()
    cluster.replica_set("acme-web", "api-5f", "api")
    cluster.pod("acme-web", "api-5f-aa", ("ReplicaSet", "api-5f"), cpu=0.1, memory=GIB / 4)
    cluster.pod("acme-web", "api-5f-bb", ("ReplicaSet", "api-5f"), cpu=0.2, memory=GIB / 4)
    cluster.use("acme-web", "api-5f-aa", cpu=0.05, memory=GIB / 8)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Deployment/api"): Decimal("0.3")}
    assert quantities(reading, MEMORY) == {("acme-web", "Deployment/api"): Decimal("0.5")}
    assert (reading.samples_seen, reading.samples_expected) == (36, 36)
    assert reading.problems == ()


async def test_a_pod_costs_what_it_uses_if_it_requests_less(read: Read) -> None:
    """In each window the greater one counts: half the hour use, half the hour request."""
    cluster = Cluster()
    cluster.pod("acme-web", "db-0", ("StatefulSet", "db"), cpu=0.5, memory=GIB)
    cluster.use("acme-web", "db-0", cpu=lambda t: 2.0 * min(t, 1800) + 1200)
    cluster.use("acme-web", "db-0", memory=lambda t: 3 * GIB if t <= 1800 else 0)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "StatefulSet/db"): core_hours(("2", 1800), ("0.5", 1800))}
    assert quantities(reading, MEMORY) == {("acme-web", "StatefulSet/db"): Decimal(2)}


async def test_a_counter_that_begins_again_loses_nothing(read: Read) -> None:
    """The process restarts at the scrape of second 1500; its counter begins at 0 again and has the same rate."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    cluster.use("acme-web", "api", cpu=lambda t: 1.5 * (t + 600) if t <= 1500 else 1.5 * (t - 1500))
    assert quantities(await read(cluster), CPU) == {("acme-web", "Pod/api"): Decimal("1.5")}


async def test_a_restarted_container_is_one_more_series_of_the_same_pod(read: Read) -> None:
    """The old container ends and the new one begins in one window. Both count, and neither twice."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    cluster.use("acme-web", "api", cpu=1.0, end=1530, cgroup="/kubepods/1/old")
    cluster.use("acme-web", "api", cpu=1.0, begin=1530, cgroup="/kubepods/1/new")
    [found] = quantities(await read(cluster), CPU).values()
    # The old one is last seen at 1500, the new one begins at 0 at 1530: nobody saw what the 30 s between used. In the
    # window in which a counter begins, the result is exact to the millisecond that its range is shorter.
    assert abs(found - core_hours(("1", 3570))) < Decimal("0.001") / 3600


async def test_bytes_between_two_windows_are_counted_once(read: Read) -> None:
    """10 GiB are sent between the last scrape of a window and the first of the next one."""
    cluster = Cluster()
    cluster.pod("acme-web", "api")
    labels = cadvisor("n1") | {"namespace": "acme-web", "pod": "api", "interface": "eth0", "id": "/pod/api"}
    cluster.add("container_network_transmit_bytes_total", labels, lambda t: 7.0 if t <= 1500 else 10 * GIB + 7)
    assert quantities(await read(cluster), "network_gib") == {("acme-web", "Pod/api"): Decimal(10)}


async def test_two_scrapers_of_the_same_thing_count_once(read: Read) -> None:
    """Two replicas of kube-state-metrics and two scrapes of a kubelet, one of them with half of the samples."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.25, memory=GIB)
    cluster.pod("acme-web", "api", cpu=0.25, memory=GIB, state=STATE | {"instance": "10.0.0.2:8080"})
    cluster.add("kube_node_info", STATE | {"instance": "10.0.0.2:8080", "node": "n1"})
    cluster.use("acme-web", "api", cpu=0.5, memory=2 * GIB)
    other = cadvisor("n1") | {"prometheus_replica": "b"}
    cluster.use("acme-web", "api", cpu=0.5, memory=2 * GIB, target=other)
    cluster.gap({"prometheus_replica": "b"}, 0, 1800)
    cluster.load_balancer("acme-web", "web", "203.0.113.7")
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): Decimal("0.5")}
    assert quantities(reading, MEMORY) == {("acme-web", "Pod/api"): Decimal(2)}
    assert quantities(reading, "public_ip_hour") == {("acme-web", "PublicIP/203.0.113.7"): Decimal(1)}
    assert quantities(reading, "load_balancer_hour") == {("acme-web", "Service/web"): Decimal(1)}


@pytest.mark.parametrize("until", [1800, 1950, 2070])
async def test_a_scraper_that_comes_back_takes_nothing_away(read: Read, until: int) -> None:
    """One scraper is there all the time. The other one begins again within a window: 0.5 cores and 1 MiB per second for
    an hour stay what they are."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    for target in (cadvisor("n1"), cadvisor("n1") | {"prometheus_replica": "b"}):
        cluster.use("acme-web", "api", cpu=0.5, target=target)
        labels = target | {"namespace": "acme-web", "pod": "api", "interface": "eth0", "id": "/pod/api"}
        cluster.add("container_network_transmit_bytes_total", labels, lambda t: 2.0**20 * (t + 600))
    cluster.gap({"prometheus_replica": "b"}, -600, until)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): Decimal("0.5")}
    assert quantities(reading, "network_gib") == {("acme-web", "Pod/api"): Decimal(3600 * 2**20) / GIB}


async def test_a_scraper_that_comes_back_does_not_stand_for_the_window(read: Read) -> None:
    """9 GiB are used at the last three scrapes of a window, 1 GiB at all others. The second scraper begins there."""
    cluster = Cluster()
    cluster.pod("acme-web", "api")
    for target in (cadvisor("n1"), cadvisor("n1") | {"prometheus_replica": "b"}):
        use = lambda t: 9.0 * GIB if 1740 <= t <= 1800 else 1.0 * GIB  # noqa: E731 - one line of arithmetic
        cluster.use("acme-web", "api", memory=use, target=target)
    cluster.gap({"prometheus_replica": "b"}, -600, 1740)
    # 117 scrapes of 120 have 1 GiB.
    assert quantities(await read(cluster), MEMORY) == {("acme-web", "Pod/api"): core_hours(("1", 3510), ("9", 90))}


async def test_one_scraper_goes_on_where_the_other_one_ends(read: Read) -> None:
    """The first one ends at second 1650 and the second one begins at 1950, in the next window: the counter has what was
    used between them."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    for replica in ("a", "b"):
        cluster.use("acme-web", "api", cpu=0.5, target=cadvisor("n1") | {"prometheus_replica": replica})
    cluster.gap({"prometheus_replica": "a"}, 1680, 4200)
    cluster.gap({"prometheus_replica": "b"}, -600, 1950)
    assert quantities(await read(cluster), CPU) == {("acme-web", "Pod/api"): Decimal("0.5")}


async def test_a_counter_begins_again_for_two_scrapers(read: Read) -> None:
    """The process restarts between the scrapes of the two, and between two windows: 1.5 cores all the time."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    for replica, seen in (("a", 1500), ("b", 1470)):
        counter = lambda t, seen=seen: 1.5 * (t + 600) if t <= seen else 1.5 * (t - 1485)  # noqa: E731 - arithmetic
        cluster.use("acme-web", "api", cpu=counter, target=cadvisor("n1") | {"prometheus_replica": replica})
    found = quantities(await read(cluster), CPU)[("acme-web", "Pod/api")]
    # At most what is used in the scrape interval of the restart is not seen.
    assert core_hours(("1.5", 3570)) <= found <= core_hours(("1.5", 3600))


async def test_a_pod_that_lives_30_seconds_costs_30_seconds(read: Read) -> None:
    """It is in one scrape. A Job of a CronJob belongs to the CronJob."""
    cluster = Cluster()
    cluster.pod("acme-web", "report-28-x", ("Job", "report-28"), cpu=2, memory=4 * GIB, begin=900, end=930)
    owned = {"owner_kind": "CronJob", "owner_name": "report", "owner_is_controller": "true"}
    cluster.add("kube_job_owner", STATE | {"namespace": "acme-web", "job_name": "report-28"} | owned)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "CronJob/report"): core_hours(("2", 30))}
    assert quantities(reading, MEMORY) == {("acme-web", "CronJob/report"): core_hours(("4", 30))}


async def test_a_pod_that_waits_or_has_ended_costs_nothing(read: Read) -> None:
    """kube-state-metrics reports its requests for as long as the object exists."""
    cluster = Cluster()
    for phase in ("Pending", "Succeeded"):
        pod = STATE | {"namespace": "acme-web", "pod": phase.lower(), "uid": "u"}
        cluster.add("kube_pod_status_phase", pod | {"phase": phase})
        cluster.add("kube_pod_status_phase", pod | {"phase": "Running"}, 0)
        request = pod | {"container": "main", "resource": "cpu", "unit": "core"}
        cluster.add("kube_pod_container_resource_requests", request, 4)
    assert (await read(cluster)).lines == ()


async def test_a_machine_costs_its_vcpu_and_memory_while_it_runs_and_its_disk_always(read: Read) -> None:
    """It stops after 20 minutes. Its launcher pod is not counted beside it, and its disk once."""
    cluster = Cluster()
    topology = {"cores": 2, "sockets": 2, "threads": 1}
    cluster.machine("acme-web", "vm-1", topology=topology, memory=8 * GIB, end=1200)
    cluster.use("acme-web", "virt-launcher-vm-1-x7", cpu=3.9, memory=9 * GIB, end=1200, container="compute")
    cluster.volume("acme-web", "vm-1-root", 100 * GIB, "fast")
    cluster.disk("acme-web", "vm-1", "vm-1-root", 100 * GIB)
    reading = await read(cluster)
    machine = ("acme-web", "VirtualMachine/vm-1")
    # Scrapes from second 30 to 1170 have it. The slot that ends at 1200 has not.
    assert quantities(reading, CPU) == {machine: core_hours(("4", 1170))}
    assert quantities(reading, MEMORY) == {machine: core_hours(("8", 1170))}
    assert quantities(reading, "storage_gib_hour.fast") == {machine: Decimal(100)}
    assert quantities(reading, STORAGE) == {}


async def test_a_machine_that_migrates_is_one_machine(read: Read) -> None:
    """The label of its node changes within a window."""
    cluster = Cluster(("n1", "n2"))
    cluster.machine("acme-web", "vm-1", topology={"cores": 2}, memory=GIB, end=1710)
    info = KUBEVIRT | {"namespace": "acme-web", "name": "vm-1", "node": "n2", "phase": "running"}
    cluster.add("kubevirt_vmi_info", info, 1, 1710)
    assert quantities(await read(cluster), CPU) == {("acme-web", "VirtualMachine/vm-1"): Decimal(2)}


async def test_a_machine_without_a_size_is_missing_and_not_guessed(read: Read) -> None:
    """A bare instance has no kubevirt_vm_resource_requests."""
    cluster = Cluster()
    cluster.machine("acme-web", "vm-1", topology=None, memory=GIB)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {}
    assert (reading.samples_seen, reading.samples_expected) == (36, 48)
    assert reading.problems == ("virtual machine without a size (12)",)


async def test_a_volume_costs_while_it_is_bound(read: Read) -> None:
    """A class without a separate SKU is general storage."""
    cluster = Cluster()
    cluster.volume("acme-web", "data", 10 * GIB, "slow")
    cluster.volume("acme-web", "temporary", 12 * GIB, begin=1800)
    assert quantities(await read(cluster), STORAGE) == {
        ("acme-web", "Volume/data"): Decimal(10),
        ("acme-web", "Volume/temporary"): core_hours(("12", 1830)),  # the scrapes from 1800 to 3600
    }


async def test_egress_is_what_the_pods_send(read: Read) -> None:
    """1 MiB per second for an hour. The pod of a machine sends for the machine."""
    cluster = Cluster()
    cluster.pod("acme-web", "api")
    cluster.machine("acme-web", "vm-1", topology={"cores": 1}, memory=GIB)
    cluster.sent("acme-web", "api", 2**20)
    cluster.sent("acme-web", "virt-launcher-vm-1-x7", 2**19)
    assert quantities(await read(cluster), "network_gib") == {
        ("acme-web", "Pod/api"): Decimal(3600 * 2**20) / GIB,
        ("acme-web", "VirtualMachine/vm-1"): Decimal(3600 * 2**19) / GIB,
    }


async def test_a_gap_of_the_exporter_is_counted_as_missing(read: Read) -> None:
    """No scrape of kube-state-metrics for 15 minutes: three windows are missing, and nothing of them is billed."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=1)
    cluster.gap(STATE, 930, 1830)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): core_hours(("1", 2700))}
    # kube-state-metrics has 9 of 12 windows and KubeVirt 12; in the 9 windows the node is known and was scraped.
    assert (reading.samples_seen, reading.samples_expected) == (9 + 12 + 9, 12 + 12 + 9)
    assert reading.problems == ("kube-state-metrics: not scraped (3)",)


async def test_a_few_missing_scrapes_of_a_window_are_not_a_gap(read: Read) -> None:
    """4 of 10 scrapes are missing: the other 6 stand for the window."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=1)
    cluster.gap(STATE, 930, 1050)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): Decimal(1)}
    assert reading.samples_seen == reading.samples_expected


MIB = 2.0**20
GAPS = [
    # From when to before when the kubelet is not scraped; seconds of the windows with at least half of their scrapes.
    (1530, 1980, 3300),  # five minutes without a scrape, then 5 scrapes of 10
    (1530, 1830, 3300),  # five minutes, on their edges
    (1530, 1770, 3300),  # the last 2 scrapes of 10 are there
    (1530, 1650, 3600),  # the last 6 scrapes are there
    (1650, 1770, 3600),  # 4 in the middle are missing
    (1530, 2070, 3000),  # five minutes without a scrape, then 2 of 10
    (-270, 180, 3600),  # five minutes before the hour, then 5 of 10
]


@pytest.mark.parametrize(("begin", "end", "seconds"), GAPS)
async def test_a_gap_of_the_kubelet(read: Read, begin: int, end: int, seconds: int) -> None:
    """1 core, 2 GiB and 1 MiB per second are used all the time, 0.1 cores and 1 GiB are requested. Five minutes with
    half of the scrapes cost what is used. The others are missing samples: the request is booked, and no egress."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1, memory=GIB)
    cluster.use("acme-web", "api", cpu=1.0, memory=2 * GIB)
    cluster.sent("acme-web", "api", MIB)
    cluster.gap({"job": "kubelet"}, begin, end)
    reading = await read(cluster)
    lost = (3600 - seconds) // 300
    assert (reading.samples_seen, reading.samples_expected) == (36 - lost, 36)
    pod = ("acme-web", "Pod/api")
    assert quantities(reading, CPU) == {pod: core_hours(("1", seconds), ("0.1", 3600 - seconds))}
    assert quantities(reading, MEMORY) == {pod: core_hours(("2", seconds), ("1", 3600 - seconds))}
    assert quantities(reading, "network_gib") == {pod: (Decimal(seconds) / 1024).quantize(NINE)}


async def test_a_gap_of_every_source(read: Read) -> None:
    """Prometheus itself is down from 1530 to 1980: five minutes are missing, and nothing of them is booked."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=0.1)
    cluster.use("acme-web", "api", cpu=1.0)
    cluster.gap({}, 1530, 1980)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): core_hours(("1", 3300))}
    assert (reading.samples_seen, reading.samples_expected) == (11 + 11 + 11, 12 + 12 + 11)


async def test_a_gap_of_one_node(read: Read) -> None:
    """The pods of the other node cost what they use, and a scraper without the gap has the samples."""
    cluster = Cluster(("n1", "n2"))
    for pod, node in (("one", "n1"), ("two", "n2")):
        cluster.pod("acme-web", pod, cpu=0.1)
        cluster.use("acme-web", pod, cpu=1.0, node=node)
    cluster.pod("acme-web", "three", cpu=0.1)
    for replica in ("a", "b"):
        target = cadvisor("n2") | {"prometheus_replica": replica}
        cluster.use("acme-web", "three", cpu=1.0, target=target)
    cluster.add("machine_cpu_cores", cadvisor("n2") | {"prometheus_replica": "b"}, 8)
    cluster.gap({"instance": "n1:10250"}, 1530, 2070)
    cluster.gap({"prometheus_replica": "a"}, 1530, 1980)
    reading = await read(cluster)
    assert quantities(reading, CPU) == {
        ("acme-web", "Pod/one"): core_hours(("1", 3000), ("0.1", 600)),
        ("acme-web", "Pod/two"): Decimal(1),
        ("acme-web", "Pod/three"): Decimal(1),
    }
    assert (reading.samples_seen, reading.samples_expected) == (46, 48)


async def test_what_begins_after_a_gap_costs_the_time_that_it_was_there(read: Read) -> None:
    """The kubelet is not scraped from 1530 to 1980. A pod begins at 1920, a container of an old pod at 2040."""
    cluster = Cluster()
    for pod, begin in (("old", -600), ("new", 1920)):
        cluster.pod("acme-web", pod, begin=begin)
        cluster.use("acme-web", pod, cpu=1.0, begin=begin, cgroup=f"/kubepods/{pod}")
    cluster.use("acme-web", "old", cpu=2.0, begin=2040, container="late", cgroup="/kubepods/late")
    cluster.gap({"job": "kubelet"}, 1530, 1980)
    found = quantities(await read(cluster), CPU)
    # Nothing is requested. Of the new pod, the scrapes from 1920 on have 57 slots of 30 seconds.
    assert found["acme-web", "Pod/new"] == core_hours(("1", 57 * 30))
    assert abs(found["acme-web", "Pod/old"] - core_hours(("1", 3300), ("2", 1560))) < Decimal("0.001") / 3600


async def test_a_node_that_joins_has_no_gap(read: Read) -> None:
    """Its pod begins with it, at 1920, and costs what it uses from then on."""
    cluster = Cluster()
    cluster.node("n2", begin=1920)
    cluster.pod("acme-web", "api", begin=1920)
    cluster.use("acme-web", "api", cpu=1.0, begin=1920, node="n2")
    reading = await read(cluster)
    found = quantities(reading, CPU)["acme-web", "Pod/api"]
    assert abs(found - core_hours(("1", 1680))) < Decimal("0.001") / 3600
    assert (reading.samples_seen, reading.samples_expected) == (36 + 6, 36 + 6)


async def test_a_node_that_vanishes_is_missing_until_it_is_removed(read: Read) -> None:
    """Its kubelet is not scraped from second 1200, the node is removed at 2400: four windows of use are unknown. Its
    pod costs its request until kube-state-metrics has it no longer."""
    cluster = Cluster()
    cluster.node("n2", end=2430, scraped_until=1230)
    cluster.pod("acme-web", "api", cpu=1, end=2430)
    cluster.use("acme-web", "api", cpu=3.0, end=1230, node="n2")
    reading = await read(cluster)
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): core_hours(("3", 1200), ("1", 1200))}
    assert (reading.samples_seen, reading.samples_expected) == (36 + 4, 36 + 8)
    assert reading.problems == ("cAdvisor: not scraped (4)",)


async def test_nothing_was_scraped(read: Read) -> None:
    """The hour is empty, with 0 of 24 samples: it is not an hour without usage."""
    reading = await read(Cluster(empty=True))
    assert reading.lines == ()
    assert reading.instances is None
    assert (reading.samples_seen, reading.samples_expected) == (0, 24)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
async def test_a_sample_that_is_no_quantity_is_missing(read: Read, value: float) -> None:
    """The usage of the other windows and of the other pods counts."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", memory=GIB)
    cluster.use("acme-web", "api", memory=lambda t: value if 1500 < t <= 1800 else 2 * GIB)
    reading = await read(cluster)
    assert quantities(reading, MEMORY) == {("acme-web", "Pod/api"): core_hours(("2", 3300), ("1", 300))}
    assert (reading.samples_seen, reading.samples_expected) == (36, 37)
    assert reading.problems == ("memory use: negative, infinite or not a number (1)",)


@pytest.mark.parametrize("size", [2.0**57, 1e300])
async def test_a_quantity_that_the_ledger_refuses_does_not_keep_the_hour_out(read: Read, size: float) -> None:
    """A bug of an exporter. The line is missing by name, and the usage of all others is there."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=1, memory=size)
    cluster.pod("acme-data", "db", memory=GIB)
    reading = await read(cluster)
    assert quantities(reading, MEMORY) == {("acme-data", "Pod/db"): Decimal(1)}
    assert quantities(reading, CPU) == {("acme-web", "Pod/api"): Decimal(1)}
    assert (reading.samples_seen, reading.samples_expected) == (36, 37)
    assert reading.problems == ("acme-web memory_gib_hour Pod/api: 10^8 or more (1)",)
    assert [one.namespace for one in reading.instances or ()] == ["acme-data"]


async def test_a_scrape_without_honor_labels_is_refused(read: Read) -> None:
    """All usage would be billed to the namespace of the exporter."""
    cluster = Cluster()
    labels = STATE | {"namespace": "monitoring", "exported_namespace": "acme-web", "pod": "api", "phase": "Running"}
    cluster.add("kube_pod_status_phase", labels)
    with pytest.raises(CollidingLabels, match="honor_labels"):
        await read(cluster)


async def test_a_tenant_cannot_add_to_the_usage_of_another(read: Read) -> None:
    """The own target of a tenant has the metrics and labels of another namespace, under another job."""
    cluster = Cluster()
    cluster.pod("acme-web", "api", cpu=1)
    cluster.pod("acme-web", "forged", cpu=1000, state={"job": "tenant/exporter", "instance": "10.9.9.9:80"})
    cluster.use("acme-web", "api", cpu=900.0, target={"job": "tenant/exporter", "node": "n1"})
    assert quantities(await read(cluster), CPU) == {("acme-web", "Pod/api"): Decimal(1)}


async def test_namespaces_with_similar_names_stay_apart(read: Read) -> None:
    """The project web of acme-prod and the project prod-web of acme have names that differ by where they are cut."""
    cluster = Cluster()
    cluster.pod("acme-prod-web", "api", cpu=1)
    cluster.pod("acme-prod", "web-api", cpu=2)
    cluster.pod("acme", "prod-web-api", cpu=4)
    assert quantities(await read(cluster), CPU) == {
        ("acme-prod-web", "Pod/api"): Decimal(1),
        ("acme-prod", "Pod/web-api"): Decimal(2),
        ("acme", "Pod/prod-web-api"): Decimal(4),
    }


async def test_a_namespace_that_changes_hands_within_the_hour_keeps_its_usage(read: Read) -> None:
    """The namespace is deleted at half past and created again: the pods before and after it are all in the lines of the
    hour. Whose hour it is, the ledger decides."""
    cluster = Cluster()
    cluster.pod("acme-web", "old", cpu=1, end=1830)
    cluster.pod("acme-web", "new", cpu=2, begin=1830)
    assert quantities(await read(cluster), CPU) == {
        ("acme-web", "Pod/old"): core_hours(("1", 1800)),
        ("acme-web", "Pod/new"): core_hours(("2", 1800)),
    }


async def test_instances_are_those_of_the_last_window(read: Read) -> None:
    """A namespace whose pods have ended has zeros, and an excluded one has no row and no lines."""
    cluster = Cluster()
    for namespace in ("acme-web", "acme-data", "kube-system"):
        cluster.namespace(namespace)
    cluster.pod("acme-web", "a", cpu=0.5, memory=GIB)
    cluster.pod("acme-web", "b", cpu=0.25, memory=GIB, end=3000)
    cluster.machine("acme-web", "vm-1", topology={"cores": 2}, memory=4 * GIB)
    cluster.pod("kube-system", "dns", cpu=8)
    scope = type(SCOPE)(SCOPE.source, SCOPE.slot_seconds, has_machines=True, excluded=frozenset({"kube-system"}))
    reading = await read(cluster, scope)
    assert reading.instances == (
        Instances("acme-data", 0, 0, Decimal(0), Decimal(0)),
        Instances("acme-web", 1, 1, Decimal("2.5"), Decimal(5)),
    )
    assert {line.namespace for line in reading.lines} == {"acme-web"}


async def test_every_early_query_is_needed(tmp_path: Path) -> None:
    """The order of the queries that are sent early is the order in which they are needed, and each is sent once."""
    sent: list[tuple[str, int]] = []
    with prometheus(Cluster(), tmp_path) as url:
        async with Prometheus.open(Address(url)) as client:
            reader = HourReader(client, QUERIES, SCOPE, Hour(HOUR))
            send, early = reader._send, reader._order()

            async def counted(query: str, first: int) -> list[Series]:
                sent.append((query, first))
                return await send(query, first)

            reader._send = counted  # type: ignore[method-assign]
            await reader.read()
    assert [query for query in sent if query in early] == early
    assert len(sent) == len(set(sent))
