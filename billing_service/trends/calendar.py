"""The range of a trend in the organization's time zone: from its parameters to moments, months and buckets.

Days begin where PostgreSQL's time zones let them begin, as the days of the ledger do: nothing is computed here with
another copy of the time zone database.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from psycopg.rows import DictRow

from billing_service.database import Reads
from billing_service.errors import OrganizationNotFound
from billing_service.ledger.script import script
from billing_service.trends.asked import GRANULARITIES, Asked, Granularity, refuse

MOST_BUCKETS = 400
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_MOST_DAYS_OF_HOURS = MOST_BUCKETS // 23  # a day has at least 23 hours


class Month(NamedTuple):
    """A month of the time zone, and the part of it that is in the range."""

    period: date
    starts: datetime
    ends: datetime
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Clock:
    moment: datetime
    today: date
    as_of: datetime | None
    data_version: int


@dataclass(frozen=True)
class Range:
    """Half-open. `first_day` and `last_day` have its first and its last hour."""

    since: datetime
    until: datetime
    first_day: date
    last_day: date
    months: list[Month]
    days: dict[date, datetime]  # the first moment of the days that are needed here

    @property
    def hours(self) -> int:
        return (self.until - self.since) // HOUR

    @property
    def is_whole_days(self) -> bool:
        return self.since == self.days[self.first_day] and self.until == self.days[self.last_day + DAY]

    @property
    def is_whole_months(self) -> bool:
        return all((month.since, month.until) == (month.starts, month.ends) for month in self.months)


async def clock(database: Reads, organization: str, asked: Asked, now: datetime | None) -> tuple[Clock, "Ends"]:
    """Raises OrganizationNotFound (404)."""
    since = asked.since if isinstance(asked.since, datetime) else None
    until = asked.until if isinstance(asked.until, datetime) else None
    row = await _read_clock(database, organization, now, since, until)
    found = Clock(row["moment"], row["today"], row["as_of"], row["data_version"])
    return found, _ends(asked, found.today, *row["days"])


async def ends_of(database: Reads, organization: str, since: datetime, until: datetime) -> "Ends":
    """Of a range of moments."""
    row = await _read_clock(database, organization, since, since, until)
    first_day, last_day = row["days"]
    return Ends(first_day, last_day, since, until)


async def _read_clock(
    database: Reads, organization: str, now: datetime | None, since: datetime | None, until: datetime | None
) -> DictRow:
    moments = [since, until and until - HOUR]
    rows = await database.fetch(script("trends/clock.sql"), organization=organization, now=now, moments=moments)
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    return rows[0]


class Ends(NamedTuple):
    """The first and the last local day of a range. A moment is None where the day begins or ends with the range."""

    first_day: date
    last_day: date
    since: datetime | None = None
    until: datetime | None = None


def _ends(asked: Asked, today: date, first_day: date | None, last_day: date | None) -> Ends:
    """Default: the running month; by the hour, the running day; by the month, twelve months."""
    since = asked.since if isinstance(asked.since, datetime) else None
    until = asked.until if isinstance(asked.until, datetime) else None
    first_day = first_day or asked.since
    last_day = last_day or (asked.until and asked.until - DAY)
    by_day, months = asked.granularity == "hour", 11 if asked.granularity == "month" else 0
    if last_day is None:
        last_day = max(today, first_day or today)
        last_day = last_day if by_day else next_month(last_day) - DAY
    if first_day is None:
        first_day = last_day if by_day else month_before(last_day.replace(day=1), months)
    if last_day < first_day:
        refuse("to", "must be after 'from'")
    return Ends(first_day, last_day, since, until)


def check_number(ends: Ends, granularity: Granularity) -> None:
    """The number of days shows that there are too many buckets. Raises BadRequest (400)."""
    if granularity == "hour":
        if (ends.last_day - ends.first_day).days > _MOST_DAYS_OF_HOURS:
            refuse_number(ends, granularity)
    elif sum(1 for _ in nominal(ends.first_day, ends.last_day, granularity)) > MOST_BUCKETS:
        refuse_number(ends, granularity)


def refuse_number(ends: Ends, granularity: Granularity) -> None:
    for coarser in GRANULARITIES[GRANULARITIES.index(granularity) + 1 :]:
        if sum(1 for _ in nominal(ends.first_day, ends.last_day, coarser)) <= MOST_BUCKETS:
            refuse("granularity", f"gives more than {MOST_BUCKETS} buckets in this range: use {coarser}")
    refuse("granularity", f"gives more than {MOST_BUCKETS} buckets in this range: use a shorter range")


def nominal(first_day: date, last_day: date, granularity: Granularity) -> Iterator[date]:
    """The first days of the days, weeks or months from the one of `first_day` to the one of `last_day`."""
    day = first_day
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity == "month":
        day = day.replace(day=1)
    step = timedelta(days=7 if granularity == "week" else 1)
    while day <= last_day:
        yield day
        day = next_month(day) if granularity == "month" else day + step


def following(day: date, granularity: Granularity) -> date:
    if granularity == "month":
        return next_month(day)
    return day + timedelta(days=7 if granularity == "week" else 1)


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(first_of_month: date, months: int) -> date:
    number = first_of_month.year * 12 + first_of_month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


async def read_range(database: Reads, organization: str, ends: Ends, granularity: Granularity) -> Range:
    """Raises BadRequest (400) if the range is empty."""
    buckets = [] if granularity == "hour" else list(nominal(ends.first_day, ends.last_day, granularity))
    periods = list(nominal(ends.first_day, ends.last_day, "month"))
    edges = [following(buckets[-1], granularity)] if buckets else []
    around = [ends.first_day, ends.first_day + DAY, ends.last_day, ends.last_day + DAY, next_month(periods[-1])]
    days = await first_moments(database, organization, {*buckets, *edges, *periods, *around})
    since, until = ends.since or days[ends.first_day], ends.until or days[ends.last_day + DAY]
    if until <= since:
        refuse("to", "must be after 'from'")
    months = [
        Month(period, starts, stops, max(since, starts), min(until, stops))
        for period in periods
        for starts, stops in [(days[period], days[next_month(period)])]
    ]
    return Range(since, until, ends.first_day, ends.last_day, months, days)


def date_array(days: Iterable[date]) -> str:
    """The text of an array of PostgreSQL: a list of hundreds takes psycopg several times as long."""
    return f"{{{','.join(map(date.isoformat, days))}}}"


async def first_moments(database: Reads, organization: str, days: Collection[date]) -> dict[date, datetime]:
    ordered = sorted(days)
    [row] = await database.fetch(script("trends/days.sql"), organization=organization, days=date_array(ordered))
    return dict(zip(ordered, (start.astimezone(UTC) for start in row["starts"]), strict=True))
