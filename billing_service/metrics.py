"""Prometheus metrics: requests, the pool of database connections, and the time of the newest usage.

The values of a label are limited: the pattern of a route, never a path; HTTP methods; the reasons of
database_failure.py.
"""

import asyncio
import logging
import socket
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

from billing_service.database import Database
from billing_service.errors import ServiceError
from billing_service.pool import Pool

_PREFIX = "billing_service"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NEWEST_USAGE_INTERVAL_SECONDS = 60

_NEWEST_USAGE = "SELECT extract(epoch FROM newest_usage() - interval '1 hour') AS seconds"

_logger = logging.getLogger("billing_service")


class Metrics:
    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self.newest_usage: float | None = None  # start of the newest hour of any project, Unix time
        self._requests = Counter(
            f"{_PREFIX}_http_requests_total",
            "Requests",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            f"{_PREFIX}_http_request_duration_seconds",
            "From the end of the request's headers to the end of the response",
            ("route",),
            buckets=_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._failures = Counter(
            f"{_PREFIX}_database_failures_total",
            "Requests that failed because of the database",
            ("reason",),
            registry=self.registry,
        )
        self.registry.register(_State(self, pool))

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(getattr(scope.get("route"), "path", "unknown"))
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._durations.labels(route).observe(seconds)

    def count_failure(self, error: ServiceError) -> None:
        if reason := error.log.get("reason"):
            self._failures.labels(reason).inc()


class _State(Collector):
    """The gauges that are read at each scrape."""

    def __init__(self, metrics: Metrics, pool: Pool) -> None:
        self._metrics = metrics
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        connections = GaugeMetricFamily(
            f"{_PREFIX}_database_connections", "Connections to PostgreSQL", labels=("state",)
        )
        for state in ("in_use", "idle", "opening"):
            connections.add_metric((state,), getattr(self._pool, state))
        yield connections
        yield GaugeMetricFamily(f"{_PREFIX}_database_connections_max", "DATABASE_POOL_SIZE", self._pool.size)
        yield GaugeMetricFamily(
            f"{_PREFIX}_database_waiting", "Requests that wait for a connection", self._pool.waiting
        )
        if self._metrics.newest_usage is not None:
            yield GaugeMetricFamily(
                f"{_PREFIX}_newest_usage_timestamp_seconds",
                "Start of the newest hour with usage, of any project",
                self._metrics.newest_usage,
            )


def listen(metrics: Metrics, host: str, port: int) -> None:
    """Returns after the socket listens. This can include resolving the machine's name. A port in use is logged."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    address = "0.0.0.0" if host == "::" and not socket.has_dualstack_ipv6() else host  # noqa: S104 - HOST=:: means all addresses
    try:
        start_http_server(port, addr=address, registry=metrics.registry)
    except OSError as error:
        fields = {"port": port, "reason": error.strerror}
        _logger.error("the metrics port cannot be used", extra={"fields": fields})  # noqa: TRY400 - not a bug, so no stack frames


async def watch_newest_usage(metrics: Metrics, database: Database) -> None:
    while True:
        try:
            [row] = await database.fetch(_NEWEST_USAGE)
            metrics.newest_usage = None if row["seconds"] is None else float(row["seconds"])
        except ServiceError as error:  # the gauge keeps its last value
            metrics.count_failure(error)
        await asyncio.sleep(_NEWEST_USAGE_INTERVAL_SECONDS)
