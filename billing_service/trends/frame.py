"""A range cut into buckets, and the buckets cut at months: a piece is the part of a bucket in one month.

The figure of a month is rounded once, and its pieces add up to it. So a week that is in two months has two pieces.
"""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from billing_service.trends.asked import Granularity
from billing_service.trends.calendar import (
    DAY,
    HOUR,
    Month,
    Range,
    date_array,
    following,
    next_month,
    nominal,
)


class Bucket(NamedTuple):
    """`partial`: the range begins or ends within this hour, day, week or month."""

    since: datetime
    until: datetime
    partial: bool


class Piece(NamedTuple):
    """`bucket` and `month` are indexes. `day`: the first day that begins within the piece or after it."""

    bucket: int
    month: int
    since: datetime
    until: datetime
    day: date


class DaySpan(NamedTuple):
    period: date
    since: date
    until: date


class HourSpan(NamedTuple):
    period: date
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Frame:
    """Where the sums of the pieces are: months, days and, for hours of a cut day, lines. A span is in one month."""

    buckets: list[Bucket]
    pieces: list[Piece]
    months: list[Month]
    whole_months: list[date]
    days: list[DaySpan]
    hours: list[HourSpan]

    @property
    def is_of_days(self) -> bool:
        """Each piece is one complete day."""
        whole_days = sum((span.until - span.since).days for span in self.days)
        return not self.hours and not self.whole_months and len(self.pieces) == whole_days

    def from_sums(self) -> dict[str, Any]:
        """Arguments of organization.sql and projects.sql."""
        return {
            "periods": [month.period for month in self.months],
            "moments": [piece.since for piece in self.pieces] if self.hours else [],
            "first_days": date_array(piece.day for piece in self.pieces if self.days or self.whole_months),
            "whole_months": self.whole_months,
            "day_periods": [span.period for span in self.days],
            "day_since": [span.since for span in self.days],
            "day_until": [span.until for span in self.days],
            "hour_periods": [span.period for span in self.hours],
            "hour_since": [span.since for span in self.hours],
            "hour_until": [span.until for span in self.hours],
        }

    def from_lines(self) -> dict[str, Any]:
        """Arguments of lines.sql."""
        return {
            "periods": [month.period for month in self.months],
            "moments": [piece.since for piece in self.pieces],
            "month_since": [month.since for month in self.months],
            "since": self.buckets[0].since,
            "until": self.buckets[-1].until,
        }


def coarse(given: Range) -> Frame:
    """One bucket, with a piece for each month."""
    bucket = Bucket(given.since, given.until, partial=False)
    return _frame(given, [bucket], by_month=True)


def frame(given: Range, granularity: Granularity) -> Frame:
    if granularity == "hour":
        moments = [given.since + number * HOUR for number in range(given.hours)]
        return _frame(given, [Bucket(moment, moment + HOUR, partial=False) for moment in moments], by_month=False)
    buckets = []
    days = [*nominal(given.first_day, given.last_day, granularity)]
    for day, next_day in pairwise([*days, following(days[-1], granularity)]):
        starts, stops = given.days[day], given.days[next_day]
        since, until = max(starts, given.since), min(stops, given.until)
        buckets.append(Bucket(since, until, partial=(since, until) != (starts, stops)))
    return _frame(given, buckets, by_month=granularity == "month")


def _frame(given: Range, buckets: list[Bucket], *, by_month: bool) -> Frame:
    whole: list[date] = []
    days: list[DaySpan] = []
    hours: list[HourSpan] = []
    for month in given.months:
        if by_month and (month.since, month.until) == (month.starts, month.ends):
            whole.append(month.period)
        else:
            _cut(given, month, days, hours)
    return Frame(buckets, _pieces(given, buckets), given.months, whole, days, hours)


def _cut(given: Range, month: Month, days: list[DaySpan], hours: list[HourSpan]) -> None:
    """The days of the month that are complete in the range, and the hours before and after them."""
    first = month.period if month.since == month.starts else first_whole_day(given)
    last = next_month(month.period) if month.until == month.ends else _day_of_end(given)
    if first > last:  # within a day
        hours.append(HourSpan(month.period, month.since, month.until))
        return
    if first < last:
        days.append(DaySpan(month.period, first, last))
    begin, end = given.days[first], given.days[last]
    hours += [
        HourSpan(month.period, since, until)
        for since, until in [(month.since, begin), (end, month.until)]
        if since < until
    ]


def first_whole_day(given: Range) -> date:
    return given.first_day if given.since == given.days[given.first_day] else given.first_day + DAY


def _day_of_end(given: Range) -> date:
    """The day at whose beginning the range ends, or in which it ends."""
    return given.last_day + DAY if given.until == given.days[given.last_day + DAY] else given.last_day


def _pieces(given: Range, buckets: list[Bucket]) -> list[Piece]:
    pieces = []
    names = {moment: day for day, moment in given.days.items()} | {given.since: first_whole_day(given)}
    month = 0
    for number, bucket in enumerate(buckets):
        since = bucket.since
        while since < bucket.until:
            until = min(bucket.until, given.months[month].until)
            pieces.append(Piece(number, month, since, until, names.get(since, given.first_day)))
            month += until == given.months[month].until
            since = until
    return pieces
