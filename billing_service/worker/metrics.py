"""The metrics of the worker, and its listener: GET /metrics, and GET /live for the liveness probe.

What the ledger contains is read once a minute. If the database is not there, the last values stay, and the lag grows.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import LiteralString

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, make_asgi_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from billing_service.database import connect
from billing_service.database_failure import AWAY, OUTDATED, reason
from billing_service.metering.meter import LOOK_BACK
from billing_service.metering.settings import MeterSettings
from billing_service.serve import open_sockets

_INTERVAL_SECONDS = 60
_BUCKETS_SECONDS = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)

_STATE: LiteralString = """
    SELECT extract(epoch FROM (SELECT max(hour) + interval '1 hour' FROM hours WHERE source = %(source)s))::float
               AS metered_until,
           (SELECT count(*) FROM hours WHERE samples_seen < samples_expected
                AND hour > now() - %(recent)s::interval) + (
               SELECT count(*) FROM (
                   SELECT h.source,
                          greatest(min(h.hour), date_trunc('hour', now() - %(recent)s::interval, 'UTC')) AS first,
                          greatest(max(h.hour), max(s.ended_at) - interval '1 hour') AS last
                   FROM hours AS h LEFT JOIN sources AS s ON s.source = h.source GROUP BY h.source
               ) AS k
               CROSS JOIN generate_series(k.first, k.last, interval '1 hour') AS g (hour)
               WHERE g.hour > now() - %(recent)s::interval
                 AND NOT EXISTS (SELECT FROM hours AS h WHERE h.source = k.source AND h.hour = g.hour)
           ) AS hours_missing,
           (SELECT coalesce(sum(unrated), 0) FROM organization_monthly)::bigint AS unpriced,
           (SELECT count(*) FROM quarantine) AS quarantined,
           (SELECT extract(epoch FROM min(next_attempt_at)) FROM deliveries WHERE state = 'pending')::float
               AS next_attempt
"""

# Of the running period of each budget, and its present version.
_BUDGETS: LiteralString = """
    SELECT count(*) FILTER (WHERE s.state = 'ok') AS ok, count(*) FILTER (WHERE s.state = 'pending') AS pending,
           count(*) FILTER (WHERE s.state = 'firing') AS firing,
           count(*) FILTER (WHERE s.state = 'resolved') AS resolved,
           (SELECT count(*) FROM budget_evaluations WHERE undecided) AS undecided,
           (SELECT count(*) FROM budgets AS b
            LEFT JOIN budget_evaluations AS l ON l.organization = b.organization AND l.budget = b.id
            LEFT JOIN data_versions AS v ON v.organization = b.organization
            WHERE l.version IS DISTINCT FROM b.version OR l.data_version < v.version) AS behind
    FROM budget_evaluations AS e
    JOIN budget_states AS s ON s.organization = e.organization AND s.budget = e.budget AND s.version = e.version
        AND s.period_start = e.period_start
"""
_BUDGET_STATES = ("ok", "pending", "firing", "resolved", "undecided")

_logger = logging.getLogger("billing_service")


class WorkerMetrics:
    def __init__(self, meter: MeterSettings | None, now: float | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._source = meter.metering_source if meter else None
        first = meter.first_hour if meter else None
        self._metered_until = first.timestamp() if first else now or time.time()
        if meter is not None:
            lag = Gauge(
                "metering_lag_seconds",
                "Time since the end of the newest hour in the ledger. It is METERING_DELAY_SECONDS to an hour more",
                registry=self.registry,
            )
            lag.set_function(lambda: time.time() - self._metered_until)
        self._hours_missing = self._gauge(
            "usage_hours_missing", "Hours of the last 35 days that are missing, or have missing samples"
        )
        self._unpriced = self._gauge("unpriced_usage", "Usage lines without a price")
        self._quarantined = self._gauge("quarantined_usage", "Usage lines in quarantine")
        self._behind = self._gauge("budgets_behind", "Budgets that were not evaluated since they or their data changed")
        self._budgets = Gauge(
            "budget_state",
            "Thresholds of the running periods, by state; undecided: budgets whose spend or limit is not known",
            ("state",),
            registry=self.registry,
        )
        self._differences = self._gauge("reconcile_differences", "Sums that differ from their lines, at the last check")
        self._failed = Counter("jobs_failed_total", "Failed attempts of a job", ("job",), registry=self.registry)
        self._seconds = Histogram(
            "job_duration_seconds", "Duration of an attempt", ("job",), registry=self.registry, buckets=_BUCKETS_SECONDS
        )

        self._notified = Counter(
            "notifications_total",
            "Attempts to deliver, by kind of channel; result: delivered, failed (tried again) or dead",
            ("channel", "result"),
            registry=self.registry,
        )
        self._next_attempt = float("nan")
        oldest = Gauge(
            "notifications_oldest_seconds",
            "How long the notification that waits longest is overdue for its next attempt; 0 if none is",
            registry=self.registry,
        )
        oldest.set_function(self._overdue_seconds)

    def _overdue_seconds(self) -> float:
        """NaN until it was read."""
        seconds = time.time() - self._next_attempt
        return 0.0 if seconds < 0 else seconds

    def notified(self, channel: str, result: str) -> None:
        self._notified.labels(channel, result).inc()

    def _gauge(self, name: str, text: str) -> Gauge:
        gauge = Gauge(name, text, registry=self.registry)
        gauge.set(float("nan"))  # unknown, until it was read
        return gauge

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        except Exception:
            self._failed.labels(name).inc()
            raise
        finally:
            self._seconds.labels(name).observe(time.monotonic() - started)

    def reconciled(self, differences: int) -> None:
        self._differences.set(differences)

    async def watch(self, url: str) -> None:
        while True:
            try:
                await self._read(url)
            except (*AWAY, *OUTDATED) as error:
                _logger.warning("the state of the ledger cannot be read", extra={"fields": {"reason": reason(error)}})
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def _read(self, url: str) -> None:
        async with connect(url) as connection:
            stored = await connection.execute(_STATE, {"source": self._source, "recent": LOOK_BACK})
            [row] = await stored.fetchall()
            [budgets] = await (await connection.execute(_BUDGETS)).fetchall()
        self._metered_until = row["metered_until"] or self._metered_until
        self._hours_missing.set(row["hours_missing"])
        self._unpriced.set(row["unpriced"])
        self._quarantined.set(row["quarantined"])
        self._behind.set(budgets["behind"])
        for state in _BUDGET_STATES:
            self._budgets.labels(state).set(budgets[state])
        self._next_attempt = math.inf if row["next_attempt"] is None else row["next_attempt"]


class _Listener(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The worker handles SIGTERM itself."""
        yield


@asynccontextmanager
async def listening(metrics: WorkerMetrics, host: str, port: int) -> AsyncIterator[None]:
    """A port in use is logged, and the worker runs without its metrics."""
    try:
        sockets = open_sockets(host, port) if port else []
    except OSError as error:
        fields = {"port": port, "reason": error.strerror}
        _logger.error("the metrics port cannot be used", extra={"fields": fields})  # noqa: TRY400 - not a bug, so no stack frames
        sockets = []
    if not sockets:
        yield
        return
    routes = [Route("/live", _live), Mount("/", make_asgi_app(registry=metrics.registry))]
    options = {"lifespan": "off", "log_config": None, "access_log": False, "timeout_graceful_shutdown": 1}
    listener = _Listener(uvicorn.Config(Starlette(routes=routes), **options))  # type: ignore[arg-type] # of the options
    serving = asyncio.create_task(listener.serve(sockets))
    try:
        yield
    finally:
        listener.should_exit = True
        await serving


async def _live(_: Request) -> PlainTextResponse:
    """It is served by the loop that runs the jobs: a loop that is stuck does not respond."""
    return PlainTextResponse("ok\n")
