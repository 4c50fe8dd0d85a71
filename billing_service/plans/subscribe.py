"""Stores the subscriptions of Organization resources, by the rules of the CSV file of subscriptions."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from billing_service.database import Connection
from billing_service.import_kind import MAX_PROBLEMS, USAGE_SINCE
from billing_service.ledger.ingest import lock
from billing_service.plans.files import SET, SUBSCRIPTIONS
from billing_service.plans.resources import ResourcesError, Subscription

_STAGE: LiteralString = """
    COPY incoming (line, organization, plan, valid_from, addons) FROM STDIN
"""
# An organization that pays by usage needs no row, and may be unknown.
_UNKNOWN: LiteralString = """
    DELETE FROM incoming WHERE plan = 'none' AND organization NOT IN (SELECT name FROM organizations)
"""
_KEEP: LiteralString = """
    UPDATE subscriptions SET document = %s WHERE organization = %s AND validity @> %s::timestamptz AND document <> %s
"""


async def subscribe(
    connection: Connection,
    subscriptions: Sequence[Subscription],
    since: datetime | None = None,
    now: datetime | None = None,
    *,
    usage_since: datetime = USAGE_SINCE,
) -> datetime:
    """`since` is the start of an hour; None: the running hour. Returns it. A repeated call changes nothing.

    Raises ResourcesError: names each organization that is refused. Then nothing is stored.
    """
    async with connection.transaction():
        await lock(connection)
        query = "SELECT coalesce(%s::timestamptz, date_trunc('hour', coalesce(%s::timestamptz, now()), 'UTC')) AS since"
        [row] = await (await connection.execute(query, [since, now])).fetchall()
        start: datetime = row["since"]
        await connection.execute(SUBSCRIPTIONS.staging)
        async with connection.cursor() as cursor, cursor.copy(_STAGE) as copy:
            for number, one in enumerate(subscriptions):
                await copy.write_row((number, one.organization, one.plan or "none", start, Jsonb(one.addons)))
        await connection.execute(_UNKNOWN)
        checked = await connection.execute(SUBSCRIPTIONS.checks, {"most": MAX_PROBLEMS, "since": usage_since})
        problems = [(row["line"], f"{row['column']}: {row['text']}") async for row in checked]
        if not problems:
            stored = await connection.execute(SET)
            problems = [(row["line"], row["refused"]) async for row in stored if row["refused"]]
        if problems:
            raise ResourcesError("\n".join(f"{subscriptions[line].organization}: {text}" for line, text in problems))
        for one in subscriptions:
            document = Jsonb(one.document)
            await connection.execute(_KEEP, [document, one.organization, start, document])
        await connection.execute("DROP TABLE incoming")
    return start
