"""Books stored lines again after a change of owners, currencies or prices, and releases what was in quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.import_kind import Circumstances
from billing_service.ledger.ingest import INCOMING, ingest_staged
from billing_service.ledger.rating import rating
from billing_service.ledger.script import run, script

_NEWEST: LiteralString = "SELECT max(as_of) AS hour FROM organization_state"
_LABELS: LiteralString = "SELECT EXISTS (SELECT FROM workload_labels) AS found"
_STAGE: LiteralString = """
    INSERT INTO incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at, labels)
    SELECT namespace, hour, sku, workload, quantity, source, owned_at, labels FROM quarantine AS q
    WHERE reason <> 'above_bound' AND EXISTS (
        SELECT FROM ownership AS o
        WHERE o.namespace = q.namespace AND o.validity && tstzrange(q.owned_at, q.hour + interval '1 hour')
    )
"""


async def rebook(
    connection: Connection,
    since: datetime,
    now: datetime,
    *,
    namespaces: Sequence[str] | None = None,
    organizations: Sequence[str] | None = None,
    skus: Sequence[int] | None = None,
) -> None:
    """Lines from `since` on, of these namespaces, organizations and SKUs (None: of all). Closed months stay."""
    [newest] = await (await connection.execute(_NEWEST)).fetchall()
    if newest["hour"] is None or newest["hour"] <= since:
        return
    special = await rating(connection)
    [labels] = await (await connection.execute(_LABELS)).fetchall()
    sql = script("ledger/rebook.sql") + special.amounts
    sql += script("ledger/labels_moved.sql") if labels["found"] else ""
    sql += script("ledger/book.sql") + special.kept
    sql += script("ledger/labels.sql") if labels["found"] else ""
    sql += script("ledger/refresh.sql")
    arguments = {
        "first": since,
        "last": newest["hour"],
        "now": now,
        "namespaces": None if namespaces is None else list(namespaces),
        "organizations": None if organizations is None else list(organizations),
        "skus": None if skus is None else list(skus),
    }
    await run(connection, sql, arguments)


async def release(connection: Connection, given: Circumstances) -> int:
    """Books the quarantined lines whose owner is known now, and returns their number."""
    await connection.execute(INCOMING)
    await connection.execute(_STAGE)
    done = await ingest_staged(connection, now=given.now, quantity_bound=given.quantity_bound, labelled=True)
    return done.written + done.changed + done.adjusted
