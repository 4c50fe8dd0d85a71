"""The figures of now are those of the list and of the overview, and an estimate of the running hour."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from tests.integration.billing_service.conftest import Api, Load
from tests.integration.billing_service.test_list_and_overview import PRICES, usage

NOW = datetime(2026, 11, 9, 11, 15, tzinfo=UTC)
QUANTITIES = {
    "acme-web": "7.77",
    "acme-data": "0.123076923",
    "acme-prod-web": "3",
    "globex-shop": "9",
    "nippon-web": "5",
}


async def figures(api: Api, organization: str, namespaces: str | None = None) -> dict[str, Any]:
    query = "" if namespaces is None else f"?namespaces={namespaces}"
    response = await api.get(f"/api/organization/{organization}/live{query}")
    assert response.status_code == 200, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


@pytest.fixture
async def metered(api: Api, load: Load) -> Api:
    await load(PRICES)
    await load(usage(QUANTITIES))
    api.now = NOW
    return api


@pytest.mark.parametrize(
    ("namespace", "organization"), [("acme-web", "acme"), ("acme-data", "acme"), ("nippon-web", "nippon")]
)
async def test_a_project_has_the_figures_of_its_overview(metered: Api, namespace: str, organization: str) -> None:
    """Month to date and run rate are the same texts; so are complete_through and the data version."""
    live = await figures(metered, organization, namespace)
    [project] = live["projects"]
    overview = await metered.get(f"/api/project/{namespace}/overview?organization={organization}")
    shown = simplejson.loads(overview.text, use_decimal=True)
    assert project["namespace"] == namespace
    assert str(project["month_to_date"]) == str(shown["billing_summary"]["current_month_total"])
    assert str(project["run_rate"]) == str(shown["billing_summary"]["total_cost_per_hour"])
    for name in ("complete_through", "data_version", "as_of", "currency"):
        assert live[name] == shown[name]
    assert project["error"] is None


async def test_an_organization_has_the_total_of_its_list(metered: Api) -> None:
    """Rounded once from the exact sum, without the projects."""
    live = await figures(metered, "acme")
    listed = await metered.get("/api/organization/acme/projects")
    total = simplejson.loads(listed.text, use_decimal=True)["total"]
    assert str(live["total"]["month_to_date"]) == str(total["current_month_total"])
    assert str(live["total"]["run_rate"]) == str(total["total_cost_per_hour"])
    assert live["projects"] == []
    assert "namespaces" not in live


async def test_the_total_of_an_organization_can_have_projects_beside_it(metered: Api) -> None:
    """Of one data version. A foreign project is absent."""
    alone, web = await figures(metered, "acme"), await figures(metered, "acme", "acme-web")
    response = await metered.get("/api/organization/acme/live?projects=acme-web,globex-shop")
    both = simplejson.loads(response.text, use_decimal=True)
    assert both["total"] == alone["total"]
    assert both["projects"] == web["projects"]
    assert both["complete_through"] == alone["complete_through"]
    assert "namespaces" not in both


BUDGETS = """
    INSERT INTO budgets (organization, id, name, namespace, amount, currency, period, thresholds, channels, notify_on,
                         rollover, version)
    SELECT o, ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'b' || n, space, 10, 'EUR', 'month', '[]', '{}', '{}',
           false, 2
    FROM (VALUES ('acme', 1, ''), ('acme', 2, 'acme-web'), ('globex', 3, 'globex-shop')) AS b (o, n, space);
    INSERT INTO budget_states (organization, budget, version, period_start, threshold, state)
    SELECT organization, id, v, day, 'actual-80', state
    FROM budgets, (VALUES (1, date '2026-11-01', 'firing'), (2, date '2026-10-01', 'resolved'),
                          (2, date '2026-11-01', 'pending')) AS s (v, day, state)
"""


async def test_budgets_have_the_states_of_their_version_and_newest_period(metered: Api, database_url: str) -> None:
    """An organization has all of its budgets; some projects have their own. Another organization's are never there."""
    async with connect(database_url) as owner:
        await owner.execute(BUDGETS)
    found = (await figures(metered, "acme"))["budgets"]
    assert [(one["namespace"], one["version"], one["states"]) for one in found] == [
        (None, 2, {"actual-80": "pending"}),
        ("acme-web", 2, {"actual-80": "pending"}),
    ]
    assert (await figures(metered, "acme", "acme-web,globex-shop"))["budgets"] == found[1:]
    assert (await figures(metered, "acme", "acme-data"))["budgets"] == []


async def test_some_projects_have_their_own_total(metered: Api) -> None:
    """The exact sum of the named projects, and nothing of the others of the organization."""
    one, both = await figures(metered, "acme", "acme-web"), await figures(metered, "acme", "acme-web,acme-data")
    assert one["total"]["month_to_date"] == one["projects"][0]["month_to_date"]
    assert both["total"]["month_to_date"] == (await figures(metered, "acme"))["total"]["month_to_date"]
    assert one["total"]["month_to_date"] < both["total"]["month_to_date"]


async def test_the_running_hour_is_the_run_rate_for_the_minutes_that_have_passed(metered: Api) -> None:
    """A quarter of the hour: a quarter of the rate, rounded as a rate."""
    live = await figures(metered, "acme", "acme-web")
    exact = Decimal("7.77") * Decimal("0.0325")
    assert live["projects"][0]["run_rate"] == exact.quantize(Decimal("0.000001"))
    assert live["projects"][0]["hour_to_date"] == (exact / 4).quantize(Decimal("0.000001"))
    assert live["estimated_at"] == "2026-11-09T11:15:00.000Z"


async def test_a_foreign_and_an_unknown_project_are_both_absent(metered: Api) -> None:
    """The same reply, whether another organization has it or nobody."""
    foreign = await figures(metered, "acme", "globex-shop")
    unknown = await figures(metered, "acme", "never-heard-of")
    assert foreign["projects"] == unknown["projects"] == []
    assert foreign["total"] == unknown["total"]
    assert foreign["total"]["month_to_date"] == 0
    assert (foreign["namespaces"], unknown["namespaces"]) == (["globex-shop"], ["never-heard-of"])


async def test_a_project_without_a_figure_has_its_reason_and_no_zero(api: Api, load: Load) -> None:
    """Not metered, and usage without a price: null with the code of the list."""
    await load(usage({"acme-web": "1"}))
    api.now = NOW
    listed = simplejson.loads((await api.get("/api/organization/acme/projects")).text)["projects"]
    live = await figures(api, "acme", "acme-web,acme-data")
    codes = {project["namespace"]: project["error"]["code"] for project in live["projects"]}
    assert codes == {entry["namespace"]: entry["error"]["code"] for entry in listed}
    assert {project["month_to_date"] for project in live["projects"]} == {None}
    assert live["total"]["unrated_lines"] > 0


async def test_an_organization_that_was_never_metered_has_nulls(api: Api) -> None:
    """Null is not 0."""
    api.now = NOW
    live = await figures(api, "acme")
    assert (live["as_of"], live["complete_through"]) == (None, None)
    assert [live["total"][name] for name in ("month_to_date", "run_rate", "hour_to_date")] == [None, None, None]


async def test_an_unknown_organization_is_404(api: Api) -> None:
    """With the code of the other routes."""
    response = await api.get("/api/organization/nobody/live")
    assert (response.status_code, response.json()["code"]) == (404, "organization_not_found")
