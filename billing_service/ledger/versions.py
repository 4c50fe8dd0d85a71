"""The data version of an organization: it grows with every change of what a response about it can show."""

from collections.abc import Collection
from typing import LiteralString

from billing_service.database import Connection

_COUNT: LiteralString = """
    INSERT INTO data_versions AS v SELECT DISTINCT unnest(%s::text[]), 1 ORDER BY 1
    ON CONFLICT (organization) DO UPDATE SET version = v.version + 1
"""
_COUNT_ALL: LiteralString = """
    INSERT INTO data_versions AS v SELECT organization, 1 FROM organization_state ORDER BY 1
    ON CONFLICT (organization) DO UPDATE SET version = v.version + 1
"""


async def count(connection: Connection, organizations: Collection[str]) -> None:
    """Within the transaction of the change, and with the lock of the writers."""
    await connection.execute(_COUNT, [list(organizations)])


async def count_all(connection: Connection) -> None:
    """Of every organization that has usage."""
    await connection.execute(_COUNT_ALL)
