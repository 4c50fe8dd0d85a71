"""SQL scripts: files of several statements that run as one message, with the same arguments."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import LiteralString

from psycopg import AsyncClientCursor
from psycopg.rows import DictRow

from billing_service.database import Connection

_INCLUDE = "-- include "


@cache
def script(name: str) -> LiteralString:
    """`name` is a path below this package's folder: `ledger/book.sql`. A literal percent sign is written twice.

    A file whose first line is `-- include PATH` continues the text of that file.
    """
    text: LiteralString = files("billing_service").joinpath(name).read_text(encoding="utf-8")
    if not text.startswith(_INCLUDE):
        return text
    first, rest = text.split("\n", 1)
    return script(first.removeprefix(_INCLUDE)) + rest


async def run(connection: Connection, sql: LiteralString, arguments: Mapping[str, object]) -> list[DictRow]:
    """The rows of the last statement. The arguments are bound by the client, so that the planner has their values."""
    cursor = AsyncClientCursor(connection)
    await cursor.execute(sql, arguments)
    while cursor.nextset():
        pass
    return await cursor.fetchall() if cursor.description else []
