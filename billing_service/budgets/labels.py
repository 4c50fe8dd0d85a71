"""The forecast of a label: its daily cost is one series. Prices that are announced and dated ends are not in it."""

import asyncio
from datetime import date
from decimal import Decimal

import numpy as np

from billing_service.budgets.calendar import DAY, Clock
from billing_service.budgets.model import Budget
from billing_service.budgets.outlook import UNMEASURED, Outlook
from billing_service.budgets.spending import Ledger, read_ledger
from billing_service.database import Reads
from billing_service.errors import BadRequest
from billing_service.forecasts.history import Floats
from billing_service.forecasts.series import Forecast, forecast
from billing_service.money import rounded
from billing_service.trends.calendar import HOUR
from billing_service.trends.rounding import unit_of

_HISTORY_DAYS = 112


async def label_outlook(reads: Reads, budget: Budget, clock: Clock, days: tuple[date, date]) -> Outlook | None:
    """From today, which is not complete, to the last day. None: there are no lines to forecast from, or too many.

    Raises PriceMissing (409).
    """
    today, last = days
    try:
        ledger = await read_ledger(reads, budget, clock, (today - _HISTORY_DAYS * DAY, today - DAY), "day")
    except BadRequest:
        return None
    history = None if ledger is None else daily(ledger, budget)
    if ledger is None or history is None or not np.nansum(history) > 0:
        return None
    made = await asyncio.to_thread(forecast, list(history), ledger.given.first_day, (last - today).days + 1)
    return outlook_of(made, today, _left(ledger, clock), clock.digits)


def daily(ledger: Ledger, budget: Budget) -> Floats:
    """Cost of each day, as if it had 24 hours. NaN: less than half of its hours are there."""
    cost = np.zeros(len(ledger.frame.buckets))
    for piece, exact in zip(ledger.frame.pieces, ledger.exact(budget), strict=True):
        cost[piece.bucket] += exact / unit_of(0)
    for piece in ledger.frame.pieces:
        hours = (piece.until - piece.since) // HOUR
        known, missing = ledger.coverage.of_part(ledger.frame.months[piece.month].period, piece.since, piece.until)
        if missing:
            cost[piece.bucket] *= hours / known if 2 * known >= hours else np.nan
        cost[piece.bucket] *= 24 / hours
    return cost


def _left(ledger: Ledger, clock: Clock) -> float:
    """The share of today that is after `as_of`."""
    begins = ledger.given.until
    return max(1 - ((clock.as_of or begins) - begins) / (24 * HOUR), 0.0)


def outlook_of(made: Forecast, today: date, left: float, digits: int) -> Outlook:
    """`left`: the share of today that is still to come."""
    shares = [left] + [1.0] * (len(made.days) - 1)
    days = [
        (today + at * DAY, _money(day.p50 * share, digits))
        for at, (day, share) in enumerate(zip(made.days, shares, strict=True))
    ]
    median = sum(day.p50 * share for day, share in zip(made.days, shares, strict=True))
    return Outlook(_quantiles(made, median, digits), days, made.method != UNMEASURED)


def _quantiles(made: Forecast, median: float, digits: int) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    (low, high), (lowest, highest) = made.total.intervals[80], made.total.intervals[95]
    ratio = median / made.total.p50 if made.total.p50 > 0 else 0.0
    return tuple(_money(value * ratio, digits) for value in (lowest, low, made.total.p50, high, highest))  # type: ignore[return-value] # five


def _money(value: float, digits: int) -> Decimal:
    return rounded(Decimal(repr(max(value, 0.0))), digits)
