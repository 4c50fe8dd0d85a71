"""The states of a budget's thresholds in PostgreSQL. State, alert and notification are written in one transaction.

A unique key makes that a threshold fires once for each version of a budget and period: `budget_alerts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from billing_service.budgets.events import ended, event
from billing_service.budgets.found import Finding
from billing_service.budgets.model import Budget, State, Threshold
from billing_service.budgets.thresholds import Verdict, follow, matter, value_of, verdict
from billing_service.database import Connection
from billing_service.notifications.event import Event
from billing_service.notifications.outbox import enqueue

_READ: LiteralString = """
    SELECT version, period_start, threshold, state, since FROM budget_states
    WHERE organization = %(organization)s AND budget = %(budget)s
"""
_WRITE: LiteralString = """
    INSERT INTO budget_states
        (organization, budget, version, period_start, threshold, state, since, value, limit_amount, data_version)
    VALUES (%(organization)s, %(budget)s, %(version)s, %(period_start)s, %(threshold)s, %(state)s, %(since)s, %(value)s,
            %(limit)s, %(data_version)s)
    ON CONFLICT (organization, budget, version, period_start, threshold) DO UPDATE
    SET state = excluded.state, since = excluded.since, value = excluded.value, limit_amount = excluded.limit_amount,
        data_version = excluded.data_version
"""
_FORGET: LiteralString = """
    DELETE FROM budget_states
    WHERE organization = %(organization)s AND budget = %(budget)s AND version < %(version)s
"""
_ALERT: LiteralString = """
    INSERT INTO budget_alerts
        (organization, budget, version, period_start, threshold, status, at, spent, forecast, probability, amount,
         currency)
    VALUES (%(organization)s, %(budget)s, %(version)s, %(period_start)s, %(threshold)s, %(status)s, %(at)s, %(spent)s,
            %(forecast)s, %(probability)s, %(amount)s, %(currency)s)
    ON CONFLICT (organization, budget, version, period_start, threshold, status) DO NOTHING
    RETURNING id
"""


@dataclass(frozen=True)
class Earlier:
    """The version before the budget was changed, if its period still runs: its thresholds, and what they are about."""

    version: int
    first: date
    thresholds: Mapping[str, Threshold]
    matters: Mapping[str, str]


@dataclass(frozen=True)
class _Before:
    """`states`: of this version and period. `earlier`: of the version before."""

    states: Mapping[str, State]
    earlier: Mapping[str, State]


async def move(
    connection: Connection, budget: Budget, finding: Finding, earlier: Earlier | None, *, is_over: bool = False
) -> list[Event]:
    """In the caller's transaction, which holds the budget's row: the states that follow, and their events.

    `is_over`: the period is; then nothing is forecast.
    """
    rows = await _run(connection, _READ, _key(budget))
    before = _Before(
        _states(rows, budget.version, finding.first), _states(rows, earlier.version, earlier.first) if earlier else {}
    )
    said: list[Event] = []
    for threshold in budget.thresholds:
        if is_over and threshold.basis == "forecast":
            continue
        said += await _move_one(connection, budget, threshold, finding, (before, earlier))
    names = {threshold.id for threshold in budget.thresholds}
    for name, state in before.earlier.items():
        if earlier is not None and state.state == "firing" and name not in names:
            said += await _remove(connection, budget, finding, earlier, name)
    await connection.execute(_FORGET, _key(budget) | {"version": budget.version}, prepare=False)
    return said


def _states(rows: Sequence[Mapping[str, Any]], version: int, first: date) -> dict[str, State]:
    return {
        row["threshold"]: State(row["state"], row["since"])
        for row in rows
        if (row["version"], row["period_start"]) == (version, first)
    }


async def _move_one(
    connection: Connection,
    budget: Budget,
    threshold: Threshold,
    finding: Finding,
    known: tuple[_Before, Earlier | None],
) -> list[Event]:
    """A new version goes on with a state of the same matter, or if nothing can be decided: it does not fire again."""
    before, earlier = known
    seen = verdict(threshold, finding.limit, finding.compared)
    state, old = before.states.get(threshold.id), before.earlier.get(threshold.id)
    fired = state is None and old is not None and old.state == "firing"
    if state is None and old is not None and earlier is not None:
        same = earlier.first == finding.first and earlier.matters.get(threshold.id) == matter(budget, threshold)
        if same or (fired and seen is Verdict.UNKNOWN):
            state, fired = old, False
    certain = fired or finding.probabilities.get(threshold.id) == 1
    step = follow(threshold, state or State("ok", None), seen, finding.at, certain=certain)
    await _write(connection, budget, threshold, finding, step.state)
    if step.event is not None:
        return await say(connection, budget, finding, event(budget, threshold, finding, step.event), budget.version)
    if fired and earlier is not None:
        return await _remove(connection, budget, finding, earlier, threshold.id)
    return []


async def _remove(connection: Connection, budget: Budget, finding: Finding, earlier: Earlier, name: str) -> list[Event]:
    """`resolved` of a threshold that fired in the version before, and does not fire in this one."""
    old = finding.but(first=earlier.first)
    closing = ended(budget, earlier.thresholds[name], old, "The budget was changed.")
    return await say(connection, budget, old, closing, earlier.version)


async def say(connection: Connection, budget: Budget, finding: Finding, what: Event, version: int) -> list[Event]:
    """Once for each version, period, threshold and status: a second time does nothing."""
    given = _key(budget) | {
        "version": version,
        "period_start": finding.first,
        "threshold": what.labels["threshold"],
        "status": what.status,
        "at": what.at,
        "spent": finding.spent,
        "forecast": finding.forecast,
        "probability": finding.probabilities.get(what.labels["threshold"]),
        "amount": budget.amount if finding.limit is None else finding.limit,
        "currency": budget.currency,
    }
    if not await _run(connection, _ALERT, given):
        return []
    if what.status in budget.notify_on:
        await enqueue(connection, budget.organization, what, budget.channels)
    return [what]


async def _write(connection: Connection, budget: Budget, threshold: Threshold, finding: Finding, state: State) -> None:
    known = finding.limit is not None or threshold.percent is None
    given = _key(budget) | {
        "version": budget.version,
        "period_start": finding.first,
        "threshold": threshold.id,
        "state": state.state,
        "since": state.since,
        "value": value_of(threshold, finding.compared),
        "limit": threshold.of(finding.limit or budget.amount) if known else None,
        "data_version": finding.data_version,
    }
    await connection.execute(_WRITE, given, prepare=False)


def _key(budget: Budget) -> dict[str, Any]:
    return {"organization": budget.organization, "budget": budget.id}


async def _run(connection: Connection, query: LiteralString, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query, given, prepare=False)).fetchall()
