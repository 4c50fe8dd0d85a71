"""What the commands `reconcile` and `quarantine` print."""

from collections.abc import AsyncIterator
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.script import run, script

_QUARANTINE: LiteralString = """
    SELECT namespace, sku, source, reason, count(*) AS lines, min(hour) AS first, max(hour) AS last,
           sum(quantity) AS quantity
    FROM quarantine GROUP BY namespace, sku, source, reason ORDER BY namespace, sku, source, reason
"""


async def differences(connection: Connection) -> list[str]:
    """Sums that differ from their lines, as text. Empty: all sums agree. It reads every line."""
    rows = await run(connection, script("ledger/reconcile.sql"), {})
    names = ("sum_of", "organization", "namespace", "day", "sku")
    return [" ".join(str(row[name]) for name in names if row[name]) + f": {row['difference']}" for row in rows]


async def quarantined(connection: Connection) -> AsyncIterator[str]:
    """A text for each namespace, SKU, source and reason. Times are UTC."""
    async for row in await connection.execute(_QUARANTINE):
        first, last = (f"{row[name]:%Y-%m-%dT%H:%MZ}" for name in ("first", "last"))
        yield (
            f"{row['namespace']} {row['sku']} {row['source']}: {row['reason']}, {row['lines']} lines, "
            f"{first} to {last}, quantity {row['quantity']:f}"
        )
