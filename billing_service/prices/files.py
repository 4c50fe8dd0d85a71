"""The CSV files of SKUs and prices."""

from typing import LiteralString

from billing_service.database import Connection
from billing_service.import_columns import component, currency, label, price, sku, text, time
from billing_service.import_kind import Circumstances, Column, Kind, Problem, Stored
from billing_service.ledger.rebook import rebook, release

_SET_PRICES: LiteralString = """
    SELECT i.line, s.id, c.refused, c.rebook
    FROM (SELECT * FROM incoming ORDER BY valid_from, line) AS i JOIN skus AS s ON s.code = i.resource,
         LATERAL set_price(coalesce(i.organization, ''), s.id, i.currency, i.unit_price, i.valid_from, i.valid_until,
                           %(now)s) AS c
"""
_ADD_SKUS: LiteralString = """
    INSERT INTO skus (id, code, component, unit, basis)
    SELECT (SELECT max(id) FROM skus) + row_number() OVER (ORDER BY sku), sku, component, unit, basis
    FROM incoming WHERE sku NOT IN (SELECT code FROM skus) ORDER BY sku
"""
_CHANGE_SKUS: LiteralString = """
    UPDATE skus AS s SET unit = i.unit, basis = i.basis FROM incoming AS i
    WHERE i.sku = s.code AND (i.unit, i.basis) <> (s.unit, s.basis)
"""


async def _store_prices(connection: Connection, given: Circumstances) -> Stored:
    rows = await (await connection.execute(_SET_PRICES, {"now": given.now})).fetchall()
    if refused := [Problem(row["line"], "valid_from", row["refused"]) for row in rows if row["refused"]]:
        return Stored(tuple(refused))
    changed = [row for row in rows if row["rebook"]]
    if changed:
        since = min(row["rebook"] for row in changed)
        await rebook(connection, since, given.now, skus=sorted({row["id"] for row in changed}))
        await release(connection, given)
    return Stored()


async def _store_skus(connection: Connection, given: Circumstances) -> Stored:
    await connection.execute(_ADD_SKUS)
    await connection.execute(_CHANGE_SKUS)
    await release(connection, given)
    return Stored()


PRICES = Kind(
    name="prices",
    columns=(
        Column("resource", sku),
        Column("currency", currency),
        Column("unit_price", price),
        Column("valid_from", time),
    ),
    optional=(Column("organization", label), Column("valid_until", time)),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, resource text, currency text, unit_price numeric, valid_from timestamptz, organization text,
            valid_until timestamptz
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'valid_from' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization, resource, currency, valid_from) AS first
              FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'resource', quote_literal(resource) || ' is not a SKU: the SKUs are '
               || (SELECT string_agg(code, ', ' ORDER BY id) FROM skus)
        FROM incoming WHERE resource NOT IN (SELECT code FROM skus)
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        UNION ALL
        SELECT line, 'valid_until', 'must be after valid_from' FROM incoming WHERE valid_until <= valid_from
        ORDER BY line LIMIT %(most)s
    """,
    store=_store_prices,
    unusual="""
        SELECT i.line, 'unit_price' AS column,
               format('%%s is far from the price before it, %%s', i.unit_price, before.unit_price) AS text
        FROM incoming AS i JOIN skus AS s ON s.code = i.resource, LATERAL (
            SELECT p.unit_price::numeric FROM prices AS p
            WHERE p.price_list = coalesce(i.organization, '') AND p.sku = s.id AND p.currency = i.currency
              AND lower(p.validity) <= i.valid_from
            ORDER BY lower(p.validity) DESC LIMIT 1
        ) AS before
        WHERE i.unit_price > 500 * before.unit_price AND before.unit_price > 0
           OR before.unit_price > 500 * i.unit_price AND i.unit_price > 0
        ORDER BY i.line LIMIT %(most)s
    """,
)

SKUS = Kind(
    name="skus",
    columns=(Column("sku", sku), Column("component", component), Column("unit", text), Column("basis", text)),
    staging="""
        CREATE TEMPORARY TABLE incoming (line integer, sku text, component text, unit text, basis text) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'sku' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY sku) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'component', 'is ' || s.component || ' in the ledger, and cannot change: add another SKU'
        FROM incoming AS i JOIN skus AS s ON s.code = i.sku WHERE s.component <> i.component
        ORDER BY line LIMIT %(most)s
    """,
    store=_store_skus,
)
