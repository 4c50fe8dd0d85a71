"""`python -m billing_service meter`: reads the closed hours that are missing, or those of a given time."""

from argparse import ArgumentTypeError
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from billing_service.database import connect
from billing_service.metering.meter import Metered
from billing_service.metering.settings import MeterSettings, start_of
from billing_service.metering.store import LedgerStore


async def meter(settings: MeterSettings, begin: datetime | None, end: datetime | None) -> AsyncIterator[Metered]:
    """With both, the hours from `begin` to before `end`. Raises MeteringError, psycopg.Error, OSError, ValueError."""
    now = datetime.now(UTC)
    async with (
        connect(settings.database_url.get_secret_value()) as connection,
        settings.meter(LedgerStore(connection, settings.quarantine_above)) as opened,
    ):
        if begin is not None and end is not None:
            hours = opened.back_fill(begin, end, now)
        else:
            hours = opened.catch_up(now, settings.first_hour)
        async for metered in hours:
            yield metered


def closed_hour(text: str) -> datetime:
    """For argparse. Raises ArgumentTypeError."""
    found = start_of(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} must be an hour in UTC, like 2026-11-01T00:00Z")
    return found
