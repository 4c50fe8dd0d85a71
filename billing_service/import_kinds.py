"""The kinds of CSV files: the parsers of the columns, and the SQL that checks and stores the lines.

`staging` creates the temporary table `incoming`, which contains the parsed lines. `checks` finds errors that need more
than one line: a name that is not registered, a line that repeats another. `unusual` finds amounts that are hundreds of
times the usual amount. The cause is often a wrong unit, but they can be true: they are imported with a warning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from billing_service.import_columns import count, currency, hour, label, price, quantity, resource, time


@dataclass(frozen=True)
class Column:
    name: str
    parse: Callable[[str], object]  # raises ValueError with the allowed values


@dataclass(frozen=True)
class Kind:
    name: str
    columns: tuple[Column, ...]
    staging: LiteralString
    checks: LiteralString
    upsert: LiteralString
    unusual: LiteralString | None = None

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


ORGANIZATIONS = Kind(
    name="organizations",
    columns=(Column("organization", label), Column("currency", currency)),
    staging="CREATE TEMPORARY TABLE incoming (line integer, organization text, currency text) ON COMMIT DROP",
    checks="""
        SELECT line, 'organization' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization) AS first FROM incoming) AS seen
        WHERE line > first
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO organizations AS stored (name, currency)
        SELECT organization, currency FROM incoming ORDER BY organization
        ON CONFLICT (name) DO UPDATE SET currency = excluded.currency WHERE stored.currency <> excluded.currency
    """,
)

PROJECTS = Kind(
    name="projects",
    columns=(Column("namespace", label), Column("organization", label)),
    staging="CREATE TEMPORARY TABLE incoming (line integer, namespace text, organization text) ON COMMIT DROP",
    checks="""
        SELECT line, 'namespace' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO projects AS stored (namespace, organization)
        SELECT namespace, organization FROM incoming ORDER BY namespace
        ON CONFLICT (namespace) DO UPDATE SET organization = excluded.organization
        WHERE stored.organization <> excluded.organization
    """,
)

PRICES = Kind(
    name="prices",
    columns=(
        Column("resource", resource),
        Column("currency", currency),
        Column("unit_price", price),
        Column("valid_from", time),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, resource resource, currency text, unit_price numeric, valid_from timestamptz
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'valid_from' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY resource, currency, valid_from) AS first FROM incoming) AS seen
        WHERE line > first
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO prices AS stored (resource, currency, unit_price, valid_from)
        SELECT resource, currency, unit_price, valid_from FROM incoming ORDER BY currency, resource, valid_from
        ON CONFLICT (currency, resource, valid_from) DO UPDATE SET unit_price = excluded.unit_price
        WHERE stored.unit_price <> excluded.unit_price
    """,
    unusual="""
        SELECT i.line, 'unit_price' AS column,
               format('%%s is far from the price before it, %%s', i.unit_price, before.unit_price) AS text
        FROM incoming AS i, LATERAL (
            SELECT p.unit_price::numeric FROM prices AS p
            WHERE p.resource = i.resource AND p.currency = i.currency AND p.valid_from <= i.valid_from
            ORDER BY p.valid_from DESC LIMIT 1
        ) AS before
        WHERE i.unit_price > 500 * before.unit_price AND before.unit_price > 0
           OR before.unit_price > 500 * i.unit_price AND i.unit_price > 0
        ORDER BY i.line LIMIT %(most)s
    """,
)

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
        SELECT line, 'namespace', quote_literal(namespace) || ' is not registered: import its project first'
        FROM incoming WHERE namespace NOT IN (SELECT p.namespace FROM projects AS p)
        UNION ALL
        SELECT line, 'hour', 'is in the future: an hour can be imported after it has begun'
        FROM incoming WHERE hour > now()
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO usage AS stored (namespace, resource, hour, quantity)
        SELECT i.namespace, measured.resource::resource, i.hour, measured.quantity
        FROM incoming AS i, LATERAL (VALUES
            ('cpu_core_hour', i.cpu_core_hours),
            ('memory_gib_hour', i.memory_gib_hours),
            ('storage_gib_hour', i.storage_gib_hours),
            ('network_gib', i.network_gib),
            ('public_ip_hour', i.public_ip_hours)
        ) AS measured (resource, quantity)
        ORDER BY 1, 2, 3
        ON CONFLICT (namespace, resource, hour) DO UPDATE SET quantity = excluded.quantity
        WHERE stored.quantity <> excluded.quantity
    """,
    # The usual amount is the mean of the week before the file. Without such usage: the median of the project's lines.
    unusual="""
        WITH measured AS (
            SELECT i.line, i.namespace, m.field, m.resource::resource AS resource, m.quantity
            FROM incoming AS i, LATERAL (VALUES
                ('cpu_core_hours', 'cpu_core_hour', i.cpu_core_hours),
                ('memory_gib_hours', 'memory_gib_hour', i.memory_gib_hours),
                ('storage_gib_hours', 'storage_gib_hour', i.storage_gib_hours),
                ('network_gib', 'network_gib', i.network_gib),
                ('public_ip_hours', 'public_ip_hour', i.public_ip_hours)
            ) AS m (field, resource, quantity)
            WHERE m.quantity > 0
        ),
        first AS (SELECT min(hour) AS hour FROM incoming),
        stored AS (
            SELECT u.namespace, u.resource, avg(u.quantity) AS quantity
            FROM usage AS u, first
            WHERE u.namespace IN (SELECT namespace FROM incoming) AND u.quantity > 0
              AND u.hour >= first.hour - interval '7 days' AND u.hour < first.hour
            GROUP BY u.namespace, u.resource
        ),
        given AS (
            SELECT namespace, resource, percentile_disc(0.5) WITHIN GROUP (ORDER BY quantity) AS quantity
            FROM measured GROUP BY namespace, resource HAVING count(*) > 2
        )
        SELECT m.line, m.field AS column,
               format('%%s is far above the usual %%s', m.quantity, round(coalesce(s.quantity, g.quantity), 4)) AS text
        FROM measured AS m
        LEFT JOIN stored AS s USING (namespace, resource)
        LEFT JOIN given AS g USING (namespace, resource)
        WHERE m.quantity >= 10 AND m.quantity > 500 * coalesce(s.quantity, g.quantity)
        ORDER BY m.line LIMIT %(most)s
    """,
)

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
        FROM incoming WHERE namespace NOT IN (SELECT p.namespace FROM projects AS p)
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO instances AS stored (namespace, running_pods, running_vms, cpu_cores, memory_gib)
        SELECT namespace, running_pods, running_vms, cpu_cores, memory_gib FROM incoming ORDER BY namespace
        ON CONFLICT (namespace) DO UPDATE SET
            running_pods = excluded.running_pods, running_vms = excluded.running_vms,
            cpu_cores = excluded.cpu_cores, memory_gib = excluded.memory_gib
        WHERE (stored.running_pods, stored.running_vms, stored.cpu_cores, stored.memory_gib)
            IS DISTINCT FROM (excluded.running_pods, excluded.running_vms, excluded.cpu_cores, excluded.memory_gib)
    """,
    unusual="""
        SELECT i.line, m.field AS column, format('%%s is far above the last %%s', m.given, m.stored) AS text
        FROM incoming AS i JOIN instances AS s USING (namespace), LATERAL (VALUES
            ('cpu_cores', i.cpu_cores, s.cpu_cores::numeric),
            ('memory_gib', i.memory_gib, s.memory_gib::numeric)
        ) AS m (field, given, stored)
        WHERE m.given >= 10 AND m.given > 500 * m.stored AND m.stored > 0
        ORDER BY i.line LIMIT %(most)s
    """,
)

KINDS = (ORGANIZATIONS, PROJECTS, PRICES, USAGE, INSTANCES)
