"""The plan: what an org-admin and a project-user get, and that it adds up."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.plan.replies import EXHAUSTION, dimension, plan
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, guest, user

PATH = "/api/billing/organization/plan"
OWNER = {"organization": "acme", "as_of": "2025-10-01T15:00:00Z"}
AMOUNT = {"acme-data": 2.5, "acme-web": 1.25}


async def planned(line: bytes, owner: dict[str, Any] = OWNER, **changes: Any) -> httpx.Response:
    reply = {**owner, **plan(AMOUNT, **changes)}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("plan", billing=send), PATH, line)


async def test_an_org_admin_gets_the_plan_with_fees_and_forecast() -> None:
    """All projects, what is left, and when nothing is left."""
    data = assert_success_envelope(await planned(admin("acme")))["data"]
    assert data["scope"] == {"organization": "acme", "namespaces": None}
    assert data["plan"] == {"id": "pro-pool", "name": "Pro Pool", "monthly_price": 49}
    assert (data["monthly_price"], data["fees"]["total"]) == (121, 49)
    assert data["quota"]["last_updated"] == "2025-10-01T14:59:30.000Z"
    [cpu] = data["quota"]["dimensions"]
    assert (cpu["limit"], cpu["requested"], cpu["left"]) == (24000, 3.75, 23996.25)
    assert (cpu["exhausted_on"], cpu["exhaustion"]) == ("2025-11-20", EXHAUSTION)
    assert [one["namespace"] for one in cpu["projects"]] == ["acme-data", "acme-web"]


async def test_a_project_user_gets_the_shared_limit_and_the_own_part() -> None:
    """No prices, no fees, no forecast, and not what is left, also if the billing service sends them."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("plan", billing=billing)
    data = assert_success_envelope(await get(function, PATH, user("acme", "acme-web", "globex-shop")))["data"]
    assert data["scope"]["namespaces"] == ["acme-web", "globex-shop"]
    assert data["plan"] == {"id": "pro-pool", "name": "Pro Pool"}
    assert data["addons"] == [{"id": "turbo-x1", "name": "turbo-x1", "quantity": 8}]
    assert data.keys().isdisjoint({"fees", "monthly_price"})
    [cpu] = data["quota"]["dimensions"]
    assert (cpu["limit"], cpu["requested"], cpu["left"]) == (24000, AMOUNTS["acme-web"], None)
    assert (cpu["exhausted_on"], cpu["exhaustion"]) == (None, None)
    assert [one["namespace"] for one in cpu["projects"]] == ["acme-web"]
    assert "namespaces=acme-web,globex-shop" in billing.requests[-1]


async def test_a_guest_gets_nothing() -> None:
    """Billing is not called."""
    billing = BillingService(amounts=AMOUNTS)
    assert_error_envelope(await get(make("plan", billing=billing), PATH, guest("acme")), 403, "Billing access denied")
    assert billing.requests == []


async def test_an_organization_without_a_plan_has_null() -> None:
    """And the state none: it pays by usage."""
    none = {"state": "none", "since": None, "suspended": False}
    given = {"plan": None, "addons": [], "subscription": none, "monthly_price": None}
    data = assert_success_envelope(await planned(admin("acme"), **given))["data"]
    assert (data["plan"], data["subscription"]) == (None, none)


async def test_a_reply_about_the_complete_organization_is_not_shown_to_a_project_user() -> None:
    """It does not repeat the requested namespaces: 503. Neither is one with a project of others."""
    assert_error_envelope(await planned(user("acme", "acme-web")), 503, "Billing service unreachable")
    owner = OWNER | {"namespaces": ["acme-web"]}
    assert_error_envelope(await planned(user("acme", "acme-web"), owner), 503, "Billing service unreachable")


def quota(**changes: Any) -> dict[str, Any]:
    return plan(AMOUNT)["quota"] | {"dimensions": [dimension(AMOUNT, **changes)]}


@pytest.mark.parametrize(
    "changes",
    [
        {"quota": quota(limit=24500.5)},
        {"quota": quota(limit=None)},
        {"quota": quota(addons=1)},
        {"quota": quota(left=23996)},
        {"quota": quota(requested=-1)},
        {"quota": quota(requested="3.75")},
        {"quota": quota(dimension="heads")},
        {"quota": quota(exhausted_on="soon")},
        {"quota": plan(AMOUNT)["quota"] | {"source": "guess"}},
        {"subscription": None},
        {"fees": {"lines": [], "total": -1}},
    ],
)
async def test_a_plan_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """And one with a wrong type."""
    assert_error_envelope(await planned(admin("acme"), **changes), 503, "Billing service unreachable")


async def test_a_billing_service_without_plans_does_not_offer_them() -> None:
    """501, and not an empty plan."""

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(501, json={"code": "not_offered", "message": "no"})

    response = await get(make("plan", billing=send), PATH, admin("acme"))
    assert_error_envelope(response, 501, "Not offered by this installation")
