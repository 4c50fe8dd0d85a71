"""Reads one hour from Prometheus."""

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from billing_service.metering import gpus, machines, network, pods, volumes
from billing_service.metering.ahead import Ahead, Query
from billing_service.metering.client import Prometheus, Series
from billing_service.metering.controllers import Controllers
from billing_service.metering.counters import Counters, increases
from billing_service.metering.errors import CollidingLabels
from billing_service.metering.gaps import Gaps, OnNode, gaps
from billing_service.metering.labels import Labels, Named, labels_of
from billing_service.metering.owners import Owners
from billing_service.metering.pods import Compute, PodSeries
from billing_service.metering.quantity import EXACT, TOO_LARGE, rounded
from billing_service.metering.queries import WINDOW_SECONDS, Queries
from billing_service.metering.usage import Instances, Reading
from billing_service.metering.volumes import VolumeSeries
from billing_service.metering.windows import Hour, Key, Owning, Samples, Totals, Windows, by_key, scraped, shares

_POD: Key = ("namespace", "pod")
_MACHINE: Key = ("namespace", "name")
_HALF = Decimal("0.5")

Computes = dict[Key, dict[int, Compute]]


@dataclass(frozen=True)
class Scope:
    source: str  # name of the cluster in the usage lines
    slot_seconds: int
    has_machines: bool
    excluded: frozenset[str] = frozenset()  # namespaces of the platform, which nobody pays for
    storage_classes: frozenset[str] = frozenset()  # those with a separate SKU
    gpu_resources: frozenset[str] = frozenset()  # as kube-state-metrics writes them
    address_metrics: frozenset[str] = frozenset()  # of custom resources, beside the addresses of Services
    labels: Named = field(default_factory=dict)


@contextmanager
def _without_collector() -> Iterator[None]:
    """An hour has millions of objects and hardly a cycle. To look for cycles among them takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class HourReader:
    def __init__(
        self, prometheus: Prometheus, queries: Queries, scope: Scope, hour: Hour, owners: Owners | None = None
    ) -> None:
        """`owners`: None if no namespace changes its owner within the hour."""
        self._prometheus = prometheus
        self._queries = queries
        self._scope = scope
        self._hour = hour
        self._samples = Samples()
        self._owners = owners or Owners(hour.start, {})
        self._totals = Totals(self._owners)
        self._last_is_known = True
        self._gaps = Gaps()
        self._ahead = Ahead(self._send, ())

    async def read(self) -> Reading:
        """Raises MeteringError. Then nothing of the hour is known."""
        with _without_collector():
            async with Ahead.open(self._send, self._order()) as ahead:
                self._ahead = ahead
                return await self._read()

    async def _send(self, query: str, first: int) -> list[Series]:
        return await self._prometheus.range(query, first, self._hour.ends[-1], WINDOW_SECONDS)

    def _order(self) -> list[Query]:
        """The large queries, as they are needed."""
        first = self._hour.ends[0]
        before = self._before
        queries = self._queries
        pods = (queries.pods_running, queries.pod_owners, queries.replicaset_owners, queries.job_owners)
        requests = (queries.cpu_requests, queries.memory_requests)
        found = [*((query, first) for query in (*pods, *requests)), (queries.cpu_used, before)]
        found += [(query, first) for query in (queries.cpu_begun, queries.memory_use)]
        if self._scope.has_machines:
            found += [(query, first) for query in (queries.machines_running, queries.machine_sizes)]
        volumes = (queries.volumes_bound, queries.volume_sizes, queries.volume_classes)
        ips = queries.public_ips(self._scope.address_metrics)
        found += [(query, first) for query in (*volumes, queries.load_balancers, ips)]
        return [*found, (queries.sent, before), (queries.sent_begun, first), (queries.namespaces, first)]

    async def _read(self) -> Reading:
        if await self._series("collisions", self._queries.collisions):
            raise CollidingLabels(
                "Prometheus: series have the label exported_namespace: set honor_labels: true in the scrape"
            )
        with localcontext(EXACT):
            state = await self._source("kube-state-metrics", self._queries.state_slots)
            await self._nodes(state)
            running = shares(await self._series("pods", self._queries.pods_running), _POD, state)
            controllers, compute = await self._pods(running)
            machines_at = await self._machines()
            await self._volumes(state)
            await self._network(state, controllers, running)
            labels = await self._labels(controllers) if self._scope.labels else {}
            lines = self._totals.lines(self._hour, self._scope.source, self._scope.excluded, self._samples, labels)
            return Reading(
                lines=lines,
                instances=await self._instances(compute, machines_at) if self._last_is_known else None,
                samples_expected=self._samples.expected,
                samples_seen=self._samples.seen,
                problems=self._samples.problems,
            )

    async def _increases(
        self, name: str, queries: tuple[str, str, str], running: Mapping[Key, Windows]
    ) -> dict[Key, dict[int, Decimal]]:
        """`queries`: of the last value, the rate of what begins, and the growth after a gap."""
        last, begun, grown = queries
        counters = Counters(
            await self._series(name, last, self._before),
            await self._series(name, begun),
            await self._series(name, grown) if self._gaps.spans else (),
        )
        return increases(counters, self._gaps, running, self._hour.ends)

    async def _series(self, name: str, query: str, first: int | None = None) -> list[Series]:
        found = await self._ahead.reply((query, first or self._hour.ends[0]))
        self._samples.lost(f"{name}: negative, infinite or not a number", sum(one.unusable for one in found))
        return found

    async def _source(self, name: str, query: str) -> dict[int, Decimal]:
        """The windows in which the source was scraped, with the number of slots."""
        found = await self._series(name, query)
        windows = scraped(found[0].samples if found else {}, self._slots)
        self._samples.source(name, windows, self._hour.ends)
        self._last_is_known &= self._hour.ends[-1] in windows
        return windows

    @property
    def _before(self) -> int:
        """The end of the window before the hour."""
        return self._hour.ends[0] - WINDOW_SECONDS

    @property
    def _slots(self) -> int:
        return WINDOW_SECONDS // self._scope.slot_seconds

    async def _nodes(self, state: Windows) -> None:
        """Each node that is there for at least half of a window must be scraped by cAdvisor in it."""
        known = await self._series("nodes", self._queries.nodes)
        slots = await self._series("cAdvisor", self._queries.cadvisor_slots, self._before)
        seen = {one.labels.get("node", ""): one.samples for one in slots}
        missing: set[OnNode] = set()
        resumed: set[OnNode] = set()
        for node in known:
            name = node.labels.get("node", "")
            there = [end for end, slots in node.samples.items() if end in state and slots >= state[end] * _HALF]
            windows = scraped(seen.get(name, {}), self._slots)
            self._samples.source("cAdvisor", windows, there)
            missing.update((name, end) for end in there if end not in windows)
            # A node that joins within the window has fewer slots than kube-state-metrics, and no gap.
            old = [end for end in there if end in windows and node.samples[end] >= state[end]]
            resumed.update((name, end) for end in old if self._is_resumed(seen[name], end))
        if missing or resumed:
            places = await self._series("pods of nodes", self._queries.places)
            self._gaps = gaps(places, missing, await self._spans(resumed))

    def _is_resumed(self, seen: Windows, end: int) -> bool:
        """The node was not scraped in the window before, and not in all of this one."""
        return end - WINDOW_SECONDS not in seen and seen[end] < self._slots

    async def _spans(self, resumed: AbstractSet[OnNode]) -> dict[OnNode, Decimal]:
        """Seconds from the first to the last scrape of these windows."""
        if not resumed:
            return {}
        spans = await self._series("cAdvisor", self._queries.cadvisor_spans)
        found = {(one.labels.get("node", ""), end): span for one in spans for end, span in one.samples.items()}
        return {at: found[at] for at in resumed if at in found}

    async def _pods(self, running: Mapping[Key, Windows]) -> tuple[Controllers, Computes]:
        controllers = Controllers(
            await self._series("owners of pods", self._queries.pod_owners),
            await self._series("owners of ReplicaSets", self._queries.replicaset_owners),
            await self._series("owners of Jobs", self._queries.job_owners),
        )
        used = (self._queries.cpu_used, self._queries.cpu_begun, self._queries.cpu_grown)
        series = PodSeries(
            cpu_requests=await self._series("CPU requests", self._queries.cpu_requests),
            memory_requests=await self._series("memory requests", self._queries.memory_requests),
            cpu_use=await self._increases("CPU use", used, running),
            memory_use=self._gaps.known(await self._series("memory use", self._queries.memory_use)),
        )
        if resources := self._scope.gpu_resources:
            requests = await self._series("GPU requests", self._queries.gpu_requests(resources))
            gpus.gpus(requests, running, controllers, self._totals)
        return controllers, pods.pods(series, running, controllers, self._totals)

    async def _labels(self, controllers: Controllers) -> dict[Owning, Labels]:
        names = self._scope.labels
        found: dict[Owning, Labels] = {}
        for kind, label, workload_of in (
            ("pod", "pod", controllers.workload),
            ("persistentvolumeclaim", "persistentvolumeclaim", lambda _, name: f"Volume/{name}"),
            ("service", "service", lambda _, name: f"Service/{name}"),
        ):
            query = self._queries.labels(f"kube_{kind}_labels", label, names)
            series = await self._series(f"labels of {kind}s", query)
            found |= labels_of(series, label, names, workload_of, self._owners)
        return found

    async def _machines(self) -> Computes:
        if not self._scope.has_machines:
            return {}
        slots = await self._source("KubeVirt", self._queries.kubevirt_slots)
        running = shares(await self._series("virtual machines", self._queries.machines_running), _MACHINE, slots)
        sizes = await self._series("sizes of virtual machines", self._queries.machine_sizes)
        return machines.machines(sizes, running, self._totals, self._samples)

    async def _volumes(self, state: Windows) -> None:
        queries = self._queries
        disks = await self._series("disks", queries.machine_disks) if self._scope.has_machines else []
        bound = await self._series("volumes", queries.volumes_bound)
        series = VolumeSeries(
            sizes=await self._series("sizes of volumes", queries.volume_sizes),
            classes=await self._series("classes of volumes", queries.volume_classes),
            disks=disks,
        )
        running = shares(bound, ("namespace", "persistentvolumeclaim"), state)
        volumes.volumes(series, running, self._scope.storage_classes, self._totals, self._samples)

    async def _network(self, state: Windows, controllers: Controllers, running: Mapping[Key, Windows]) -> None:
        balancers = await self._series("load balancers", self._queries.load_balancers)
        ips = await self._series("public addresses", self._queries.public_ips(self._scope.address_metrics))
        network.addresses(
            shares(balancers, ("namespace", "service"), state), shares(ips, ("namespace", "ip"), state), self._totals
        )
        queries = (self._queries.sent, self._queries.sent_begun, self._queries.sent_grown)
        sent = await self._increases("egress", queries, running)
        network.egress(sent, controllers, state, self._totals)

    async def _instances(self, pods_at: Computes, machines_at: Computes) -> tuple[Instances, ...]:
        found: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
        for (namespace,), one in by_key(await self._series("namespaces", self._queries.namespaces), ("namespace",)):
            if self._hour.ends[-1] in one.samples:
                found[namespace] = [Decimal(0)] * 4
        for column, computes in enumerate((pods_at, machines_at)):
            for (namespace, _), windows in computes.items():
                row = found[namespace]
                if (last := windows.get(self._hour.ends[-1])) is not None:
                    row[column] += 1
                    row[2] += last.cores
                    row[3] += last.memory
        return tuple(
            Instances(namespace, int(row[0]), int(row[1]), rounded(row[2]), rounded(row[3]))
            for namespace, row in sorted(found.items())
            if namespace not in self._scope.excluded and max(row) < TOO_LARGE
        )
