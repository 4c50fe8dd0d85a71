"""The days of an organization's time zone around its newest hour: their hours, and which hours are missing."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from billing_service.forecasts.history import Floats

HISTORY_DAYS = 400
_FIRST_BIT_HOURS = 14  # figures/facts.py
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """`today` is the day of `as_of`, and not complete. The history is the days from `first` up to and without it."""

    as_of: datetime
    zone: ZoneInfo
    missing: dict[date, int] = field(default_factory=dict)
    history: int = HISTORY_DAYS

    @cached_property
    def today(self) -> date:
        return self.as_of.astimezone(self.zone).date()

    @cached_property
    def first(self) -> date:
        return self.today - timedelta(days=self.history)

    def start(self, day: date) -> datetime:
        if day not in self._starts:
            self._starts[day] = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
        return self._starts[day]

    @cached_property
    def _starts(self) -> dict[date, datetime]:
        return {}

    def hours(self, day: date) -> int:
        """23 and 25 when the clocks change."""
        return (self.start(day + timedelta(days=1)) - self.start(day)) // _HOUR

    def left_today(self) -> float:
        """The share of today that is after `as_of`."""
        return 1 - (self.as_of - self.start(self.today)) / _HOUR / self.hours(self.today)

    def with_missing(self, months: list[tuple[date, str]]) -> "Days":
        """`months`: their bits of missing hours, as in `project_months`."""
        missing: dict[date, int] = {}
        for period, bits in months:
            began = datetime(period.year, period.month, 1, tzinfo=UTC) - timedelta(hours=_FIRST_BIT_HOURS)
            size, day, number = len(bits), began.astimezone(self.zone).date(), int(bits, 2)
            while number and self.start(day) < began + size * _HOUR:
                first, last = (min(max((self.start(end) - began) // _HOUR, 0), size) for end in (day, day + _DAY))
                if here := (number >> (size - last) & ((1 << (last - first)) - 1)).bit_count():
                    missing[day] = missing.get(day, 0) + here
                day += _DAY
        return Days(self.as_of, self.zone, missing, self.history)

    @cached_property
    def _lengths(self) -> Floats:
        """24 hours by the hours of each day of the history."""
        days = [self.first + timedelta(days=index) for index in range(self.history)]
        return np.array([24 / self.hours(day) for day in days])

    def complete(self, values: Floats, began: datetime) -> Floats:
        """As if each day had 24 hours. Days with missing hours are scaled to complete ones.

        A day with less than half of its hours is not known.
        `values`: of the history and today. `began`: the first hour of the project; hours before it do not exist.
        Today is left out. A project that began today has its hours so far as a complete day: its run rate.
        """
        scaled: Floats = values[:-1] * self._lengths
        for day in {*self.missing, began.astimezone(self.zone).date()}:
            index = (day - self.first).days
            if 0 <= index < len(scaled):
                scaled[index] *= self._scale(day, began)
        if began >= self.start(self.today) and self.as_of > began:
            there = max((self.as_of - began) // _HOUR - self.missing.get(self.today, 0), 1)
            scaled[-1] = values[-1] * 24 / there
        return scaled

    def _scale(self, day: date, began: datetime) -> float:
        all_of, missing = self.hours(day), self.missing.get(day, 0)
        before = max((began - self.start(day)) // _HOUR, 0)
        exist = all_of - before
        there = exist - missing
        if exist <= 0:
            return 1.0
        return all_of / there if there * 2 >= exist and there > 0 else float(np.nan)


def hour_of_bit(period: date, bit: int) -> datetime:
    return datetime(period.year, period.month, 1, tzinfo=UTC) + timedelta(hours=bit - _FIRST_BIT_HOURS)
