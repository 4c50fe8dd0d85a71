"""The wire of the billing API: who may ask, what comes back, and every way to be refused."""

from datetime import datetime

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import open_database

from .conftest import USAGE_HEADER, Api, Load, open_api
from .requests import OVERVIEW, PROJECTS, assert_error

FACTS = {
    "organization",
    "as_of",
    "currency",
    "currency_digits",
    "time_zone",
    "period_state",
    "cost_basis",
    "data_version",
}


@pytest.mark.parametrize("path", [OVERVIEW, PROJECTS])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic a-service-token-for-tests"},
        {"Authorization": "a-service-token-for-tests"},
        {"Authorization": "Bearer a-service-token-for-tests2"},
        {"Authorization": "Bearer \xff".encode("latin-1")},
    ],
)
async def test_a_missing_or_wrong_service_token_is_401(api: Api, path: str, given: dict[str, str]) -> None:
    """Only the exact token gives access. The 401 response names the Bearer scheme."""
    response = await api.client.get(path, headers=given)
    assert_error(response, 401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_during_a_rotation_both_tokens_give_access(database_url: str, registry: None) -> None:  # noqa: ARG001
    """And no other one, nor a part of them."""
    old, new = "a-service-token-of-yesterday", "a-service-token-of-today"
    async with open_database(database_url) as database:
        transport = httpx2.ASGITransport(app=create_app(database, new, old))
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
            for token, status in ((old, 200), (new, 200), (f"{new} {old}", 401), (f"{new},{old}", 401), ("", 401)):
                response = await client.get(OVERVIEW, headers={"Authorization": f"Bearer {token}"})
                assert response.status_code == status, token


async def test_two_service_tokens_are_401(api: Api) -> None:
    """Which of two Authorization headers counts is not guessed."""
    good = ("Authorization", "Bearer a-service-token-for-tests")
    assert_error(await api.client.get(OVERVIEW, headers=[good, good]), 401, "unauthorized")


async def test_the_token_is_asked_for_before_the_parameters(api: Api) -> None:
    """A caller without the token learns nothing, not even what is allowed."""
    assert_error(await api.client.get("/api/project/NO/overview"), 401, "unauthorized")


async def test_a_project_whose_usage_is_0_costs_nothing(api: Api, load: Load) -> None:
    """It is 200 with zeros, in the currency's digits."""
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T08:00:00Z,0,0,0,0,0\n")
    response = await api.get(OVERVIEW)
    assert response.status_code == 200
    assert '"current_month_total":0.00,' in response.text
    assert '"total_cost_per_hour":0.000000,' in response.text
    body = response.json()
    assert set(body) == FACTS | {
        "complete_through",
        "incomplete_hours",
        "namespace",
        "billing_summary",
        "compute_instances",
        "cost_breakdown",
        "adjustments",
        "other_currencies",
    }
    assert body["as_of"] == "2025-09-10T09:00:00.000Z"
    assert set(body["cost_breakdown"]) == {"cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost"}
    assert body["billing_summary"]["currency"] == "EUR"


async def test_a_currency_without_minor_units_has_no_decimals(api: Api, load: Load) -> None:
    """Yen amounts have no decimals, yen rates have four. None has an exponent."""
    await load(f"{USAGE_HEADER}nippon-web,2025-09-10T08:00:00Z,0,0,0,0,0\n")
    text = (await api.get("/api/project/nippon-web/overview?organization=nippon")).text
    assert '"current_month_total":0,' in text
    assert '"total_cost_per_hour":0.0000,' in text


@pytest.mark.parametrize(
    ("namespace", "organization"),
    [("acme-prod-web", "acme"), ("acme-web", "acme-prod"), ("prod-web", "acme"), ("acme-web", "nobody")],
)
async def test_a_project_of_another_organization_is_404(api: Api, namespace: str, organization: str) -> None:
    """Foreign, unknown, and of an unknown organization look alike; a common prefix means nothing."""
    response = await api.get(f"/api/project/{namespace}/overview?organization={organization}")
    body = assert_error(response, 404, "project_not_found")
    assert body["message"] == f"Organization {organization} has no project {namespace}"


async def test_the_list_is_the_organizations_own_in_order(api: Api) -> None:
    """acme's list holds acme's projects by name, and not acme-prod's."""
    body = (await api.get(PROJECTS)).json()
    assert [project["namespace"] for project in body["projects"]] == ["acme-data", "acme-web"]
    assert set(body) == FACTS | {"complete_through", "incomplete_hours", "projects", "total"}


async def test_the_names_of_all_organizations(api: Api) -> None:
    """Sorted, for the service token only, without parameters."""
    assert (await api.get("/api/organizations")).json() == {
        "organizations": ["acme", "acme-prod", "globex", "nippon"],
    }
    assert_error(await api.get("/api/organizations?x=1"), 400, "bad_request")


async def test_the_list_agrees_with_the_overviews(api: Api, load: Load) -> None:
    """A project's summary is the same in the list and alone."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.035,2025-01-01T00:00:00Z\n")
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,3.5,0,0,0,0\n")
    api.now = _moment("2025-09-10T10:30:00Z")
    body = (await api.get(PROJECTS)).json()
    alone = await api.overview("acme", "acme-web")
    assert body["projects"][1]["billing_summary"] == alone["billing_summary"]
    assert body["as_of"] == alone["as_of"] == "2025-09-10T10:00:00.000Z"
    assert alone["billing_summary"]["total_cost_per_hour"] == 0.1225


async def test_a_moved_project_is_the_new_organizations_alone(api: Api, load: Load) -> None:
    """After a move the old owner gets 404, and the new one sees it in its own currency."""
    await load("namespace,organization\nacme-web,globex\n")
    assert_error(await api.get(OVERVIEW), 404, "project_not_found")
    assert (await api.overview("globex", "acme-web"))["billing_summary"]["currency"] == "USD"


async def test_an_organization_without_projects_has_an_empty_list(api: Api, load: Load) -> None:
    """Known and empty is 200; unknown is 404."""
    await load("organization,currency\nempty,EUR\n")
    assert (await api.get("/api/organization/empty/projects")).json()["projects"] == []
    assert_error(await api.get("/api/organization/nobody/projects"), 404, "organization_not_found")


async def test_usage_without_a_price_is_409_and_does_not_fail_the_list(api: Api, load: Load) -> None:
    """The error names the resource and the month; the projects beside it keep their numbers."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.035,2025-01-01T00:00:00Z\n")
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,1,0.5,0,0,0\nacme-data,2025-09-10T09:00:00Z,1,0,0,0,0\n")
    api.now = _moment("2025-09-10T10:30:00Z")
    error = assert_error(await api.get(OVERVIEW), 409, "price_missing")
    assert error["resource"] == "memory_gib_hour"
    assert error["month"] == "2025-09"
    data, web = (await api.get(PROJECTS)).json()["projects"]
    assert web == {"namespace": "acme-web", "billing_summary": None, "error": error}
    assert data["error"] is None
    assert data["billing_summary"]["last_day_spend"] == 0.04


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/api/health/", "/api/project/a%2Fb/overview"])
async def test_an_unknown_path_is_404(api: Api, path: str) -> None:
    """A path without a route is a JSON 404. There are no redirects and no documentation pages."""
    assert_error(await api.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/health", "/api/live"])
async def test_health_has_a_head(api: Api, path: str) -> None:
    """A monitor may send HEAD; it is GET without the body."""
    with_body, without = await api.client.get(path), await api.client.head(path)
    assert (without.status_code, without.headers) == (200, with_body.headers)


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
async def test_another_method_is_405(api: Api, method: str) -> None:
    """Health has GET and HEAD, everything else GET alone."""
    for path, allowed in (("/api/health", {"GET", "HEAD"}), (OVERVIEW, {"GET"})):
        response = await api.client.request(method, path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == allowed


async def test_health_needs_no_token(api: Api) -> None:
    """With the database there and its schema up to date it is 200."""
    response = await api.client.get("/api/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_an_empty_database_is_not_healthy(empty_database_url: str) -> None:
    """Without the migrations, the service returns 503 `schema_outdated`."""
    async with open_api(empty_database_url) as api:
        assert_error(await api.client.get("/api/health"), 503, "schema_outdated")
        assert_error(await api.get(OVERVIEW), 503, "schema_outdated")


async def test_an_unreachable_database_is_503(caplog: pytest.LogCaptureFixture) -> None:
    """The service runs without its database, refuses, and names no address or password."""
    async with open_api("postgresql://billing:hidden-password@127.0.0.1:1/billing") as api:
        for path in ("/api/health", OVERVIEW, PROJECTS):
            response = await api.get(path)
            assert_error(response, 503, "database_unavailable")
            assert response.headers["retry-after"] == "1"
            assert "127.0.0.1" not in response.text
    assert "hidden-password" not in caplog.text


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
