"""The end of a budget, in the transaction that deletes it. Its alerts are kept."""

from typing import LiteralString

from billing_service.budgets.model import Budget
from billing_service.database import Connection

_FORGET: LiteralString = "DELETE FROM budget_states WHERE organization = %(organization)s AND budget = %(budget)s"


async def end(connection: Connection, organization: str, budget: Budget) -> None:
    await connection.execute(_FORGET, {"organization": organization, "budget": budget.id}, prepare=False)
