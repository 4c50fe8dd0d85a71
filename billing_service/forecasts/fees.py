"""The fees of an organization on a plan: they are dated facts, and no forecast."""

from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from billing_service.forecasts.inputs import Fetch
from billing_service.ledger.script import script
from billing_service.money import rounded


async def with_fees(fetch: Fetch, month: DictRow, made: dict[str, Any]) -> dict[str, Any]:
    """`fees`: of the month so far, and until the end of the forecast; null without a plan or add-on in that time.

    They are in no other figure. A subscription that begins or ends later is in them.
    """
    if made["until"] is None:
        return made | {"fees": None}
    until = datetime.fromisoformat(made["until"])
    [row] = await fetch(
        script("forecasts/fees.sql"),
        organization=month["organization"],
        period=month["period"],
        last=(until - timedelta(hours=1)).date().replace(day=1),
        until=until,
        as_of=month["as_of"],
        currency=month["currency"],
    )
    if not row["number"]:
        return made | {"fees": None}
    spent, total = rounded(row["past"], month["digits"]), rounded(row["amount"], month["digits"])
    return made | {"fees": {"spent": spent, "remaining": total - spent, "total": total}}
