"""The jobs of the worker, with their times in UTC.

A job brings something up to date, however far it is behind. So it does not matter which of its times were missed, and
running it again changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from billing_service.budgets.evaluate import evaluate
from billing_service.database import Connection, connect
from billing_service.forecasts.work import refresh
from billing_service.import_kind import Circumstances
from billing_service.importer import SOURCE
from billing_service.ledger.commands import differences
from billing_service.ledger.ingest import lock
from billing_service.ledger.rebook import release
from billing_service.metering.settings import MeterSettings
from billing_service.metering.store import LedgerStore
from billing_service.notifications.keep import forget, reseal
from billing_service.notifications.seal import Sealer
from billing_service.periods.close import Closed, close
from billing_service.plans.command import quota
from billing_service.worker.metrics import WorkerMetrics
from billing_service.worker.settings import WorkerSettings

_MOST_DIFFERENCES = 20  # that are logged

_logger = logging.getLogger("billing_service")


@dataclass(frozen=True)
class Job:
    name: str
    cron: str
    run: Callable[[], Awaitable[None]]


def jobs(
    settings: WorkerSettings, meter: MeterSettings | None, metrics: WorkerMetrics, sealer: Sealer
) -> Iterator[Job]:
    """Without a Prometheus there is nothing to meter, and without a cluster there are no quotas to read."""
    url = settings.database_url.get_secret_value()
    if meter is not None:
        yield Job("meter", "*/5 * * * *", lambda: _meter(meter, metrics))
    yield Job("budgets", "* * * * *", lambda: _budgets(url))
    yield Job("forecast", "*/10 * * * *", lambda: _forecast(url))
    if settings.platform is not None:
        yield Job("quota", "*/5 * * * *", lambda: _quota(settings))
    yield Job("release", "23 * * * *", lambda: _release(url, settings))
    yield Job("close", "37 * * * *", lambda: _close(url, settings))
    yield Job("reconcile", "41 2 * * *", lambda: _reconcile(url, metrics))
    yield Job("forget", "53 3 * * *", lambda: _forget(url))
    yield Job("reseal", "7 4 * * *", lambda: _reseal(url, sealer))


async def _meter(settings: MeterSettings, metrics: WorkerMetrics) -> None:
    """Budgets are evaluated after each hour, also if several are metered at once."""
    url = settings.database_url.get_secret_value()
    async with (
        connect(url) as connection,
        settings.meter(LedgerStore(connection, settings.quarantine_above)) as meter,
    ):
        async for _ in meter.catch_up(datetime.now(UTC), settings.first_hour):
            await _evaluate_after_hour(connection, metrics)  # the hour is stored and logged


async def _evaluate_after_hour(connection: Connection, metrics: WorkerMetrics) -> None:
    """A failure counts as one of the job `budgets`, which tries again within a minute. Metering goes on."""
    try:
        with metrics.job("budgets"):
            await _evaluate(connection)
    except Exception as error:  # noqa: BLE001 - logged and counted, as for each job
        _logger.warning("a job failed", extra={"fields": {"job": "budgets", "failure": type(error).__name__}})


async def _budgets(url: str) -> None:
    """Those that have changed, or whose data have: by an import, a price, or an hour whose evaluation failed."""
    async with connect(url) as connection:
        await _evaluate(connection)


async def _evaluate(connection: Connection) -> None:
    done = await evaluate(connection)
    if done.sent:
        _logger.info("thresholds of budgets were reached or resolved", extra={"fields": {"number": len(done.sent)}})


async def _forecast(url: str) -> None:
    """Of organizations whose data have changed since their last forecast."""
    async with connect(url) as connection:
        number = await refresh(connection)
    if number:
        _logger.info("forecasts were computed", extra={"fields": {"organizations": number}})


async def _quota(settings: WorkerSettings) -> None:
    quotas = await quota(settings)
    number = len({(one.organization, one.namespace) for one in quotas})
    _logger.info("the quotas of the platform were read", extra={"fields": {"resources": number}})


async def _release(url: str, settings: WorkerSettings) -> None:
    """Books the quarantined lines whose owner is known now."""
    async with connect(url) as connection, connection.transaction():
        await lock(connection)
        [row] = await (await connection.execute("SELECT now() AS now")).fetchall()
        number = await release(connection, Circumstances(row["now"], SOURCE, settings.quarantine_above))
    if number:
        _logger.info("usage was released from quarantine", extra={"fields": {"lines": number}})


async def _close(url: str, settings: WorkerSettings) -> None:
    async with connect(url) as connection:
        await close(connection, settings.provisional_days, report=_report)


def _report(closed: Closed) -> None:
    level = logging.WARNING if closed.refused else logging.INFO
    _logger.log(level, "a month is over", extra={"fields": {"result": str(closed)}})


async def _reconcile(url: str, metrics: WorkerMetrics) -> None:
    """A difference is a bug: it is an ERROR and a metric, and the job does not fail, because it would find the same."""
    async with connect(url) as connection:
        found = await differences(connection)
    metrics.reconciled(len(found))
    for text in found[:_MOST_DIFFERENCES]:
        _logger.error("a sum differs from its lines", extra={"fields": {"difference": text}})


async def _forget(url: str) -> None:
    async with connect(url) as connection:
        await forget(connection)


async def _reseal(url: str, sealer: Sealer) -> None:
    """A secret that no key decrypts is an ERROR, and the job does not fail, because it would find the same."""
    async with connect(url) as connection:
        unreadable = await reseal(connection, sealer)
    if unreadable:
        _logger.error("secrets of channels cannot be decrypted", extra={"fields": {"channels": unreadable}})
