"""The forecast of daily quantities: each day, and the total with a separate interval.

`forecast` is for one series. `forecast_all` is for many of the same length, and takes a few milliseconds for each of
them instead of 200. Both are pure: they read no clock and no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing_service.forecasts.backtest import STEP, Backtest, backtest
from billing_service.forecasts.bands import LEVELS, coverage, half_widths
from billing_service.forecasts.history import Bools, Floats, Seen, observe
from billing_service.forecasts.models import pattern

QUALITIES = ("ok", "short_history", "volatile", "level_shift")
_LONGEST_HISTORY = 400  # days that are used
_SHORT_HISTORY = 28  # days
_RECENT_SHIFT = 14  # days
_VOLATILE = 0.25  # half of the 80 % interval, relative to the total
_SHORT_DAYS = 7  # horizon of the backtest of a short history
_LEAST_ORIGINS = 4
_LEADS = 4  # at which the errors of a day are measured


@dataclass(frozen=True)
class Band:
    """The median, and the interval of each level in percent: 80, 95, 99. Never negative."""

    p50: float
    intervals: dict[int, tuple[float, float]]


@dataclass(frozen=True)
class Tried:
    """The forecasts that were made from `origins` past days. `error`: sum of absolute errors by the sum of the truths.

    `coverage`: share of the past totals that were within their interval, by level. None: there was none to compare.
    """

    origins: int
    error: float | None
    coverage: dict[int, float | None]


@dataclass(frozen=True)
class Forecast:
    """`days`: one band for each day of the horizon. `total`: of all of them; its interval is not the sum of theirs.

    `method`: `weighted_models`, `run_rate` (nothing to compare the models with), `ended` (no usage for longer than ever
    before: the forecast is 0), `none` (no usage ever: the forecast is 0, and means nothing).
    `quality`: one of QUALITIES.
    """

    days: list[Band]
    total: Band
    method: str
    quality: str
    backtest: Tried


def forecast(history: Sequence[float], first_day: date, horizon: int) -> Forecast:
    """`history`: quantities of complete days, NaN: not known. `horizon`: days after the last one, at least 1.

    Raises ValueError.
    """
    return forecast_all(np.array([history], dtype=float), [first_day], horizon)[0]


def forecast_all(histories: Floats, first_days: Sequence[date], horizon: int) -> list[Forecast]:
    """`histories` (S, T): a row for each series, and its first day. A day without usage is 0. Raises ValueError."""
    if horizon < 1 or histories.ndim != 2:  # noqa: PLR2004 - series and days
        raise ValueError("a forecast needs a table of series and days, and a horizon of at least one day")
    if (histories < 0).any() or np.isinf(histories).any():
        raise ValueError("quantities must be finite and not negative")
    skipped = max(histories.shape[1] - _LONGEST_HISTORY, 0)
    recent = histories[:, skipped:]
    seen = observe(recent, np.array([(day.weekday() + skipped) % 7 for day in first_days]))
    young = _young(seen, horizon)
    found: list[Forecast | None] = [None] * len(recent)
    for group, days in ((~young, horizon), (young, min(horizon, _SHORT_DAYS))):
        rows = np.flatnonzero(group)
        if len(rows):
            for row, made in zip(rows, _Group(seen.of(group), days, horizon).forecasts(), strict=True):
                found[row] = made
    return [made for made in found if made is not None]


def _young(seen: Seen, horizon: int) -> Bools:
    last = len(seen.sums) - 1
    young: Bools = last - seen.first < horizon + _SHORT_DAYS * 3 + STEP * _LEAST_ORIGINS
    return young


class _Group:
    """Series that share the horizon of their backtest."""

    def __init__(self, seen: Seen, days: int, horizon: int) -> None:
        self._seen = seen
        self._tried = backtest(seen, days)
        self._noise = seen.noise[-1]
        self._leads = np.arange(1, horizon + 1)
        self._ended = _ended(seen)
        self._path = self._days()
        self._origins = (~np.isnan(self._tried.error)).sum(0)

    def _days(self) -> Floats:
        """(S, horizon)"""
        last = self._tried.origins[-1:]
        weekdays = pattern(self._seen, last, self._leads)
        path = np.zeros(weekdays.shape[1:])
        for weight, model in zip(self._tried.weights, self._tried.models, strict=True):
            path += weight[:, None] * model.last().path(weekdays, self._leads)[0]
        return np.where(self._ended[:, None], 0, path)

    def forecasts(self) -> list[Forecast]:
        totals = half_widths(self._tried.error, self._noise, STEP)
        days = self._day_widths()
        covered = coverage(self._tried.error, self._noise, STEP, -(-self._tried.days // STEP))
        return [
            Forecast(
                [_band(p50, days[:, row, day]) for day, p50 in enumerate(self._path[row])],
                _band(float(self._path[row].sum()), totals[:, row]),
                self._method(row),
                self._quality(row, totals[0, row]),
                _tried(self._tried, covered, row),
            )
            for row in range(len(self._path))
        ]

    def _day_widths(self) -> Floats:
        """(levels, S, horizon): measured at a few leads, and between them by interpolation."""
        leads = np.unique(np.linspace(1, self._tried.days, _LEADS).round().astype(int))
        measured = np.stack([half_widths(self._day_errors(lead), self._noise, STEP) for lead in leads])
        at = np.clip(self._leads, leads[0], leads[-1])
        above = np.clip(np.searchsorted(leads, at), min(1, len(leads) - 1), len(leads) - 1)
        below = np.maximum(above - 1, 0)
        part = np.clip((at - leads[below]) / np.maximum(leads[above] - leads[below], 1), 0, 1)
        widths = measured[below] + part[:, None, None] * (measured[above] - measured[below])
        return np.moveaxis(widths, 0, 2)

    def _day_errors(self, lead: int) -> Floats:
        past, seen = self._tried.origins[:-1], self._seen
        leads = np.array([lead])
        weekdays = pattern(seen, self._tried.origins, leads)
        made = np.zeros(weekdays.shape[:2])
        for weight, model in zip(self._tried.weights, self._tried.models, strict=True):
            made += weight * model.totals(weekdays, leads)
        known = (seen.known[past + lead] > seen.known[past + lead - 1]) & ~np.isnan(self._tried.error)
        error = (seen.quantities.T[past + lead - 1] - made[:-1]) / np.maximum(made[:-1], 1e-9)
        return np.where(known, error, np.nan)

    def _method(self, row: int) -> str:
        if not self._seen.sums[-1, row] > 0:
            return "none"
        if self._ended[row]:
            return "ended"
        return "weighted_models" if self._origins[row] else "run_rate"

    def _quality(self, row: int, width: float) -> str:
        last = len(self._seen.sums) - 1
        if last - self._seen.first[row] < _SHORT_HISTORY:
            return "short_history"
        if self._ended[row] or last - self._seen.since[-1, row] <= _RECENT_SHIFT:
            return "level_shift"
        return "volatile" if width > _VOLATILE else "ok"


def _band(p50: float, widths: Floats) -> Band:
    levels = zip(LEVELS, widths, strict=True)
    return Band(float(p50), {level: (max(0.0, float(p50 * (1 - w))), float(p50 * (1 + w))) for level, w in levels})


def _tried(tried: Backtest, covered: Floats, row: int) -> Tried:
    error, actual = tried.error[:, row], tried.actual[:, row]
    there = ~np.isnan(error)
    truth = float(actual[there].sum())
    missed = float(np.abs(error[there] * tried.forecast[:-1, row][there]).sum())
    levels = zip(LEVELS, covered[:, row], strict=True)
    shares = {level: None if np.isnan(share) else float(share) for level, share in levels}
    return Tried(int(there.sum()), missed / truth if truth > 0 else None, shares)


def _ended(seen: Seen) -> Bools:
    """No usage for two days or more, and more than twice as long as ever before."""
    number = len(seen.monday)
    run, longest = np.zeros(number), np.zeros(number)
    for day, known in enumerate(np.diff(seen.known, axis=0) > 0):
        used = seen.quantities[:, day] > 0
        longest = np.where(used & (seen.first < day), np.maximum(longest, run), longest)
        run = np.where(used, 0, run + known)
    ended: Bools = (run >= 2) & (run > 2 * longest + 1) & (seen.sums[-1] > 0)  # noqa: PLR2004
    return ended
