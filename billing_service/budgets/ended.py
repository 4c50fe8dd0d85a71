"""The end of a budget: what fires is resolved, in the transaction that deletes it. Its alerts are kept."""

from typing import LiteralString

from billing_service.budgets.events import ended
from billing_service.budgets.found import Finding
from billing_service.budgets.model import Budget, Threshold
from billing_service.budgets.states import say
from billing_service.database import Connection

_EVALUATED: LiteralString = """
    SELECT version, period_start, body FROM budget_evaluations
    WHERE organization = %(organization)s AND budget = %(budget)s
"""
_FIRING: LiteralString = """
    SELECT threshold, version FROM budget_states
    WHERE organization = %(organization)s AND budget = %(budget)s AND state = 'firing'
      AND version = %(version)s AND period_start = %(period_start)s
    ORDER BY threshold
"""
_FORGET: tuple[LiteralString, ...] = (
    "DELETE FROM budget_states WHERE organization = %(organization)s AND budget = %(budget)s",
    "DELETE FROM budget_evaluations WHERE organization = %(organization)s AND budget = %(budget)s",
)


async def end(connection: Connection, organization: str, budget: Budget) -> None:
    """Only what fires in the running period is resolved: what fired in a period that is over happened."""
    given = {"organization": organization, "budget": budget.id}
    rows = await (await connection.execute(_EVALUATED, given, prepare=False)).fetchall()
    for row in rows:
        finding = Finding.from_json(row["body"])
        period = {"version": row["version"], "period_start": row["period_start"]}
        thresholds = {stored["id"]: Threshold.from_json(stored) for stored in row["body"]["thresholds"]}
        firing = await (await connection.execute(_FIRING, given | period, prepare=False)).fetchall()
        for one in firing:
            closing = ended(budget, thresholds[one["threshold"]], finding, "The budget was deleted.")
            await say(connection, budget, finding, closing, one["version"])
    for query in _FORGET:
        await connection.execute(query, given, prepare=False)
