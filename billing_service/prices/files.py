"""The CSV files of SKUs and prices."""

from typing import LiteralString

from psycopg.types.json import Jsonb

from billing_service.database import Connection
from billing_service.import_columns import component, currency, label, per, price, quantity, sku, text, tiers, time
from billing_service.import_kind import MAX_PROBLEMS, Circumstances, Column, Kind, Problem, Stored
from billing_service.ledger.rebook import rebook, release
from billing_service.ledger.versions import count, count_all

_SET_PRICES: LiteralString = """
    SELECT i.line, s.id, i.organization, c.refused, c.rebook
    FROM (SELECT * FROM incoming ORDER BY valid_from, line) AS i JOIN skus AS s ON s.code = i.resource,
         LATERAL (
             SELECT jsonb_build_object('0', CASE WHEN i.included > 0 THEN 0 ELSE i.unit_price END)
                    || CASE WHEN i.included > 0 THEN jsonb_build_object(trim_scale(i.included)::text, i.unit_price)
                            ELSE '{}' END
                    || coalesce(i.tiers, '{}') AS steps
         ) AS t,
         LATERAL set_price(coalesce(i.organization, ''), s.id, i.currency, i.unit_price, i.valid_from, i.valid_until,
                           %(now)s,
                           CASE WHEN i.per = 'month' THEN 'month'
                                WHEN i.included > 0 OR i.tiers IS NOT NULL THEN 'steps' ELSE 'unit' END,
                           CASE WHEN i.included > 0 OR i.tiers IS NOT NULL THEN t.steps ELSE '{}' END) AS c
"""
# Hours between two prices of a list, SKU and currency. In the list of an organization, the general price holds then.
_GAPS: LiteralString = """
    SELECT i.line, 'valid_from' AS column,
           format('%%s %%s has no price from %%s to %%s', i.resource, i.currency,
                  to_char(g.ended AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
                  to_char(g.began AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'))
           || CASE WHEN g.price_list = '' THEN ': usage is price_missing' ELSE ': the general price holds' END AS text
    FROM (
        SELECT price_list, sku, currency, lower(validity) AS began,
               lag(upper(validity)) OVER (PARTITION BY price_list, sku, currency ORDER BY validity) AS ended
        FROM prices
    ) AS g
    JOIN skus AS s ON s.id = g.sku
    JOIN LATERAL (
        SELECT * FROM incoming
        WHERE coalesce(organization, '') = g.price_list AND resource = s.code AND currency = g.currency
          AND (valid_from = g.began OR valid_until = g.ended) ORDER BY line DESC LIMIT 1
    ) AS i ON true
    WHERE g.ended < g.began
    ORDER BY i.line LIMIT %(most)s
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
        await _count(connection, {row["organization"] for row in changed})
    gaps = await connection.execute(_GAPS, {"most": MAX_PROBLEMS})
    return Stored(warnings=tuple([Problem(row["line"], row["column"], row["text"]) async for row in gaps]))


async def _count(connection: Connection, lists: set[str | None]) -> None:
    """Also if no line has the price: an explanation shows until when the price before it is valid."""
    if None in lists:
        await count_all(connection)
    else:
        await count(connection, [name for name in lists if name is not None])


def _tiers(field: str) -> Jsonb:
    return Jsonb(tiers(field))


async def _store_skus(connection: Connection, given: Circumstances) -> Stored:
    await connection.execute(_ADD_SKUS)
    if (await connection.execute(_CHANGE_SKUS)).rowcount:
        await count_all(connection)  # a statement shows the unit
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
    optional=(
        Column("organization", label),
        Column("valid_until", time),
        Column("included", quantity),
        Column("tiers", _tiers),
        Column("per", per),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, resource text, currency text, unit_price numeric, valid_from timestamptz, organization text,
            valid_until timestamptz, included numeric, tiers jsonb, per text
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
        UNION ALL
        SELECT line, 'valid_until', format('overlaps line %%s, which begins at %%s', next_line,
                                           to_char(next_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'))
        FROM (SELECT *, lead(line) OVER list AS next_line, lead(valid_from) OVER list AS next_from FROM incoming
              WINDOW list AS (PARTITION BY organization, resource, currency ORDER BY valid_from, line)) AS pairs
        WHERE valid_from < next_from AND next_from < valid_until
        UNION ALL
        SELECT line, 'per', 'a price by the month has no tiers and no included quantity' FROM incoming
        WHERE per = 'month' AND (included > 0 OR tiers IS NOT NULL)
        UNION ALL
        SELECT DISTINCT line, 'tiers', 'must begin above the included quantity ' || trim_scale(included)
        FROM incoming, jsonb_object_keys(tiers) AS since WHERE since::numeric <= included
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
