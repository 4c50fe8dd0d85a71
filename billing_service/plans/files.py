"""The CSV file of subscriptions: which plan and add-ons an organization has, since when."""

from typing import LiteralString

from psycopg.types.json import Jsonb

from billing_service.database import Connection
from billing_service.import_columns import addons, hour, identifier, label
from billing_service.import_kind import Circumstances, Column, Kind, Problem, Stored

SET: LiteralString = """
    SELECT i.line, c.refused
    FROM (SELECT * FROM incoming ORDER BY valid_from, line) AS i,
         LATERAL set_subscription(i.organization, nullif(i.plan, 'none'), coalesce(i.addons, '{}'), i.valid_from) AS c
"""


async def _store(connection: Connection, given: Circumstances) -> Stored:
    del given
    rows = await connection.execute(SET)
    return Stored(tuple([Problem(row["line"], "valid_from", row["refused"]) async for row in rows if row["refused"]]))


def _addons(field: str) -> Jsonb:
    return Jsonb(addons(field))


SUBSCRIPTIONS = Kind(
    name="subscriptions",
    columns=(Column("organization", label), Column("plan", identifier), Column("valid_from", hour)),
    optional=(Column("addons", _addons),),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, organization text, plan text, valid_from timestamptz, addons jsonb
        ) ON COMMIT DROP
    """,
    checks="""
        WITH wanted AS (
            SELECT line, organization, valid_from, 'plan' AS kind, plan AS id FROM incoming
            WHERE plan NOT IN ('none', 'suspendedPlan')
            UNION ALL
            SELECT line, organization, valid_from, 'addon', jsonb_object_keys(addons) FROM incoming
            WHERE addons IS NOT NULL
        )
        SELECT line, 'organization' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization, valid_from) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        UNION ALL
        SELECT line, 'valid_from', format('is before %%s (USAGE_SINCE)',
                                          to_char(%(since)s::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'))
        FROM incoming WHERE valid_from < %(since)s::timestamptz
        UNION ALL
        SELECT line, kind, quote_literal(id) || ' is not in the catalogue at that time'
        FROM wanted AS w WHERE NOT EXISTS (
            SELECT FROM plan_prices AS p WHERE p.kind = w.kind AND p.id = w.id AND p.validity @> w.valid_from)
        UNION ALL
        SELECT w.line, w.kind,
               format('%%L costs %%s, and the organization is billed in %%s', w.id, p.currency, t.currency)
        FROM wanted AS w
        JOIN plan_prices AS p ON p.kind = w.kind AND p.id = w.id AND p.validity @> w.valid_from
        JOIN organization_terms AS t ON t.organization = w.organization AND t.validity @> w.valid_from
        WHERE p.currency <> t.currency
        ORDER BY line LIMIT %(most)s
    """,
    store=_store,
)
