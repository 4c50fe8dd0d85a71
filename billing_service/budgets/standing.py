"""Where budgets stand: what the worker has kept if nothing has changed since, otherwise computed now.

Both come from the same data by the same way, so they are the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import LiteralString

from psycopg.rows import DictRow

from billing_service.budgets.calendar import Clock, Period, first_day, period_before, read_clock, read_periods
from billing_service.budgets.forecasts import outlook
from billing_service.budgets.found import Finding
from billing_service.budgets.model import Budget, Standing, State
from billing_service.budgets.outlook import Outlook
from billing_service.budgets.spending import Spending, read_ledger, spending, unknown
from billing_service.budgets.thresholds import Verdict, verdict
from billing_service.database import Reads
from billing_service.errors import AmountTooLarge
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.forecasts.stored import state_of
from billing_service.money import exact_sum
from billing_service.trends.rounding import exact_decimal

WITHOUT_FORECAST = " pending"  # behind the state of a finding whose forecast was not stored yet
_FORMAT = "3"  # counted up when the same data gives another finding
_NOTHING_LEFT = frozenset({"not_metered", "project_not_found"})  # of a period before the scope existed

_KEPT: LiteralString = """
    SELECT budget, version, state, body FROM budget_evaluations
    WHERE organization = %(organization)s AND budget = ANY (%(budgets)s::uuid[])
"""
_STATES: LiteralString = """
    SELECT budget, version, period_start, threshold, state, since FROM budget_states
    WHERE organization = %(organization)s AND budget = ANY (%(budgets)s::uuid[])
"""


async def standings(
    reads: Reads, organization: str, budgets: Sequence[Budget], now: datetime | None = None
) -> list[Standing]:
    """Of budgets of one organization. Of several, forecasts that are not stored yet are pending: each takes 0.2 s.

    Raises OrganizationNotFound (404), DataChanging (503).
    """
    if not budgets:
        return []
    given = {"organization": organization, "budgets": [budget.id for budget in budgets]}
    state = await depends_on(reads, organization, now)
    kept = {row["budget"]: row for row in await reads.fetch(_KEPT, **given)}
    states = await reads.fetch(_STATES, **given)
    found = []
    for budget in budgets:
        alone = len(budgets) == 1
        finding = kept_finding(kept.get(budget.id), budget, state, pending=not alone)
        finding = finding or await find(reads, budget, now, computes=alone)
        found.append(_standing(budget, finding, _states_of(states, budget, finding.first)))
    return found


async def depends_on(reads: Reads, organization: str, now: datetime | None) -> str:
    """A hash of everything that a finding depends on, besides the budget."""
    state = await state_of(reads.fetch, organization, None, now)
    return hashlib.sha256(f"{_FORMAT} {state}".encode()).hexdigest()[:32]


def kept_finding(row: DictRow | None, budget: Budget, state: str, *, pending: bool) -> Finding | None:
    """`pending`: also one without its forecast."""
    states = {state, state + WITHOUT_FORECAST} if pending else {state}
    if row is None or row["version"] != budget.version or row["state"] not in states:
        return None
    return Finding.from_json(row["body"])


def _states_of(rows: Sequence[DictRow], budget: Budget, first: date) -> dict[str, State]:
    return {
        row["threshold"]: State(row["state"], row["since"])
        for row in rows
        if (row["budget"], row["version"], row["period_start"]) == (budget.id, budget.version, first)
    }


def _standing(budget: Budget, finding: Finding, stored: Mapping[str, State]) -> Standing:
    """A threshold that the worker has not evaluated yet is pending, if it will fire."""
    states = dict(stored)
    for threshold in budget.thresholds:
        if threshold.id not in states:
            above = verdict(threshold, finding.limit, finding.compared) is Verdict.ABOVE
            states[threshold.id] = State("pending" if above else "ok", None)
    return Standing(
        start=finding.start,
        end=finding.end,
        limit=finding.limit,
        spent=finding.spent,
        forecast=finding.forecast,
        breach_probability=finding.breach_probability,
        expected_breach_date=finding.expected_breach_date,
        complete_through=finding.complete_through,
        reason=finding.reason,
        states={threshold.id: states[threshold.id] for threshold in budget.thresholds},
    )


async def find(
    reads: Reads, budget: Budget, now: datetime | None = None, *, before: bool = False, computes: bool = True
) -> Finding:
    """In the period of the newest hour, or in the one `before` it.

    Raises OrganizationNotFound (404), DataChanging (503).
    """

    async def read() -> Finding:
        clock = await read_clock(reads, budget.organization, now)
        first = first_day(budget.period, clock.day)
        firsts = [first, period_before(budget.period, first)]
        if before:
            firsts = [firsts[1], period_before(budget.period, firsts[1])]
        periods = await read_periods(reads, budget.organization, budget.period, firsts)
        found = await _find(reads, budget, clock, periods, computes=computes)
        [version] = await reads.fetch(VERSION, organization=budget.organization)
        if version["number"] != clock.version:
            raise DataChanged
        return found

    return await consistent(read)


async def _find(reads: Reads, budget: Budget, clock: Clock, periods: list[Period], *, computes: bool) -> Finding:
    period, earlier = periods
    limit, of_limit = await _limit(reads, budget, clock, earlier)
    try:
        spent = await spending(reads, budget, clock, period)
    except AmountTooLarge:
        spent = unknown("amount_too_large")
    found = Finding(
        first=period.first,
        start=period.starts,
        end=period.ends,
        at=clock.as_of or clock.newest,
        data_version=clock.version,
        limit=limit,
        spent=spent.spent,
        at_least=spent.at_least,
        forecast=None,
        breach_probability=None,
        expected_breach_date=None,
        complete_through=spent.complete_through,
        reason=spent.reason or of_limit,
    )
    if spent.spent is None:
        return found
    expected, of_forecast = await outlook(reads, budget, clock, period, computes=computes)
    found = _expect(budget, found, expected, of_forecast)
    if limit is not None and spent.spent >= limit:
        return found.but(expected_breach_date=await _reached_on(reads, budget, clock, period, limit))
    return found


async def _limit(reads: Reads, budget: Budget, clock: Clock, earlier: Period) -> tuple[Decimal | None, str | None]:
    """With rollover what was left of the period before; the reason if that is not known."""
    if not budget.rollover:
        return budget.amount, None
    try:
        spent = await spending(reads, budget, clock, earlier)
    except AmountTooLarge:
        return budget.amount, None
    return limit_after(budget, spent)


def limit_after(budget: Budget, spent: Spending) -> tuple[Decimal | None, str | None]:
    """`spent`: in the period before. Nothing is carried from a period in which the scope did not exist."""
    if spent.reason in _NOTHING_LEFT:
        return budget.amount, None
    if spent.spent is None or spent.at_least:
        return None, "rollover_unknown"
    left = exact_sum([budget.amount, -spent.spent])
    return exact_sum([budget.amount, min(max(left, Decimal(0)), budget.amount)]), None


def _expect(budget: Budget, found: Finding, expected: Outlook | None, reason: str | None) -> Finding:
    """Without a probability, an amount that has been spent already is certain, and others are not known."""
    spent, limit = found.spent or Decimal(0), found.limit
    amounts = {one.id: one.of(limit or Decimal(0)) for one in budget.thresholds if limit is not None or one.amount}
    left = {name: exact_sum([amount, -spent]) for name, amount in amounts.items()}
    until_limit = None if limit is None else exact_sum([limit, -spent])
    forecast = None if expected is None else exact_sum([spent, expected.median])
    if expected is None or not expected.is_measured:
        certain = {name: Decimal(1) for name, amount in left.items() if amount <= 0}
        sure = Decimal(1) if until_limit is not None and until_limit <= 0 else None
        why = found.reason or reason or "short_history"
        return found.but(forecast=forecast, probabilities=certain, breach_probability=sure, reason=why)
    return found.but(
        forecast=forecast,
        probabilities={name: expected.probability(amount) for name, amount in left.items()},
        breach_probability=None if until_limit is None else expected.probability(until_limit),
        expected_breach_date=None if until_limit is None else expected.day_of(until_limit),
    )


async def _reached_on(reads: Reads, budget: Budget, clock: Clock, period: Period, limit: Decimal) -> date:
    """The day on which the limit was reached; the newest one if the spend is only rounded up to the limit."""
    newest = min(clock.day, period.last)
    ledger = await read_ledger(reads, budget, clock, (period.first, newest), "day")
    total = Decimal(0)
    for piece, exact in zip(ledger.frame.pieces, ledger.exact(budget), strict=True) if ledger else ():
        total = exact_sum([total, exact_decimal(exact)])
        if total >= limit:
            return piece.day
    return newest
