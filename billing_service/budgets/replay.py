"""A budget over periods that are over: when its thresholds would have fired. Pure: days in, findings out.

The forecast of a past day is made from the days before it, as they are in the ledger now: late data and corrections are
in them. It is made at least ORIGINS times in a period. Its interval is that of the longest horizon among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from billing_service.budgets.calendar import Period
from billing_service.budgets.labels import outlook_of
from billing_service.budgets.model import Threshold
from billing_service.forecasts.history import Floats
from billing_service.forecasts.series import Band, Forecast, forecast_all
from billing_service.money import exact_sum
from billing_service.trends.rounding import exact_decimal

ORIGINS = 10
LONGEST_DAYS = 92
_HISTORY_DAYS = 180
_LEAST_HISTORY = 14  # days with usage before a forecast


@dataclass(frozen=True)
class Days:
    """`exact`: cost in units of 10^-21. `daily`: the same as complete days of 24 hours, NaN if not known."""

    first: date
    exact: Sequence[int]
    daily: Floats

    def index(self, day: date) -> int:
        return (day - self.first).days

    def reached_on(self, period: Period, amount: Decimal) -> date | None:
        """The day on which the exact cost of the period reaches the amount."""
        total = Decimal(0)
        for at in range(self.index(period.first), self.index(period.until)):
            total = exact_sum([total, exact_decimal(self.exact[at])])
            if total >= amount:
                return date.fromordinal(self.first.toordinal() + at)
        return None

    def spent_before(self, period: Period, day: date) -> Decimal:
        return exact_decimal(sum(self.exact[self.index(period.first) : self.index(day)]))


@dataclass(frozen=True)
class Origin:
    """A day of a period at whose beginning the rest of the period is forecast."""

    period: Period
    day: date

    @property
    def left(self) -> int:
        return (self.period.until - self.day).days


def origins(days: Days, periods: Sequence[Period]) -> list[Origin]:
    """Evenly spaced, without those before which there is too little usage."""
    found = []
    for period in periods:
        length = min((period.until - period.first).days - 1, LONGEST_DAYS)
        step = max(length // ORIGINS, 1)
        for left in range(length, 0, -step):
            day = date.fromordinal(period.until.toordinal() - left)
            if np.nansum(days.daily[: days.index(day)] > 0) >= _LEAST_HISTORY:
                found.append(Origin(period, day))
    return found


def expected(days: Days, found: Sequence[Origin]) -> list[Forecast]:
    """For each origin, of the days that are left. Takes about a second."""
    if not found:
        return []
    padded = np.concatenate([np.zeros(_HISTORY_DAYS), days.daily])
    histories = np.array([padded[days.index(one.day) : days.index(one.day) + _HISTORY_DAYS] for one in found])
    firsts = [date.fromordinal(one.day.toordinal() - _HISTORY_DAYS) for one in found]
    made = forecast_all(histories, firsts, max(one.left for one in found))
    return [_first_days(forecast, one.left) for forecast, one in zip(made, found, strict=True)]


def _first_days(made: Forecast, number: int) -> Forecast:
    days = made.days[:number]
    p50 = sum(day.p50 for day in days)
    ratio = p50 / made.total.p50 if made.total.p50 > 0 else 0.0
    intervals = {level: (low * ratio, high * ratio) for level, (low, high) in made.total.intervals.items()}
    return Forecast(days, Band(p50, intervals), made.method, made.quality, made.backtest)


def warned_on(
    days: Days, threshold: Threshold, amount: Decimal, made: Sequence[tuple[Origin, Forecast]], digits: int
) -> date | None:
    """The first day at whose beginning the forecast is above the threshold. None: on no day. `made`: of the period."""
    for origin, forecast in made:
        left = exact_sum([amount, -days.spent_before(origin.period, origin.day)])
        outlook = outlook_of(forecast, origin.day, 1.0, digits)
        wanted = threshold.probability or Decimal(1)
        if outlook.is_measured and outlook.probability(left) >= wanted:
            return origin.day
    return None
