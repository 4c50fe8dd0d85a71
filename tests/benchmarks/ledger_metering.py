"""An hour of 10 000 projects, from a real Prometheus to the ledger."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from billing_service.database import Connection
from billing_service.ledger.ingest import QUANTITY_BOUND
from billing_service.metering.client import Address, Prometheus
from billing_service.metering.queries import Jobs, Queries
from billing_service.metering.reading import HourReader, Scope
from billing_service.metering.store import LedgerStore
from billing_service.metering.usage import Reading
from billing_service.metering.windows import Hour
from tests.benchmarks.ledger_world import NOW, Size
from tests.integration.billing_service.metering.server import BUILD, load, running

SOURCE: Final = "real"
SCRAPE: Final = 60
PODS: Final = 2  # of a project: one Deployment
WHAT: Final = "metering an hour from Prometheus"
_HOUR: Final = NOW - timedelta(hours=20)
_SCRAPES: Final = range(-5 * SCRAPE, 3600 + SCRAPE, SCRAPE)
_STATE: Final = {"job": "kube-state-metrics", "instance": "10.0.0.1:8080"}
_CADVISOR: Final = {"job": "kubelet", "instance": "n1:10250", "node": "n1"}
_QUERIES: Final = Queries(Jobs("kube-state-metrics", "kubelet", "kubevirt-prometheus-metrics"), SCRAPE)


class Adds(Protocol):
    def add(self, what: str, figure: str, floor: str = "") -> None: ...


async def measure(connection: Connection, size: Size, report: Adds, folder: Path) -> None:
    """The time of Prometheus is part of it. Raises AssertionError if a line is missing."""
    if not _is_installed():
        report.add(WHAT, "NOT MEASURED: prometheus and promtool are not in PATH", "<= 30 s")
        return
    with tempfile.TemporaryDirectory(prefix="prometheus-", dir=folder) as name:
        place = Path(name)
        write(place / "samples.txt", size.big)
        load(place)
        (place / "samples.txt").unlink()
        with running(place) as url:
            started = time.perf_counter()
            reading = await read(url)
            read_in = time.perf_counter() - started
            await LedgerStore(connection, QUANTITY_BOUND).store(SOURCE, _HOUR, reading)
            seconds = time.perf_counter() - started
    assert len(reading.lines) == 4 * size.big, f"{len(reading.lines)} lines"
    assert reading.samples_seen == reading.samples_expected, reading.problems
    figure = f"{seconds:.1f} s, {read_in:.1f} of them reading"
    report.add(f"{WHAT}: {size.big:,} projects, {PODS * size.big:,} pods", figure, "<= 30 s")


async def read(url: str) -> Reading:
    scope = Scope(source=SOURCE, slot_seconds=SCRAPE, has_machines=False)
    async with Prometheus.open(Address(url)) as prometheus:
        return await HourReader(prometheus, _QUERIES, scope, Hour(_HOUR)).read()


def _is_installed() -> bool:
    programs = ("prometheus", "promtool")
    return all(shutil.which(name) or shutil.which(name, path=f"{BUILD / name / 'bin'}") for name in programs)


def write(path: Path, projects: int) -> None:
    """The series of the exporters, as promtool reads them: a family after another."""
    with path.open("w", encoding="utf-8") as file:
        for name, family in _families(projects):
            file.write(f"# TYPE {name} unknown\n")
            for labels, value, rate in family:
                file.writelines(_samples(name, labels, value, rate))
        file.write("# EOF\n")


Family = Iterator[tuple[dict[str, str], float, float]]  # labels, first value, increase per second


def _families(projects: int) -> Iterator[tuple[str, Family]]:
    pods = [(f"b-{n}", f"api-5f-{pod}") for n in range(1, projects + 1) for pod in range(PODS)]
    yield (
        "container_cpu_usage_seconds_total",
        (
            (_container(ns, pod) | {"id": f"/{ns}/{pod}"}, n % 977, 0.05 + n % 7 / 10)
            for n, (ns, pod) in enumerate(pods)
        ),
    )
    yield (
        "container_memory_working_set_bytes",
        ((_container(ns, pod), 2**28 + n * 4096, 100.0) for n, (ns, pod) in enumerate(pods)),
    )
    yield (
        "container_network_transmit_bytes_total",
        (
            (_CADVISOR | {"namespace": ns, "pod": pod, "interface": "eth0", "id": f"/{ns}"}, float(n), 1000.0 + n % 100)
            for n, (ns, pod) in enumerate(pods)
        ),
    )
    yield (
        "kube_namespace_status_phase",
        ((_STATE | {"namespace": f"b-{n}", "phase": "Active"}, 1, 0) for n in range(1, projects + 1)),
    )
    yield "kube_node_info", iter([(_STATE | {"node": "n1"}, 1.0, 0.0)])
    yield "kube_persistentvolumeclaim_info", _claims(projects, {"storageclass": "standard"}, 1)
    yield "kube_persistentvolumeclaim_resource_requests_storage_bytes", _claims(projects, {}, 10 * 2**30)
    yield "kube_persistentvolumeclaim_status_phase", _claims(projects, {"phase": "Bound"}, 1)
    yield (
        "kube_pod_container_resource_requests",
        (
            (_STATE | {"namespace": ns, "pod": pod, "container": "main", "resource": resource}, value, 0)
            for ns, pod in pods
            for resource, value in (("cpu", 0.25), ("memory", 2.0**28))
        ),
    )
    owner = {"owner_kind": "ReplicaSet", "owner_name": "api-5f", "owner_is_controller": "true"}
    yield "kube_pod_owner", ((_STATE | {"namespace": ns, "pod": pod} | owner, 1, 0) for ns, pod in pods)
    yield (
        "kube_pod_status_phase",
        ((_STATE | {"namespace": ns, "pod": pod, "phase": "Running"}, 1, 0) for ns, pod in pods),
    )
    owner = {"replicaset": "api-5f", "owner_kind": "Deployment", "owner_name": "api"}
    yield "kube_replicaset_owner", ((_STATE | {"namespace": f"b-{n}"} | owner, 1, 0) for n in range(1, projects + 1))
    yield "machine_cpu_cores", iter([(_CADVISOR, 64.0, 0.0)])


def _container(namespace: str, pod: str) -> dict[str, str]:
    return _CADVISOR | {"namespace": namespace, "pod": pod, "container": "main"}


def _claims(projects: int, labels: dict[str, str], value: float) -> Family:
    for n in range(1, projects + 1):
        yield _STATE | {"namespace": f"b-{n}", "persistentvolumeclaim": "data"} | labels, value, 0


def _samples(name: str, labels: dict[str, str], value: float, rate: float) -> Iterator[str]:
    texts = ",".join(f'{label}="{text}"' for label, text in labels.items())
    series = f"{name}{{{texts}}}"
    began = int(_HOUR.timestamp())
    for second in _SCRAPES:
        yield f"{series} {value + rate * (second + 600)} {began + second}\n"
