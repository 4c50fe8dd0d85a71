"""Imports CSV files: a complete file, or nothing of it and a list of its invalid lines."""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from billing_service.csv_file import MAX_PROBLEMS, BadFileError, CsvFile, Problem
from billing_service.database import Connection

_LOCK = 5_317_002  # imports run one after another, so that two imports of the same rows cannot deadlock


@dataclass(frozen=True)
class Imported:
    kind: str
    lines: int
    warnings: tuple[Problem, ...] = ()


async def import_file(connection: Connection, path: Path, *, allow_truncated: bool = False) -> Imported:
    """Runs in one transaction. Importing the same file again changes nothing. Raises BadFileError, OSError."""
    with path.open("rb") as binary:
        file = CsvFile(path, binary, allow_truncated=allow_truncated)
        kind = file.kind
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            await connection.execute(kind.staging)
            await _copy(connection, file)
            await connection.execute("ANALYZE incoming")  # autovacuum does not analyze temporary tables
            problems = file.problems + await _found(connection, kind.checks)
            if problems:
                raise BadFileError(path, problems)
            warnings = await _found(connection, kind.unusual) if kind.unusual else []
            await connection.execute(kind.upsert)
            await connection.execute("DROP TABLE incoming")
    return Imported(kind.name, file.lines, tuple(warnings))


async def _copy(connection: Connection, file: CsvFile) -> None:
    async with connection.cursor() as cursor, cursor.copy("COPY incoming FROM STDIN") as copy:
        for record in file.records():
            await copy.write_row(record)


async def _found(connection: Connection, query: LiteralString) -> list[Problem]:
    rows = await connection.execute(query, {"most": MAX_PROBLEMS})
    return [Problem(row["line"], row["column"], row["text"]) async for row in rows]
