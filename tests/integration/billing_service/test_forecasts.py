"""The forecast of a project and of an organization: prices, days, scopes, and what the worker has computed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from billing_service.forecasts.work import refresh
from billing_service.plans.catalogue import read_catalogue
from billing_service.plans.load import load_catalogue

from .conftest import Api, Load
from .test_plans import CATALOGUE

PRICES = "resource,currency,unit_price,valid_from\n"
FIVE_CENTS = f"{PRICES}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
LINES = "namespace,hour,sku,workload,quantity\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOURS_LEFT = 252  # until December


def usage(
    until: datetime, hours: int, quantity: str = "1", namespace: str = "acme-web", sku: str = "cpu_core_hour"
) -> str:
    first = until - timedelta(hours=hours)
    return "".join(
        f"{namespace},{first + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{sku},-,{quantity}\n" for hour in range(hours)
    )


async def get(api: Api, path: str, status: int = 200) -> dict[str, Any]:
    response = await api.get(path)
    assert response.status_code == status, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


async def project(api: Api, query: str = "", namespace: str = "acme-web", status: int = 200) -> dict[str, Any]:
    return await get(api, f"/api/project/{namespace}/forecast?organization=acme{query}", status)


async def organization(api: Api, query: str = "", status: int = 200) -> dict[str, Any]:
    return await get(api, f"/api/organization/acme/forecast{query}", status)


@pytest.fixture
async def november(api: Api) -> Api:
    api.now = NOVEMBER
    return api


async def test_a_price_that_ends_with_the_newest_hour_is_the_one_of_the_past(november: Api, load: Load) -> None:
    """The new price begins at `as_of`. Usage of another SKU, which ended weeks ago, does not stand for the project."""
    await load(
        f"{FIVE_CENTS}cpu_core_hour,EUR,0.10,2026-11-20T12:00:00Z\nmemory_gib_hour,EUR,0.01,2025-01-01T00:00:00Z\n"
    )
    old = usage(NOVEMBER - timedelta(days=40), 24 * 5, "1", sku="memory_gib_hour")
    await load(LINES + usage(NOVEMBER, 24 * 60) + old)
    made = await project(november)
    assert (made["method"], made["remaining"]["p50"]) == ("weighted_models", Decimal("25.20"))


async def test_a_steady_project_goes_on(november: Api, load: Load) -> None:
    """An hour costs 0.05: the remaining hours of the month are added to what the overview has."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 60))
    made = await project(november)
    overview = await november.overview("acme", "acme-web")
    assert made["spent"] == Decimal(str(overview["billing_summary"]["current_month_total"])) == Decimal("23.40")
    assert made["remaining"]["p50"] == Decimal("12.60")
    assert made["total"] == {name: made["spent"] + amount for name, amount in made["remaining"].items()}
    assert sum(day["p50"] for day in made["days"]) == made["remaining"]["p50"]
    assert [day["date"] for day in made["days"]] == [f"2026-11-{day}" for day in range(20, 31)]
    assert (made["days"][0]["p50"], made["days"][1]["p50"]) == (Decimal("0.60"), Decimal("1.20"))
    assert (made["method"], made["quality"], made["period_state"]) == ("weighted_models", "ok", "open")
    assert made["backtest"]["origins"] >= 4
    assert made["until"] == "2026-12-01T00:00:00.000Z"


async def test_a_higher_level_is_wider_and_a_longer_horizon_costs_more(november: Api, load: Load) -> None:
    """95 % contains 80 %. 30 days begin with today."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 60))
    narrow, wide = await project(november), await project(november, "&level=95")
    assert (
        wide["remaining"]["low"] < narrow["remaining"]["low"] < narrow["remaining"]["high"] < wide["remaining"]["high"]
    )
    month, quarter = await project(november, "&horizon=30d"), await project(november, "&horizon=90d")
    assert (len(month["days"]), len(quarter["days"])) == (30, 90)
    assert month["remaining"]["p50"] == Decimal("35.40")  # 29.5 days
    assert quarter["until"] == "2027-02-18T00:00:00.000Z"


async def test_an_announced_price_is_in_the_forecast(november: Api, load: Load) -> None:
    """From the 25th on, each hour costs twice as much; half of the 26th, three times."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 60))
    before = await november.get("/api/project/acme-web/forecast?organization=acme")
    await load(f"{PRICES}cpu_core_hour,EUR,0.10,2026-11-25T00:00:00Z\n")
    after = await november.get(
        "/api/project/acme-web/forecast?organization=acme", **{"If-None-Match": before.headers["etag"]}
    )
    assert after.status_code == 200
    assert (await project(november))["remaining"]["p50"] == Decimal("0.05") * 108 + Decimal("0.10") * 144
    await load(f"{PRICES}cpu_core_hour,EUR,0.15,2026-11-26T12:00:00Z\n")
    days = {day["date"]: day["p50"] for day in (await project(november))["days"]}
    assert days["2026-11-26"] == Decimal("3.00")


async def test_a_price_that_ends_is_no_price_of_zero(november: Api, load: Load) -> None:
    """A day of the forecast without a price is a 409 that names SKU and month, in both scopes."""
    await load(
        "resource,currency,unit_price,valid_from,valid_until\n"
        "cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,2026-11-28T00:00:00Z\n"
    )
    await load(LINES + usage(NOVEMBER, 24 * 30))
    for path in ("/api/project/acme-web/forecast?organization=acme", "/api/organization/acme/forecast"):
        assert {"code": "price_missing", "sku": "cpu_core_hour", "month": "2026-11"}.items() <= (
            await get(november, path, 409)
        ).items()


async def test_a_project_that_began_yesterday_has_its_run_rate(november: Api, load: Load) -> None:
    """It began at 18:00, so the first day is scaled by its six hours. The quality is `short_history`."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 18))
    made = await project(november)
    assert made["remaining"]["p50"] == Decimal("0.05") * HOURS_LEFT
    assert (made["quality"], made["method"], made["backtest"]["origins"]) == ("short_history", "run_rate", 0)
    assert made["backtest"]["error"] is None


async def test_a_project_that_began_today_has_its_run_rate(november: Api, load: Load) -> None:
    """Four hours are enough for it."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 4))
    assert (await project(november))["remaining"]["p50"] == Decimal("0.05") * HOURS_LEFT


async def test_no_usage_ever_is_null(november: Api, load: Load) -> None:
    """Null and `none`, never 0: of a project, and of an organization without usage."""
    await load(FIVE_CENTS)
    assert (await organization(november))["remaining"] == {"p50": None, "low": None, "high": None}
    await load(LINES + usage(NOVEMBER, 24, namespace="acme-data"))
    made = await project(november)
    assert (made["spent"], made["total"]["p50"], made["days"], made["method"]) == (None, None, [], "none")
    assert made["as_of"] is None
    assert (await organization(november))["remaining"]["p50"] == Decimal("12.60")


async def test_a_project_ends_when_it_is_deleted(november: Api, load: Load) -> None:
    """A dated end: 0 from then on, in the organization's forecast too. After the end, the cost so far."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 60) + usage(NOVEMBER, 24 * 60, namespace="acme-data"))
    await load("namespace,organization,valid_until\nacme-web,acme,2026-11-22T12:00:00Z\n")
    made = await project(november)
    assert made["remaining"]["p50"] == Decimal("0.05") * 48
    assert {day["p50"] for day in made["days"] if day["date"] > "2026-11-22"} == {0}
    whole = await organization(november)
    assert whole["remaining"]["p50"] == Decimal("0.05") * (HOURS_LEFT + 48)
    november.now = datetime(2026, 11, 23, tzinfo=UTC)
    await load(LINES + usage(november.now, 60, namespace="acme-data"))
    ended = await project(november)
    assert (ended["method"], ended["remaining"]) == ("ended", {"p50": 0, "low": 0, "high": 0})
    assert ended["spent"] == Decimal("23.40")
    assert (await organization(november))["remaining"]["p50"] == Decimal("0.05") * 8 * 24


async def test_the_organization_is_the_sum_of_its_projects(november: Api, load: Load) -> None:
    """With `namespaces`, of these only; another organization's project adds nothing."""
    await load(FIVE_CENTS + "cpu_core_hour,USD,7.00,2025-01-01T00:00:00Z\n")
    await load(
        LINES
        + usage(NOVEMBER, 24 * 40)
        + usage(NOVEMBER, 24 * 40, "2", "acme-data")
        + usage(NOVEMBER, 24 * 40, "9", "globex-shop")
    )
    whole, own = await organization(november), await organization(november, "?namespaces=acme-data,globex-shop")
    assert whole["remaining"]["p50"] == Decimal("0.15") * HOURS_LEFT
    assert own["remaining"]["p50"] == Decimal("0.10") * HOURS_LEFT
    assert (own["namespaces"], own["spent"]) == (["acme-data", "globex-shop"], Decimal("46.80"))
    assert "fees" not in own
    assert whole["fees"] is None
    assert (await project(november, namespace="globex-shop", status=404))["code"] == "project_not_found"


async def test_days_of_25_hours_cost_more(api: Api, load: Load) -> None:
    """In Berlin, October 2026 has 745 hours: each of them is in the forecast once."""
    api.now = datetime(2026, 10, 19, 22, tzinfo=UTC)  # midnight in Berlin
    await load("organization,currency,time_zone\nacme,EUR,Europe/Berlin\n")
    await load(f"{PRICES}cpu_core_hour,EUR,1,2025-01-01T00:00:00Z\n")
    await load(LINES + usage(api.now, 24 * 40))
    made = await project(api)
    assert made["remaining"]["p50"] == 12 * 24 + 1
    assert {day["date"]: day["p50"] for day in made["days"]}["2026-10-25"] == 25


async def test_hours_that_nobody_measured_are_no_usage_of_zero(november: Api, load: Load) -> None:
    """An outage of the meter of 8 hours, and one of 20 hours: the forecast stays."""
    await load(FIVE_CENTS)
    lines = usage(NOVEMBER, 24 * 40).splitlines(keepends=True)
    kept = [line for at, line in enumerate(lines) if not 900 <= at < 908 and not 840 <= at < 860]
    await load(LINES + "".join(kept))
    made = await project(november)
    assert made["remaining"]["p50"] == Decimal("12.60")
    assert made["quality"] == "ok"


async def test_steps_count_the_month_of_the_organization(november: Api, load: Load) -> None:
    """The first 500 units of a month are included, in December again. After them each costs 0.05."""
    await load(f"{PRICES[:-1]},included\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,500\n")
    await load(LINES + usage(NOVEMBER, 24 * 40))
    made = await project(november)
    assert (made["spent"], made["remaining"]["p50"]) == (0, Decimal("0.05") * (468 + HOURS_LEFT - 500))
    longer = await project(november, "&horizon=30d")
    assert longer["remaining"]["p50"] == made["remaining"]["p50"]


async def test_a_price_by_the_month_is_spread_over_its_hours(november: Api, load: Load) -> None:
    """3 EUR for an address and month: the rest of November is its share, and December has 744 hours."""
    await load(f"{PRICES[:-1]},per\npublic_ip_hour,EUR,3.00,2025-01-01T00:00:00Z,month\n")
    await load(LINES + usage(NOVEMBER, 24 * 40, sku="public_ip_hour"))
    assert (await project(november))["total"]["p50"] == Decimal("3.00")
    days = (await project(november, "&horizon=30d"))["days"]
    assert sum(day["p50"] for day in days if day["date"] >= "2026-12") == pytest.approx(
        Decimal("3.00") * 19 / 31, abs=Decimal("0.02")
    )


async def test_one_off_lines_are_not_carried_forward(november: Api, load: Load) -> None:
    """A credit changes nothing."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 40))
    before = await organization(november)
    await load("id,organization,amount,currency,reason\ncredit-1,acme,-5.00,EUR,outage\n")
    after = await organization(november)
    assert (after["total"], after["spent"]) == (before["total"], before["spent"])


async def test_a_plan_change_is_in_the_fees(november: Api, load: Load, database_url: str) -> None:
    """Fees are apart from usage. A plan that begins later costs its hours of the month."""
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(CATALOGUE), now=NOVEMBER)
    await load(FIVE_CENTS)
    await load(
        "organization,plan,valid_from,addons\nacme,pro-pool,2026-11-01T00:00:00Z,\n"
        "acme,scale-pool,2026-11-26T00:00:00Z,\n"
    )
    await load(LINES + usage(NOVEMBER, 24 * 40))
    made = await organization(november)
    statement = await get(november, "/api/organization/acme/statement")
    assert made["fees"]["total"] == made["fees"]["spent"] + made["fees"]["remaining"] == statement["invoiced"]["fees"]
    assert made["fees"]["spent"] == Decimal("31.85")  # 468 of 720 hours of 49
    assert (made["cost_basis"], made["remaining"]["p50"]) == ("list_price", Decimal("12.60"))


async def test_the_worker_computes_what_a_request_would(november: Api, load: Load, database_url: str) -> None:
    """The stored forecast has the same bytes, is used while nothing has changed, and not after an import or a price."""
    await load(FIVE_CENTS)
    await load(LINES + usage(NOVEMBER, 24 * 40) + usage(NOVEMBER, 24 * 40, "2", "acme-data"))
    paths = ["/api/project/acme-web/forecast?organization=acme&level=95", "/api/organization/acme/forecast?horizon=90d"]
    computed = [(await november.get(path)).text for path in paths]
    async with connect(database_url) as connection:
        assert await refresh(connection, NOVEMBER) == 1
        assert await refresh(connection, NOVEMBER) == 0
        assert [(await november.get(path)).text for path in paths] == computed
        await connection.execute("UPDATE forecasts SET body = '{\"stored\": true}'")
        assert [(await november.get(path)).text for path in paths] == ['{"stored": true}'] * 2
        await load(f"{PRICES}cpu_core_hour,EUR,0.10,2026-11-30T00:00:00Z\n")
        assert (await project(november, "&level=95"))["remaining"]["p50"] == Decimal("13.80")
        assert await refresh(connection, NOVEMBER) == 1
        november.now = datetime(2026, 12, 1, tzinfo=UTC)
        assert await refresh(connection, november.now) == 1
    assert (await project(november))["period"] == "2026-12"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("&horizon=1y", "horizon"),
        ("&level=99", "level"),
        ("&period=2026-10", "period"),
        ("&level=80&level=80", "level"),
    ],
)
async def test_bad_input_is_a_400(november: Api, query: str, name: str) -> None:
    """A closed month cannot be forecast: there is no parameter for it."""
    refused = await project(november, query, status=400)
    assert refused["parameter"] == name
