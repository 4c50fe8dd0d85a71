"""What is counted, in Prometheus' terms (names: design of the house; labels are bounded, never a namespace or a user).

Counting is a dictionary update. prometheus_client, which costs tens of milliseconds of import, reads the numbers when
somebody scrapes and is imported only by the listener's thread, after the first request was served.
"""

import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counter:
    def __init__(self, name: str, about: str, *labels: str) -> None:
        self.name, self.about, self.labels = name, about, labels
        self.values: defaultdict[tuple[str, ...], float] = defaultdict(float)
        if not labels:
            self.values[()] = 0.0

    def inc(self, *labels: str) -> None:
        self.values[labels] += 1

    def collect(self) -> "Metric":
        from prometheus_client.metrics_core import CounterMetricFamily  # noqa: PLC0415 - see the module's text

        family = CounterMetricFamily(self.name.removesuffix("_total"), self.about, labels=self.labels)
        for labels, value in list(self.values.items()):
            family.add_metric(labels, value)
        return family


class Gauge:
    """A value that is set, or asked for at each scrape."""

    def __init__(self, name: str, about: str, *labels: str, read: Callable[[], float] | None = None) -> None:
        self.name, self.about, self.labels = name, about, labels
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}
        self.read = read

    def set(self, value: float, *labels: str) -> None:
        self.values[labels] = value

    def collect(self) -> "Metric":
        from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415 - see the module's text

        family = GaugeMetricFamily(self.name, self.about, labels=self.labels)
        values = {(): self.read()} if self.read else dict(self.values)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


class Histogram:
    def __init__(self, name: str, about: str, *labels: str) -> None:
        self.name, self.about, self.labels = name, about, labels
        self.values: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}  # labels -> (counts, [sum])

    def observe(self, seconds: float, *labels: str) -> None:
        series = self.values.get(labels)
        if series is None:
            series = self.values[labels] = ([0] * (len(BUCKETS_SECONDS) + 1), [0.0])
        series[0][bisect_left(BUCKETS_SECONDS, seconds)] += 1
        series[1][0] += seconds

    def collect(self) -> "Metric":
        from prometheus_client.metrics_core import HistogramMetricFamily  # noqa: PLC0415 - see the module's text

        family = HistogramMetricFamily(self.name, self.about, labels=self.labels)
        for labels, (counts, total) in list(self.values.items()):
            seen, buckets = 0, []
            for bound, count in zip([*map(str, BUCKETS_SECONDS), "+Inf"], counts, strict=True):
                seen += count
                buckets.append((bound, seen))
            family.add_metric(labels, buckets, total[0])
        return family


class Metrics:
    """All of a function's metrics; one per process."""

    def __init__(self) -> None:
        self.requests = Counter("http_requests_total", "Answers", "function", "status")
        self.request_duration = Histogram(
            "http_request_duration_seconds", "From the request to its answer", "function", "route"
        )
        self.auth_failures = Counter("auth_failures_total", "Tokens refused", "reason")
        self.access_denied = Counter("access_denied_total", "Valid callers refused", "reason")
        self.upstream_duration = Histogram(
            "upstream_request_duration_seconds", "Calls of the billing service", "operation"
        )
        self.upstream_failures = Counter("upstream_failures_total", "Failed calls of the billing service", "reason")
        self.breaker_state = Gauge("upstream_breaker_state", "0 closed, 1 half open, 2 open")
        self.upstream_shed = Counter("upstream_shed_total", "Calls refused because too many were under way")
        self.cache_requests = Counter("cache_requests_total", "Answers from the cache: hit, miss, stale", "result")
        self.jwks_fetch = Counter("jwks_fetch_total", "Key-set fetches", "result")
        self.jwks_age = Gauge("jwks_age_seconds", "Age of the oldest key set in use")
        self.ownership_fetch = Counter(
            "ownership_fetch_total", "Listings of an organization's projects: ok, error, stale", "result"
        )
        self.event_loop_lag = Gauge(
            "event_loop_lag_seconds", "How late the event loop ran a timer, at worst in the last minute"
        )
        self.cold_start = Gauge("cold_start_seconds", "From the process's start to its first answer")
        self.build_info = Gauge("build_info", "Always 1", "version", "revision")
        self.log_dropped = Counter("log_lines_dropped_total", "Log lines lost because the sink did not take them")

    def collect(self) -> "Iterator[Metric]":
        """prometheus_client's collector interface."""
        for metric in vars(self).values():
            yield metric.collect()


def process_age_seconds() -> float:
    """Since the operating system started this process; since this module's import where that is not to be had."""
    try:
        with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123 - pathlib costs an import at cold start
            ticks = int(stat.read().rpartition(b")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return time.monotonic() - _IMPORTED_AT


_IMPORTED_AT: Final = time.monotonic()


def serve(metrics: Metrics, port: int, on_error: Callable[[str], None]) -> None:
    """Listen for scrapes on a port of its own: scraping the traffic port would keep a Knative pod alive."""

    def listen() -> None:
        from prometheus_client import REGISTRY, start_http_server  # noqa: PLC0415 - see the module's text

        try:
            REGISTRY.register(metrics)
            start_http_server(port, addr=os.environ.get("HOST", "0.0.0.0"))  # noqa: S104 - a pod's own address
        except OSError as exc:
            on_error(f"METRICS_PORT {port}: {exc.strerror}")

    if port:
        threading.Thread(target=listen, name="metrics", daemon=True).start()
