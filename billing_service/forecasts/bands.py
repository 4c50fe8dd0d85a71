"""How wide an interval is: quantiles of the errors of a backtest, with a correction for how few they are.

A series has few errors that are independent of each other. So the sample is joined with a heavy-tailed distribution (t
with 2 degrees of freedom), which counts like 1.5 errors. Its scale comes from the errors and from the noise of a day.
"""

import numpy as np

from billing_service.forecasts.history import Floats

LEVELS = (80, 95, 99)
_HALF_LIFE = 90  # days, of an error
_APART = 20  # days, of forecasts for more than a day
_PRIOR = 1.5  # errors' worth of the distribution
_POINTS = 24  # that stand for the distribution
_NOISE_SHARE = 0.8  # scale of the distribution where there is no error: of the noise of a day
_LEAST_SCALE = 0.003
_SCALE_WEIGHT = 4  # errors' worth of that scale
_MOST_ERROR = 2.0  # in the scale
_CORRECTION = 0.5
# A total whose error is small beside the noise of its days is steady. A larger error comes from changes of the level,
# and the next change can be larger than those before.
_CALM = 0.85
_RESTLESS = 0.65
_AT_REST = 0.35

_share = (np.arange(_POINTS) + 0.5) / _POINTS
_HEAVY: Floats = _share * np.sqrt(2 / (1 - _share**2))  # quantiles of |t| with 2 degrees of freedom


def half_widths(errors: Floats, noise: Floats, step: int, apart: int = _APART) -> Floats:
    """(levels, S), relative to the forecast. `errors` (n, S): signed, in the order of time, `step` days apart, or NaN.

    `noise` (S): relative error of a day. `apart`: days between two errors that count as independent.
    """
    size = np.abs(errors)
    weights = _fading(size, step)
    count = weights.sum(0) * step / apart
    known = np.nan_to_num(size)
    squares = (np.minimum(known, _MOST_ERROR) ** 2 * weights).sum(0) / np.maximum(weights.sum(0), 1e-9)
    first = _NOISE_SHARE * noise + _LEAST_SCALE
    scale = np.sqrt((count * squares + _SCALE_WEIGHT * first**2) / (count + _SCALE_WEIGHT))
    values = np.concatenate([known * (1 + _CORRECTION / np.maximum(count, 1)), _HEAVY[:, None] * scale])
    shares = np.concatenate([weights * step / apart, np.full((_POINTS, len(noise)), _PRIOR / _POINTS)])
    restless = np.sqrt(squares) / np.maximum(noise, _LEAST_SCALE)
    widened: Floats = _quantiles(values, shares) * (_CALM + _RESTLESS * np.clip(restless - _AT_REST, 0, 1))
    return widened


def _fading(size: Floats, step: int) -> Floats:
    age = np.arange(len(size))[::-1] * step
    weights: Floats = np.where(np.isnan(size), 0, 0.5 ** (age / _HALF_LIFE)[:, None])
    return weights


def _quantiles(values: Floats, shares: Floats) -> Floats:
    """(levels, S): weighted, between the two nearest values."""
    order = np.argsort(values, axis=0)
    ordered, weights = np.take_along_axis(values, order, 0), np.take_along_axis(shares, order, 0)
    reached = (np.cumsum(weights, axis=0) - weights / 2) / weights.sum(0)
    found = np.empty((len(LEVELS), values.shape[1]))
    for index, level in enumerate(LEVELS):
        above = np.clip((reached < level / 100).sum(0), 1, len(values) - 1)[None]
        low, high = (np.take_along_axis(reached, at, 0)[0] for at in (above - 1, above))
        first, last = (np.take_along_axis(ordered, at, 0)[0] for at in (above - 1, above))
        part = np.clip((level / 100 - low) / np.maximum(high - low, 1e-12), 0, 1)
        found[index] = first + part * (last - first)
    return found


def coverage(errors: Floats, noise: Floats, step: int, lag: int, every: int = 4) -> Floats:
    """(levels, S): the share of past errors within the interval of the errors before them. NaN without such errors."""
    hits, tried = np.zeros((len(LEVELS), len(noise))), np.zeros(len(noise))
    for origin in range(len(errors) - 1, lag + 1, -every):
        there = ~np.isnan(errors[origin]) & ~np.isnan(errors[: origin - lag]).all(0)
        if not there.any():
            break
        widths = half_widths(errors[: origin - lag], noise, step)
        hits += there & (np.abs(np.nan_to_num(errors[origin])) <= widths)
        tried += there
    return np.where(tried > 0, hits / np.maximum(tried, 1), np.nan)
