"""A project that leaves and comes back, late lines after a move, the turn of a month, a credit, and three digits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from billing_service.periods.close import close

from .conftest import USAGE_HEADER, Api, Load
from .process import run

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICES = "resource,currency,unit_price,valid_from\n"
ONE = f"{PRICES}cpu_core_hour,EUR,1,2025-01-01T00:00:00Z\ncpu_core_hour,USD,1,2025-01-01T00:00:00Z\n"
MOVE = "namespace,organization,valid_from\nacme-web,{},2026-11-{}\n"


def usage(first: str, hours: int, quantity: str = "1", namespace: str = "acme-web") -> str:
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    return "".join(
        f"{namespace},{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{quantity},0,0,0,0\n" for hour in range(hours)
    )


async def get(api: Api, path: str) -> Any:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    return simplejson.loads(response.text, use_decimal=True)


@pytest.fixture
async def november(api: Api, load: Load) -> Api:
    api.now = NOW
    await load(ONE)
    return api


@pytest.mark.parametrize("back", ["05T00:00:00Z", "05T00:30:00Z"])
@pytest.mark.parametrize("usage_first", [True, False])
async def test_a_project_that_comes_back_misses_no_hour_of_the_other_owner(
    november: Api, load: Load, database_url: str, back: str, *, usage_first: bool
) -> None:
    """Whatever is imported first: the two days belong to globex, and have no data in acme. A gap of acme's days is
    missing. An hour with both owners is the first one's."""
    moves = [MOVE.format("globex", "03T00:00:00Z"), MOVE.format("acme", back)]
    lines = USAGE_HEADER + usage("2026-11-01", 140) + usage("2026-11-07", 24)
    for text in [lines, *moves] if usage_first else [*moves, lines]:
        await load(text, now=NOW)
    hours = 164 - 48 - (1 if "30" in back else 0)
    overview = await get(november, "/api/project/acme-web/overview?organization=acme")
    assert overview["billing_summary"]["current_month_total"] == hours
    trend = await get(november, "/api/project/acme-web/trend?organization=acme&from=2026-11-01&to=2026-11-08")
    whole = await get(november, "/api/organization/acme/trend?from=2026-11-01&to=2026-11-08")
    shown = await get(november, "/api/organization/acme/live?namespaces=acme-web")
    [live] = shown["projects"]
    assert [found["complete_through"] for found in (overview, trend, whole, live)] == ["2026-11-06T20:00:00.000Z"] * 4
    assert [found["incomplete_hours"] for found in (overview, trend, whole)] == [4] * 3
    assert [bucket["amount"] for bucket in trend["buckets"]] == [24, 24, None, None, hours - 92, 20, 24]
    assert [bucket["state"] for bucket in trend["buckets"]][2:4] == ["no_data", "no_data"]
    globex = await get(november, "/api/organization/globex/statement")
    assert globex["usage_total"] == 164 - hours
    assert run(database_url, "reconcile").returncode == 0


async def test_a_late_line_of_a_moved_project_is_an_adjustment_of_the_owner_of_its_hour(
    november: Api, load: Load, database_url: str
) -> None:
    """The month is closed for both. The old owner has the hour before the move, in its own currency."""
    await load(USAGE_HEADER + usage("2026-11-01", 96), now=NOW)
    await load(MOVE.format("globex", "03T00:00:00Z"), now=NOW)
    async with connect(database_url) as connection:
        assert await close(connection, 3, datetime(2026, 12, 4, tzinfo=UTC)) == 2
    november.now = datetime(2026, 12, 10, tzinfo=UTC)
    await load(USAGE_HEADER + usage("2026-11-02", 1, "3") + usage("2026-11-04", 1, "2.5"), now=november.now)
    for organization, amount, currency in (("acme", 2, "EUR"), ("globex", Decimal("1.5"), "USD")):
        found = await get(november, f"/api/organization/{organization}/statement")
        [one] = found["adjustments"]
        assert (one["amount"], one["currency"], one["namespace"]) == (amount, currency, "acme-web")
        assert found["invoiced"]["total"] == amount


async def test_included_hours_begin_again_with_the_month_in_berlin(api: Api, load: Load) -> None:
    """24 hours from noon on 31 October, UTC, of which 11 are in October. Each month includes 10."""
    api.now = NOW
    await load("organization,currency,time_zone\nacme,EUR,Europe/Berlin\n")
    included = PRICES.replace("\n", ",included\n")
    await load(f"{included}cpu_core_hour,EUR,1,2025-01-01T00:00:00Z,10\n")
    await load(USAGE_HEADER + usage("2026-10-31T12:00", 24), now=NOW)
    for period, amount in (("2026-10", 1), ("2026-11", 3)):
        overview = await get(api, f"/api/project/acme-web/overview?organization=acme&period={period}")
        assert overview["billing_summary"]["current_month_total"] == amount


async def test_a_credit_that_is_larger_than_the_usage_makes_a_negative_total(november: Api, load: Load) -> None:
    """It is not cut at 0. Half up means away from zero."""
    await load(USAGE_HEADER + usage("2026-11-01", 10), now=NOW)
    await load("id,organization,amount,currency,reason\nc-1,acme,-99.995,EUR,outage\n", now=NOW)
    invoiced = (await get(november, "/api/organization/acme/statement"))["invoiced"]
    assert (invoiced["adjustments"], invoiced["total"]) == (Decimal("-100.00"), Decimal("-90.00"))


async def test_amounts_have_the_three_digits_of_the_dinar(api: Api, load: Load) -> None:
    """Overview, trend and statement; a rate has four more."""
    api.now = NOW
    await load("organization,currency\nacme,BHD\n")
    await load(f"{PRICES}cpu_core_hour,BHD,0.0005,2025-01-01T00:00:00Z\n")
    await load(USAGE_HEADER + usage("2026-11-01", 25), now=NOW)
    overview = (await api.get("/api/project/acme-web/overview?organization=acme")).text
    assert '"current_month_total":0.013,' in overview
    assert '"total_cost_per_hour":0.0005000,' in overview
    trend = (await api.get("/api/organization/acme/trend?from=2026-11-01&to=2026-11-03")).text
    assert '"total":0.013,' in trend
    assert ['"cumulative":0.012,' in trend, '"cumulative":0.013,' in trend] == [True, True]
    assert '"usage_total":0.013,' in (await api.get("/api/organization/acme/statement")).text
