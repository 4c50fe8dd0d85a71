"""Facts that only adjustments of closed months were made with: they cannot change under them either."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.periods.close import close
from billing_service.statements.closed import short

from .conftest import Api, Load
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


SKUS = ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")
SEPTEMBER = datetime(2026, 9, 10, tzinfo=UTC)


def august(quantity: int) -> str:
    """Of five SKUs. The last hour has a tenth of it."""
    begin = datetime(2026, 8, 1, tzinfo=UTC)
    hours = [(begin + timedelta(hours=hour), quantity if hour < 743 else Decimal(quantity) / 10) for hour in range(744)]
    return LINES + "".join(f"acme-web,{hour:%Y-%m-%dT%H:%M:%SZ},{sku},-,{one}\n" for sku in SKUS for hour, one in hours)


async def read(api: Api, path: str) -> Any:
    response = await api.get(path)
    assert (response.status_code, len(response.content) < 2**19) == (200, True), response.text[:200]
    return simplejson.loads(response.text, use_decimal=True)


async def test_thousands_of_adjustments_are_the_largest_ones_and_sums(api: Api, load: Load, database_url: str) -> None:
    """A closed month again with three times the quantity: 3720 adjustments. A function reads replies up to 1 MiB."""
    await load(PRICES + "".join(f"{sku},EUR,0.05,2025-01-01T00:00:00Z\n" for sku in SKUS))
    await load(august(10), now=SEPTEMBER)
    async with connect(database_url) as connection:
        await close(connection, 3, SEPTEMBER)
    await load(august(30), now=SEPTEMBER)
    await load("id,organization,amount,currency,reason,namespace\nc-1,acme,-2000,EUR,outage,acme-web\n", now=SEPTEMBER)
    api.now = SEPTEMBER
    exact = 5 * (743 + Decimal("0.1")) - 2000
    paths = [
        "/api/organization/acme/statement?",
        "/api/organization/acme/statement?namespaces=acme-web",
        "/api/project/acme-web/explain?organization=acme&figure=current_month_total",
        "/api/project/acme-web/explain?organization=acme&from=2026-08-01&to=2026-10-01",
    ]
    for path in paths:
        found = await read(api, path)
        listed, [rest] = found["adjustments"], found["adjustments_rest"]
        assert (len(listed), rest["rows"], rest["currency"]) == (1000, 3720 - 999, "EUR")
        assert sum(one["amount"] for one in listed) + rest["amount"] == exact
        assert "c-1" in [one["id"] for one in listed]
        assert found.get("adjustments_total", exact) == round(exact, 2)
    async with connect(database_url) as connection:
        await close(connection, 3, NOVEMBER)
    api.now = NOVEMBER
    for own in ("", "&namespaces=acme-web"):
        closed = await read(api, f"/api/organization/acme/statement?period=2026-09{own}")
        assert closed["adjustments_total"] == round(exact, 2)
        assert sum(one["amount"] for one in [*closed["adjustments"], *closed["adjustments_rest"]]) == exact


def test_a_stored_statement_that_no_function_can_read_is_sent_with_sums() -> None:
    """An earlier version kept all adjustments. A smaller statement is sent as it was stored."""
    adjustments = [
        {"id": f"line-{number}", "currency": "EUR" if number % 2 else "USD", "amount": number - 9}
        for number in range(4000)
    ]
    stored = simplejson.dumps({"period": "2026-09", "adjustments": adjustments, "comment": "x" * 1_000_000})
    sent = simplejson.loads(short(stored), use_decimal=True)
    assert [one["id"] for one in sent["adjustments"]] == [f"line-{number}" for number in range(3000, 4000)]
    assert sent["adjustments_rest"] == [
        {"currency": "EUR", "rows": 1496, "amount": sum(range(1, 3000, 2)) - 1500 * 9 + 20},
        {"currency": "EUR", "rows": 4, "amount": -20},
        {"currency": "USD", "rows": 1495, "amount": sum(range(0, 3000, 2)) - 1500 * 9 + 25},
        {"currency": "USD", "rows": 5, "amount": -25},
    ]
    small = simplejson.dumps({"period": "2026-09", "adjustments": adjustments})
    assert short(small) == small
