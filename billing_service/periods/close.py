"""Closes months. A closed month never changes: later lines and corrections become adjustments in the open month."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import DictRow

from billing_service.database import Connection
from billing_service.ledger.ingest import lock
from billing_service.ledger.script import run, script
from billing_service.render import text
from billing_service.statements.statement import Fetch, computed


@dataclass(frozen=True)
class Closed:
    """`refused`: the month has usage without a price. It closes when the price is there."""

    organization: str
    period: date
    refused: bool = False

    def __str__(self) -> str:
        name = f"{self.organization} {self.period:%Y-%m}"
        return f"{name}: not closed, it has usage without a price" if self.refused else f"{name}: closed"


async def close(
    connection: Connection,
    provisional_days: int,
    now: datetime | None = None,
    report: Callable[[Closed], None] = lambda _: None,
) -> int:
    """Closes every month that is due, each in its own transaction, and returns their number.

    A repeated call changes nothing.

    `now` is for tests; the default is the database's clock.
    """
    [row] = await (await connection.execute("SELECT coalesce(%s::timestamptz, now()) AS now", [now])).fetchall()
    moment = row["now"]
    due = await run(connection, script("periods/due.sql"), {"now": moment, "days": provisional_days})
    number = 0
    for month in due:
        if month["unrated"]:
            report(Closed(month["organization"], month["period"], refused=True))
        elif await _close(connection, month["organization"], month["period"], moment):
            report(Closed(month["organization"], month["period"]))
            number += 1
    return number


_INSERT: LiteralString = """
    INSERT INTO periods (organization, period, closed_at, statement) VALUES (%s, %s, %s, %s)
"""
_COUNT: LiteralString = "UPDATE data_versions SET version = version + 1 WHERE organization = %s"


async def _close(connection: Connection, organization: str, period: date, now: datetime) -> bool:
    """False: another process has closed it, or a line without a price came in between."""
    fetch = fetching(connection)
    async with connection.transaction():
        await lock(connection)
        await connection.execute(_COUNT, [organization])
        given = {"organization": organization, "period": period, "now": now}
        [month] = await fetch(script("statements/month.sql"), **given)
        if month["closed"]:
            return False
        body = await computed(fetch, month | {"closed": True})
        if body["unrated_lines"] or any(section["unrated_lines"] for section in body["other_currencies"]):
            return False
        await connection.execute(_INSERT, [organization, period, now, text(body)])
    return True


def fetching(connection: Connection) -> Fetch:
    """The queries of a response, over the connection of a command."""

    async def fetch(query: LiteralString, **arguments: object) -> list[DictRow]:
        return await run(connection, query, arguments)

    return fetch
