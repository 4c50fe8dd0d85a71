"""Stores the catalogue of plans. A price holds without a start date if the entry is new, otherwise from a moment on."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.ingest import lock
from billing_service.plans.catalogue import CatalogueError, Entry

_SET: LiteralString = """
    SELECT refused FROM set_plan_price(%s, %s, %s, %s, %s::jsonb, %s::timestamptz, coalesce(%s::timestamptz, now()))
"""
_KEEP: LiteralString = """
    INSERT INTO plan_members AS m VALUES (%s, %s::jsonb)
    ON CONFLICT (name) DO UPDATE SET document = excluded.document WHERE m.document <> excluded.document
"""


async def load_catalogue(
    connection: Connection, entries: Iterable[Entry], since: datetime | None = None, now: datetime | None = None
) -> None:
    """`since` is the start of an hour; None: the running hour. Raises CatalogueError.

    A repeated call changes nothing.
    """
    async with connection.transaction():
        await lock(connection)
        refused = []
        for entry in entries:
            given = [entry.kind, entry.id, entry.currency, entry.monthly_price, entry.document, since, now]
            [row] = await (await connection.execute(_SET, given)).fetchall()
            if row["refused"]:
                refused.append(f"{entry.kind} {entry.id}: {row['refused']}")
        if refused:
            raise CatalogueError("\n".join(refused))


async def load_members(connection: Connection, members: Mapping[str, str]) -> None:
    """`members`: the others of the document, as JSON. One that the document no longer has is deleted."""
    async with connection.transaction():
        await lock(connection)
        await connection.execute("DELETE FROM plan_members WHERE name <> ALL (%s)", [list(members)])
        for name, document in members.items():
            await connection.execute(_KEEP, [name, document])
