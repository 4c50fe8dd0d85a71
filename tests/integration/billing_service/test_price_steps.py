"""Prices with tiers, with an included quantity, and by the month."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.ledger.commands import differences
from billing_service.ledger.ingest import UsageLine, ingest
from billing_service.periods.close import close

from .conftest import Api, Load
from .ledger_kit import found

PRICES = "resource,currency,unit_price,valid_from,included,tiers\n"
TIERS = f"{PRICES}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,100,500=0.04 600=0.03\n"
PER_MONTH = "resource,currency,unit_price,valid_from,per\npublic_ip_hour,EUR,3.00,2025-01-01T00:00:00Z,month\n"
LINES = "namespace,hour,sku,workload,quantity\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = datetime(2026, 11, 1, tzinfo=UTC)


def usage(first: datetime, hours: int, quantity: str, namespace: str = "acme-web", sku: str = "cpu_core_hour") -> str:
    return "".join(
        f"{namespace},{first + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{sku},-,{quantity}\n" for hour in range(hours)
    )


def cost(quantity: Decimal) -> Decimal:
    """Of the organization's month: 100 included, 400 at 0.05, 100 at 0.04, the rest at 0.03."""
    zero = Decimal(0)
    return (
        min(max(quantity - 100, zero), Decimal(400)) * Decimal("0.05")
        + min(max(quantity - 500, zero), Decimal(100)) * Decimal("0.04")
        + max(quantity - 600, zero) * Decimal("0.03")
    )


async def amounts(url: str, where: str = "true") -> list[tuple[Any, ...]]:
    """The lines in the order of their hours. Every sum must agree with them."""
    async with connect(url) as connection:
        assert await differences(connection) == []
        return await found(
            connection,
            f"SELECT namespace, quantity, amount FROM usage_lines WHERE {where} ORDER BY hour, namespace",
        )


async def explained(
    api: Api, figure: str = "current_month_total", namespace: str = "acme-web", period: str = ""
) -> Any:
    path = f"/api/project/{namespace}/explain?organization=acme&figure={figure}" + (
        f"&period={period}" if period else ""
    )
    response = await api.get(path)
    assert response.status_code == 200, response.text
    whole = simplejson.loads(response.text, use_decimal=True)
    for row in whole["rows"]:
        assert row["quantity"] * row["price"]["unit_price"] == row["amount"], row
    assert sum(row["amount"] for row in whole["rows"]) == whole["exact"]
    assert whole["exact"] + whole["rounding"] == whole["value"]
    return whole


async def test_tiers_count_the_quantity_of_the_organization_in_the_month(
    api: Api, load: Load, database_url: str
) -> None:
    """Two projects of 32.5 each hour share the tiers, in the order of the hours. The next month begins again."""
    await load(TIERS)
    await load(LINES + usage(MONTH, 12, "32.5") + usage(MONTH, 12, "32.5", "acme-data"))
    api.now = NOVEMBER
    total = (await api.get("/api/organization/acme/projects")).json()["total"]
    assert total["current_month_total"] == float(cost(Decimal(780))) == 29.4
    lines = await amounts(database_url)
    position = Decimal(0)
    for _, quantity, amount in lines:
        assert amount == cost(position + quantity) - cost(position)
        position += quantity
    assert lines[0] == ("acme-data", Decimal("32.5"), Decimal(0))
    await load(LINES + usage(MONTH - timedelta(hours=3), 3, "100"))
    october = await amounts(database_url, "hour < '2026-11-01Z'")
    assert [amount for _, _, amount in october] == [0, 5, 5]


async def test_the_rows_of_a_tiered_figure_add_up(api: Api, load: Load) -> None:
    """A row for each unit price. The line that is in two tiers is in two rows."""
    await load(TIERS)
    await load(LINES + usage(MONTH, 20, "70"))
    api.now = NOVEMBER
    whole = await explained(api)
    assert {(row["quantity"], row["price"]["unit_price"]) for row in whole["rows"]} == {
        (100, 0),
        (400, Decimal("0.05")),
        (100, Decimal("0.04")),
        (800, Decimal("0.03")),
    }
    assert whole["value"] == cost(Decimal(1400))
    for figure in ("last_day_spend", "total_cost_per_hour", "cpu"):
        await explained(api, figure)


async def test_a_late_or_corrected_line_rates_the_later_lines_again(api: Api, load: Load, database_url: str) -> None:
    """Whatever the order of the imports, the ledger is the same."""
    parts = [
        usage(MONTH + timedelta(hours=hour), 1, "45.125", project)
        for hour in range(20)
        for project in ("acme-web", "acme-data")
    ]
    await load(TIERS)
    await load(LINES + "".join(parts))
    expected = await amounts(database_url)
    async with connect(database_url) as connection:
        await connection.execute(
            "TRUNCATE usage_lines, rollup_daily, rollup_monthly, organization_daily, organization_monthly,"
            " project_months, recent_hours, organization_state, project_state"
        )
    await load(LINES + "".join(parts[7:30]))
    await load(LINES + "".join(part.replace("45.125", "1.5") for part in parts[:12]))
    await load(LINES + parts[-1])
    await load(LINES + "".join(parts[3:]))
    await load(LINES + "".join(parts[:5]))
    await load(LINES + "".join(parts[:5]))
    assert await amounts(database_url) == expected
    assert sum(amount for _, _, amount in expected) == cost(Decimal("45.125") * 40)
    api.now = NOVEMBER
    await explained(api)
    await explained(api, namespace="acme-data")


async def test_a_moved_project_takes_its_quantity_along(api: Api, load: Load, database_url: str) -> None:
    """The lines of the project that stays are rated again, as if the other one had never been there."""
    await load(TIERS)
    await load(LINES + usage(MONTH, 20, "20") + usage(MONTH, 20, "30", "acme-data"))
    await load("namespace,organization,valid_from\nacme-data,acme-prod,2026-11-01T00:00:00Z\n", now=NOVEMBER)
    for organization, total in (("acme", 400), ("acme-prod", 600)):
        lines = await amounts(database_url, f"organization = '{organization}'")
        assert sum(amount for _, _, amount in lines) == cost(Decimal(total))
    api.now = NOVEMBER
    await explained(api)


async def test_a_changed_price_rates_the_open_month_again(api: Api, load: Load, database_url: str) -> None:
    """From a plain price to tiers, to other tiers, and back. The quantity before the new price counts in its tiers."""
    plain = f"{PRICES}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,,\n"
    await load(plain)
    await load(LINES + usage(MONTH, 20, "40"))
    await load(f"{PRICES}cpu_core_hour,EUR,0.05,2026-11-01T00:00:00Z,100,500=0.04 600=0.03\n", now=NOVEMBER)
    assert sum(amount for _, _, amount in await amounts(database_url)) == cost(Decimal(800))
    await load(f"{PRICES}cpu_core_hour,EUR,0.05,2026-11-01T00:00:00Z,,500=0.04 600=0.03\n", now=NOVEMBER)
    assert sum(amount for _, _, amount in await amounts(database_url)) == cost(Decimal(800)) + 5
    await load(f"{PRICES}cpu_core_hour,EUR,0.05,2026-11-01T00:00:00Z,,\n", now=NOVEMBER)
    assert sum(amount for _, _, amount in await amounts(database_url)) == 40
    await load(f"{PRICES}cpu_core_hour,EUR,0.05,2026-11-01T10:00:00Z,,500=0.04 600=0.03\n", now=NOVEMBER)
    assert sum(amount for _, _, amount in await amounts(database_url)) == cost(Decimal(800)) + 5
    api.now = NOVEMBER
    await explained(api)
    prices = await explained(api)
    again = f"{PRICES}cpu_core_hour,EUR,0.05,2026-11-01T10:00:00Z,,500=0.040 600=0.03\n"
    await load(again, now=NOVEMBER)
    assert (await explained(api))["data_version"] == prices["data_version"]


@pytest.mark.usefixtures("registry")
async def test_a_closed_month_with_tiers_has_adjustments_only(load: Load, database_url: str) -> None:
    """Late lines cost what the next units of the closed month cost. A correction takes the last units back."""
    await load(TIERS)
    october = datetime(2026, 10, 5, tzinfo=UTC)
    await load(LINES + usage(october, 10, "55"))
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOVEMBER) == 1
    before = await amounts(database_url)
    await load(LINES + usage(october + timedelta(hours=10), 3, "30"), now=NOVEMBER)
    await load(LINES + usage(october, 2, "5"), now=NOVEMBER)
    await load(LINES + usage(october, 2, "5"), now=NOVEMBER)
    assert await amounts(database_url) == before
    async with connect(database_url) as connection:
        adjusted = [
            row[0]
            for row in await found(
                connection, "SELECT amount::numeric FROM adjustments ORDER BY created_at, refers_hour"
            )
        ]
    assert len(adjusted) == 5
    assert sum(adjusted) == cost(Decimal(640 - 100)) - cost(Decimal(550))
    assert sum(sorted(adjusted)[2:]) == cost(Decimal(640)) - cost(Decimal(550))
    with pytest.raises(BadFileError, match="hours of 2026-10 in acme were rated with another price"):
        await load(TIERS.replace("500=0.04", "500=0.02"), now=NOVEMBER)


@pytest.mark.usefixtures("registry")
async def test_an_organization_with_its_own_tiers_leaves_the_others_alone(load: Load, database_url: str) -> None:
    """The general price has no tiers."""
    await load(f"{PRICES}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,,\n")
    own = "cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,acme,10=0.01\n"
    await load(f"resource,currency,unit_price,valid_from,organization,tiers\n{own}")
    await load(LINES + usage(MONTH, 2, "20") + usage(MONTH, 2, "20", "acme-prod-web"))
    assert [amount for _, _, amount in await amounts(database_url, "organization = 'acme-prod'")] == [1, 1]
    assert [amount for _, _, amount in await amounts(database_url, "organization = 'acme'")] == [
        Decimal("0.6"),
        Decimal("0.2"),
    ]


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("UTC", "2026-02-01T00", 28 * 24),
        ("UTC", "2026-04-01T00", 30 * 24),
        ("UTC", "2026-10-01T00", 31 * 24),
        ("Europe/Berlin", "2026-02-28T23", 31 * 24 - 1),
        ("Europe/Berlin", "2026-09-30T22", 31 * 24 + 1),
    ],
)
async def test_an_address_by_the_month_costs_exactly_its_price(  # noqa: PLR0917 - three fixtures and a month
    api: Api, load: Load, database_url: str, zone: str, first: str, hours: int
) -> None:
    """In months of 28 to 31 days, with days of 23 and 25 hours. The last hour has the remainder."""
    await load(f"organization,currency,time_zone\nacme,EUR,{zone}\n")
    await load(PER_MONTH)
    start = datetime.strptime(first, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    await load(LINES + usage(start, hours, "2", sku="public_ip_hour"))
    lines = await amounts(database_url)
    assert sum(amount for _, _, amount in lines) == 6
    assert len({amount for _, _, amount in lines[:-1]}) == 1
    api.now = start + timedelta(days=40)
    month = f"{start + timedelta(days=2):%Y-%m}"
    whole = await explained(api, "public_ip", period=month)
    assert (whole["exact"], whole["value"]) == (6, 6)
    half = await explained(api, "current_month_total", period=month)
    assert sum(row["hours"] for row in half["rows"]) == hours


async def test_a_late_address_of_a_closed_month_is_an_adjustment(load: Load, database_url: str, registry: None) -> None:  # noqa: ARG001
    """It has the hourly part of the month's price."""
    await load(PER_MONTH)
    october = datetime(2026, 10, 1, tzinfo=UTC)
    await load(LINES + usage(october, 744, "1", sku="public_ip_hour"))
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOVEMBER) == 1
    await load(LINES + usage(october, 744, "2", sku="public_ip_hour"), now=NOVEMBER)
    async with connect(database_url) as connection:
        assert await found(connection, "SELECT sum(amount), count(*) FROM adjustments") == [(3, 744)]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("included,tiers\n{},100,100=0.02", "tiers: must begin above the included quantity 100"),
        ("tiers\n{},200=0.02 100=0.01", "must be tiers in the order of their quantities"),
        ("tiers\n{},0=0.02", "must be tiers in the order of their quantities"),
        ("tiers\n{},100", "must be tiers like 1000=0.04 5000=0.03"),
        ("tiers\n{},100=-1", "must be a number like 12.5"),
        ("per,included\n{},month,100", "a price by the month has no tiers"),
        ("per\n{},year", "must be unit, or month"),
    ],
)
async def test_a_wrong_price_is_named(load: Load, registry: None, fields: str, reason: str) -> None:  # noqa: ARG001
    """Nothing of the file is stored."""
    fields = fields.format("cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z")
    with pytest.raises(BadFileError, match=reason):
        await load(f"resource,currency,unit_price,valid_from,{fields}\n")


async def test_a_moved_line_is_added_to_the_line_of_the_new_owner(
    load: Load,
    database_url: str,
    registry: None,  # noqa: ARG001 - the rows must be there
) -> None:
    """Two owners within an hour have a line each. When the first owner turns out to be wrong, the lines become one."""
    await load(f"{PER_MONTH}cpu_core_hour,EUR,72,2025-01-01T00:00:00Z,month\n")
    await load("namespace,organization,valid_from\nacme-web,acme-prod,2026-11-05T10:30:00Z\n", now=NOVEMBER)
    hour = datetime(2026, 11, 5, 10, tzinfo=UTC)
    lines = [
        UsageLine("acme-web", hour, "cpu_core_hour", "-", Decimal(quantity), "csv", hour + timedelta(minutes=minutes))
        for quantity, minutes in ((2, 0), (3, 30))
    ]
    async with connect(database_url) as connection:
        await ingest(connection, lines, now=NOVEMBER)
    assert await amounts(database_url) == [("acme-web", 2, Decimal("0.2")), ("acme-web", 3, Decimal("0.3"))]
    await load("namespace,organization,valid_from\nacme-web,acme-prod,2026-11-05T10:00:00Z\n", now=NOVEMBER)
    assert await amounts(database_url) == [("acme-web", 5, Decimal("0.5"))]
