"""Which hours are read: each hour that is closed and not stored, one after another, the oldest first.

An hour is closed when METERING_DELAY_SECONDS have passed since its end by our clock and by the clock of the server: a
clock in the future would otherwise read an hour whose samples are not there yet.
"""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from billing_service.metering.client import Prometheus
from billing_service.metering.errors import MeteringError
from billing_service.metering.owners import Owners
from billing_service.metering.queries import Queries
from billing_service.metering.reading import HourReader, Scope
from billing_service.metering.usage import Reading
from billing_service.metering.windows import Hour

_HOUR = timedelta(hours=1)
_CLOCKS_DIFFER = timedelta(minutes=1)
LOOK_BACK = timedelta(days=35)  # holes before it are only back-filled by a command

_logger = logging.getLogger("billing_service")


class Store(Protocol):
    async def newest_hour(self, source: str) -> datetime | None:
        """The start of the newest hour that this source has stored."""

    async def holes(self, source: str, since: datetime, until: datetime) -> list[datetime]:
        """The hours between the oldest and the newest one that are not stored, from `since` to before `until`."""

    async def owners(self, hour: datetime) -> Owners:
        """Of the namespaces, within the hour."""

    async def store(self, source: str, hour: datetime, reading: Reading) -> int:
        """In one transaction, after other meters of the same source. Storing an hour again changes nothing. Returns the
        number of lines that were new or different."""


@dataclass(frozen=True)
class Metered:
    hour: datetime
    lines: int
    changed: int
    samples_expected: int
    samples_seen: int

    def __str__(self) -> str:
        return (
            f"{self.hour:%Y-%m-%dT%H:%MZ}: {self.lines} lines, {self.changed} of them new or different, "
            f"{self.samples_seen} of {self.samples_expected} samples"
        )


def floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class Meter:
    """Every method raises MeteringError, and what the store raises. The hours before stay stored."""

    def __init__(self, prometheus: Prometheus, queries: Queries, scope: Scope, store: Store, delay: timedelta) -> None:
        self._prometheus = prometheus
        self._queries = queries
        self._scope = scope
        self._store = store
        self._delay = delay

    async def watermark(self, now: datetime) -> datetime:
        """The end of the newest closed hour. `now` is our clock."""
        server = await self._prometheus.now()
        if abs(server - now) > _CLOCKS_DIFFER:
            fields = {"seconds": round((now - server).total_seconds())}
            _logger.warning("our clock differs from the clock of Prometheus", extra={"fields": fields})
        return floor(min(now, server) - self._delay)

    async def catch_up(self, now: datetime, first: datetime | None = None) -> AsyncIterator[Metered]:
        """Every closed hour that is not stored: holes of the last 35 days, and the hours after the newest one.

        Without a stored hour it begins with `first`, or else with the newest closed hour: what was before the meter was
        installed is back-filled by a command.

        A hole that cannot be read holds up the holes after it, and not the new hours. Its error is raised at the end.
        """
        watermark = await self.watermark(now)
        newest = await self._store.newest_hour(self._scope.source)
        start = newest + _HOUR if newest else first or watermark - _HOUR
        failed = None
        try:
            holes = await self._store.holes(self._scope.source, watermark - LOOK_BACK, watermark)
            async for metered in self._hours(holes):
                yield metered
        except MeteringError as error:
            failed = error
        async for metered in self._hours(_between(start, watermark)):
            yield metered
        if failed is not None:
            raise failed

    async def back_fill(self, start: datetime, end: datetime, now: datetime) -> AsyncIterator[Metered]:
        """The hours from `start` to `end`, which is not included. Raises ValueError if an hour is not closed yet."""
        watermark = await self.watermark(now)
        if end > watermark:
            raise ValueError(f"the newest closed hour ends at {watermark:%Y-%m-%dT%H:%MZ}: --to cannot be later")
        async for metered in self._hours(_between(start, end)):
            yield metered

    async def _hours(self, hours: Iterable[datetime]) -> AsyncIterator[Metered]:
        for hour in hours:
            yield await self._meter(hour)

    async def _meter(self, hour: datetime) -> Metered:
        owners = await self._store.owners(hour)
        reading = await HourReader(self._prometheus, self._queries, self._scope, Hour(hour), owners).read()
        changed = await self._store.store(self._scope.source, hour, reading)
        metered = Metered(hour, len(reading.lines), changed, reading.samples_expected, reading.samples_seen)
        fields = {"hour": f"{hour:%Y-%m-%dT%H:%MZ}", "lines": metered.lines, "changed": changed}
        fields |= {"samples_expected": metered.samples_expected, "samples_seen": metered.samples_seen}
        level = logging.WARNING if reading.problems else logging.INFO
        _logger.log(level, "an hour was metered", extra={"fields": fields | {"problems": list(reading.problems)}})
        return metered


def _between(start: datetime, end: datetime) -> Iterator[datetime]:
    hour = start
    while hour < end:
        yield hour
        hour += _HOUR
