"""The schema refuses what the import refuses."""

import psycopg
import pytest

from billing_service.database import connect

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO organizations VALUES ('Acme')",
        "INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC')",
        "INSERT INTO organization_terms VALUES ('nobody', '(,)', 'EUR', 'UTC')",
        "INSERT INTO organization_terms VALUES ('empty', '(,)', 'euro', 'UTC')",
        "INSERT INTO organization_terms VALUES ('empty', 'empty', 'EUR', 'UTC')",
        "INSERT INTO ownership VALUES ('new', 'nobody', '', 1, '(,)')",
        "INSERT INTO ownership VALUES ('acme-web', 'globex', '', 1, '[2026-01-01Z,)')",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'2026-01-10T09:30Z',1,'-','csv',1,'EUR',1,1)",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'infinity',1,'-','csv',1,'EUR',1,1)",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'2026-01-10T09:00Z',1,'-','csv','NaN','EUR',1,1)",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'2026-01-10T09:00Z',1,'-','csv','Infinity','EUR',1,1)",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'2026-01-10T09:00Z',1,'-','csv',-1,'EUR',1,1)",
        "INSERT INTO usage_lines VALUES ('acme','acme-web',1,'2026-01-10T09:00Z',1,'-','csv',1,'EUR',1,NULL)",
        "INSERT INTO prices VALUES (1, '', 1, 'EUR', 'NaN', '(,)')",
        "INSERT INTO prices VALUES (1, '', 1, 'EUR', 1, '[-infinity,)')",
        "INSERT INTO prices VALUES (1, '', 1, 'EUR', 1000000, '(,)')",
        "INSERT INTO prices VALUES (1, '', 99, 'EUR', 1, '(,)')",
        "INSERT INTO prices VALUES (1, '', 1, 'EUR', 1, '(,)'), (2, '', 1, 'EUR', 2, '[2026-01-01Z,)')",
        "INSERT INTO skus VALUES (9, 'new_hour', 'graphics', 'GPU hour', 'provisioned')",
        (
            "INSERT INTO adjustments (organization, id, period, currency, amount, reason, created_at)"
            " VALUES ('acme', 'a', '2026-01-02', 'EUR', 1, 'a month has no second day', now())"
        ),
    ],
)
async def test_the_schema_refuses_what_the_import_refuses(database_url: str, statement: str) -> None:
    """Whoever writes past the import meets the same rules as constraints."""
    async with connect(database_url) as connection:
        await connection.execute("SELECT ensure_partitions('2026-01-01Z', '2026-01-01Z')")
        with pytest.raises(psycopg.IntegrityError):
            await connection.execute(statement)
