"""Accepts usage above QUARANTINE_ABOVE after a person has looked at it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.ingest import INCOMING, Ingested, ingest_staged, lock
from billing_service.ledger.rebook import stage_booked

_ACCEPT: LiteralString = """
    INSERT INTO accepted_usage
    SELECT namespace, hour, sku, workload, source, owned_at, quantity, %(by)s, %(reason)s, coalesce(%(now)s, now())
    FROM quarantine
    WHERE reason = 'above_bound' AND namespace = %(namespace)s AND hour = %(hour)s AND sku = %(sku)s
      AND workload = %(workload)s AND source = %(source)s
    ON CONFLICT DO NOTHING
    RETURNING quantity
"""
_STAGE: LiteralString = """
    INSERT INTO incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at, labels)
    SELECT q.namespace, q.hour, q.sku, q.workload, q.quantity, q.source, q.owned_at, q.labels
    FROM quarantine AS q JOIN accepted_usage AS a
        USING (namespace, hour, sku, workload, source, owned_at, quantity)
    WHERE q.namespace = %(namespace)s AND q.hour = %(hour)s AND q.sku = %(sku)s AND q.workload = %(workload)s
      AND q.source = %(source)s
"""


class NothingToAcceptError(Exception):
    """The quarantine has no such line above the bound."""


@dataclass(frozen=True)
class Quarantined:
    """A line in quarantine. `hour` is the start of an hour in UTC."""

    namespace: str
    hour: datetime
    sku: str
    workload: str
    source: str


async def accept(
    connection: Connection,
    line: Quarantined,
    by: str,
    reason: str,
    *,
    quantity_bound: Decimal,
    now: datetime | None = None,
) -> Ingested:
    """Books the line, and keeps who accepted it and why. Importing the same quantity again changes nothing.

    Raises NothingToAcceptError.
    """
    given = {**vars(line), "by": by, "reason": reason, "now": now}
    async with connection.transaction():
        await lock(connection)
        if not await (await connection.execute(_ACCEPT, given)).fetchall():
            raise NothingToAcceptError(
                f"{line.namespace} {line.hour:%Y-%m-%dT%H:%MZ} {line.sku} {line.workload} {line.source}: "
                "the quarantine has no such line above the bound"
            )
        await connection.execute(INCOMING)
        await connection.execute(_STAGE, given)
        await stage_booked(connection)
        return await ingest_staged(connection, now=now, quantity_bound=quantity_bound, labelled=True)
