"""Days outside of the 99 % interval that was forecast for them from the days before.

It works on usage at constant prices, so a change of prices is not an anomaly. Each day is forecast one day ahead. Days
that stand out are left out of the history, and the days are forecast again, so that a peak does not hide the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from billing_service.forecasts.backtest import backtest
from billing_service.forecasts.bands import LEVELS, half_widths
from billing_service.forecasts.history import Bools, Floats, Ints, observe

_LEVEL = LEVELS.index(99)
_LEAST_DEVIATION = 0.2  # of the forecast: less is not worth a look
_MOST_PEAK_DAYS = 2  # more days in a row are a new level
_PASSES = 5
_NOISE_DAYS = 120  # before a day, whose errors its interval is made of


@dataclass(frozen=True)
class Anomaly:
    """`beyond`: what the day is above `high`, or below `low` (negative)."""

    day: date
    value: float
    p50: float
    low: float
    high: float

    @property
    def beyond(self) -> float:
        return self.value - self.high if self.value > self.high else self.value - self.low


@lru_cache(maxsize=1000)
def anomalies(history: tuple[float | None, ...], first_day: date) -> list[Anomaly]:
    """`history`: quantities of complete days, None: not known. The first three weeks of usage have none.

    It takes about 100 ms, so the results of the last histories are kept.
    """
    return anomalies_all(np.array([history], dtype=float), [first_day])[0]


def anomalies_all(histories: Floats, first_days: Sequence[date]) -> list[list[Anomaly]]:
    """`histories` (S, T): a row for each series."""
    weekdays = np.array([day.weekday() for day in first_days])
    found, left_out = _outside(histories, histories, weekdays), np.zeros_like(histories, dtype=bool)
    for _ in range(_PASSES):
        peaks = np.stack([_short_runs(row) for row in found.outside])
        if (peaks == left_out).all():
            break
        found, left_out = _outside(np.where(peaks, np.nan, histories), histories, weekdays), peaks
    return [
        [
            Anomaly(
                day + timedelta(days=int(at)), *(float(part[row, at]) for part in (histories, found.p50, *found.band))
            )
            for at in np.flatnonzero(found.outside[row])
        ]
        for row, day in enumerate(first_days)
    ]


@dataclass(frozen=True)
class _Found:
    """(S, T) each. NaN where a day was not forecast."""

    outside: Bools
    p50: Floats
    band: tuple[Floats, Floats]


def _outside(known: Floats, values: Floats, weekdays: Ints) -> _Found:
    """`known`: the history that forecasts are made of. `values`: what is compared with them."""
    seen = observe(known, weekdays)
    tried = backtest(seen, 1, step=1)
    days, past = known.shape[1], tried.origins[:-1]
    p50, width = np.full((days, len(known)), np.nan), np.full((days, len(known)), np.nan)
    p50[past] = np.where(past[:, None] >= seen.first + past[0], tried.forecast[:-1], np.nan)
    if len(past):
        widths = half_widths(_windows(tried.error), seen.noise[past].ravel(), 1, apart=1)[_LEVEL]
        width[past] = widths.reshape(len(past), -1)
    least = np.maximum(width, _LEAST_DEVIATION)
    low, high = np.maximum(p50 * (1 - width), 0), p50 * (1 + width)
    outside = np.abs(values.T - p50) > least * p50
    return _Found(outside.T, p50.T, (low.T, high.T))


def _windows(errors: Floats) -> Floats:
    """(_NOISE_DAYS, D x S): the errors before each day, of each series. NaN before the first one."""
    padded = np.concatenate([np.full((_NOISE_DAYS, errors.shape[1]), np.nan), errors[:-1]])
    windows: Floats = sliding_window_view(padded, _NOISE_DAYS, axis=0).reshape(-1, _NOISE_DAYS)
    return windows.T


def _short_runs(outside: Bools) -> Bools:
    """The days of runs that are not longer than a peak."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], outside.astype(int), [0]])))
    short = np.zeros_like(outside)
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        short[begin:end] = end - begin <= _MOST_PEAK_DAYS
    return short
