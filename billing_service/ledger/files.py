"""The CSV files of usage: five resources in one line, or one SKU and workload in a line."""

from typing import LiteralString

from psycopg.types.json import Jsonb

from billing_service.database import Connection
from billing_service.import_columns import hour, label, labels, quantity, sku, workload
from billing_service.import_kind import Circumstances, Column, Kind, Stored
from billing_service.ledger.ingest import INCOMING, ingest_staged

_MEASURED: LiteralString = """
    LATERAL (VALUES
        ('cpu_core_hours', 'cpu_core_hour', i.cpu_core_hours),
        ('memory_gib_hours', 'memory_gib_hour', i.memory_gib_hours),
        ('storage_gib_hours', 'storage_gib_hour', i.storage_gib_hours),
        ('network_gib', 'network_gib', i.network_gib),
        ('public_ip_hours', 'public_ip_hour', i.public_ip_hours)
    ) AS m (field, sku, quantity)
"""
_FROM_RESOURCES: LiteralString = (
    """
    INSERT INTO incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at)
    SELECT i.namespace, i.hour, m.sku, '-', m.quantity, %(source)s, i.hour FROM incoming AS i,
"""
    + _MEASURED
)
_FROM_LINES: LiteralString = """
    INSERT INTO incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at, labels)
    SELECT namespace, hour, sku, workload, quantity, %(source)s, hour, labels FROM incoming
"""
_LABELLED: LiteralString = "SELECT EXISTS (SELECT FROM incoming WHERE labels IS NOT NULL) AS found"
_BOUNDS: LiteralString = """
    SELECT line, 'hour' AS column, 'has not ended: an hour can be imported after its end' AS text
    FROM incoming WHERE hour + interval '1 hour' > %(now)s
    UNION ALL
    SELECT line, 'hour', format('is before %%s (USAGE_SINCE): each month from then on would be closed for good',
                                to_char(%(since)s::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'))
    FROM incoming WHERE hour < %(since)s::timestamptz
"""
# The usual amount is the mean of the week before the file. Without such usage: the median of the project's lines.
_UNUSUAL: LiteralString = """,
        first AS (SELECT min(hour) AS hour FROM incoming),
        stored AS (
            SELECT u.namespace, k.code AS sku, avg(u.quantity) AS quantity
            FROM first CROSS JOIN ownership AS o
            JOIN usage_lines AS u ON u.organization = o.organization AND u.namespace = o.namespace AND u.life = o.life
            JOIN skus AS k ON k.id = u.sku
            WHERE o.namespace IN (SELECT namespace FROM incoming) AND o.validity @> first.hour AND u.quantity > 0
              AND u.hour >= first.hour - interval '7 days' AND u.hour < first.hour
            GROUP BY u.namespace, k.code
        ),
        given AS (
            SELECT namespace, sku, percentile_disc(0.5) WITHIN GROUP (ORDER BY quantity) AS quantity
            FROM measured GROUP BY namespace, sku HAVING count(*) > 2
        )
        SELECT m.line, m.field AS column,
               format('%%s is far above the usual %%s', m.quantity, round(coalesce(s.quantity, g.quantity), 4)) AS text
        FROM measured AS m
        LEFT JOIN stored AS s USING (namespace, sku)
        LEFT JOIN given AS g USING (namespace, sku)
        WHERE m.quantity >= 10 AND m.quantity > 500 * coalesce(s.quantity, g.quantity)
        ORDER BY m.line LIMIT %(most)s
"""


async def _store_resources(connection: Connection, given: Circumstances) -> Stored:
    return await _store(connection, _FROM_RESOURCES, given)


async def _store_lines(connection: Connection, given: Circumstances) -> Stored:
    [labels] = await (await connection.execute(_LABELLED)).fetchall()
    return await _store(connection, _FROM_LINES, given, labelled=labels["found"])


def _labels(field: str) -> Jsonb:
    return Jsonb(labels(field))


async def _store(
    connection: Connection, query: LiteralString, given: Circumstances, *, labelled: bool = False
) -> Stored:
    await connection.execute(INCOMING)
    await connection.execute(query, {"source": given.source})
    done = await ingest_staged(connection, now=given.now, quantity_bound=given.quantity_bound, labelled=labelled)
    counts = {"adjustments of closed months": done.adjusted, "in quarantine": done.quarantined}
    return Stored(note=", ".join(f"{number} {what}" for what, number in counts.items() if number))


USAGE = Kind(
    name="usage",
    columns=(
        Column("namespace", label),
        Column("hour", hour),
        Column("cpu_core_hours", quantity),
        Column("memory_gib_hours", quantity),
        Column("storage_gib_hours", quantity),
        Column("network_gib", quantity),
        Column("public_ip_hours", quantity),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, hour timestamptz, cpu_core_hours numeric, memory_gib_hours numeric,
            storage_gib_hours numeric, network_gib numeric, public_ip_hours numeric
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'hour' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace, hour) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
    """
    + _BOUNDS
    + " ORDER BY line LIMIT %(most)s",
    store=_store_resources,
    unusual="WITH measured AS (SELECT i.line, i.namespace, m.* FROM incoming AS i, "
    + _MEASURED
    + " WHERE m.quantity > 0)"
    + _UNUSUAL,
)

USAGE_LINES = Kind(
    name="usage lines",
    columns=(
        Column("namespace", label),
        Column("hour", hour),
        Column("sku", sku),
        Column("workload", workload),
        Column("quantity", quantity),
    ),
    optional=(Column("labels", _labels),),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, hour timestamptz, sku text, workload text, quantity numeric, labels jsonb
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'hour' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace, hour, sku, workload) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT max(line), 'labels', 'differ from line ' || min(line) || ', of the same workload and hour'
        FROM incoming WHERE labels IS NOT NULL
        GROUP BY namespace, hour, workload HAVING min(labels::text) <> max(labels::text)
        UNION ALL
    """
    + _BOUNDS
    + " ORDER BY line LIMIT %(most)s",
    store=_store_lines,
    unusual="""
        WITH measured AS (
            SELECT line, namespace, 'quantity' AS field, sku, quantity FROM incoming WHERE quantity > 0
        )
    """
    + _UNUSUAL,
)
