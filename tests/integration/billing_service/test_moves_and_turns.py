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


RECREATED = "namespace,organization,uid,valid_from\nacme-web,acme,u-2,2026-11-12T00:00:00Z\n"
OWN = "namespaces=acme-web"
OCTOBER = "from=2026-10-01&to=2026-11-01"
NOVEMBER = "from=2026-11-01&to=2026-11-20"


@pytest.fixture
async def created_again(november: Api, load: Load, database_url: str) -> Api:
    """The earlier life of acme-web has 1000 in October, which is closed, 1000 in November and a credit of 7 there.
    The new life has 10 in November."""
    await load("namespace,organization,uid\nacme-web,acme,u-1\n", now=datetime(2026, 9, 1, tzinfo=UTC))
    await load(USAGE_HEADER + usage("2026-10-01", 10, "100") + usage("2026-11-01", 10, "100"), now=NOW)
    await load(
        "id,organization,amount,currency,reason,namespace\nc-1,acme,-7,EUR,outage,acme-web\n",
        now=datetime(2026, 11, 2, tzinfo=UTC),
    )
    await load(
        "id,organization,amount,currency,reason,namespace\nc-0,acme,-5,EUR,outage,acme-web\n",
        now=datetime(2026, 10, 2, tzinfo=UTC),
    )
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOW) == 1
    await load(RECREATED, now=NOW)
    await load(USAGE_HEADER + usage("2026-11-15", 10), now=NOW)
    return november


async def test_a_project_that_was_created_again_has_nothing_of_its_former_life(created_again: Api) -> None:
    """Whoever names projects gets the project that has the name now, in every month and in every response."""
    api = created_again
    statement = await get(api, f"/api/organization/acme/statement?{OWN}")
    assert (statement["usage_total"], statement["adjustments"], statement["adjustments_total"]) == (10, [], 0)
    assert [(project["uid"], project["total"]) for project in statement["projects"]] == [("u-2", 10)]
    closed = await get(api, f"/api/organization/acme/statement?period=2026-10&{OWN}")
    assert (closed["usage_total"], closed["projects"], closed["adjustments"]) == (0, [], [])
    months = await get(api, f"/api/organization/acme/statements?{OWN}")
    assert [(month["period"], month["usage_total"]) for month in months["months"]] == [("2026-11", 10)]
    for owner, own in (("organization/acme", OWN), ("project/acme-web", "organization=acme")):
        for by in ("component", "sku", "workload"):
            trend = await get(api, f"/api/{owner}/trend?{NOVEMBER}&group_by={by}&compare=previous&{own}")
            assert (trend["total"], trend["adjustments"]) == (10, [])
            assert not trend["compare"]["total"]
        live = await get(api, "/api/organization/acme/live?namespaces=acme-web")
        assert live["total"]["month_to_date"] == 10
        explained = await get(api, f"/api/{owner}/explain?figure=current_month_total&{own}")
        assert (explained["value"], explained["adjustments"]) == (10, [])
    by_project = await get(api, f"/api/organization/acme/trend?{NOVEMBER}&group_by=project&{OWN}")
    assert [group["uid"] for group in by_project["groups"]] == ["u-2"]
    before = await get(api, f"/api/organization/acme/trend?{OCTOBER}&{OWN}")
    assert before["total"] in (None, 0)
    assert (await get(api, f"/api/organization/acme/explain?{OCTOBER}&{OWN}"))["rows"] == []
    alone = await get(api, f"/api/project/acme-web/trend?{OCTOBER}&organization=acme")
    assert alone["total"] is None
    for path in ("overview?period=2026-10", "explain?figure=cpu&period=2026-10"):
        assert (await api.get(f"/api/project/acme-web/{path}&organization=acme")).status_code == 404
    listed = await get(api, "/api/organization/acme/projects?period=2026-10")
    assert "acme-web" not in [project["namespace"] for project in listed["projects"]]
    assert listed["total"]["former_projects"] == 1000


async def test_an_org_admin_has_both_lives_of_a_project_as_two_projects(created_again: Api) -> None:
    """Also if a filter names the project."""
    api = created_again
    statement = await get(api, "/api/organization/acme/statement")
    assert [(project["uid"], project["total"]) for project in statement["projects"]] == [("u-1", 1000), ("u-2", 10)]
    assert (statement["usage_total"], statement["adjustments_total"]) == (1010, -7)
    closed = await get(api, "/api/organization/acme/statement?period=2026-10")
    assert [(project["uid"], project["total"]) for project in closed["projects"]] == [("u-1", 1000)]
    for more in ("", "&include=project:acme-web"):
        trend = await get(api, f"/api/organization/acme/trend?{NOVEMBER}&group_by=project{more}")
        assert {group["uid"]: group["amount"] for group in trend["groups"]} == {"u-1": 1000, "u-2": 10}
    explained = await get(api, "/api/organization/acme/explain?figure=current_month_total")
    assert {row["uid"]: row["amount"] for row in explained["rows"] if row["component"] == "cpu"} == {
        "u-1": 1000,
        "u-2": 10,
    }


async def test_a_project_that_moved_away_keeps_its_past_for_its_old_owner(november: Api, load: Load) -> None:
    """Also if it came back in between: it has one life."""
    await load("namespace,organization,uid\nacme-web,acme,u-1\n", now=datetime(2026, 9, 1, tzinfo=UTC))
    await load(USAGE_HEADER + usage("2026-10-01", 10) + usage("2026-11-01", 200), now=NOW)
    for owner, day in (("globex", "03"), ("acme", "05"), ("globex", "07")):
        await load(MOVE.format(owner, f"{day}T00:00:00Z"), now=NOW)
    statement = await get(november, f"/api/organization/acme/statement?{OWN}")
    trend = await get(november, f"/api/organization/acme/trend?{NOVEMBER}&{OWN}")
    overview = await get(november, "/api/project/acme-web/overview?organization=acme&period=2026-11")
    assert (statement["usage_total"], trend["total"]) == (96, 96)
    assert overview["billing_summary"]["current_month_total"] == 96
    before = await get(november, "/api/project/acme-web/overview?organization=acme&period=2026-10")
    assert before["billing_summary"]["current_month_total"] == 10
