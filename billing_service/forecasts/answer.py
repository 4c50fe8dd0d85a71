"""The forecast of a project or an organization: the cost so far, the cost that remains, and each day.

Usage at constant prices is forecast as one series, so that its interval is that of the sum. The forecast is split into
SKUs as in the last week, and each day has the prices that are announced for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from psycopg.rows import DictRow

from billing_service.figures.facts import facts, rfc3339
from billing_service.figures.summary import LARGEST_AMOUNT, too_large
from billing_service.forecasts.days import HISTORY_DAYS, Days
from billing_service.forecasts.history import Floats
from billing_service.forecasts.inputs import LONG_LIFE, Inputs, Life, Mix
from billing_service.forecasts.pricing import Prices
from billing_service.forecasts.series import Band, Forecast, forecast_all
from billing_service.money import exact_sum, rounded, split

HORIZONS = ("month_end", "30d", "90d")
LEVELS = (80, 95)
_ERROR_DIGITS = Decimal("0.0001")


@dataclass(frozen=True)
class Scope:
    """Whose forecast it is. `namespaces`: of these projects only. `namespace`: of one project."""

    namespace: str | None
    namespaces: Sequence[str] | None
    lives: list[Life]

    @property
    def whole(self) -> bool:
        return self.namespace is None and self.namespaces is None


def last_day(month: DictRow, days: Days, horizon: str) -> date:
    """30d and 90d: that many days, of which today is the first."""
    if horizon == "month_end":
        first: date = month["period"]
        return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return days.today + timedelta(days=int(horizon.removesuffix("d")) - 1)


def answers(
    inputs: Inputs, scopes: Sequence[Scope], horizon: str, last: date | None = None
) -> list[dict[int, dict[str, Any]]]:
    """For each scope the response for each level. Many at once take a few milliseconds each.

    `last`: the last day, if it is not that of the horizon: of a quarter or year. Not before the day of `as_of`.
    Raises PriceMissing (409), AmountTooLarge (409).
    """
    days, prices = inputs.days, inputs.prices
    if days is None or prices is None:
        return [_unknown(inputs.month, scope, horizon) for scope in scopes]
    last = last or last_day(inputs.month, days, horizon)
    plans = [_Plan(inputs.month, days, scope, last) for scope in scopes]
    series = [values for plan in plans for values in plan.series]
    made = iter(forecast_all(np.array(series), [days.first] * len(series), (last - days.today).days + 1))
    return [_Priced(plan, [next(made) for _ in plan.series], prices).responses(horizon) for plan in plans]


class _Plan:
    """The series of a scope: the projects that go on, added up, and one for each project with a dated end."""

    def __init__(self, month: DictRow, days: Days, scope: Scope, last: date) -> None:
        self.month, self.days, self.scope = month, days, scope
        self.until = days.start(last + timedelta(days=1))
        self.dates = [days.today + timedelta(days=index) for index in range((last - days.today).days + 1)]
        self._metered = [life for life in scope.lives if life.began is not None]
        self.present = [life for life in self._metered if not self._ends(life, days.as_of)]
        self._ending = [life for life in self.present if self._ends(life, self.until)]

    @property
    def metered(self) -> bool:
        return bool(self._metered)

    @property
    def series(self) -> list[Floats]:
        going = [life for life in self._metered if life not in self._ending and self._counts(life)]
        total = np.zeros(HISTORY_DAYS)
        for life in going:
            total = total + self._complete(life)
        return [total, *(self._complete(life) for life in self._ending)]

    @property
    def shares(self) -> list[list[float]]:
        """For each series and day: how many hours count, by 24. They are after `as_of`, and before the series ends."""
        return [self._shares(until) for until in (self.until, *(life.row["until"] for life in self._ending))]

    @property
    def mix(self) -> Mix:
        """The quantity of each SKU for one unit of usage at constant prices."""
        weeks = {sku for life in self.present for sku in life.week}
        found: Mix = {}
        for life in self.present:
            for sku, quantity in (life.week if weeks else life.four_weeks).items():
                found[sku] = found.get(sku, 0.0) + quantity
        return found

    def _ends(self, life: Life, moment: datetime) -> bool:
        return life.row["until"] is not None and life.row["until"] <= moment

    def _counts(self, life: Life) -> bool:
        """A long-lived project that ended does not go on. Short-lived ones are followed by others like them."""
        return life in self.present or (
            len(self.scope.lives) > 1 and life.began is not None and life.row["until"] - life.began < LONG_LIFE
        )

    def _complete(self, life: Life) -> Floats:
        return self.days.complete(life.values, life.began or self.days.as_of)

    def _shares(self, until: datetime) -> list[float]:
        return [self._share(day, until) for day in self.dates]

    def _share(self, day: date, until: datetime) -> float:
        first = max(self.days.start(day), self.days.as_of, self.month["starts"])
        share: float = (min(self.days.start(day + timedelta(days=1)), until) - first) / timedelta(days=1)
        return max(share, 0.0)


class _Priced:
    """The forecast of a scope in money."""

    def __init__(self, plan: _Plan, made: Sequence[Forecast], prices: Prices) -> None:
        self._plan = plan
        self._made = made
        shares = plan.shares
        self._path = [
            sum(forecast.days[index].p50 * share[index] for forecast, share in zip(made, shares, strict=True))
            for index in range(len(plan.dates))
        ]
        constant = prices.constant
        value = sum(quantity * constant[sku] for sku, quantity in plan.mix.items() if sku in constant)
        priced = {sku: quantity / value for sku, quantity in plan.mix.items() if value > 0 and sku in constant}
        self._mix = priced
        self._prices = prices
        self._main = max(made, key=lambda forecast: forecast.total.p50)

    def responses(self, horizon: str) -> dict[int, dict[str, Any]]:
        plan, digits = self._plan, self._plan.month["digits"]
        spent = rounded(exact_sum(life.row["spent"] for life in plan.scope.lives), digits)
        method = self._main.method if plan.present else "ended"
        if not plan.metered or method == "none":
            return _unknown(plan.month, plan.scope, horizon, spent if plan.metered else None, plan.until)
        p50 = self._costs([1.0] * len(self._path))
        return {level: self._response(horizon, level, method, spent, p50) for level in LEVELS}

    def _response(self, horizon: str, level: int, method: str, spent: Decimal, p50: list[float]) -> dict[str, Any]:
        plan, digits = self._plan, self._plan.month["digits"]
        low, high = (self._costs([ratio] * len(self._path)) for ratio in _ratios(self._main.total, level))
        remaining = {
            "p50": _money(sum(p50), digits),
            "low": _money(sum(low), digits),
            "high": _money(sum(high), digits),
        }
        total = {name: exact_sum([spent, amount]) for name, amount in remaining.items()}
        if total["high"] > LARGEST_AMOUNT:
            raise too_large(plan.scope.namespace or plan.month["organization"])
        tried = self._main.backtest
        return {
            **_facts(plan.month, plan.scope, horizon, level),
            "until": rfc3339(plan.until),
            "spent": spent,
            "remaining": remaining,
            "total": total,
            "days": self._days(level, p50),
            "method": method,
            "quality": self._main.quality,
            "backtest": {
                "origins": tried.origins,
                "error": _share(tried.error),
                "coverage": _share(tried.coverage[level]),
            },
        }

    def _costs(self, ratios: Sequence[float]) -> list[float]:
        path = [value * ratio for value, ratio in zip(self._path, ratios, strict=True)]
        return self._prices.costs(path, self._mix, whole=self._plan.scope.whole)

    def _days(self, level: int, p50: list[float]) -> list[dict[str, Any]]:
        """`p50` of the days adds up to the remaining one. Days before the month have no cost: they are left out."""
        digits, dates = self._plan.month["digits"], self._plan.dates
        bands = [_ratios(day, level) for day in self._main.days]
        low, high = (self._costs([band[side] for band in bands]) for side in (0, 1))
        middle = split({day.isoformat(): _exact(cost) for day, cost in zip(dates, p50, strict=True)}, digits)
        found = []
        for at, (name, exact) in enumerate(middle.items()):
            interval = {"low": min(_money(low[at], digits), exact), "high": max(_money(high[at], digits), exact)}
            if dates[at] >= self._plan.month["period"]:
                found.append({"date": name, "p50": exact, **interval})
        return found


def _unknown(
    month: DictRow, scope: Scope, horizon: str, spent: Decimal | None = None, until: datetime | None = None
) -> dict[int, dict[str, Any]]:
    """No usage ever: there is nothing to forecast. Null is not 0."""
    unknown = dict.fromkeys(("p50", "low", "high"))
    answer: dict[str, Any] = {
        "until": rfc3339(until),
        "spent": spent,
        "remaining": unknown,
        "total": unknown,
        "days": [],
        "method": "none",
        "quality": "short_history",
        "backtest": {"origins": 0, "error": None, "coverage": None},
    }
    missing = {} if spent is not None else {"as_of": None}
    return {level: {**_facts(month, scope, horizon, level), **missing, **answer} for level in LEVELS}


def _facts(month: DictRow, scope: Scope, horizon: str, level: int) -> dict[str, Any]:
    who = {"namespace": scope.namespace} if scope.namespace else {"namespaces": scope.namespaces}
    return {
        **facts(month),
        **who,
        "period": f"{month['period']:%Y-%m}",
        "horizon": horizon,
        "level": level,
        "from": rfc3339(month["starts"]),
        "unrated_lines": int(sum(life.row["unrated"] for life in scope.lives)),
    }


def _ratios(band: Band, level: int) -> tuple[float, float]:
    low, high = band.intervals[level]
    return (low / band.p50, high / band.p50) if band.p50 > 0 else (1.0, 1.0)


def _exact(cost: float) -> Decimal:
    return Decimal(repr(cost)) if cost > 0 else Decimal(0)


def _money(cost: float, digits: int) -> Decimal:
    return rounded(_exact(cost), digits)


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value)).quantize(_ERROR_DIGITS)
