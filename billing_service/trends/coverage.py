"""Which hours of a range are there, by the definition of the overview (project_gaps in the ledger)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from psycopg.rows import DictRow

from billing_service.database import Reads
from billing_service.ledger.script import script, without
from billing_service.trends.calendar import HOUR, Month
from billing_service.trends.usage import Scope

_BITS = 772
_FIRST_BIT_HOURS = 14  # bit N of a month is the hour that begins N - 14 hours after the month began in UTC


@dataclass(frozen=True)
class Hours:
    """Of a month: bits as numbers, the first hour is the highest bit."""

    missing: int = 0
    known: int = 0


@dataclass(frozen=True)
class Coverage:
    """`as_of`: the end of the organization's newest hour, None if there is none."""

    as_of: datetime | None
    months: dict[date, Hours]

    def of_part(self, period: date, since: datetime, until: datetime) -> tuple[int, int]:
        """How many hours of a part of a month are there, and how many should be and are not."""
        hours = self.months.get(period)
        if hours is None:
            return 0, 0
        mask = _mask(period, since, until)
        return (hours.known & mask).bit_count(), (hours.missing & mask).bit_count()

    def of_months(self, months: Sequence[Month]) -> tuple[int, int]:
        parts = [self.of_part(month.period, month.since, month.until) for month in months]
        return sum(known for known, _ in parts), sum(missing for _, missing in parts)

    def complete_through(self, months: Sequence[Month]) -> datetime | None:
        """Until then, every hour of the range is there. None: nothing of it is known, and nothing is missing."""
        for month in months:
            hours = self.months.get(month.period, Hours())
            if missing := hours.missing & _mask(month.period, month.since, month.until):
                return _first_bit(month.period) + timedelta(hours=_BITS - missing.bit_length())
        known, _ = self.of_months(months)
        return min(self.as_of, months[-1].until) if known and self.as_of else None


@cache
def _first_bit(period: date) -> datetime:
    return datetime(period.year, period.month, 1, tzinfo=UTC) - timedelta(hours=_FIRST_BIT_HOURS)


def _mask(period: date, since: datetime, until: datetime) -> int:
    begin = _first_bit(period)
    first, last = (since - begin) // HOUR, (until - begin) // HOUR
    return ((1 << (last - first)) - 1) << (_BITS - last) if first < last else 0


async def read_completeness(database: Reads, month: DictRow) -> tuple[datetime | None, int]:
    """Of an organization in a month, a row with `organization`, `period`, `starts`, `ends` and `as_of`: until when each
    hour of all projects is there (None: nothing is known), and how many hours are missing for one of them."""
    as_of = month["as_of"]
    if as_of is None:
        return None, 0
    part = Month(month["period"], month["starts"], month["ends"], month["starts"], min(as_of, month["ends"]))
    if part.until <= part.since:  # the month has just begun
        return part.until, 0
    found = await read_coverage(database, Scope(month["organization"]), [part], None, as_of)
    return found.complete_through([part]), found.of_months([part])[1]


async def read_coverage(
    database: Reads,
    scope: Scope,
    months: Sequence[Month],
    lives: Sequence[int | None] | None,
    as_of: datetime | None,
) -> Coverage:
    chosen = {"namespaces": scope.names, "lives": lives, **scope.own}
    rows = await database.fetch(
        without(script("trends/coverage.sql"), chosen),
        organization=scope.organization,
        periods=[month.period for month in months],
        starts=[month.starts for month in months],
        ends=[month.ends for month in months],
        as_of=as_of,
        **chosen,
    )
    return Coverage(as_of, {row["period"]: Hours(int(row["missing"], 2), int(row["known"], 2)) for row in rows})
