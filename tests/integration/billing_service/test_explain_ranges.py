"""What a figure of an organization, and a range of time, is made of: rows with prices that add up to the last digit."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from billing_service.explanations import organization, project_range

from .conftest import Api, Load
from .requests import PROJECTS, assert_error

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINES = "namespace,hour,sku,workload,quantity\n"
PRICES = (
    "resource,currency,unit_price,valid_from\n"
    "cpu_core_hour,EUR,0.0325,2025-01-01T00:00:00Z\ncpu_core_hour,EUR,0.0298,2026-11-10T07:00:00Z\n"
    "memory_gib_hour,EUR,0.0046,2025-01-01T00:00:00Z\n"
)
EXPLAIN = "/api/organization/acme/explain"
OWN = "namespaces=acme-web"
OF_PROJECT = "/api/project/acme-web/explain?organization=acme"


def usage(namespace: str, days: tuple[int, ...], quantity: str, month: int = 11) -> str:
    return "".join(
        f"{namespace},2026-{month}-{day:02}T{hour:02}:00:00Z,{sku},{workload},{quantity}{hour}\n"
        for day in days
        for hour in range(24)
        for sku in ("cpu_core_hour", "memory_gib_hour")
        for workload in ("Deployment/api", "VirtualMachine/db-0")
    )


async def read(api: Api, path: str) -> dict[str, Any]:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


async def explained(api: Api, path: str) -> dict[str, Any]:
    """Quantity times unit price is the amount of each row; the amounts and the rounding are the figure."""
    found = await read(api, path)
    for row in found["rows"]:
        assert row["quantity"] * row["price"]["unit_price"] == row["amount"], row
    rest = found["rest"]["amount"] if found["rest"] else 0
    assert sum(row["amount"] for row in found["rows"]) + rest == found["exact"]
    assert found["exact"] + found["rounding"] == found["value"]
    return found


@pytest.fixture
async def metered(api: Api, load: Load) -> Api:
    """Two months, in which the price of a SKU changes at 7 o'clock of a day."""
    await load(PRICES)
    await load(LINES + usage("acme-web", (9, 10, 11), "1.2") + usage("acme-data", (10, 19), "0.37"))
    await load(LINES + usage("acme-web", (30,), "2.5", month=10) + usage("globex-shop", (10,), "9"))
    api.now = NOW
    return api


async def test_the_rows_of_an_organization_are_its_figure(metered: Api) -> None:
    """To the last digit, as the list of projects has it: the month, the last day, and the last hour."""
    total = (await read(metered, PROJECTS))["total"]
    for figure in ("current_month_total", "last_day_spend", "total_cost_per_hour"):
        found = await explained(metered, f"{EXPLAIN}?figure={figure}")
        assert found["value"] == total[figure] > 0
        assert (found["figure"], found["period"], found["namespaces"]) == (figure, "2026-11", None)
        assert {row["namespace"] for row in found["rows"]} <= {"acme-web", "acme-data"}


async def test_a_row_has_what_its_lines_have(metered: Api, database_url: str) -> None:
    """By project, SKU and price; the day in which the price changes is cut at that hour."""
    found = await explained(metered, f"{EXPLAIN}?figure=current_month_total")
    rows = {(row["namespace"], row["sku"], row["price"]["id"]): row["amount"] for row in found["rows"]}
    lines: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
    async with connect(database_url) as connection:
        cursor = await connection.execute(
            "SELECT l.namespace, k.code, l.price, l.amount FROM usage_lines AS l JOIN skus AS k ON k.id = l.sku"
            " WHERE l.organization = 'acme' AND l.hour >= '2026-11-01Z'"
        )
        for line in await cursor.fetchall():
            lines[line["namespace"], line["code"], line["price"]] += line["amount"]
    assert rows == dict(lines)
    assert len(rows) == 6
    changed = [row["price"] for row in found["rows"] if row["namespace"] == "acme-web" and row["component"] == "cpu"]
    assert {(price["unit_price"], price["valid_from"], price["valid_until"]) for price in changed} == {
        (Decimal("0.0325"), "2025-01-01T00:00:00.000Z", "2026-11-10T07:00:00.000Z"),
        (Decimal("0.0298"), "2026-11-10T07:00:00.000Z", None),
    }


async def test_own_projects_only(metered: Api) -> None:
    """With `namespaces` neither rows nor the figure have another project's usage, whatever the filter names."""
    found = await explained(metered, f"{EXPLAIN}?figure=current_month_total&{OWN}")
    assert ({row["namespace"] for row in found["rows"]}, found["namespaces"]) == ({"acme-web"}, ["acme-web"])
    own = await read(metered, "/api/project/acme-web/overview?organization=acme")
    assert found["value"] == own["billing_summary"]["current_month_total"]
    days = "from=2026-11-01&to=2026-12-01"
    foreign = await read(metered, f"{EXPLAIN}?{days}&{OWN}&include=project:acme-data,project:globex-shop")
    assert (foreign["rows"], foreign["exact"]) == ([], 0)


RANGES = (
    "from=2026-10-01&to=2026-12-01",
    "from=2026-11-10&to=2026-11-11",
    "from=2026-11-10T05:00:00Z&to=2026-11-10T09:00:00Z",
    "from=2026-10-30T05:00:00Z&to=2026-11-10T09:00:00Z&include=component:cpu",
    "from=2026-11-01&to=2026-12-01&exclude=sku:cpu_core_hour",
    "from=2026-11-01&to=2026-12-01&include=workload:Deployment/api",
)


@pytest.mark.parametrize("path", [EXPLAIN + "?", f"{EXPLAIN}?{OWN}&", OF_PROJECT + "&"])
async def test_a_range_is_explained_as_the_trend_has_it(metered: Api, path: str) -> None:
    """For organization, own projects and project: days, hours and two months, each with its filter."""
    for query in RANGES:
        found = await explained(metered, path + query)
        trend = await read(metered, path.replace("/explain", "/trend") + query + "&granularity=month")
        assert (found["value"], found["from"], found["to"]) == (trend["total"], trend["from"], trend["to"]), query
        assert (found["figure"], found["period"]) == (None, None)
        assert (found["include"], found["exclude"]) == (trend["include"], trend["exclude"])
        assert found["complete_through"] == trend["complete_through"]


async def test_what_is_not_known_is_not_0(metered: Api) -> None:
    """A range without an hour in the ledger has no value."""
    for path in (EXPLAIN + "?", OF_PROJECT + "&"):
        found = await read(metered, path + "from=2024-11-01&to=2024-12-01")
        assert (found["value"], found["rounding"], found["rows"], found["exact"]) == (None, None, [], 0)


async def test_the_months_of_a_range_share_a_row_of_a_price(metered: Api) -> None:
    """The hours of both months are in it."""
    found = await explained(metered, OF_PROJECT + "&from=2026-10-01&to=2026-12-01&include=sku:memory_gib_hour")
    assert sorted((row["workload"], row["hours"]) for row in found["rows"]) == [
        ("Deployment/api", 96),
        ("VirtualMachine/db-0", 96),
    ]


async def test_more_rows_are_summed(metered: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is one line with its number of rows: the smallest."""
    monkeypatch.setattr(organization, "MOST_ROWS", 4)
    monkeypatch.setattr(project_range, "MOST_ROWS", 1)
    found = await explained(metered, f"{EXPLAIN}?figure=current_month_total")
    assert (len(found["rows"]), found["rest"]["rows"]) == (4, 2)
    assert min(row["amount"] for row in found["rows"]) * 2 >= found["rest"]["amount"]
    ranged = await explained(metered, OF_PROJECT + "&from=2026-11-01&to=2026-12-01")
    assert (len(ranged["rows"]), ranged["rest"]["rows"]) == (1, 5)


async def test_usage_without_a_price_is_counted(metered: Api, load: Load) -> None:
    """Its row has no amount: it is not in the figure. The figure of a project is refused."""
    await load(f"{LINES}acme-data,2026-11-19T00:00:00Z,public_ip_hour,-,3\n")
    found = await read(metered, f"{EXPLAIN}?figure=current_month_total")
    [row] = [row for row in found["rows"] if row["sku"] == "public_ip_hour"]
    assert (row["amount"], row["price"], row["quantity"], found["unrated_lines"]) == (None, None, 3, 1)
    path = "/api/project/acme-data/explain?organization=acme&from=2026-11-01&to=2026-12-01"
    assert_error(await metered.get(path), 409, "price_missing")


async def test_prices_by_the_month_and_by_steps_are_named(metered: Api, load: Load) -> None:
    """The price of a month as it is in the list; steps have no one price."""
    await load("resource,currency,unit_price,valid_from,per\npublic_ip_hour,EUR,3.65,2026-01-01T00:00:00Z,month\n")
    steps = (
        "resource,currency,unit_price,valid_from,included,tiers\nnetwork_gib,EUR,0.05,2026-01-01T00:00:00Z,0,500=0.04\n"
    )
    await load(steps)
    hour = "acme-web,2026-11-09T00:00:00Z"
    await load(f"{LINES}{hour},public_ip_hour,-,1\n{hour},network_gib,-,1\n")
    found = await read(metered, f"{EXPLAIN}?figure=current_month_total")
    prices = {row["sku"]: (row["price"]["rating"], row["price"]["unit_price"]) for row in found["rows"]}
    assert prices["public_ip_hour"] == ("month", Decimal("3.65"))
    assert prices["network_gib"] == ("steps", None)
    assert sum(row["amount"] for row in found["rows"]) == found["exact"]


WRONG = (
    ("", "figure"),
    ("?figure=cpu", "figure"),
    ("?figure=last_day_spend&period=2026-10", "figure"),
    ("?figure=current_month_total&from=2026-11-01&to=2026-11-02", "figure"),
    ("?period=2026-10&from=2026-11-01&to=2026-11-02", "period"),
    ("?from=2026-11-01", "to"),
    ("?include=component:cpu", "from"),
    ("?from=2026-11-01&to=2026-11-01", "to"),
    ("?from=2025-01-01&to=2026-11-01", "to"),
    ("?from=2026-11-01&to=2026-11-02&include=team:x", "include"),
)


async def test_a_wrong_parameter_is_named(metered: Api) -> None:
    """400, before anything is read where that is possible."""
    for query, parameter in WRONG:
        body = assert_error(await metered.get(EXPLAIN + query), 400, "bad_request")
        assert body["parameter"] == parameter, (query, body)


async def test_a_range_with_too_much_to_read_is_refused(metered: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lines of a project, or many changes of prices: the message has the limit."""
    days = "from=2026-11-01&to=2026-12-01"
    monkeypatch.setattr(organization, "MOST_CHANGES", 0)
    assert "changes of prices" in assert_error(await metered.get(f"{EXPLAIN}?{days}"), 400, "bad_request")["message"]
    monkeypatch.setattr(project_range, "MOST_LINES", 200)
    assert "at most 200" in assert_error(await metered.get(f"{OF_PROJECT}&{days}"), 400, "bad_request")["message"]
    label = assert_error(await metered.get(f"{OF_PROJECT}&{days}&exclude=label:team=web"), 400, "bad_request")
    assert label["parameter"] == "exclude"


async def test_an_unknown_owner_is_404(metered: Api) -> None:
    """The organization, a foreign project, and a month that has not begun."""
    unknown = await metered.get("/api/organization/nobody/explain?figure=current_month_total")
    assert_error(unknown, 404, "organization_not_found")
    foreign = await metered.get("/api/project/globex-shop/explain?organization=acme&from=2026-11-01&to=2026-11-02")
    assert_error(foreign, 404, "project_not_found")
    future = await metered.get(f"{EXPLAIN}?figure=current_month_total&period=2027-01")
    assert_error(future, 404, "period_not_found")
