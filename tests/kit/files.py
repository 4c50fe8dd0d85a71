"""Reads a CSV response."""

import csv
import io


def rows(text: str) -> list[dict[str, str]]:
    """Strict: each row has exactly the columns of the first line."""
    found = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in found), "a row has other columns"
    return found
