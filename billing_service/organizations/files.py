"""The CSV files of organizations and of projects. A file with dates states since when a line holds.

Without dates, a line holds from the running hour on, or without a start date if there is nothing with a time yet.
"""

from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.import_columns import currency, hour, label, time, time_zone, uid
from billing_service.import_kind import Circumstances, Column, Kind, Problem, Stored
from billing_service.ledger.rebook import rebook, release
from billing_service.ledger.versions import count

# A new time zone changes the end of the month before it, and so the hours that its prices by the month are spread over.
_SET_TERMS: LiteralString = """
    SELECT i.line, i.organization AS name, c.refused,
           c.rebook - CASE WHEN i.time_zone IS NULL THEN interval '0' ELSE interval '32 days' END AS rebook
    FROM (SELECT * FROM incoming ORDER BY valid_from NULLS LAST, line) AS i,
         LATERAL set_terms(i.organization, i.currency, i.time_zone, i.valid_from, %(now)s) AS c
"""
_SET_OWNERS: LiteralString = """
    SELECT i.line, i.namespace AS name, c.refused, c.rebook
    FROM (SELECT * FROM incoming ORDER BY valid_from NULLS LAST, line) AS i,
         LATERAL set_owner(i.namespace, i.organization, i.uid, i.valid_from, i.valid_until, %(now)s) AS c
"""


# A uid that becomes known books nothing again, and responses show it.
_NAMED: LiteralString = """
    SELECT DISTINCT o.organization FROM incoming AS i
    JOIN ownership AS o ON o.namespace = i.namespace
        AND o.validity @> coalesce(i.valid_from, %(now)s::timestamptz)
    WHERE i.uid IS NOT NULL AND o.uid = ''
"""


async def _store(
    connection: Connection, query: LiteralString, column: str, now: datetime
) -> tuple[list[Problem], dict[str, datetime]]:
    """The refused lines, and since when the lines of a name have to be booked again."""
    refused: list[Problem] = []
    since: dict[str, datetime] = {}
    async for row in await connection.execute(query, {"now": now}):
        if row["refused"]:
            refused.append(Problem(row["line"], column, row["refused"]))
        elif row["rebook"]:
            since[row["name"]] = min(row["rebook"], since.get(row["name"], row["rebook"]))
    return refused, since


async def _store_terms(connection: Connection, given: Circumstances) -> Stored:
    refused, since = await _store(connection, _SET_TERMS, "organization", given.now)
    if since and not refused:
        await rebook(connection, min(since.values()), given.now, organizations=list(since))
    return Stored(tuple(refused))


async def _store_owners(connection: Connection, given: Circumstances) -> Stored:
    named = await connection.execute(_NAMED, {"now": given.now})
    await count(connection, [row["organization"] async for row in named])
    refused, since = await _store(connection, _SET_OWNERS, "namespace", given.now)
    if since and not refused:
        await rebook(connection, min(since.values()), given.now, namespaces=list(since))
    if not refused:
        await release(connection, given)
    return Stored(tuple(refused))


ORGANIZATIONS = Kind(
    name="organizations",
    columns=(Column("organization", label), Column("currency", currency)),
    optional=(Column("time_zone", time_zone), Column("valid_from", hour)),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, organization text, currency text, time_zone text, valid_from timestamptz
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'organization' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization, valid_from) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'time_zone', quote_literal(time_zone) || ' ' || zone_problem(time_zone)
        FROM incoming WHERE zone_problem(time_zone) IS NOT NULL
        ORDER BY line LIMIT %(most)s
    """,
    store=_store_terms,
)

PROJECTS = Kind(
    name="projects",
    columns=(Column("namespace", label), Column("organization", label)),
    optional=(Column("uid", uid), Column("valid_from", time), Column("valid_until", time)),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, organization text, uid text, valid_from timestamptz, valid_until timestamptz
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'namespace' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace, valid_from) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        UNION ALL
        SELECT line, 'valid_until', 'must be after valid_from' FROM incoming WHERE valid_until <= valid_from
        ORDER BY line LIMIT %(most)s
    """,
    store=_store_owners,
)
