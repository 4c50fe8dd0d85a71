"""A budget that is not stored, over the past twelve months: when it had fired, how late, and how often in vain."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing_service.budgets.calendar import DAY, Clock, Period, first_day, period_before, read_clock, read_periods
from billing_service.budgets.labels import daily
from billing_service.budgets.model import Budget, Threshold
from billing_service.budgets.replay import Days, Origin, expected, origins, warned_on
from billing_service.budgets.spending import Ledger, Spending, of_months, read_ledger, unknown
from billing_service.budgets.standing import limit_after
from billing_service.database import Reads
from billing_service.errors import BadRequest, PriceMissing
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import rfc3339
from billing_service.forecasts.series import Forecast
from billing_service.money import exact_sum
from billing_service.trends.calendar import HOUR
from billing_service.trends.rounding import exact_decimal

_Made = Sequence[tuple[Origin, Forecast]]
_NUMBERS = {"month": 12, "quarter": 4, "year": 1}
_HISTORY = 180 * DAY  # before the first period, for its forecasts
_MOST_HOURS = 40  # days whose hours are read; on further ones, a threshold fires at the end of the day


async def preview(reads: Reads, organization: str, budget: Budget, now: datetime | None = None) -> dict[str, Any]:
    """Of the periods that are over: 12 months, 4 quarters or a year. Raises OrganizationNotFound, DataChanging."""

    async def read() -> dict[str, Any]:
        clock = await read_clock(reads, organization, now)
        body = await _preview(reads, budget, clock)
        [version] = await reads.fetch(VERSION, organization=organization)
        if version["number"] != clock.version:
            raise DataChanged
        return body

    return await consistent(read)


async def _preview(reads: Reads, budget: Budget, clock: Clock) -> dict[str, Any]:
    firsts = [first_day(budget.period, clock.day)]
    for _ in range(_NUMBERS[budget.period] + 1):
        firsts.append(period_before(budget.period, firsts[-1]))
    earlier, *periods = await read_periods(reads, budget.organization, budget.period, firsts[:0:-1])
    ledger, reason = await _read(reads, budget, clock, (earlier.first - _HISTORY, periods[-1].last))
    if ledger is None:
        found = [_Replayed(period, budget.amount, unknown(reason), {}) for period in periods]
    else:
        found = await _replay(reads, budget, clock, ledger, [earlier, *periods])
    shown = [_period(budget, one) for one in found]
    return {"periods": shown, "summary": [_summary(one, shown) for one in budget.thresholds]}


async def _read(reads: Reads, budget: Budget, clock: Clock, days: tuple[date, date]) -> tuple[Ledger | None, str]:
    """By day; or the reason why not."""
    if clock.as_of is None:
        return None, "not_metered"
    try:
        return await read_ledger(reads, budget, clock, days, "day"), "project_not_found"
    except PriceMissing:
        return None, "price_missing"
    except BadRequest:
        return None, "too_many_lines"


@dataclass(frozen=True)
class _Fired:
    """`late_hours`: since the beginning of the hour in which the cost arose; None of a forecast. `in_vain`: of one."""

    at: datetime
    late_hours: int | None
    in_vain: bool | None


@dataclass(frozen=True)
class _Replayed:
    """`fired`: by threshold."""

    period: Period
    limit: Decimal | None
    spending: Spending
    fired: Mapping[str, _Fired]


async def _replay(
    reads: Reads, budget: Budget, clock: Clock, ledger: Ledger, periods: Sequence[Period]
) -> list[_Replayed]:
    spent = [_spent(ledger, budget, clock, period) for period in periods]
    exact = [0] * len(ledger.frame.buckets)
    for piece, amount in zip(ledger.frame.pieces, ledger.exact(budget), strict=True):
        exact[piece.bucket] += amount
    days = Days(ledger.given.first_day, exact, daily(ledger, budget))
    wanted = [] if all(one.basis == "actual" for one in budget.thresholds) else origins(days, periods[1:])
    made = list(zip(wanted, await asyncio.to_thread(expected, days, wanted), strict=True))
    past = _Past(reads, (budget, clock), ledger, days, made)
    found = []
    for before, own, period in zip(spent, spent[1:], periods[1:], strict=False):
        limit, reason = limit_after(budget, before) if budget.rollover else (budget.amount, None)
        known = own if own.reason or not reason else Spending(own.spent, own.at_least, reason, own.complete_through)
        found.append(_Replayed(period, limit, known, await past.fired(period, limit, own)))
    return found


def _spent(ledger: Ledger, budget: Budget, clock: Clock, period: Period) -> Spending:
    months = [month for month in ledger.given.months if period.first <= month.period < period.until]
    return of_months(ledger, budget, clock.digits, months)


class _Past:
    """`made`: the forecasts of past days."""

    def __init__(self, reads: Reads, given: tuple[Budget, Clock], ledger: Ledger, days: Days, made: _Made) -> None:
        self._reads, (self._budget, self._clock) = reads, given
        self._ledger, self._days, self._made = ledger, days, made
        self._hours: dict[date, Ledger | None] = {}

    async def fired(self, period: Period, limit: Decimal | None, spending: Spending) -> dict[str, _Fired]:
        """What cannot be decided does not fire."""
        found: dict[str, _Fired] = {}
        if spending.spent is None or spending.at_least:
            return found
        for threshold in self._budget.thresholds:
            if limit is not None or threshold.percent is None:
                amount = threshold.of(limit or Decimal(0))
                fire = self._actual if threshold.basis == "actual" else self._expected
                if (one := await fire(period, threshold, amount, spending.spent)) is not None:
                    found[threshold.id] = one
        return found

    async def _actual(self, period: Period, _: Threshold, amount: Decimal, spent: Decimal) -> _Fired | None:
        if spent < amount:
            return None
        since, until = await self._reached(period, amount)
        return _Fired(until, (until - since) // HOUR, None)

    async def _expected(self, period: Period, threshold: Threshold, amount: Decimal, spent: Decimal) -> _Fired | None:
        """An amount that is reached without a warning before fires then: it is certain."""
        made = [one for one in self._made if one[0].period == period]
        day = warned_on(self._days, threshold, amount, made, self._clock.digits)
        moments = [] if day is None else [self._begins(day)]
        if spent >= amount:
            moments.append((await self._reached(period, amount))[1])
        return _Fired(min(moments), None, spent < amount) if moments else None

    async def _reached(self, period: Period, amount: Decimal) -> tuple[datetime, datetime]:
        """The hour in which the cost of the period reached the amount, or the day if its lines are too many."""
        day = self._days.reached_on(period, amount) or period.last
        total = self._days.spent_before(period, day)
        hours = await self._hours_of(day)
        for piece, exact in zip(hours.frame.pieces, hours.exact(self._budget), strict=True) if hours else ():
            total = exact_sum([total, exact_decimal(exact)])
            if total >= amount:
                return piece.since, piece.until
        return self._begins(day), self._begins(day + DAY)

    async def _hours_of(self, day: date) -> Ledger | None:
        if day not in self._hours and len(self._hours) < _MOST_HOURS:
            try:
                self._hours[day] = await read_ledger(self._reads, self._budget, self._clock, (day, day), "hour")
            except BadRequest:
                self._hours[day] = None
        return self._hours.get(day)

    def _begins(self, day: date) -> datetime:
        return self._ledger.given.days.get(day) or self._ledger.given.until


def _period(budget: Budget, found: _Replayed) -> dict[str, Any]:
    return {
        "start": rfc3339(found.period.starts),
        "end": rfc3339(found.period.ends),
        "limit": found.limit,
        "spent": found.spending.spent,
        "reason": found.spending.reason,
        "thresholds": [_threshold(one, found.fired.get(one.id)) for one in budget.thresholds],
    }


def _threshold(threshold: Threshold, fired: _Fired | None) -> dict[str, Any]:
    return {
        "id": threshold.id,
        "fired_at": None if fired is None else rfc3339(fired.at),
        "late_hours": None if fired is None else fired.late_hours,
        "warned_in_vain": None if fired is None else fired.in_vain,
    }


def _summary(threshold: Threshold, periods: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [one for period in periods for one in period["thresholds"] if one["id"] == threshold.id]
    in_vain = sum(one["warned_in_vain"] is True for one in own)
    return {
        "threshold": threshold.id,
        "fired": sum(one["fired_at"] is not None for one in own),
        "in_vain": None if threshold.basis == "actual" else in_vain,
    }
