"""The rows of a figure: exact, and they add up."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from common.money.strict_json import parse_json
from tests.functions.explain.replies import explanation, organization_explanation, project_row
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, user

ORGANIZATION = "/api/billing/organization/explain"
DAYS = "?from=2025-10-01&to=2025-10-03"
RANGE: dict[str, Any] = {"figure": None, "period": None, "from": "2025-10-01T00:00:00Z", "to": "2025-10-03T00:00:00Z"}
PATH = "/api/billing/project/acme-web/explain"
OWNER = {"organization": "acme", "namespace": "acme-web", "as_of": "2025-10-01T15:00:00Z"}


async def explained(query: str = "", text: str = "", **changes: Any) -> httpx.Response:
    content = text or json.dumps({**OWNER, **explanation(**changes)})

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-type": "application/json"})

    return await get(make("explain", billing=send), PATH + query, user("acme", "acme-web"))


async def test_every_row_is_shown_with_its_price() -> None:
    """Names and values are those of the billing service; `from` and `to` are RFC 3339."""
    data = assert_success_envelope(await explained())["data"]
    assert (data["from"], data["to"]) == ("2025-10-01T00:00:00.000Z", "2025-10-01T15:00:00.000Z")
    assert (data["value"], data["exact"], data["rest"]) == (12.5, 12.5, None)
    [row] = data["rows"]
    assert (row["sku"], row["workload"], row["price"]["valid_until"]) == ("cpu_core_hour", "Deployment/api", None)


async def test_exact_amounts_keep_all_digits() -> None:
    """30 digits: Python's default context has 28."""
    amount = "123456789.012345678901234567891"
    text = json.dumps({**OWNER, **explanation(7, value=123456789.01, rounding=8)})
    text = text.replace('"amount": 7', f'"amount": {amount}').replace('"exact": 7', f'"exact": {amount}')
    text = text.replace('"rounding": 8', '"rounding": -0.002345678901234567891')
    response = await explained(text=text)
    assert_success_envelope(response)
    data = parse_json(response.content)["data"]
    assert data["exact"] == data["rows"][0]["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    "changes",
    [
        {"exact": 12.51},
        {"rest": {"rows": 3, "amount": 0.01}},
        {"rounding": 0.01},
        {"value": 12.51, "rounding": None},
        {"rows": []},
        {"figure": "everything"},
        {"include": "sku:x"},
        {"period": "2025"},
        {"from": None},
    ],
)
async def test_an_explanation_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """It explains nothing."""
    assert_error_envelope(await explained(**changes), 503, "Billing service unreachable")


async def test_the_rest_of_the_rows_is_part_of_the_sum() -> None:
    """Rows that are not shown are one line."""
    changes = {"exact": 13, "value": 13, "rest": {"rows": 3, "amount": 0.5}}
    data = assert_success_envelope(await explained(**changes))["data"]
    assert data["rest"] == {"rows": 3, "amount": 0.5}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?figure=total", "'figure'"),
        ("?figure=", "'figure'"),
        ("?period=2025-13", "'period'"),
        ("?period=", "'period'"),
        ("?month=2025-10", "'month'"),
        ("?from=2025-10-01", "'to'"),
        ("?include=sku:cpu_core_hour", "'from'"),
        ("?from=2025-10-02&to=2025-10-02", "'to'"),
        ("?from=2025-10-01&to=2025-10-02T00:30:00Z", "'to'"),
        (f"{DAYS}&figure=cpu", "'figure'"),
        (f"{DAYS}&period=2025-10", "'period'"),
        (f"{DAYS}&include=project:acme-web", "'include'"),
        (f"{DAYS}&exclude=label:team%3Dweb", "'exclude'"),
    ],
)
async def test_a_wrong_parameter_is_named(query: str, named: str) -> None:
    """With what is allowed."""
    body = assert_error_envelope(await explained(query), 400)
    assert named in body["error"]


async def test_a_range_is_passed_on_with_its_filters() -> None:
    """Without a figure. The default of a figure is the month."""
    billing = BillingService()
    function = make("explain", billing=billing)
    await get(function, f"{PATH}{DAYS}&include=component:cpu,sku:x&exclude=workload:Pod/a", user("acme", "acme-web"))
    query = parse_qs(urlsplit(billing.requests[-1]).query)
    assert {name: values[0] for name, values in query.items()} == {
        "organization": "acme",
        "from": "2025-10-01",
        "to": "2025-10-03",
        "include": "component:cpu,sku:x",
        "exclude": "workload:Pod/a",
    }
    await get(function, PATH, user("acme", "acme-web"))
    assert parse_qs(urlsplit(billing.requests[-1]).query)["figure"] == ["current_month_total"]


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        (DAYS, {}),
        (DAYS, RANGE | {"to": "2025-10-31T00:00:00Z"}),
        (f"{DAYS}&include=sku:x", RANGE),
        ("?figure=cpu", {}),
        ("", RANGE),
    ],
)
async def test_another_range_or_figure_is_not_shown(query: str, changes: dict[str, Any]) -> None:
    """A foreign billing service may ignore a parameter."""
    assert_error_envelope(await explained(query, **changes), 501, "Not offered by this installation")
    shown = assert_success_envelope(await explained(DAYS, **RANGE))["data"]
    assert (shown["figure"], shown["period"], shown["include"]) == (None, None, [])


async def of_organization(line: bytes, query: str = "", **changes: Any) -> httpx.Response:
    amounts = {"acme-data": 2.5, "acme-web": 1.25}
    reply = {"organization": "acme", "as_of": OWNER["as_of"], **organization_explanation(amounts, **changes)}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("explain", billing=send), ORGANIZATION + query, line)


async def test_an_org_admin_gets_the_rows_of_all_projects() -> None:
    """With the prices, and the scope that they are of."""
    data = assert_success_envelope(await of_organization(admin("acme")))["data"]
    assert [(row["namespace"], row["amount"]) for row in data["rows"]] == [("acme-data", 2.5), ("acme-web", 1.25)]
    assert data["rows"][0]["price"]["rating"] == "unit"
    assert (data["value"], data["scope"]) == (3.75, {"organization": "acme", "namespaces": None})


async def test_a_project_user_gets_the_rows_of_the_own_projects() -> None:
    """The request names them, and the reply must repeat exactly these."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("explain", billing=billing)
    data = assert_success_envelope(await get(function, ORGANIZATION, user("acme", "acme-web", "globex-shop")))["data"]
    assert [row["namespace"] for row in data["rows"]] == ["acme-web"]
    assert (data["value"], data["scope"]["namespaces"]) == (AMOUNTS["acme-web"], ["acme-web", "globex-shop"])
    assert "namespaces=acme-web,globex-shop" in billing.requests[-1]
    assert_error_envelope(await of_organization(user("acme", "acme-web")), 503, "Billing service unreachable")
    foreign = {"namespaces": ["acme-web"]}
    assert_error_envelope(await of_organization(user("acme", "acme-web"), **foreign), 503)


@pytest.mark.parametrize(
    "changes",
    [
        {"exact": 3.76},
        {"rounding": 0.01},
        {"rows": [project_row("acme-web", 3.74)]},
        {"rows": [{**project_row("acme-web", 3.75), "organization": "globex"}]},
        {"figure": "cpu"},
        {"unrated_lines": None},
    ],
)
async def test_an_organization_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """Also one with another organization's row."""
    assert_error_envelope(await of_organization(admin("acme"), **changes), 503, "Billing service unreachable")


@pytest.mark.parametrize("query", ["?figure=cpu", f"{DAYS}&include=team:web", "?from=2025-10-01"])
async def test_a_wrong_parameter_of_an_organization_is_named(query: str) -> None:
    """A component has no figure here: it is a filter of a range."""
    assert_error_envelope(await of_organization(admin("acme"), query), 400)


async def test_the_amounts_of_an_organizations_file_add_up() -> None:
    """With the adjustments of the month in a separate column."""
    adjustments = [{"period": "2025-10", "currency": "EUR", "amount": -0.5}]
    changes: dict[str, Any] = {"rest": {"rows": 2, "amount": 0.003}, "exact": 3.753, "rounding": -0.003}
    response = await of_organization(admin("acme"), "?format=csv", **changes, adjustments=adjustments, currency="EUR")
    *parts, total = rows(response.text)
    assert [row["row"] for row in parts] == ["usage", "usage", "2 more rows", "rounding", "adjustment"]
    assert sum(Decimal(row["amount"] or 0) for row in parts) == Decimal(total["amount"]) == Decimal("3.75")
    assert (parts[0]["namespace"], parts[0]["rating"], parts[-1]["adjustment"]) == ("acme-data", "unit", "-0.5")


async def test_another_month_is_not_shown() -> None:
    """A foreign billing service may ignore `period`."""
    assert_error_envelope(await explained("?period=2025-09"), 501, "Not offered by this installation")


async def test_the_amounts_of_a_file_add_up_to_its_total() -> None:
    """With the rest and the rounding. Adjustments have another column; a reason does not become a formula."""
    adjustment = {
        "id": "a1",
        "namespace": "acme-web",
        "sku": None,
        "quantity": None,
        "currency": "EUR",
        "amount": -3.5,
        "reason": "=HYPERLINK(1)",
        "refers_to": None,
        "created_at": "2025-10-02T00:00:00Z",
    }
    changes: dict[str, Any] = {"rest": {"rows": 7, "amount": 0.123}, "exact": 12.623, "rounding": -0.003}
    more = [{"currency": "EUR", "rows": 9, "amount": 1.25}]
    changes |= {"adjustments": [adjustment], "adjustments_rest": more}
    response = await explained("?format=csv", **changes, value=12.62, currency="EUR")
    *parts, more_adjustments, total = rows(response.text)
    assert (more_adjustments["row"], more_adjustments["adjustment"]) == ("9 more adjustments", "1.25")
    assert [row["row"] for row in parts] == ["usage", "7 more rows", "rounding", "adjustment"]
    assert sum(Decimal(row["amount"] or 0) for row in parts) == Decimal(total["amount"]) == Decimal("12.62")
    assert (parts[-1]["adjustment"], parts[-1]["reason"]) == ("-3.5", "'=HYPERLINK(1)")
    assert (parts[0]["unit_price"], parts[0]["valid_until"]) == ("12.5", "")
    assert {row["currency"] for row in (*parts, total)} == {"EUR"}
