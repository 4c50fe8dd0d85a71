"""The jobs of the worker, with their times in UTC.

A job brings something up to date, however far it is behind. So it does not matter which of its times were missed, and
running it again changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from billing_service.database import connect
from billing_service.metering.settings import MeterSettings
from billing_service.metering.store import LedgerStore

_logger = logging.getLogger("billing_service")


@dataclass(frozen=True)
class Job:
    name: str
    cron: str
    run: Callable[[], Awaitable[None]]


def jobs(meter: MeterSettings | None) -> Iterator[Job]:
    """Without a Prometheus there is nothing to meter."""
    if meter is not None:
        yield Job("meter", "*/5 * * * *", lambda: _meter(meter))


async def _meter(settings: MeterSettings) -> None:
    url = settings.database_url.get_secret_value()
    async with connect(url) as connection, settings.meter(LedgerStore(connection, settings.quarantine_above)) as meter:
        async for _ in meter.catch_up(datetime.now(UTC), settings.first_hour):
            pass  # each hour is stored and logged
