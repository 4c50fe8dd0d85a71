"""The outlook of a budget: from the stored forecast of the month, or for a quarter or year from a longer horizon.

What is not stored for this data version is computed from the same data, as in a request for the forecast.
"""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import simplejson

from billing_service.budgets.calendar import Clock, Period
from billing_service.budgets.labels import label_outlook
from billing_service.budgets.model import Budget
from billing_service.budgets.outlook import UNMEASURED, Outlook, over
from billing_service.database import Reads
from billing_service.errors import AmountTooLarge, PriceMissing
from billing_service.forecasts.answer import LEVELS, Scope, answers
from billing_service.forecasts.forecast import project_scope
from billing_service.forecasts.inputs import read
from billing_service.forecasts.stored import Wanted, state_of, stored

LONGEST_DAYS = 92  # a quarter. Intervals of longer horizons have too few past errors behind them

PENDING = "forecast_pending"
REASONS = {
    PENDING: "the worker has not computed the forecast of the newest hour yet",
    "horizon_too_long": f"the period ends in more than {LONGEST_DAYS} days, and no forecast goes so far",
    "no_forecast": "there is nothing to forecast from",
    "short_history": "there are too few days to know how wrong the forecast is: it has no probability",
    "forecast_price_missing": "a day of the forecast has no price",
    "amount_too_large": "the forecast is larger than 10^18",
}

Bodies = Mapping[int, Mapping[str, Any]]  # by level


class NoForecast(Exception):
    """The reason: one of REASONS, or of spending.py."""


async def outlook(
    reads: Reads, budget: Budget, clock: Clock, period: Period, *, computes: bool
) -> tuple[Outlook | None, str | None]:
    """Or the reason why there is none. Without `computes`, only a stored one. Raises DataChanged."""
    try:
        return await _expected(reads, budget, clock, period, computes=computes), None
    except NoForecast as none:
        return None, str(none)
    except PriceMissing:
        return None, "forecast_price_missing"
    except AmountTooLarge:
        return None, "amount_too_large"


async def _expected(reads: Reads, budget: Budget, clock: Clock, period: Period, *, computes: bool) -> Outlook:
    if clock.as_of is None:
        raise NoForecast("no_forecast")
    if clock.as_of >= period.ends:
        return over()
    today = clock.as_of.astimezone(ZoneInfo(clock.time_zone)).date()
    if (period.last - today).days >= LONGEST_DAYS:
        raise NoForecast("horizon_too_long")
    of_month = budget.period == "month" and budget.scope.label is None
    bodies = await _stored(reads, budget, clock) if of_month else None
    if bodies is None and not computes:
        raise NoForecast(PENDING)
    if budget.scope.label is not None:
        if (made := await label_outlook(reads, budget, clock, (today, period.last))) is None:
            raise NoForecast("no_forecast")
        return made
    bodies = bodies or await _computed(reads, budget, clock, period.last)
    if bodies is None or bodies[LEVELS[0]]["remaining"]["p50"] is None:
        raise NoForecast("no_forecast")
    return _outlook(bodies)


async def _stored(reads: Reads, budget: Budget, clock: Clock) -> Bodies | None:
    namespace = budget.scope.namespace
    state = await state_of(reads.fetch, budget.organization, namespace, clock.newest)
    texts = [
        await stored(reads.fetch, budget.organization, namespace or "", Wanted("month_end", level), state or "")
        for level in LEVELS
    ]
    found = {level: simplejson.loads(text, use_decimal=True) for level, text in zip(LEVELS, texts, strict=True) if text}
    return found if len(found) == len(LEVELS) else None


async def _computed(reads: Reads, budget: Budget, clock: Clock, last: date) -> Bodies | None:
    namespace = budget.scope.namespace
    names = None if namespace is None else [namespace]
    inputs = await read(reads.fetch, budget.organization, names, clock.newest)
    if inputs is None:
        return None
    scope = Scope(None, None, inputs.lives) if namespace is None else project_scope(inputs, namespace)
    if scope is None:
        return None
    return (await asyncio.to_thread(answers, inputs, [scope], f"{budget.period}_end", last))[0]


def _outlook(bodies: Bodies) -> Outlook:
    narrow, wide = (bodies[level]["remaining"] for level in LEVELS)
    quantiles = (wide["low"], narrow["low"], narrow["p50"], narrow["high"], wide["high"])
    days = [(date.fromisoformat(day["date"]), day["p50"]) for day in bodies[LEVELS[0]]["days"]]
    return Outlook(quantiles, days, bodies[LEVELS[0]]["method"] != UNMEASURED)
