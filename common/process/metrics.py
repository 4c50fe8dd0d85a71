"""The metrics, in the default registry of prometheus_client. Labels are bounded: no namespace, no user.

Nothing listens before `serve` is called.
"""

import functools
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics, start_http_server

BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

requests = Counter("http_requests_total", "Responses", ["function", "status"])
request_duration = Histogram(
    "http_request_duration_seconds",
    "Time from a request to its response",
    ["function", "route"],
    buckets=BUCKETS_SECONDS,
)
auth_failures = Counter("auth_failures_total", "Rejected tokens", ["reason"])
access_denied = Counter("access_denied_total", "Valid callers without access", ["reason"])
upstream_duration = Histogram(
    "upstream_request_duration_seconds",
    "Time of one call of the billing service",
    ["operation"],
    buckets=BUCKETS_SECONDS,
)
upstream_failures = Counter("upstream_failures_total", "Failed calls of the billing service", ["reason"])
breaker_state = Gauge("upstream_breaker_state", "0 closed, 1 half open, 2 open")
upstream_shed = Counter("upstream_shed_total", "Calls rejected because too many were in flight")
cache_requests = Counter("cache_requests_total", "Reads of the cache: hit, miss, stale", ["result"])
cache_hits = cache_requests.labels("hit")
jwks_fetch = Counter("jwks_fetch_total", "Fetches of key sets", ["result"])
jwks_age = Gauge("jwks_age_seconds", "Age of the oldest key set in use")
ownership_fetch = Counter(
    "ownership_fetch_total", "Listings of an organization's projects: ok, error, stale", ["result"]
)
live_connections = Gauge("live_connections", "Open WebSocket connections of this pod")
event_loop_lag = Gauge("event_loop_lag_seconds", "Longest delay of a timer of the event loop in the last minute")
cold_start = Gauge("cold_start_seconds", "Time from the start of the process to its first response")
build_info = Gauge("build_info", "Always 1", ["version", "revision"])
log_dropped = Counter("log_lines_dropped_total", "Log lines that were lost because the output did not take them")


def count_request(function: str, route: str, status: int, seconds: float) -> None:
    counter, histogram = _of_request(function, route, status)
    counter.inc()
    histogram.observe(seconds)


@functools.cache  # `labels` costs 1.4 us for each metric
def _of_request(function: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return requests.labels(function, str(status)), request_duration.labels(function, route)


def process_age_seconds() -> float:
    """Since the operating system started this process; without /proc, since the import of this module."""
    try:
        with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123 - pathlib costs an import at cold start
            ticks = int(stat.read().rpartition(b")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return time.monotonic() - _IMPORTED_AT


_IMPORTED_AT: Final = time.monotonic()


def serve(port: int, on_error: Callable[[str], None]) -> None:
    """Serve /metrics on a separate port (0: not at all): a scrape of the traffic port would keep a Knative pod alive.

    Listens on HOST. Without HOST, or if it is `::`, on IPv6, and on IPv4 too if the machine has both. A port in use is
    reported to `on_error`.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]

    def listen() -> None:
        host = os.environ.get("HOST") or "::"  # noqa: TID251 - the address that the process listens on
        if host == "::" and not socket.has_dualstack_ipv6():
            host = "0.0.0.0"  # noqa: S104 - a pod's own address
        try:
            start_http_server(port, addr=host)
        except OSError as exc:
            on_error(f"METRICS_PORT {port}: {exc.strerror}")

    if port:  # in a thread: http.server resolves the name of the machine when it starts
        threading.Thread(target=listen, name="metrics", daemon=True).start()
