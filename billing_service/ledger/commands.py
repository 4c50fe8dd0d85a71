"""What the commands `reconcile` and `quarantine` print."""

from collections.abc import AsyncIterator
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.script import run, script

_QUARANTINE: LiteralString = """
    SELECT namespace, sku, source, reason, count(*) AS lines, min(hour) AS first, max(hour) AS last,
           sum(quantity) AS quantity,
           one_workload AS workload
    FROM (
        SELECT *, CASE WHEN reason = 'above_bound' THEN q.workload END AS one_workload,
               CASE WHEN reason = 'above_bound' THEN q.hour END AS one_hour
        FROM quarantine AS q
    ) AS q
    GROUP BY namespace, sku, source, reason, one_workload, one_hour
    ORDER BY namespace, sku, source, reason, one_workload, one_hour
"""


async def differences(connection: Connection) -> list[str]:
    """Sums that differ from their lines, as text. Empty: all sums agree. It reads every line."""
    rows = await run(connection, script("ledger/reconcile.sql"), {})
    names = ("sum_of", "organization", "namespace", "day", "sku")
    return [" ".join(str(row[name]) for name in names if row[name]) + f": {row['difference']}" for row in rows]


async def quarantined(connection: Connection) -> AsyncIterator[str]:
    """A text for each namespace, SKU, source and reason, and for each line above the bound. Times are UTC."""
    async for row in await connection.execute(_QUARANTINE):
        first, last = (f"{row[name]:%Y-%m-%dT%H:%MZ}" for name in ("first", "last"))
        yield (
            f"{row['namespace']} {row['sku']} {row['source']}: {row['reason']}, {row['lines']} lines, "
            f"{first} to {last}, quantity {row['quantity']:f}"
            + (f", workload {row['workload']}" if row["workload"] else "")
        )
