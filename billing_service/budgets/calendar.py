"""The periods of budgets: months, quarters and years of the organization's time zone, by the hours of its ledger."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing_service.database import Reads
from billing_service.errors import OrganizationNotFound
from billing_service.ledger.script import script
from billing_service.trends.calendar import first_moments, month_before

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """`newest`: the beginning of the newest hour, and `day` its local day; of the request if `as_of` is None.

    `closed`: the newest closed month.
    """

    organization: str
    moment: datetime
    as_of: datetime | None
    newest: datetime
    day: date
    currency: str
    digits: int
    time_zone: str
    version: int
    closed: date | None


@dataclass(frozen=True)
class Period:
    """Half-open: local days, and the moments at which they begin."""

    first: date
    until: date
    starts: datetime
    ends: datetime

    @property
    def last(self) -> date:
        return self.until - DAY


async def read_clock(reads: Reads, organization: str, now: datetime | None) -> Clock:
    """Raises OrganizationNotFound (404)."""
    rows = await reads.fetch(script("budgets/clock.sql"), organization=organization, now=now)
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    return Clock(organization, **rows[0])


def first_day(kind: str, day: date) -> date:
    """Of the month, quarter or year of a day."""
    months = _MONTHS[kind]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def period_before(kind: str, first: date) -> date:
    return month_before(first, _MONTHS[kind])


def period_after(kind: str, first: date) -> date:
    return month_before(first, -_MONTHS[kind])


async def read_periods(reads: Reads, organization: str, kind: str, firsts: list[date]) -> list[Period]:
    """Of their first days."""
    ends = {first: period_after(kind, first) for first in firsts}
    moments = await first_moments(reads, organization, {*firsts, *ends.values()})
    return [Period(first, until, moments[first], moments[until]) for first, until in ends.items()]
