"""The months of an organization with the state and the totals of their statements."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.errors import OrganizationNotFound
from billing_service.figures.adjustments import read_adjustments
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, period_state
from billing_service.figures.lives import named_lives, own_lives
from billing_service.ledger.script import script
from billing_service.money import rounded
from billing_service.statements.statement import Fetch, fee_rows, invoiced_of

MOST_MONTHS = 120


async def months(
    fetch: Fetch, organization: str, now: datetime | None = None, namespaces: list[str] | None = None
) -> dict[str, Any]:
    """The newest first, at most 120. `namespaces`: these projects, without what the organization is invoiced.

    Raises OrganizationNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(fetch, organization, now, namespaces))


async def _read(fetch: Fetch, organization: str, now: datetime | None, namespaces: list[str] | None) -> dict[str, Any]:
    running = await fetch(script("statements/month.sql"), organization=organization, period=None, now=now)
    if not running:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    lives = await named_lives(fetch, organization, namespaces, now)
    given = {"organization": organization, "now": now, "most": MOST_MONTHS}
    rows = await fetch(script("statements/months.sql"), **given, **own_lives(lives))
    found = [await _month(fetch, row, namespaces) for row in rows]
    [version] = await fetch(VERSION, organization=organization)
    if version["number"] != running[0]["data_version"]:
        raise DataChanged
    return {**facts(running[0]), "namespaces": namespaces, "months": found}


async def _month(fetch: Fetch, row: DictRow, namespaces: list[str] | None) -> dict[str, Any]:
    usage = rounded(row["amount"], row["digits"])
    return {
        "period": f"{row['period']:%Y-%m}",
        "state": period_state(row),
        "currency": row["currency"],
        "currency_digits": row["digits"],
        "cost_basis": "list_price" if row["on_plan"] else "usage",
        "usage_total": usage,
        "unrated_lines": row["unrated"],
        **({"invoiced_total": await _invoiced(fetch, row, usage)} if namespaces is None else {}),
    }


async def _invoiced(fetch: Fetch, row: DictRow, usage: Decimal) -> Decimal:
    """Of a closed month what was kept, otherwise as its statement has it now."""
    if row["invoiced"] is not None:
        return Decimal(row["invoiced"])
    adjustments = await read_adjustments(fetch, row["organization"], row["period"], None)
    invoiced = await invoiced_of(fetch, usage, adjustments, await fee_rows(fetch, row), row)
    total: Decimal = invoiced["total"]
    return total
