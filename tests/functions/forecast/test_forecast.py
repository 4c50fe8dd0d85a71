"""The forecast: what an org-admin and a project-user get, and that it adds up."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.forecast.replies import forecast
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, user

PATH = "/api/billing/organization/forecast"
PROJECT = "/api/billing/project/acme-web/forecast"
DAY = {"date": "2025-10-31", "p50": 1, "low": 0.25, "high": 1.25}
OWNER = {"organization": "acme", "as_of": "2025-10-30T15:00:00Z"}


async def forecasted(line: bytes, path: str = PATH, **changes: Any) -> httpx.Response:
    reply = {**OWNER, "namespace": "acme-web", **forecast(10.25), **changes}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("forecast", billing=send), path, line)


async def test_a_project_gets_its_forecast() -> None:
    """Spent, remaining and total with their intervals, days, and how wrong such forecasts were."""
    data = assert_success_envelope(await forecasted(user("acme", "acme-web"), PROJECT))["data"]
    assert (data["namespace"], data["spent"]) == ("acme-web", 10.25)
    assert data["total"] == {"p50": 11.75, "low": 11.25, "high": 12.25}
    assert data["days"][0] == {"date": "2025-10-30", "p50": 1, "low": 0.5, "high": 1.25}
    assert data["backtest"] == {"origins": 40, "error": 0.0312, "coverage": 0.8125}
    assert "fees" not in data


async def test_an_org_admin_gets_the_fees() -> None:
    """They are apart from usage."""
    fees = {"spent": 30, "remaining": 19, "total": 49}
    data = assert_success_envelope(await forecasted(admin("acme"), fees=fees))["data"]
    assert (data["scope"], data["fees"]) == ({"organization": "acme", "namespaces": None}, fees)


async def test_a_project_user_gets_the_own_projects_only() -> None:
    """The request to the billing service names these namespaces, and fees are left out of its reply."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("forecast", billing=billing)
    data = assert_success_envelope(await get(function, PATH, user("acme", "acme-web", "globex-shop")))["data"]
    assert data["spent"] == AMOUNTS["acme-web"]
    assert data["scope"]["namespaces"] == ["acme-web", "globex-shop"]
    assert "fees" not in data
    assert "namespaces=acme-web,globex-shop" in billing.requests[-1]


async def test_no_usage_ever_is_null() -> None:
    """The members are there, and are not 0."""
    unknown = {"p50": None, "low": None, "high": None}
    reply = {"spent": None, "remaining": unknown, "total": unknown, "days": [], "method": "none", "until": None}
    data = assert_success_envelope(await forecasted(user("acme", "acme-web"), PROJECT, **reply))["data"]
    assert (data["spent"], data["remaining"], data["total"]) == (None, unknown, unknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"total": {"p50": 11.76, "low": 11.25, "high": 12.25}},
        {"total": {"p50": 11.75, "low": 11.25, "high": 12.26}},
        {"remaining": {"p50": 1.5, "low": 1.75, "high": 2}, "total": {"p50": 11.75, "low": 12, "high": 12.25}},
        {"remaining": {"p50": None, "low": None, "high": None}},
        {"days": [{"date": "2025-10-30", "p50": 1, "low": 0.5, "high": 1.25}]},
        {"days": [{**DAY, "date": "2025-10-29"}, {**DAY, "p50": 0.5}]},
        {"days": [{"date": "2025-10-31", "p50": 1.5, "low": 1.6, "high": 2}]},
        {"fees": {"spent": 1, "remaining": 1, "total": 3}},
        {"quality": "good"},
        {"backtest": {"origins": 4, "error": 0.1, "coverage": 1.5}},
    ],
)
async def test_a_forecast_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """Totals, days, fees, and the order of an interval are checked."""
    assert_error_envelope(await forecasted(admin("acme"), **changes), 503, "Billing service unreachable")


@pytest.mark.parametrize("query", ["?horizon=30d", "?level=95"])
async def test_a_service_that_ignores_a_parameter_does_not_offer_it(query: str) -> None:
    """The reply is about another horizon or level: 501."""
    assert_error_envelope(await forecasted(admin("acme"), PATH + query), 501, "Not offered by this installation")


@pytest.mark.parametrize("query", ["?horizon=1y", "?level=99", "?period=2025-09", "?level=80&level=95"])
@pytest.mark.parametrize("path", [PATH, PROJECT])
async def test_bad_input_is_a_400(query: str, path: str) -> None:
    """A closed month cannot be forecast: there is no parameter for it."""
    response = await get(make("forecast", billing=BillingService()), path + query, admin("acme"))
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_parameter"
