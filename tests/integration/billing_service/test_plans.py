"""Plans: the platform's catalogue, subscriptions, fees by the hour, and what is invoiced."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.periods.close import close
from billing_service.plans.catalogue import CatalogueError, read_catalogue
from billing_service.plans.load import load_catalogue

from .conftest import USAGE_HEADER, Api, Load
from .ledger_kit import found
from .process import run

CATALOGUE = Path(__file__).with_name("plans.yaml")
HEADER = "organization,plan,valid_from,addons\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)

Catalogue = Callable[[], Awaitable[None]]


@pytest.fixture
async def catalogue(database_url: str) -> None:
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(CATALOGUE), now=NOVEMBER)


async def invoice(api: Api, period: str) -> dict[str, Any]:
    response = await api.get(f"/api/organization/acme/statement?period={period}")
    assert response.status_code == 200, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


@pytest.mark.usefixtures("catalogue")
async def test_a_plan_with_add_ons_costs_their_sum(api: Api, load: Load) -> None:
    """Scale Pool, 3 Turbo x1 and 2 Turbo x2 are 158 EUR. Usage has list prices and is not invoiced."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n")
    await load(f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,turbo-x1=3 turbo-x2=2\n")
    await load(f"{USAGE_HEADER}acme-web,2026-10-01T00:00:00Z,100,0,0,0,0\n")
    api.now = NOVEMBER
    found = await invoice(api, "2026-10")
    assert found["invoiced"] == {"fees": 158, "usage": 0, "adjustments": 0, "total": 158}
    assert (found["usage_total"], found["cost_basis"]) == (5, "list_price")
    assert sum(fee["amount"] for fee in found["fees"]) == 158
    overview = await api.overview("acme", "acme-web")
    assert overview["cost_basis"] == "list_price"
    assert (await invoice(api, "2026-08"))["cost_basis"] == "usage"


@pytest.mark.parametrize(
    ("zone", "month"),
    [("UTC", "2026-02"), ("UTC", "2026-01"), ("Europe/Berlin", "2026-03"), ("Europe/Berlin", "2026-10")],
)
@pytest.mark.usefixtures("catalogue")
async def test_every_month_is_exactly_the_price(api: Api, load: Load, zone: str, month: str) -> None:
    """28 and 31 days, and a day of 23 and of 25 hours. Two plans in one month share it by the hour."""
    await load(f"organization,currency,time_zone\nacme,EUR,{zone}\n")
    await load(f"{HEADER}acme,pro-pool,2025-01-01T00:00:00Z,\n")
    api.now = NOVEMBER
    [fee] = (await invoice(api, month))["fees"]
    assert fee["amount"] == 49
    await load(f"{HEADER}acme,pro-pool,{month}-11T05:00:00Z,turbo-x1=1\nacme,pro-pool,{month}-21T00:00:00Z,\n")
    fees = (await invoice(api, month))["fees"]
    assert sum(fee["amount"] for fee in fees if fee["id"] == "pro-pool") == 49
    [addon] = [fee for fee in fees if fee["id"] == "turbo-x1"]
    hours = {"2026-01": 744, "2026-02": 672, "2026-03": 743, "2026-10": 745}[month]
    assert addon["hours"] == 235
    assert abs(addon["amount"] - Decimal(9) * 235 / hours) < Decimal("0.000001")


@pytest.mark.usefixtures("catalogue")
async def test_a_month_with_and_without_a_plan_invoices_both(api: Api, load: Load) -> None:
    """Usage before the subscription is invoiced, usage under it is not."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n")
    await load(f"{HEADER}acme,dev-pool,2026-10-16T00:00:00Z,\n")
    await load(f"{USAGE_HEADER}acme-web,2026-10-15T23:00:00Z,100,0,0,0,0\nacme-web,2026-10-16T00:00:00Z,40,0,0,0,0\n")
    api.now = NOVEMBER
    found = await invoice(api, "2026-10")
    assert found["invoiced"]["usage"] == 5
    assert found["usage_total"] == 7
    assert found["invoiced"]["fees"] == Decimal("9.81")  # 384 of 744 hours of 19


@pytest.mark.usefixtures("catalogue")
async def test_the_fees_of_a_plan_in_another_currency_are_not_lost(api: Api, load: Load, database_url: str) -> None:
    """The organization changes its currency and keeps its plan. Its fees are in the sum of their currency, also of the
    closed month; a project-user does not get them."""
    await load(f"{HEADER}acme,dev-pool,2026-10-16T00:00:00Z,\n")
    await load("organization,currency,valid_from\nacme,USD,2026-10-20T00:00:00Z\n", now=NOVEMBER)
    api.now = NOVEMBER
    opened = await invoice(api, "2026-10")
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOVEMBER) == 1
    for shown in (opened, await invoice(api, "2026-10")):
        assert shown["invoiced"]["fees"] == 0
        [euro] = shown["other_currencies"]
        assert (euro["currency"], euro["fees_total"], euro["usage_total"]) == ("EUR", Decimal("9.81"), 0)
    own = (await api.get("/api/organization/acme/statement?period=2026-10&namespaces=acme-web")).text
    assert "fees" not in own


@pytest.mark.usefixtures("catalogue")
async def test_a_closed_month_keeps_its_fees(api: Api, load: Load, database_url: str) -> None:
    """Neither a subscription nor a plan price changes in it."""
    await load(f"{HEADER}acme,dev-pool,2026-09-01T00:00:00Z,\n")
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOVEMBER) == 2
        [entry] = [entry for entry in read_catalogue(CATALOGUE) if entry.id == "dev-pool"]
        changed = type(entry)(entry.kind, entry.id, entry.currency, Decimal("29.50"), entry.document)
        with pytest.raises(CatalogueError, match="acme had it in a month that is over"):
            await load_catalogue(connection, [changed], datetime(2026, 10, 5, tzinfo=UTC), NOVEMBER)
        await load_catalogue(connection, [changed], datetime(2026, 12, 1, tzinfo=UTC), NOVEMBER)
    with pytest.raises(BadFileError, match="month 2026-10 is closed"):
        await load(f"{HEADER}acme,pro-pool,2026-09-15T00:00:00Z,\n")
    api.now = datetime(2026, 12, 5, tzinfo=UTC)
    assert (await invoice(api, "2026-10"))["invoiced"]["fees"] == 19
    assert (await invoice(api, "2026-12"))["invoiced"]["fees"] == Decimal("29.50")


@pytest.mark.usefixtures("catalogue")
async def test_what_is_invoiced_in_the_earlier_currency_is_in_its_section(
    api: Api, load: Load, database_url: str
) -> None:
    """In euros, 5 days on a plan and 5 days by usage, then in dollars. A project-user gets the usage only."""
    later = NOVEMBER + timedelta(days=1)
    prices = "".join(f"cpu_core_hour,{currency},0.05,2025-01-01T00:00:00Z\n" for currency in ("EUR", "USD"))
    await load(f"resource,currency,unit_price,valid_from\n{prices}")
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    hours = "".join(f"acme-web,{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},10,0,0,0,0\n" for hour in range(480))
    await load(USAGE_HEADER + hours, now=later)
    await load(f"{HEADER}acme,dev-pool,2026-11-01T00:00:00Z,\nacme,none,2026-11-06T00:00:00Z,\n")
    await load("id,organization,amount,currency,reason\nc-1,acme,-1,EUR,credit\n", now=later)
    await load("organization,currency,valid_from\nacme,USD,2026-11-11T00:00:00Z\n", now=later)
    api.now = later
    stated = await invoice(api, "2026-11")
    [euro] = stated["other_currencies"]
    assert (euro["currency"], euro["usage_total"]) == ("EUR", 120)
    parts = {"fees": Decimal("3.17"), "usage": 60, "adjustments": -1}
    assert euro["invoiced"] == parts | {"total": Decimal("62.17")}
    assert stated["invoiced"] == {"fees": 0, "usage": 120, "adjustments": 0, "total": 120}
    async with connect(database_url) as connection:
        await close(connection, 3, datetime(2026, 12, 5, tzinfo=UTC))
    own = (await api.get("/api/organization/acme/statement?period=2026-11&namespaces=acme-web")).json()
    assert own["other_currencies"][0].keys().isdisjoint({"invoiced", "fees_total"})


@pytest.mark.usefixtures("catalogue")
async def test_the_list_of_months_has_what_their_statements_have(api: Api, load: Load, database_url: str) -> None:
    """From the first one on: closed, provisional and open ones, with and without a plan, and for own projects."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n")
    hours = ("acme-web,2026-08-09T00", "acme-web,2026-10-15T23", "acme-web,2026-10-16T00", "acme-data,2026-11-19T01")
    await load(USAGE_HEADER + "".join(f"{hour}:00:00Z,100.1,0,0,0,0\n" for hour in hours))
    async with connect(database_url) as connection:
        assert await close(connection, 3, datetime(2026, 10, 5, tzinfo=UTC)) == 2
    await load(f"{HEADER}acme,dev-pool,2026-10-16T00:00:00Z,\n")
    await load("id,organization,amount,currency,reason\nc-1,acme,-3.333,EUR,credit\n", now=NOVEMBER)
    api.now = NOVEMBER
    months = (await api.get("/api/organization/acme/statements")).text
    listed = simplejson.loads(months, use_decimal=True)["months"]
    assert [(month["period"], month["state"]) for month in listed] == [
        ("2026-11", "open"),
        ("2026-10", "provisional"),
        ("2026-09", "closed"),
        ("2026-08", "closed"),
    ]
    for month in listed:
        stated = await invoice(api, month["period"])
        assert month["invoiced_total"] == stated["invoiced"]["total"]
        for name in ("usage_total", "currency", "currency_digits", "cost_basis", "unrated_lines"):
            assert month[name] == stated[name], name
        assert month["state"] == stated["period_state"]
    assert stated["adjustments_total"] == 0
    assert (await invoice(api, "2026-11"))["adjustments_total"] == Decimal("-3.33")
    own = (await api.get("/api/organization/acme/statements?namespaces=acme-data")).json()
    assert [(month["period"], month["usage_total"]) for month in own["months"]] == [("2026-11", 5.01)]
    assert "invoiced_total" not in own["months"][0]
    assert (own["namespaces"], (await api.get("/api/organization/nobody/statements")).status_code) == (
        ["acme-data"],
        404,
    )


LINES = "namespace,hour,sku,workload,quantity\n"
CPU = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"


@pytest.fixture
async def october_half_on_a_plan(api: Api, load: Load, database_url: str, catalogue: None) -> None:  # noqa: ARG001
    """From 16 October on a plan. 100 core hours before it, and 100 under it; one more line waits above the bound."""
    await load(CPU)
    await load(f"{HEADER}acme,dev-pool,2026-10-16T00:00:00Z,\n")
    usage = "acme-web,2026-10-15T10:00:00Z,cpu_core_hour,-,100\nacme-web,2026-10-16T10:00:00Z,cpu_core_hour,-,100\n"
    await load(f"{LINES}{usage}acme-web,2026-10-17T10:00:00Z,cpu_core_hour,-,2000000\n", now=NOVEMBER)
    async with connect(database_url) as connection:
        assert await close(connection, 3, NOVEMBER) == 1
    api.now = NOVEMBER
    assert (await invoice(api, "2026-10"))["invoiced"]["usage"] == 5


LATE = {
    "changed": f"{LINES}acme-web,2026-10-16T10:00:00Z,cpu_core_hour,-,300\n",
    "less": f"{LINES}acme-web,2026-10-16T10:00:00Z,cpu_core_hour,-,0\n",
    "late": f"{LINES}acme-web,2026-10-20T10:00:00Z,cpu_core_hour,-,100\n",
}


@pytest.mark.usefixtures("october_half_on_a_plan")
@pytest.mark.parametrize(("late", "amount"), [("changed", 10), ("less", -5), ("late", 5), ("accepted", 100_000)])
async def test_a_correction_of_an_hour_with_a_plan_is_shown_and_not_invoiced(
    api: Api, load: Load, database_url: str, late: str, amount: int
) -> None:
    """As usage of the running month in such an hour. The statement, the list of months and the closed month agree."""
    if late == "accepted":
        line = ("acme-web", "2026-10-17T10:00:00Z", "cpu_core_hour")
        assert run(database_url, "accept", *line, "--by", "me", "--reason", "agreed").returncode == 0
        async with connect(database_url) as connection:
            await connection.execute("UPDATE adjustments SET period = '2026-11-01'")  # the command has today's month
    else:
        await load(LATE[late], now=NOVEMBER)
    await load("id,organization,amount,currency,reason\nc-1,acme,-2.00,EUR,credit\n", now=NOVEMBER)
    found = await invoice(api, "2026-11")
    assert found["adjustments_total"] == amount - 2
    assert {one["amount"]: one["invoiced"] for one in found["adjustments"]} == {amount: False, -2: True}
    assert found["invoiced"] == {"fees": 19, "usage": 0, "adjustments": -2, "total": 17}
    listed = simplejson.loads((await api.get("/api/organization/acme/statements")).text, use_decimal=True)
    assert listed["months"][0]["invoiced_total"] == 17
    assert (await api.overview("acme", "acme-web"))["adjustments"] == amount
    explained = (await api.get("/api/project/acme-web/explain?organization=acme&figure=current_month_total")).json()
    assert [(one["amount"], one["invoiced"]) for one in explained["adjustments"]] == [(amount, False)]
    api.now = datetime(2026, 12, 20, tzinfo=UTC)
    async with connect(database_url) as connection:
        assert await close(connection, 3, api.now) == 1
    assert (await invoice(api, "2026-11"))["invoiced"] == found["invoiced"]


@pytest.mark.usefixtures("catalogue")
async def test_a_month_with_a_plan_in_a_part_of_it_is_at_list_prices(api: Api, load: Load) -> None:
    """Not all of it is invoiced, although there is no plan at its end. A range after the plan is invoiced."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n")
    await load(f"{HEADER}acme,dev-pool,2026-11-01T00:00:00Z,\n")
    await load(f"{HEADER}acme,none,2026-11-06T00:00:00Z,\n")
    await load(f"{USAGE_HEADER}acme-web,2026-11-03T00:00:00Z,100,0,0,0,0\nacme-web,2026-11-08T00:00:00Z,40,0,0,0,0\n")
    api.now = NOVEMBER
    for path in (
        "/api/project/acme-web/overview?organization=acme",
        "/api/organization/acme/projects",
        "/api/organization/acme/statement?period=2026-11",
        "/api/organization/acme/trend?from=2026-11-01&to=2026-11-15",
        "/api/project/acme-web/trend?organization=acme&from=2026-11-05&to=2026-11-15",
    ):
        assert (await api.get(path)).json()["cost_basis"] == "list_price", path
    months = (await api.get("/api/organization/acme/statements")).json()["months"]
    assert [month["cost_basis"] for month in months if month["period"] == "2026-11"] == ["list_price"]
    after = await api.get("/api/organization/acme/trend?from=2026-11-06&to=2026-11-15")
    assert after.json()["cost_basis"] == "usage"


@pytest.mark.usefixtures("october_half_on_a_plan")
async def test_a_correction_of_an_hour_without_a_plan_is_invoiced_also_while_there_is_one(api: Api, load: Load) -> None:
    """What counts is the hour of the usage, not the month of the adjustment. A project-user gets the same lines."""
    await load(f"{LINES}acme-web,2026-10-15T10:00:00Z,cpu_core_hour,-,140\n", now=NOVEMBER)
    found = await invoice(api, "2026-11")
    assert found["invoiced"] == {"fees": 19, "usage": 0, "adjustments": 2, "total": 21}
    own = (await api.get("/api/organization/acme/statement?namespaces=acme-web")).json()
    assert [one["invoiced"] for one in own["adjustments"]] == [True]
    await load(f"{HEADER}acme,none,2026-11-01T00:00:00Z,\n")
    await load(LATE["late"], now=NOVEMBER)
    found = await invoice(api, "2026-11")
    assert (found["cost_basis"], found["adjustments_total"]) == ("usage", 7)
    assert found["invoiced"] == {"fees": 0, "usage": 0, "adjustments": 2, "total": 2}


@pytest.mark.usefixtures("catalogue", "registry")
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("acme,mega-pool,2026-09-01T00:00:00Z,", "plan: 'mega-pool' is not in the catalogue"),
        ("acme,dev-pool,2026-09-01T00:00:00Z,turbo-x9=1", "addon: 'turbo-x9' is not in the catalogue"),
        ("acme,dev-pool,2026-09-01T00:00:00Z,turbo-x1", "addons: 'turbo-x1' must be add-ons with their numbers"),
        ("globex,dev-pool,2026-09-01T00:00:00Z,", "costs EUR, and the organization is billed in USD"),
        ("nobody,dev-pool,2026-09-01T00:00:00Z,", "is not registered"),
    ],
)
async def test_a_wrong_subscription_is_refused(load: Load, line: str, reason: str) -> None:
    """The message names what the catalogue lacks."""
    with pytest.raises(BadFileError, match=reason):
        await load(f"{HEADER}{line}\n")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("price: 19", "price: nineteen", "plans.dev-pool: price 'nineteen' must be a number"),
        ("price: 19", "price: 1:30", "plans.dev-pool: price '1:30' must be a number"),
        ("price: 19", "price: 010", "plans.dev-pool: price '010' must be a number"),
        ("price: 19", "price: 0x13", "plans.dev-pool: price '0x13' must be a number"),
        ("price: 19", "price: 19, price: 29", "the key 'price' is there twice"),
        ("plans:\n", "plans:\n  dev-pool: {price: 1, currency: EUR}\n", "the key 'dev-pool' is there twice"),
        ("currency: EUR", "currency: [EUR]", "plans.dev-pool: currency .* is not an active currency"),
        ("addons:\n", "addons: [turbo]\nothers:\n", "addons: must be a mapping with a name for each entry"),
        ("plans:\n", "plans:\n  no: {price: 1, currency: EUR}\n", "plans.False: the name must be text"),
        ("plans:\n", "since: 2026-02-30\nplans:\n", "is not YAML with plans"),
        ("price: 19", "price: -1", "plans.dev-pool: price -1 must be from 0"),
        ("price: 19", "price: .nan", "plans.dev-pool: price"),
        ("price: 16, currency: EUR", "price: 16, currency: EUX", "addons.turbo-x2: currency 'EUX'"),
        ("plans:", "tariffs:", "must have the member plans"),
        ("plans:", "plans: [", "is not YAML"),
    ],
)
def test_a_wrong_catalogue_names_the_entry(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """Nothing of it is stored."""
    path = tmp_path / "plans.yaml"
    path.write_text(CATALOGUE.read_text().replace(old, new, 1))
    with pytest.raises(CatalogueError, match=reason):
        read_catalogue(path)


def test_a_price_with_a_point_is_exact(tmp_path: Path) -> None:
    """19.99 is 19.99, and no binary float. The ConfigMap is read as well as its document."""
    text = CATALOGUE.read_text().replace("price: 19", "price: 19.99")
    path = tmp_path / "plans.yaml"
    path.write_text(
        "kind: ConfigMap\ndata:\n  plans.yaml: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
    )
    assert read_catalogue(path)[0].monthly_price == Decimal("19.99")


async def test_plans_is_a_command(database_url: str) -> None:
    """It can be repeated. Members that are not used are kept."""
    for _ in range(2):
        done = run(database_url, "plans", str(CATALOGUE))
        assert (done.returncode, done.stdout) == (0, "plans: 5 plans and add-ons\n"), done.stderr
    async with connect(database_url) as connection:
        kept = await found(connection, "SELECT document->>'burstRatio' FROM plan_prices WHERE id = 'dev-pool'")
        assert kept == [("1.0",)]
