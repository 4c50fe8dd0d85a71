"""What `reconcile` finds: each kept sum and each total of a closed statement that its parts do not give."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pytest

from billing_service.database import connect
from billing_service.ledger.commands import differences
from billing_service.periods.close import close

from .conftest import Load

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATEMENT: LiteralString = "UPDATE periods SET statement = jsonb_set(statement::jsonb, '{}', '77')::text"

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE project_state SET last_compute = last_compute + 1", "project_state acme acme-web"),
        ("UPDATE project_state SET unrated = 1", "project_state acme acme-web"),
        ("UPDATE organization_state SET as_of = as_of - interval '1 hour'", "organization_state acme"),
        (
            "INSERT INTO rollup_daily VALUES ('acme', 'acme-web', 1, '2026-11-01', 2, 'EUR', 7, 0, 0, 0)",
            "rollup_daily acme acme-web 2026-11-01",
        ),
        (STATEMENT.format("{adjustments_total}"), "statement adjustments acme"),
        (STATEMENT.format("{invoiced,total}"), "statement invoiced acme"),
        (STATEMENT.format("{projects,0,lines,0,amount}"), "statement projects acme"),
    ],
)
async def test_a_sum_that_differs_is_found(load: Load, database_url: str, change: LiteralString, name: str) -> None:
    """Two days of usage in each of two months; October is closed, with a credit."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n")
    hours = [datetime(2026, month, 18, tzinfo=UTC) + timedelta(hours=hour) for month in (10, 11) for hour in range(48)]
    usage = "".join(f"acme-web,{hour:%Y-%m-%dT%H:%M:%SZ},cpu_core_hour,-,1.5\n" for hour in hours)
    await load(f"namespace,hour,sku,workload,quantity\n{usage}", now=NOW)
    credit = "id,organization,amount,currency,reason\nc-1,acme,-1.005,EUR,credit\n"
    await load(credit, now=datetime(2026, 10, 20, tzinfo=UTC))
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOW) == 1
        assert await differences(connection) == []
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(change)
        assert any(text.startswith(name) for text in await differences(connection))
