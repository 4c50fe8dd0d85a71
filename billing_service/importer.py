"""CSV files into the database: a file as a whole, or nothing of it and a list of its bad lines."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from billing_service.database import Connection
from billing_service.import_kinds import KINDS, Kind

MAX_PROBLEMS = 20
_LOCK = 5_317_002  # imports run one after another, so that two of the same rows cannot lock each other out


@dataclass(frozen=True, order=True)
class Problem:
    line: int  # of the file, the header is 1
    column: str  # empty when it is about the line as a whole
    text: str


class BadFileError(Exception):
    """Nothing of the file was loaded; the text has one line per problem, like a compiler's."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        named = sorted(problems)[:MAX_PROBLEMS]
        lines = [": ".join(filter(None, (f"{path}:{p.line}", p.column, p.text))) for p in named]
        if len(problems) >= MAX_PROBLEMS:
            lines.append(f"{path}: only the first {MAX_PROBLEMS} problems are shown")
        super().__init__("\n".join([*lines, f"{path}: nothing of this file was imported"]))
        self.problems = named


@dataclass(frozen=True)
class Imported:
    kind: str
    lines: int


class CsvFile:
    """A CSV file (RFC 4180, UTF-8, a byte order mark is allowed) whose header says of which kind it is."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Raises BadFileError when the header is of no kind."""
        self.problems: list[Problem] = []
        self.lines = 0
        self._path = path
        self._reader = csv.reader(_decoded(file), strict=True)
        self.kind = self._read_header()

    def _read_header(self) -> Kind:
        try:
            header = tuple(next(self._reader, ()))
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadFileError(self._path, [Problem(1, "", _unreadable(error))]) from None
        for kind in KINDS:
            if header == kind.header:
                return kind
        allowed = " | ".join(",".join(kind.header) for kind in KINDS)
        text = f"the header is {','.join(header)[:120]!r}, which is none of: {allowed}"
        raise BadFileError(self._path, [Problem(1, "", text)])

    def records(self) -> Iterator[tuple[object, ...]]:
        """The good lines, each with its number first; the bad ones go to `problems`."""
        while len(self.problems) < MAX_PROBLEMS:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                self.problems.append(Problem(line, "", f"{_unreadable(error)}; what follows was not read"))
                return
            record = self._parse(line, fields) if fields else None  # an empty line is no record
            if record:
                self.lines += 1
                yield record

    def _parse(self, line: int, fields: list[str]) -> tuple[object, ...] | None:
        columns = self.kind.columns
        if len(fields) != len(columns):
            text = f"has {len(fields)} fields, must have {len(columns)}: {','.join(self.kind.header)}"
            self.problems.append(Problem(line, "", text))
            return None
        values: list[object] = []
        for column, field in zip(columns, fields, strict=True):
            try:
                values.append(column.parse(field))
            except ValueError as error:
                self.problems.append(Problem(line, column.name, f"{field[:60]!r} {error}"))
        return (line, *values) if len(values) == len(columns) else None


def _decoded(file: BinaryIO) -> Iterator[str]:
    """Line by line, so that what is not UTF-8 has its line number."""
    for number, line in enumerate(file):
        yield line.decode("utf-8-sig" if number == 0 else "utf-8")


def _unreadable(error: csv.Error | UnicodeDecodeError) -> str:
    return "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"is not CSV: {error}"


async def import_file(connection: Connection, path: Path) -> Imported:
    """In one transaction; the same file again changes nothing. Raises BadFileError, OSError."""
    with path.open("rb") as binary:
        file = CsvFile(path, binary)
        kind = file.kind
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            await connection.execute(kind.staging)
            await _copy(connection, file)
            rows = await (await connection.execute(kind.checks, {"most": MAX_PROBLEMS})).fetchall()
            problems = file.problems + [Problem(row["line"], row["column"], row["text"]) for row in rows]
            if problems:
                raise BadFileError(path, problems)
            await connection.execute(kind.upsert)
            await connection.execute("DROP TABLE incoming")
    return Imported(kind.name, file.lines)


async def _copy(connection: Connection, file: CsvFile) -> None:
    async with connection.cursor() as cursor, cursor.copy("COPY incoming FROM STDIN") as copy:
        for record in file.records():
            await copy.write_row(record)
