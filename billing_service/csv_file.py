"""Reads a CSV file (RFC 4180, UTF-8, a byte order mark is allowed) whose header names its kind."""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from billing_service.csv_dialect import dialect_of, encoding_of
from billing_service.import_kind import MAX_PROBLEMS, Column, Kind, Problem
from billing_service.import_kinds import KINDS


def located(problem: Problem, path: Path) -> str:
    """In the format of compilers: `file:line: column: text`."""
    place = f"{path}:{problem.line}" if problem.line else str(path)
    return ": ".join(filter(None, (place, problem.column, problem.text)))


class BadFileError(Exception):
    """The file was not imported. The text has one line per problem."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        named = sorted(problems)[:MAX_PROBLEMS]
        lines = [located(problem, path) for problem in named]
        if len(problems) >= MAX_PROBLEMS:
            lines.append(f"{path}: only the first {MAX_PROBLEMS} problems are shown")
        super().__init__("\n".join([*lines, f"{path}: this file was not imported"]))
        self.problems = named


class CsvFile:
    def __init__(self, path: Path, file: io.BufferedReader, *, allow_truncated: bool = False) -> None:
        """Raises BadFileError if the header is unknown."""
        self.problems: list[Problem] = []
        self.lines = 0
        self._path = path
        self._allow_truncated = allow_truncated
        self._start = file.peek(4096)[:4096]
        self._file = file
        self._digest = hashlib.sha256()
        self._last = b""
        self._reader = csv.reader(self._decoded(), strict=True)
        self.kind, self.columns = self._read_header()

    def records(self) -> Iterator[tuple[object, ...]]:
        """The valid lines, each with its line number first. Invalid lines are added to `problems`."""
        while len(self.problems) < MAX_PROBLEMS:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                self.problems.extend(self._at_the_end())
                return
            except (csv.Error, UnicodeDecodeError) as error:
                self.problems.append(Problem(line, "", f"{_unreadable(error)}; the lines after it were not read"))
                return
            record = self._parse(line, fields) if fields else None  # an empty line is skipped
            if record:
                self.lines += 1
                yield record

    def _read_header(self) -> tuple[Kind, tuple[Column, ...]]:
        if encoding := encoding_of(self._start):
            raise self._refused(f"is {encoding}: save it as CSV in UTF-8")
        try:
            header = tuple(next(self._reader, ()))
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._refused(dialect_of(self._start) or _unreadable(error)) from None
        for kind in KINDS:
            if columns := kind.columns_of(header):
                return kind, columns
        if dialect := dialect_of(self._start):
            raise self._refused(dialect)
        allowed = " | ".join(kind.described for kind in KINDS)
        raise self._refused(f"the header is {','.join(header)[:120]!r}, must be one of: {allowed}")

    def _refused(self, text: str) -> BadFileError:
        return BadFileError(self._path, [Problem(1, "", text)])

    def _decoded(self) -> Iterator[str]:
        """Decodes line by line, so that an error has its line number."""
        for number, line in enumerate(self._file):
            self._digest.update(line)
            self._last = line
            yield line.decode("utf-8-sig" if number == 0 else "utf-8")

    def _parse(self, line: int, fields: list[str]) -> tuple[object, ...] | None:
        columns = self.columns
        if len(fields) != len(columns):
            text = f"has {len(fields)} fields, must have {len(columns)}: {','.join(column.name for column in columns)}"
            self.problems.append(Problem(line, "", text))
            return None
        values: list[object] = []
        for column, field in zip(columns, fields, strict=True):
            try:
                values.append(None if not field and column in self.kind.optional else column.parse(field))
            except ValueError as error:
                self.problems.append(Problem(line, column.name, f"{field[:60]!r} {error}"))
        return (line, *values) if len(values) == len(columns) else None

    def _at_the_end(self) -> Iterator[Problem]:
        every_line_is_good = not self.problems
        if not self._last.endswith((b"\n", b"\r")) and not self._allow_truncated:
            text = "has no line break at its end and may be truncated; --allow-truncated accepts it"
            yield Problem(self._reader.line_num, "", text)
        if self.lines == 0 and every_line_is_good:
            yield Problem(1, "", "the file has a header and no data line")
        yield from self._compared_with(".sha256", self._digest.hexdigest(), "checksum (the output of sha256sum)")
        if every_line_is_good:  # an invalid line is not counted
            yield from self._compared_with(".rows", str(self.lines), "number of data lines")

    def _compared_with(self, suffix: str, found: str, what: str) -> Iterator[Problem]:
        """Compares with the optional file that has this file's name and the suffix."""
        beside = self._path.with_name(self._path.name + suffix)
        if beside.is_file():
            words = beside.read_text(encoding="utf-8", errors="replace").split()
            if not words or words[0].lower() != found:
                yield Problem(0, "", f"{beside.name} has another {what}: the file has {found}")


def _unreadable(error: csv.Error | UnicodeDecodeError) -> str:
    return "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"is not CSV: {error}"
