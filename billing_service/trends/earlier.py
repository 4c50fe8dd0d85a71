"""The range that a range is compared with."""

from datetime import date, datetime

from billing_service.trends.calendar import DAY, HOUR, Ends, Range, ends_of, first_moments, month_before, read_range
from billing_service.trends.read import Read


async def earlier(read: Read) -> tuple[Range, datetime] | None:
    """And the end of the hours of the range that are compared: as_of, if it has not ended.

    Months have the months before, other ranges the range of the same length before; `year` the same dates of the year
    before, and for 29 February the 28th. A range that has not ended is compared with the same number of hours, at most
    with the complete earlier range. None: no hour of the range is in the ledger.
    """
    given, as_of = read.range, read.clock.as_of
    if as_of is None or as_of <= given.since:
        return None
    until = min(given.until, as_of)
    complete = await (_year if read.asked.compare == "year" else _previous)(read)
    hours = (until - given.since) // HOUR
    if until == given.until or hours >= complete.hours:
        return complete, until
    return await _between(read, complete.since, complete.since + hours * HOUR), until


async def _previous(read: Read) -> Range:
    given = read.range
    first = given.first_day
    if given.is_whole_months:
        ends = Ends(month_before(first, len(given.months)), first - DAY)
    elif given.is_whole_days:
        ends = Ends(first - (given.last_day - first) - DAY, first - DAY)
    else:
        return await _between(read, given.since - (given.until - given.since), given.since)
    return await _of_days(read, ends)


async def _year(read: Read) -> Range:
    given = read.range
    first, last = _year_before(given.first_day), _year_before(given.last_day)
    if given.is_whole_days:
        return await _of_days(read, Ends(first, last))
    days = await first_moments(read.database, read.scope.organization, {first, last})
    since = days[first] + (given.since - given.days[given.first_day])
    return await _between(read, since, days[last] + (given.until - given.days[given.last_day]))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


async def _between(read: Read, since: datetime, until: datetime) -> Range:
    """A day in which the clocks change can have an hour less a year before: the range has one hour at least."""
    ends = await ends_of(read.database, read.scope.organization, since, max(until, since + HOUR))
    return await _of_days(read, ends)


async def _of_days(read: Read, ends: Ends) -> Range:
    return await read_range(read.database, read.scope.organization, ends, "month")
