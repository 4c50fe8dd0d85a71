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

_PIECES: LiteralString = "SELECT min(hour) AS first, max(hour) AS last FROM incoming_lines WHERE owned_at > hour"
# A piece that begins within the hour is added to the line of its owner, if the owner has the beginning of the hour too.
_STAGE_BOOKED: LiteralString = """
    ANALYZE incoming_lines;
    INSERT INTO incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at)
    SELECT DISTINCT i.namespace, i.hour, i.sku, i.workload, coalesce(l.quantity, 0) + coalesce(a.quantity, 0), i.source,
           i.hour
    FROM incoming_lines AS i
    JOIN skus AS k ON k.code = i.sku
    JOIN ownership AS f ON f.namespace = i.namespace AND f.validity @> i.hour
    JOIN ownership AS o ON o.namespace = i.namespace AND o.validity @> i.owned_at
        AND (o.organization, o.life) = (f.organization, f.life)
    LEFT JOIN usage_lines AS l ON l.organization = o.organization AND l.namespace = i.namespace AND l.life = o.life
        AND l.hour = i.hour AND l.sku = k.id AND l.workload = i.workload AND l.source = i.source
        AND l.hour >= %(first)s::timestamptz AND l.hour <= %(last)s::timestamptz
    LEFT JOIN LATERAL (
        SELECT sum(d.quantity) AS quantity FROM adjustments AS d
        WHERE d.organization = o.organization AND d.namespace = i.namespace AND d.refers_hour = i.hour
          AND d.life = o.life AND d.sku = k.id AND d.workload = i.workload AND d.source = i.source
    ) AS a ON true
    WHERE i.owned_at > i.hour AND (l.quantity IS NOT NULL OR a.quantity IS NOT NULL) AND NOT EXISTS (
        SELECT FROM incoming_lines AS j
        WHERE (j.namespace, j.hour, j.sku, j.workload, j.source, j.owned_at)
            = (i.namespace, i.hour, i.sku, i.workload, i.source, i.hour)
    )
"""


async def stage_booked(connection: Connection) -> None:
    """Adds what is booked of the hours of quarantined pieces to `incoming_lines`, so that the sum is booked."""
    [hours] = await (await connection.execute(_PIECES)).fetchall()
    if hours["first"] is not None:
        await run(connection, _STAGE_BOOKED, hours)


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
    await stage_booked(connection)
    done = await ingest_staged(connection, now=given.now, quantity_bound=given.quantity_bound, labelled=True)
    return done.written + done.changed + done.adjusted
