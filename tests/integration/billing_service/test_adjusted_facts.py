"""Facts that only adjustments of closed months were made with: they cannot change under them either."""

from datetime import UTC, datetime

import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.periods.close import close

from .conftest import Load
from .ledger_kit import found

LINES = "namespace,hour,sku,workload,quantity\n"
PRICES = "resource,currency,unit_price,valid_from\n"
CPU = f"{PRICES}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\ncpu_core_hour,USD,0.05,2025-01-01T00:00:00Z\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("registry")


def usage(namespace: str, quantity: str = "10", sku: str = "cpu_core_hour") -> str:
    return f"{LINES}{namespace},2026-08-01T00:00:00Z,{sku},-,{quantity}\n"


async def close_august(url: str, load: Load) -> None:
    await load(CPU)
    await load(usage("acme-web"))
    async with connect(url) as connection:
        await close(connection, 3, NOVEMBER)


async def test_a_project_whose_usage_is_in_adjustments_keeps_its_owner(load: Load, database_url: str) -> None:
    """Its usage of August came after August was closed. Another owner without a date has it from now on."""
    await close_august(database_url, load)
    await load(usage("late"), now=NOVEMBER)
    await load("namespace,organization\nlate,acme\n", now=NOVEMBER)
    await load("namespace,organization\nlate,globex\n", now=NOVEMBER)
    await load(usage("late"), now=NOVEMBER)
    async with connect(database_url) as connection:
        booked = "SELECT organization, sum(amount) FROM {} WHERE namespace = 'late' GROUP BY 1"
        assert await found(connection, booked.format("usage_lines")) == []
        assert [str(row[0]) for row in await found(connection, booked.format("adjustments"))] == ["acme"]
        assert await found(
            connection, "SELECT organization, lower(validity) FROM ownership WHERE namespace = 'late' ORDER BY 2 DESC"
        ) == [("acme", None), ("globex", NOVEMBER)]


async def test_a_price_that_an_adjustment_was_rated_with_can_only_end(load: Load, database_url: str) -> None:
    """Otherwise a correction of the late line would be rated with another price, and not take it back."""
    await close_august(database_url, load)
    memory = f"{PRICES}memory_gib_hour,EUR,{{}},2025-01-01T00:00:00Z\n"
    await load(memory.format("0.50"))
    await load(usage("acme-web", sku="memory_gib_hour"), now=NOVEMBER)
    with pytest.raises(BadFileError, match="hours of 2026-08 in acme were rated with another price"):
        await load(memory.format("0.10"), now=NOVEMBER)
    await load(f"{PRICES}memory_gib_hour,EUR,0.10,2026-11-01T00:00:00Z\n", now=NOVEMBER)
    await load(usage("acme-web", "0", sku="memory_gib_hour"), now=NOVEMBER)
    async with connect(database_url) as connection:
        [[amount, quantity]] = await found(
            connection, "SELECT sum(amount) AS amount, sum(quantity) AS quantity FROM adjustments"
        )
        assert (amount, quantity) == (0, 0)
