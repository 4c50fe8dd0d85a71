"""The CSV file of credits and other corrections: signed adjustments in the open month."""

from typing import LiteralString

from billing_service.database import Connection
from billing_service.import_columns import currency, identifier, label, month, signed_amount, sku, text
from billing_service.import_kind import Circumstances, Column, Kind, Stored
from billing_service.ledger.versions import count

_ADD: LiteralString = """
    INSERT INTO adjustments (organization, id, period, namespace, life, sku, currency, amount, refers_period, reason,
                             created_at)
    SELECT i.organization, i.id, current_period(i.organization, %(now)s), i.namespace, o.life, s.id, i.currency,
           i.amount, i.refers_period, i.reason, %(now)s
    FROM incoming AS i
    LEFT JOIN skus AS s ON s.code = i.sku
    LEFT JOIN LATERAL (
        SELECT life FROM ownership WHERE organization = i.organization AND namespace = i.namespace
        ORDER BY lower(validity) DESC NULLS LAST LIMIT 1
    ) AS o ON true
    ON CONFLICT (organization, id) DO NOTHING
    RETURNING organization
"""


async def _store(connection: Connection, given: Circumstances) -> Stored:
    added = await (await connection.execute(_ADD, {"now": given.now})).fetchall()
    await count(connection, [row["organization"] for row in added])
    return Stored()


ADJUSTMENTS = Kind(
    name="adjustments",
    columns=(
        Column("id", identifier),
        Column("organization", label),
        Column("amount", signed_amount),
        Column("currency", currency),
        Column("reason", text),
    ),
    optional=(Column("namespace", label), Column("sku", sku), Column("refers_period", month)),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, id text, organization text, amount numeric, currency text, reason text, namespace text,
            sku text, refers_period date
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'id' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization, id) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        UNION ALL
        SELECT line, 'namespace', quote_literal(namespace) || ' never belonged to ' || organization
        FROM incoming AS i WHERE namespace IS NOT NULL AND NOT EXISTS (
            SELECT FROM ownership AS o WHERE o.organization = i.organization AND o.namespace = i.namespace)
        UNION ALL
        SELECT line, 'sku', quote_literal(sku) || ' is not a SKU' FROM incoming
        WHERE sku IS NOT NULL AND sku NOT IN (SELECT code FROM skus)
        UNION ALL
        SELECT i.line, 'id', 'is already there with another content: an adjustment cannot change, add another one'
        FROM incoming AS i JOIN adjustments AS a ON a.organization = i.organization AND a.id = i.id
        LEFT JOIN skus AS s ON s.code = i.sku
        WHERE (a.amount, a.currency, a.reason, a.namespace, a.sku, a.refers_period)
            IS DISTINCT FROM (i.amount, i.currency, i.reason, i.namespace, s.id, i.refers_period)
        ORDER BY line LIMIT %(most)s
    """,
    store=_store,
)
