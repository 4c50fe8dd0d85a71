"""Imports CSV files: a complete file, or nothing of it and a list of its invalid lines."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from billing_service.csv_file import BadFileError, CsvFile
from billing_service.database import Connection
from billing_service.import_kind import MAX_PROBLEMS, USAGE_SINCE, Circumstances, Problem
from billing_service.ledger.ingest import QUANTITY_BOUND, lock

Progress = Callable[[int], None]
REPORT_EVERY = 50_000  # lines
SOURCE = "csv"  # of usage from a file; the option --source names another one


@dataclass(frozen=True)
class Imported:
    kind: str
    lines: int
    warnings: tuple[Problem, ...] = ()
    note: str = ""


async def import_file(
    connection: Connection,
    path: Path,
    *,
    allow_truncated: bool = False,
    source: str = SOURCE,
    quantity_bound: Decimal = QUANTITY_BOUND,
    usage_since: datetime = USAGE_SINCE,
    now: datetime | None = None,
    progress: Progress = lambda _: None,
) -> Imported:
    """Runs in one transaction. Importing the same file again changes nothing. Raises BadFileError, OSError.

    The file is read line by line, so its size does not matter. `progress` is called with the number of lines that were
    read. `now` is for tests; the default is the database's clock.
    """
    with path.open("rb") as binary:
        file = CsvFile(path, binary, allow_truncated=allow_truncated)
        kind = file.kind
        async with connection.transaction():
            await lock(connection)
            given = Circumstances(now or await _clock(connection), source, quantity_bound, usage_since)
            await connection.execute(kind.staging)
            await _copy(connection, file, progress)
            await connection.execute("ANALYZE incoming")  # autovacuum does not analyze temporary tables
            problems = file.problems + await _found(connection, kind.checks, given)
            if problems:
                raise BadFileError(path, problems)
            warnings = await _found(connection, kind.unusual, given) if kind.unusual else []
            stored = await kind.store(connection, given)
            if stored.refused:
                raise BadFileError(path, list(stored.refused))
            await connection.execute("DROP TABLE incoming")
    return Imported(kind.name, file.lines, (*warnings, *stored.warnings), stored.note)


async def _copy(connection: Connection, file: CsvFile, progress: Progress) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in ("line", *(column.name for column in file.columns)))
    copying = sql.SQL("COPY incoming ({}) FROM STDIN").format(columns)
    async with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for record in file.records():
            await copy.write_row(record)
            if file.lines % REPORT_EVERY == 0:
                progress(file.lines)


async def _clock(connection: Connection) -> datetime:
    [row] = await (await connection.execute("SELECT now()")).fetchall()
    moment: datetime = row["now"]
    return moment


async def _found(connection: Connection, query: LiteralString, given: Circumstances) -> list[Problem]:
    rows = await connection.execute(query, {"most": MAX_PROBLEMS, "now": given.now, "since": given.usage_since})
    return [Problem(row["line"], row["column"], row["text"]) async for row in rows]
