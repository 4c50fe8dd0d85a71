"""The statement: what an org-admin and a project-user get, and that it adds up."""

import json
from decimal import Decimal
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.statement.replies import project, statement
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, user

PATH = "/api/billing/organization/statement"
OWNER = {"organization": "acme", "as_of": "2025-10-01T15:00:00Z"}


async def stated(line: bytes, query: str = "", **changes: Any) -> httpx.Response:
    reply = {**OWNER, **statement({"acme-data": 2.5, "acme-web": 1.25}, **changes)}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("statement", billing=send), PATH + query, line)


async def test_an_org_admin_gets_the_lines_of_the_organization() -> None:
    """All projects, and what is invoiced: on a plan, the usage is not."""
    invoiced = {"fees": 49, "usage": 0, "adjustments": -0.75, "total": 48.25}
    data = assert_success_envelope(await stated(admin("acme"), invoiced=invoiced))["data"]
    assert data["scope"] == {"organization": "acme", "namespaces": None}
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-data", "acme-web"]
    assert (data["usage_total"], data["invoiced"]) == (3.75, invoiced)


async def test_a_project_user_gets_the_own_projects_only() -> None:
    """The request to the billing service names these namespaces, and its reply must repeat them."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("statement", billing=billing)
    data = assert_success_envelope(await get(function, PATH, user("acme", "acme-web", "globex-shop")))["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-web"]
    assert data["usage_total"] == AMOUNTS["acme-web"]
    assert data["scope"]["namespaces"] == ["acme-web", "globex-shop"]
    assert data.keys().isdisjoint({"fees", "invoiced"})
    assert "namespaces=acme-web,globex-shop" in billing.requests[-1]


async def test_a_reply_about_the_complete_organization_is_not_shown_to_a_project_user() -> None:
    """It does not repeat the requested namespaces: 503."""
    assert_error_envelope(await stated(user("acme", "acme-web")), 503, "Billing service unreachable")


@pytest.mark.parametrize(
    "changes",
    [
        {"usage_total": 3.76},
        {"rounding": 0.01},
        {"invoiced": {"fees": 1, "usage": 3.75, "adjustments": 0, "total": 4}},
        {"projects": [project("acme-web", 1.25)]},
        {"projects": [{**project("acme-web", 3.75), "total": 3.74}]},
        {"other_currencies": [{"currency": "USD", **statement({"acme-web": 1}, usage_total=2)}]},
        {"projects": [project("globex-shop", 3.75), {**project("acme-web", 0), "organization": "globex"}]},
    ],
)
async def test_a_statement_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """Also in another currency, and one with another organization's line."""
    assert_error_envelope(await stated(admin("acme"), **changes), 503, "Billing service unreachable")


async def test_the_amounts_of_a_file_add_up_to_its_totals() -> None:
    """Usage by currency, and apart from it what is invoiced. The last row has both totals."""
    fee = {"kind": "plan", "id": "pro-pool", "quantity": 1, "currency": "EUR", "monthly_price": 49, "hours": 744}
    fee |= {"amount": 49, "from": "2025-10-01T00:00:00Z", "to": "2025-11-01T00:00:00Z"}
    invoiced = {"fees": 49, "usage": 0, "adjustments": -0.75, "total": 48.25}
    other = {"currency": "USD", **statement({"acme-web": 1.5})}
    other |= {"invoiced": {"fees": 3, "usage": 0.5, "adjustments": 0, "total": 3.5}}
    response = await stated(
        admin("acme"), "?format=csv", fees=[fee], invoiced=invoiced, other_currencies=[other], currency="EUR"
    )
    found = rows(response.text)
    paid = {"EUR": Decimal("48.25"), "USD": Decimal("3.5")}
    for currency, expected in paid.items():
        *parts, total = [row for row in found if row["currency"] == currency]
        assert sum(Decimal(row["amount"] or 0) for row in parts) == Decimal(total["amount"])
        assert sum(Decimal(row["invoiced"] or 0) for row in parts) == Decimal(total["invoiced"]) == expected
    *parts, total = found
    [plan] = [row for row in parts if row["row"] == "plan"]
    assert (plan["item"], plan["quantity"], plan["exact"], plan["amount"]) == ("pro-pool", "744", "49", "")


async def test_a_file_names_the_corrections_that_are_not_invoiced() -> None:
    """Those of hours with a plan. A month that was closed before has no such member."""
    adjustment = {"id": "a", "namespace": "acme-web", "sku": None, "quantity": None, "currency": "EUR", "amount": 1}
    adjustment |= {"reason": "late line", "refers_to": None, "created_at": "2025-10-01T00:00:00Z"}
    adjustments = [adjustment, adjustment | {"invoiced": True}, adjustment | {"invoiced": False}]
    response = await stated(admin("acme"), "?format=csv", adjustments=adjustments, currency="EUR")
    named = [row["row"] for row in rows(response.text) if row["reason"]]
    assert named == ["adjustment", "adjustment", "adjustment not invoiced"]
    data = assert_success_envelope(await stated(admin("acme"), adjustments=adjustments))["data"]
    assert [one.get("invoiced") for one in data["adjustments"]] == [None, True, False]


async def test_adjustments_that_are_not_listed_are_sums() -> None:
    """By currency and sign, with their number, also in the file."""
    rest = [
        {"currency": "EUR", "rows": 2720, "amount": 136},
        {"currency": "EUR", "rows": 1, "amount": -0.000001},
    ]
    data = assert_success_envelope(await stated(admin("acme"), adjustments_rest=rest))["data"]
    assert data["adjustments_rest"] == rest
    found = rows((await stated(admin("acme"), "?format=csv", adjustments_rest=rest, currency="EUR")).text)
    sums = [(row["row"], row["exact"]) for row in found if "more" in row["row"]]
    assert sums == [("2720 more adjustments", "136"), ("1 more adjustments", "-0.000001")]


async def test_a_project_users_file_has_no_invoice() -> None:
    """The columns stay, so that files of all callers have the same form."""
    response = await get(make("statement", billing=BillingService()), PATH + "?format=csv", user("acme", "acme-web"))
    assert {row["invoiced"] for row in rows(response.text)} == {""}


async def test_the_months_are_those_of_the_own_projects() -> None:
    """What is invoiced is a line of the organization: a project-user does not get it, also if the service sends it."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("statement", billing=billing)
    data = assert_success_envelope(await get(function, f"{PATH}s", user("acme", "acme-web")))["data"]
    assert [(month["period"], month["usage_total"]) for month in data["months"]] == [("2025-10", AMOUNTS["acme-web"])]
    assert "invoiced_total" not in data["months"][0]
    assert "namespaces=acme-web" in billing.requests[-1]
    everything = assert_success_envelope(await get(function, f"{PATH}s", admin("acme")))["data"]
    assert everything["months"][0]["invoiced_total"] == everything["months"][0]["usage_total"] > AMOUNTS["acme-web"]
    assert everything["scope"] == {"organization": "acme", "namespaces": None}
