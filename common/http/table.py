"""A response as a CSV file: the same figures as in the JSON envelope.

UTF-8 and RFC 4180. Numbers have a decimal point and no exponent, times are UTC. The last row has the total and `as_of`.
A text that a spreadsheet would run as a formula begins with an apostrophe. A number is never changed.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final

from common.http.envelope import timestamp

Cell = str | int | Decimal | datetime | None
Row = Mapping[str, Cell]

AS_OF: Final = "as_of"
FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four are full-width forms
CONTROL: Final = ("\t", "\r", "\n", "\0")


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is the file's name without .csv. A row may omit columns: their cells are empty."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Row]
    total: Row
    media_type: ClassVar[bytes] = b"text/csv; charset=utf-8; header=present"

    def encode(self, as_of: datetime | None) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, [*self.columns, AS_OF], restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(_row(row) for row in self.rows)
        writer.writerow(_row({**self.total, AS_OF: as_of}))
        return text.getvalue().encode()


def _row(row: Row) -> dict[str, str]:
    return {column: _text(cell) for column, cell in row.items()}


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return timestamp(cell)
    if isinstance(cell, str):
        return _harmless(cell)
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def _harmless(text: str) -> str:
    """A single hyphen stays: it is the workload of usage that is not known by workload, and no formula."""
    runs = text.startswith(CONTROL) or text.lstrip().startswith(FORMULA)
    return f"'{text}" if runs and text != "-" else text
