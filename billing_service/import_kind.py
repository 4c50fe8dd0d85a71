"""What a kind of CSV file is: its columns, the SQL that checks its lines, and the function that stores them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import LiteralString

from billing_service.database import Connection

MAX_PROBLEMS = 20
USAGE_SINCE = datetime(2020, 1, 1, tzinfo=UTC)  # a wrong year would close all months from then on, for good


@dataclass(frozen=True, order=True)
class Problem:
    line: int  # line number in the file; the header is 1; 0: the problem concerns the file
    column: str  # empty: the problem concerns the line
    text: str


@dataclass(frozen=True)
class Column:
    name: str
    parse: Callable[[str], object]  # raises ValueError with the allowed values


@dataclass(frozen=True)
class Circumstances:
    """Of one import. `now` is the database's clock, except in tests. `source` names the meter of usage lines.

    `usage_since`: the first hour that usage and subscriptions can have.
    """

    now: datetime
    source: str
    quantity_bound: Decimal
    usage_since: datetime = USAGE_SINCE


@dataclass(frozen=True)
class Stored:
    """`refused`: these lines cannot be stored, so nothing of the file is. `note` and `warnings` are printed."""

    refused: tuple[Problem, ...] = ()
    note: str = ""
    warnings: tuple[Problem, ...] = ()


Store = Callable[[Connection, Circumstances], Awaitable[Stored]]


@dataclass(frozen=True)
class Kind:
    """`staging` creates the temporary table `incoming`: line, the columns, the optional columns (null if absent).

    `checks` finds errors that need more than one line. `unusual` finds amounts that are hundreds of times the usual
    amount: they are imported with a warning. `store` returns the lines that it refuses.
    """

    name: str
    columns: tuple[Column, ...]
    staging: LiteralString
    checks: LiteralString
    store: Store
    optional: tuple[Column, ...] = ()
    unusual: LiteralString | None = None

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def described(self) -> str:
        """The header with the optional columns in brackets."""
        return ",".join(self.header) + "".join(f"[,{column.name}]" for column in self.optional)

    def columns_of(self, header: tuple[str, ...]) -> tuple[Column, ...] | None:
        """The columns of a file with this header; None if it is the header of another kind."""
        required, rest = header[: len(self.columns)], header[len(self.columns) :]
        known = {column.name: column for column in self.optional}
        if required != self.header or not known.keys() >= set(rest) or len(set(rest)) < len(rest):
            return None
        return (*self.columns, *(known[name] for name in rest))
