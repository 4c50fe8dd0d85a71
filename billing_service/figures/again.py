"""Reads a response again if an import changed the data between two of its queries."""

from collections.abc import Awaitable, Callable
from typing import LiteralString, TypeVar

from billing_service.errors import DataChanging

Response = TypeVar("Response")

VERSION: LiteralString = """
    SELECT coalesce(max(version), 0) AS number FROM data_versions WHERE organization = %(organization)s
"""
_MOST = 5  # an import is one transaction, and imports run one after another


class DataChanged(Exception):
    """Two queries of a response saw different data."""


async def consistent(read: Callable[[], Awaitable[Response]]) -> Response:
    """`read` raises DataChanged if its queries do not fit together. Raises DataChanging (503) if five do not."""
    for _ in range(_MOST):
        try:
            return await read()
        except DataChanged:
            continue
    raise DataChanging(f"The data changed during each of {_MOST} readings: try again")
