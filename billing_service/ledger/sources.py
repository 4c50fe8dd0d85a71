"""The sources that keep how complete their hours are: meters. A source that ends has no missing hours from then on."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.ingest import lock
from billing_service.ledger.versions import count_all

_SOURCES: LiteralString = """
    SELECT s.source, s.first_hour, max(h.hour) + interval '1 hour' AS until, s.ended_at
    FROM sources AS s JOIN hours AS h USING (source) GROUP BY s.source ORDER BY s.source
"""
_END: LiteralString = "UPDATE sources SET ended_at = %s WHERE source = %s AND ended_at IS DISTINCT FROM %s"


class SourceError(Exception):
    """The source does not exist, or has hours after that moment."""


async def sources(connection: Connection) -> AsyncIterator[str]:
    """A text for each source. Times are UTC."""
    async for row in await connection.execute(_SOURCES):
        end = f", ended at {_text(row['ended_at'])}" if row["ended_at"] else ""
        yield f"{row['source']}: from {_text(row['first_hour'])} to {_text(row['until'])}{end}"


async def end_source(connection: Connection, source: str, at: datetime | None) -> datetime:
    """`at` is the end of its last hour; None: of its newest one. Returns it. Raises SourceError.

    A later hour of the source ends this: then it counts again, with the hours in between.
    """
    async with connection.transaction():
        await lock(connection)
        rows = {row["source"]: row async for row in await connection.execute(_SOURCES)}
        if source not in rows:
            raise SourceError(f"end-source: there is no source {source}: {', '.join(rows) or 'no source has an hour'}")
        until: datetime = rows[source]["until"]
        at = at or until
        if at < until:
            raise SourceError(f"end-source: {source} has hours until {_text(until)}: it cannot end before")
        if (await connection.execute(_END, [at, source, at])).rowcount:
            await count_all(connection)
    return at


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"
