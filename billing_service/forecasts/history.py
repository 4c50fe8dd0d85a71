"""One pass over daily histories: what was known of their weekdays, levels and noise before each day.

Every value at index t comes from the days before t alone, so each past day is an origin of a backtest without a second
pass. docs/decisions/0022-the-forecast.md has the measurements behind the constants.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WEEK = 7
TINY = 1e-9
# A shift of the level: the mean of the last days differs from the mean before by more sigmas of what such
# differences were in this series.
_WIDTHS = np.array([2, 3, 5, 7, 14])[:, None]
_SIGMAS = np.array([8.0, 6.0, 5.0, 5.0, 5.0])[:, None]
_LEAST_SHIFT = 0.03
_BASE_DAYS = 28  # before the last days: what they are compared with
_LEAST_BASE = 5
_LEAST_KNOWN = 0.7  # of the last days
_LEAST_FACTOR = 0.3  # of the last days: days of little usage show no level
_QUIET_DAYS = 21  # of a new series: its weekdays are not known yet
_CONFIRM_DAYS = 10  # until a difference counts as noise of the series and not as a shift
_NOISE_DAYS = 90
_SMALLEST_NOISE = 0.01
_FIRST_NOISE = 0.1
_WEEKDAY_GAIN = 0.1
_WEEKDAY_NOISE_GAIN = 1 / 80


@dataclass(frozen=True)
class Seen:
    """What was known before each day, for S series: index t of 0 to T is the state after t days.

    `weekdays` (T+1, S, 7): factor of a weekday, 1 on average. `since` (T+1, S): the first day of the present level.
    `noise` (T+1, S): relative error of a day. `sums`, `factors`, `known` (T+1, S): quantities, weekday factors and
    known days, added up. `reverted` (T+1, S): how many shifts were undone soon after.
    `first` (S): the first day with usage.
    """

    quantities: Floats
    monday: Ints
    weekdays: Floats
    since: Ints
    noise: Floats
    sums: Floats
    factors: Floats
    known: Floats
    reverted: Ints
    first: Ints

    def of(self, which: Bools) -> "Seen":
        """Of these series only."""
        return Seen(
            self.quantities[which],
            self.monday[which],
            self.weekdays[:, which],
            self.since[:, which],
            self.noise[:, which],
            self.sums[:, which],
            self.factors[:, which],
            self.known[:, which],
            self.reverted[:, which],
            self.first[which],
        )


def observe(quantities: Floats, weekday: Ints) -> Seen:
    """`quantities` (S, T), not negative, NaN: not known. `weekday` (S): of the first day, 0 is Monday."""
    number, days = quantities.shape
    filled = np.nan_to_num(quantities, nan=0.0)
    there = ~np.isnan(quantities)
    used = filled > 0
    first = np.where(used.any(1), used.argmax(1), days)
    seen = Seen(
        filled,
        weekday,
        np.ones((days + 1, number, WEEK)),
        np.zeros((days + 1, number), dtype=np.int64),
        np.full((days + 1, number), _FIRST_NOISE),
        np.zeros((days + 1, number)),
        np.zeros((days + 1, number)),
        np.zeros((days + 1, number)),
        np.zeros((days + 1, number), dtype=np.int64),
        first,
    )
    level, pattern = _Level(seen), _Weekdays(seen)
    for day in range(days):
        known = there[:, day]
        factor = _factor(seen, day)
        seen.sums[day + 1] = seen.sums[day] + filled[:, day]
        seen.factors[day + 1] = seen.factors[day] + np.where(known, factor, 0)
        seen.known[day + 1] = seen.known[day] + known
        level.add(day, factor, known)
        pattern.add(day)
    return seen


def _factor(seen: Seen, day: int) -> Floats:
    series = np.arange(len(seen.monday))
    factor: Floats = seen.weekdays[day, series, (seen.monday + day) % WEEK]
    return factor


def _mean(seen: Seen, begins: Ints, ends: Ints | int) -> Floats:
    """Mean of the days without their weekdays. 0 where no day is known."""
    series = np.arange(len(seen.monday))
    factors = seen.factors[ends, series] - seen.factors[begins, series]
    mean: Floats = (seen.sums[ends, series] - seen.sums[begins, series]) / np.maximum(factors, TINY)
    return np.where(factors > TINY, mean, 0)


class _Level:
    """Finds shifts of the level, and measures the noise of a day."""

    def __init__(self, seen: Seen) -> None:
        number = len(seen.monday)
        self._seen = seen
        self._since = np.zeros(number, dtype=np.int64)
        self._noise = np.full(number, _FIRST_NOISE**2)
        self._days = np.zeros(number)
        self._spread = np.repeat(_FIRST_NOISE**2 / _WIDTHS + 0.03**2, number, axis=1)
        self._count = np.full((len(_WIDTHS), number), 4.0)
        self._before = np.zeros(number)
        self._reverted = np.zeros(number, dtype=np.int64)
        self._late = np.full((_CONFIRM_DAYS, len(_WIDTHS), number), np.nan)

    def add(self, day: int, factor: Floats, known: Bools) -> None:
        self._measure(day, factor, known)
        self._begin(day)
        self._compare(day)
        self._seen.since[day + 1] = self._since
        self._seen.reverted[day + 1] = self._reverted
        self._seen.noise[day + 1] = np.sqrt(self._noise)

    def _measure(self, day: int, factor: Floats, known: Bools) -> None:
        """Relative error of the day against the mean of up to 28 days of the present level."""
        mean = _mean(self._seen, np.maximum(self._since, day - _BASE_DAYS), day)
        fits = (day - self._since >= 2) & (mean > 0) & known  # noqa: PLR2004 - a mean of two days
        error = np.where(fits, self._seen.quantities[:, day] / np.maximum(mean, TINY) - factor, 0)
        squared = np.minimum(error * error, 16 * self._noise)
        gain = np.where(fits, np.maximum(1 / (self._days + 2), 1 / 60), 0)
        self._noise = self._noise + gain * (squared - self._noise)
        self._days = self._days + fits

    def _begin(self, day: int) -> None:
        """The first usage, and usage after a level of zero, begin a new level at once."""
        base = _mean(self._seen, self._since, day)
        begins = (base <= 0) & (self._seen.quantities[:, day] > 0) & (day > self._since)
        self._since = np.where(begins, day, self._since)

    def _compare(self, day: int) -> None:
        """The last days with the days before them, for each width. The first width that finds a shift counts."""
        begins = np.maximum(day + 1 - _WIDTHS, 0)
        base_from = np.clip(self._since, begins - _BASE_DAYS, begins)
        base, now = _mean(self._seen, base_from, begins), _mean(self._seen, begins, day + 1)
        change = np.where(base > 0, now / np.maximum(base, TINY) - 1, 0)
        change = np.where(change < 0, change / np.maximum(1 + change, 0.02), change)  # a half is as far as a double
        size = np.abs(change)
        large = (base > 0) & (begins - self._since >= _LEAST_BASE)
        spread = (self._spread + _SMALLEST_NOISE**2) * (1 + _WIDTHS / np.maximum(begins - base_from, 1))
        shifted = large & (size > _LEAST_SHIFT) & (size > _SIGMAS * np.sqrt(spread))
        shifted &= day + 1 - self._seen.first > _QUIET_DAYS
        shifted &= self._seen.known[day + 1] - self._seen.known[begins[:, 0]] > _LEAST_KNOWN * _WIDTHS
        shifted &= self._seen.factors[day + 1] - self._seen.factors[begins[:, 0]] > _LEAST_FACTOR * _WIDTHS
        change = np.where(large & (begins - self._since >= WEEK), change, np.nan)
        self._shift(shifted, begins[:, 0], base, now)
        self._learn(day, change)

    def _shift(self, shifted: Bools, begins: Ints, base: Floats, now: Floats) -> None:
        """A shift soon after another one that goes back to the level before it: such series have peaks, not levels."""
        series, width, found = np.arange(len(self._since)), shifted.argmax(0), shifted.any(0)
        old, new = base[width, series], now[width, series]
        soon = found & (self._before > 0) & (begins[width] - self._since <= _BASE_DAYS)
        closer = np.abs(new - self._before) < np.abs(new - old)
        self._reverted = self._reverted + (soon & closer)
        self._before = np.where(found, old, self._before)
        self._since = np.where(found, begins[width], self._since)

    def _learn(self, day: int, change: Floats) -> None:
        """A difference is noise if the level did not begin within it, as seen some days later."""
        self._late[day % _CONFIRM_DAYS] = change
        then = day + 1 - _CONFIRM_DAYS
        old = self._late[then % _CONFIRM_DAYS]
        noise = ~np.isnan(old) & ~((self._since > then + 1 - _WIDTHS) & (self._since <= then))
        squared = np.minimum(np.where(noise, old * old, 0), 100 * self._spread)
        gain = np.where(noise, np.maximum(1 / (self._count + 1), 1 / _NOISE_DAYS), 0)
        self._spread += gain * (squared - self._spread)
        self._count += noise


class _Weekdays:
    """Learns the factor of each weekday, as far as it stands out from the noise."""

    def __init__(self, seen: Seen) -> None:
        number = len(seen.monday)
        self._seen = seen
        self._ratio = np.ones((number, WEEK))
        self._count = np.zeros((number, WEEK))
        self._noise = np.full(number, 0.05**2)
        self._factors = np.ones((number, WEEK))

    def add(self, day: int) -> None:
        if day >= WEEK - 1:
            self._learn(day)
        self._seen.weekdays[day + 1] = self._factors

    def _learn(self, day: int) -> None:
        """The middle day of the last seven, against their mean, if the level did not shift among them."""
        seen, series = self._seen, np.arange(len(self._noise))
        weekday = (seen.monday + day - 3) % WEEK
        mean = (seen.sums[day + 1] - seen.sums[day + 1 - WEEK]) / WEEK
        complete = seen.known[day + 1] - seen.known[day + 1 - WEEK] == WEEK
        fits = (mean > 0) & complete & (seen.since[day + 1] <= day + 1 - WEEK)
        ratio = np.where(fits, seen.quantities[:, day - 3] / np.maximum(mean, TINY), 0)
        count = self._count[series, weekday]
        error = ratio - self._ratio[series, weekday]
        most = 3 * np.sqrt(self._noise)
        step = np.where(count >= 2, np.clip(error, -most, most), error)  # noqa: PLR2004 - two cannot be outliers
        self._ratio[series, weekday] += np.where(fits, np.maximum(1 / (count + 1), _WEEKDAY_GAIN), 0) * step
        gain = np.maximum(1 / np.maximum(self._count.sum(1) - WEEK + 2, 1), _WEEKDAY_NOISE_GAIN)
        squared = np.minimum(error * error, 16 * np.maximum(self._noise, 1e-4))
        self._noise = self._noise + np.where(fits & (count >= 1), gain, 0) * (squared - self._noise)
        self._count[series, weekday] += fits
        self._factors = self._shrunk()

    def _shrunk(self) -> Floats:
        weeks = np.minimum(self._count.min(1), (2 - _WEEKDAY_GAIN) / _WEEKDAY_GAIN)
        centred = self._ratio / np.maximum(self._ratio.mean(1, keepdims=True), TINY)
        noise = self._noise / np.maximum(weeks, 1)
        signal = np.maximum(((centred - 1) ** 2).mean(1) - noise, 0)
        share = np.where(weeks >= 1, signal / np.maximum(signal + noise, 1e-12), 0)
        factors: Floats = 1 + share[:, None] * (centred - 1)
        return factors
