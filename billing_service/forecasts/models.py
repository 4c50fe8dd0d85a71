"""The models that a forecast combines. Each has a level and a slope for each origin and series."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from billing_service.forecasts.history import TINY, WEEK, Bools, Floats, Ints, Seen

_LONGEST_LEVEL = 112
_STEEPEST = 0.03  # per day
_DAMPING = 0.98  # of a slope, per day
_SMOOTH_GAIN = 0.1


@dataclass(frozen=True)
class Model:
    """`level` and `slope` (origins, S): without weekdays, and relative per day. `damping`: of the slope, per day.

    `reach`: the days that the level is made of, also from before a shift; 0: none from before a shift.
    """

    name: str
    level: Floats
    slope: Floats | None = None
    damping: float = 1.0
    reach: int = 0

    def last(self) -> "Model":
        """Of the last origin only."""
        return Model(self.name, self.level[-1:], None if self.slope is None else self.slope[-1:], self.damping)

    def path(self, weekdays: Floats, leads: Ints) -> Floats:
        """Quantity (origins, S, leads) of the days `leads`, counted from 1. `weekdays`: their factors."""
        level: Floats = self.level[:, :, None] * weekdays
        if self.slope is None:
            return level
        path: Floats = level * np.exp(np.clip(self.slope[:, :, None] * self._steps(leads), -1.5, 1.5))
        return path

    def totals(self, weekdays: Floats, leads: Ints) -> Floats:
        """Quantity (origins, S) of all days `leads`."""
        totals: Floats = self.level * weekdays.sum(2) if self.slope is None else self.path(weekdays, leads).sum(2)
        return totals

    def _steps(self, leads: Ints) -> Floats:
        if self.damping == 1:
            return leads.astype(float)
        steps: Floats = self.damping * (1 - np.power(self.damping, leads)) / (1 - self.damping)
        return steps


def models(seen: Seen, origins: Ints) -> list[Model]:
    """Means of several lengths, with and without the days before the last shift, medians, and trends of weeks.

    An origin is the number of days that are known.
    """
    present = np.clip(origins[:, None] - seen.since[origins], 1, _LONGEST_LEVEL)
    mean = partial(_mean, seen, origins)
    median = partial(_median, _daily(seen), origins)
    weekly = _weekly(seen, origins, weeks=13)
    return [
        Model("mean28", mean(28), reach=28),
        Model("mean56", mean(56), reach=56),
        Model("level28", mean(np.minimum(present, 28))),
        Model("level56", mean(np.minimum(present, 56))),
        Model("level112", mean(present)),
        Model("smooth", _smooth(seen)[origins], reach=20),
        Model("median7", median(7), reach=7),
        Model("median14", median(14), reach=14),
        _damped("trend8", _slope(weekly[:8], shrink=True), seen, origins, np.minimum(present, 21)),
        _damped("trend13", _slope(weekly, shrink=True), seen, origins, np.minimum(present, 21)),
        _steady("growth13", _slope(weekly, shrink=False), seen, origins, np.minimum(present, 14)),
    ]


def pattern(seen: Seen, origins: Ints, leads: Ints) -> Floats:
    """Weekday factors (origins, S, leads) of the days after each origin, as known at the origin."""
    weekday = (seen.monday[None, :, None] + origins[:, None, None] + leads[None, None, :] - 1) % WEEK
    factors: Floats = np.take_along_axis(seen.weekdays[origins], weekday, axis=2)
    return factors


def _mean(seen: Seen, origins: Ints, length: Ints | int) -> Floats:
    rows = origins[:, None]
    series = np.arange(seen.sums.shape[1])[None, :]
    begins = np.minimum(np.maximum(np.maximum(rows - length, 0), seen.first[None, :]), np.maximum(rows - 1, 0))
    factors = seen.factors[rows, series] - seen.factors[begins, series]
    mean: Floats = (seen.sums[rows, series] - seen.sums[begins, series]) / np.maximum(factors, TINY)
    ever: Floats = seen.sums[rows, series] / np.maximum(seen.factors[rows, series], TINY)
    return np.where(factors > TINY, mean, ever)  # no day of them is known


def _there(seen: Seen) -> Bools:
    days = np.arange(len(seen.sums) - 1)[:, None]
    there: Bools = (np.diff(seen.known, axis=0) > 0) & (days >= seen.first[None, :])
    return there


def _daily(seen: Seen) -> Floats:
    """Quantities (T, S) without their weekdays. NaN before the first usage, and where they are not known."""
    factors = np.diff(seen.factors, axis=0)
    daily: Floats = np.where(_there(seen), seen.quantities.T / np.maximum(factors, 0.15), np.nan)
    return daily


def _smooth(seen: Seen) -> Floats:
    """Exponential smoothing; quantities and factors apart, so that a weekday with almost no usage has no weight."""
    there, factors = _there(seen), np.diff(seen.factors, axis=0)
    level = np.zeros_like(seen.sums)
    top, bottom = np.zeros(seen.sums.shape[1]), np.zeros(seen.sums.shape[1])
    for day, known in enumerate(there):
        top = np.where(known, (1 - _SMOOTH_GAIN) * top + _SMOOTH_GAIN * seen.quantities[:, day], top)
        bottom = np.where(known, (1 - _SMOOTH_GAIN) * bottom + _SMOOTH_GAIN * factors[day], bottom)
        level[day + 1] = top / np.maximum(bottom, TINY)
    return level


def _median(daily: Floats, origins: Ints, length: int) -> Floats:
    before = np.concatenate([np.full((length, daily.shape[1]), np.nan), daily])
    return np.nan_to_num(_middle(np.stack([before[origins + lag] for lag in range(length)])))


def _middle(values: Floats) -> Floats:
    """The median over the first axis, without NaN. NaN if there is nothing else."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    count = (~np.isnan(values)).sum(0)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(values) - 1)
    middle: Floats = (np.take_along_axis(ordered, low[None], 0) + np.take_along_axis(ordered, high[None], 0))[0] / 2
    return middle


def _weekly(seen: Seen, origins: Ints, weeks: int) -> Floats:
    """Growth per day (weeks, origins, S) from a week to the next, the last one first. NaN before there was usage."""
    ends = origins[None, :, None] - WEEK * np.arange(weeks + 1)[:, None, None]
    means = np.stack([np.log(np.maximum(_mean(seen, np.maximum(end[:, 0], 0), WEEK), TINY)) for end in ends])
    known = ends[1:] - WEEK >= seen.first[None, None, :]
    return np.where(known, (means[:-1] - means[1:]) / WEEK, np.nan)


def _slope(weekly: Floats, *, shrink: bool) -> Floats:
    """The median growth: a shift of the level is in one week of many. `shrink`: towards 0 as far as it is noise."""
    slope = np.clip(np.nan_to_num(_middle(weekly)), -_STEEPEST, _STEEPEST)
    if not shrink:
        return slope
    count = np.maximum((~np.isnan(weekly)).sum(0), 1)
    filled = np.nan_to_num(weekly)
    variance = np.maximum((filled**2).sum(0) / count - (filled.sum(0) / count) ** 2, 0) / count
    signal: Floats = np.maximum(0, 1 - variance / np.maximum(slope**2, 1e-12))
    return slope * signal


def _damped(name: str, slope: Floats, seen: Seen, origins: Ints, length: Ints) -> Model:
    return Model(name, _mean(seen, origins, length) * np.exp(slope * (length - 1) / 2), slope, _DAMPING)


def _steady(name: str, slope: Floats, seen: Seen, origins: Ints, length: Ints) -> Model:
    return Model(name, _mean(seen, origins, length) * np.exp(slope * (length - 1) / 2), slope)
