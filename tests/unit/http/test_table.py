"""A CSV file: RFC 4180, exact numbers, and no text that a spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from common.http.table import Cell, Table

AS_OF = datetime(2025, 10, 1, 15, tzinfo=UTC)


def written(*cells: Cell) -> str:
    return Table("name", ["cell"], [{"cell": cell} for cell in cells], {}).encode(AS_OF).decode()


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    "text",
    [  # the last four are full-width forms
        "=1+1",
        '=HYPERLINK("http://example.com")',
        "+1",
        "-1+1|cmd",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "  =1",
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM(A1)",
    ],
)
def test_a_text_that_a_spreadsheet_runs_begins_with_an_apostrophe(text: str) -> None:
    """The rest of the text is unchanged."""
    assert read(written(text))[1][0] == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-", "", "Deployment/api", "a=b", "acme-web", "'quoted'", 'with "quotes", and ;', "ü\r\nb"]
)
def test_another_text_is_unchanged(text: str) -> None:
    """Commas, quotes and line breaks are quoted, and read back as they were."""
    assert read(written(text))[1][0] == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Decimal("-0.05"), "-0.05"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000000001"), "0.000000001"),
        (Decimal("999999999999999.99"), "999999999999999.99"),
        (-3, "-3"),
        (True, "true"),
        (None, ""),
        (AS_OF, "2025-10-01T15:00:00.000Z"),
    ],
)
def test_numbers_and_times_are_exact(cell: Cell, text: str) -> None:
    """A negative number is a number, and no formula."""
    assert read(written(cell))[1][0] == text


def test_the_last_row_is_the_total_with_its_time() -> None:
    """Lines end with CR LF, and each has all columns."""
    table = Table("name", ["row", "amount"], [{"row": "project"}], {"row": "total", "amount": Decimal("1.50")})
    assert table.encode(AS_OF) == b"row,amount,as_of\r\nproject,,\r\ntotal,1.50,2025-10-01T15:00:00.000Z\r\n"
    assert table.encode(None).endswith(b"total,1.50,\r\n")


def test_a_cell_of_an_unknown_column_is_a_bug() -> None:
    """Otherwise a figure would be lost without a sign."""
    with pytest.raises(ValueError, match="amuont"):
        Table("name", ["amount"], [{"amuont": 1}], {}).encode(AS_OF)
