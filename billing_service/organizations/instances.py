"""The CSV file of instances: what runs in a project now."""

from typing import LiteralString

from billing_service.database import Connection
from billing_service.import_columns import count, label, quantity
from billing_service.import_kind import Circumstances, Column, Kind, Stored

_OWNED: LiteralString = """
    SELECT o.organization, i.* FROM incoming AS i
    JOIN ownership AS o ON o.namespace = i.namespace AND o.validity @> %(now)s::timestamptz
"""
_STORE: LiteralString = (
    """
    INSERT INTO instances AS stored
    SELECT organization, namespace, running_pods, running_vms, cpu_cores, memory_gib, %(now)s FROM (
    """
    + _OWNED
    + """) AS owned ORDER BY 1, 2
    ON CONFLICT (organization, namespace) DO UPDATE SET
        running_pods = excluded.running_pods, running_vms = excluded.running_vms,
        cpu_cores = excluded.cpu_cores, memory_gib = excluded.memory_gib, measured_at = excluded.measured_at
"""
)
_COUNT: LiteralString = (
    "INSERT INTO data_versions AS v SELECT DISTINCT organization, 1 FROM ("
    + _OWNED
    + ") AS owned ORDER BY 1 ON CONFLICT (organization) DO UPDATE SET version = v.version + 1"
)


async def _store(connection: Connection, given: Circumstances) -> Stored:
    await connection.execute(_STORE, {"now": given.now})
    await connection.execute(_COUNT, {"now": given.now})
    return Stored()


INSTANCES = Kind(
    name="instances",
    columns=(
        Column("namespace", label),
        Column("running_pods", count),
        Column("running_vms", count),
        Column("cpu_cores", quantity),
        Column("memory_gib", quantity),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, running_pods integer, running_vms integer, cpu_cores numeric,
            memory_gib numeric
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'namespace' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'namespace', quote_literal(namespace) || ' is not registered: import its project first'
        FROM incoming WHERE namespace NOT IN (SELECT o.namespace FROM ownership AS o WHERE o.validity @> now())
        ORDER BY line LIMIT %(most)s
    """,
    store=_store,
    unusual="""
        SELECT i.line, m.field AS column, format('%%s is far above the last %%s', m.given, m.stored) AS text
        FROM incoming AS i JOIN ownership AS o ON o.namespace = i.namespace AND o.validity @> %(now)s::timestamptz
        JOIN instances AS s ON s.organization = o.organization AND s.namespace = o.namespace, LATERAL (VALUES
            ('cpu_cores', i.cpu_cores, s.cpu_cores::numeric),
            ('memory_gib', i.memory_gib, s.memory_gib::numeric)
        ) AS m (field, given, stored)
        WHERE m.given >= 10 AND m.given > 500 * m.stored AND m.stored > 0
        ORDER BY i.line LIMIT %(most)s
    """,
)
