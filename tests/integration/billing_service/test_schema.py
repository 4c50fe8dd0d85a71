"""The schema refuses what the import refuses."""

import psycopg
import pytest

from billing_service.database import connect

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO organizations VALUES ('Acme', 'EUR')",
        "INSERT INTO organizations VALUES ('new', 'euro')",
        "INSERT INTO projects VALUES ('new', 'nobody')",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', '2025-09-10T09:30Z', 1)",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', 'infinity', 1)",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', '2025-09-10T09:00Z', 'NaN')",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', '2025-09-10T09:00Z', 'Infinity')",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', '2025-09-10T09:00Z', -1)",
        "INSERT INTO prices VALUES ('network_gib', 'EUR', 'NaN', '2025-09-10T09:00Z')",
        "INSERT INTO prices VALUES ('network_gib', 'EUR', 1, '-infinity')",
        "INSERT INTO prices VALUES ('network_gib', 'EUR', 1000000, '2025-09-10T09:00Z')",
        "INSERT INTO usage VALUES ('acme-web', 'network_gib', '2025-09-10T09:00Z', 100000000)",
    ],
)
async def test_the_schema_refuses_what_the_import_refuses(database_url: str, statement: str) -> None:
    """Whoever writes past the import meets the same rules as constraints."""
    async with connect(database_url) as connection:
        with pytest.raises(psycopg.IntegrityError):
            await connection.execute(statement)
