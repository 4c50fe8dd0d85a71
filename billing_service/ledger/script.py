"""SQL scripts: files of several statements that run as one message, with the same arguments."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import LiteralString

from psycopg import AsyncClientCursor
from psycopg.rows import DictRow

from billing_service.database import Connection

_INCLUDE = "-- include "
_ONLY = " -- only: "


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


def without(text: LiteralString, arguments: Mapping[str, object]) -> LiteralString:
    """The lines that end with `-- only: NAME` are left out if the argument NAME is None.

    A statement is planned once for all values. With `%(names)s IS NULL OR name = ANY (%(names)s)` the planner expects
    few rows, and the query of a complete organization takes several times as long.
    """
    absent = tuple(_ONLY + name for name, value in arguments.items() if value is None)
    return "\n".join(line for line in text.split("\n") if not line.endswith(absent))


async def run(connection: Connection, sql: LiteralString, arguments: Mapping[str, object]) -> list[DictRow]:
    """The rows of the last statement. The arguments are bound by the client, so that the planner has their values."""
    cursor = AsyncClientCursor(connection)
    await cursor.execute(sql, arguments)
    while cursor.nextset():
        pass
    return await cursor.fetchall() if cursor.description else []
