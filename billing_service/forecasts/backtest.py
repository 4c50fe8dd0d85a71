"""Forecasts from past origins: how the models are weighted, and how wrong the combination was.

The weights at an origin come from errors that were complete before it. So the errors of the combination are those that
a reader would have seen.
"""

from dataclasses import dataclass

import numpy as np

from billing_service.forecasts.history import TINY, Bools, Floats, Ints, Seen
from billing_service.forecasts.models import Model, models, pattern

STEP = 3  # days between two origins
_SPAN = 330  # days from the first origin to the last one
_LEAST_HISTORY = 21
_LEAST_KNOWN = 0.8  # of the days of a horizon
_HALF_LIFE = 200  # days, of an error in the weights
_POWER = 8  # a model with twice the error has 1/256 of the weight
_EQUAL = 0.5  # origins' worth of equal errors
_LEAST_LOSS = 0.005


@dataclass(frozen=True)
class Backtest:
    """`origins` (O): numbers of known days; the last one is the forecast itself. `forecast` (O, S): totals of `days`.

    `actual`, `error` (O-1, S): totals, and relative to the forecast; NaN where the truth or the history is missing.
    `weights` (M, S): of the models, at the last origin.
    """

    days: int
    origins: Ints
    forecast: Floats
    actual: Floats
    error: Floats
    weights: Floats
    models: list[Model]


def backtest(seen: Seen, days: int, step: int = STEP) -> Backtest:
    """Of the total of `days` days. `step`: days between two origins."""
    last = len(seen.sums) - 1
    first = max(_LEAST_HISTORY, last - days - _SPAN)
    past = np.arange(last - days, first - 1, -step)[::-1]
    origins = np.append(past, last)
    found = models(seen, origins)
    leads = np.arange(1, days + 1)
    weekdays = pattern(seen, origins, leads)
    totals = np.stack([model.totals(weekdays, leads) for model in found])
    actual, valid = _actual(seen, past, days)
    weights = _weights(totals, actual, valid, days, step) * _shifted(seen, origins, found)
    weights = weights / weights.sum(0)
    forecast = (weights * totals).sum(0)
    error = np.where(valid, (actual - forecast[:-1]) / np.maximum(forecast[:-1], TINY), np.nan)
    return Backtest(days, origins, forecast, np.where(valid, actual, np.nan), error, weights[:, -1], found)


def _actual(seen: Seen, past: Ints, days: int) -> tuple[Floats, Bools]:
    """Days that are not known count like the others of their horizon."""
    known = seen.known[past + days] - seen.known[past]
    total = (seen.sums[past + days] - seen.sums[past]) * days / np.maximum(known, 1)
    return total, (known >= _LEAST_KNOWN * days) & (past[:, None] >= seen.first[None, :] + _LEAST_HISTORY)


def _weights(totals: Floats, actual: Floats, valid: Bools, days: int, step: int) -> Floats:
    """(M, O, S): at each origin, from the errors of the origins whose days were over before it."""
    lag = -(-days // step)
    scale = np.maximum((actual + totals[:, :-1].mean(0)) / 2, TINY)
    errors = np.where(valid, np.abs(actual - totals[:, :-1]) / scale, 0)
    fade = 0.5 ** (step / _HALF_LIFE)
    top = np.zeros((len(totals), totals.shape[1], totals.shape[2]))
    count = np.zeros(totals.shape[1:])
    for origin in range(lag, totals.shape[1] - 1):
        top[:, origin] = top[:, origin - 1] * fade + errors[:, origin - lag]
        count[origin] = count[origin - 1] * fade + valid[origin - lag]
    if len(valid):
        top[:, -1], count[-1] = top[:, -2], count[-2]
    for late in range(max(len(valid) - lag, 0), len(valid)):  # at the last origin, every past one is over
        top[:, -1] = top[:, -1] * fade + errors[:, late]
        count[-1] = count[-1] * fade + valid[late]
    loss = top / np.maximum(count, TINY)
    apart = count / max(lag, 1)  # origins without a day in common
    equal = np.maximum(np.median(loss, axis=0), 0.02)
    loss = (loss * apart + _EQUAL * equal) / (apart + _EQUAL) + _LEAST_LOSS
    weights: Floats = (loss / loss.min(0)) ** -_POWER
    return weights


def _shifted(seen: Seen, origins: Ints, found: list[Model]) -> Floats:
    """(M, O, S): the part of the weight that a model keeps after a shift, if half of its days are from before it.

    A series whose shifts were undone before has peaks and not levels: there, the errors alone decide.
    """
    age = origins[:, None] - seen.since[origins]
    new_level = (seen.reverted[origins] == 0) & (seen.since[origins] > seen.first)
    reach = np.array([model.reach for model in found])[:, None, None]
    share = np.clip(2 * (reach - age) / np.maximum(reach, 1), 0, 1)
    kept: Floats = np.where(new_level, (1 + share) ** -_POWER, 1)
    return kept
