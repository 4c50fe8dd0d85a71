"""Searching, sorting and adding up the project list."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx2 as httpx
import pytest

from common.access.roles import require_org_admin
from common.billing.summary import BillingSummary
from common.http.response import Result
from common.http.server_errors import NotOffered
from common.identity.caller import Caller, Role
from functions.projects.listing import Found, select
from functions.projects.models import ListParameters, Project, TotalReply
from tests.kit.billing import BillingService, billing_summary
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import admin, user

ACME = require_org_admin(Caller("acme", None, Role.ORG_ADMIN, frozenset()))
EMPTY = {"organization": "acme", "as_of": "2025-10-01T15:00:00Z", "projects": []}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def project(name: str, amount: str | None, currency: str | None = "EUR", last_day: str | None = "0.10") -> Project:
    if amount is None:
        return Project.unpriced(name)
    summary = BillingSummary(
        current_month_total=Decimal(amount),
        last_day_spend=None if last_day is None else Decimal(last_day),
        billing_period="2026-01",
        total_cost_per_hour=Decimal("0.01"),
        currency=currency,
        almost_nothing=False,
    )
    return Project.of(name, summary)


PROJECTS = [project("b", "2"), project("a", "2"), project("d", None), project("c", "10"), project("e", "1", "USD")]


def names(sort: str) -> list[str]:
    page = select(Found(Result(PROJECTS, NOW)), ACME, ListParameters.model_validate({"sort": sort}))
    return [entry.namespace for entry in page.value.projects]


def test_ties_are_ordered_by_name_and_nulls_come_last() -> None:
    """In either direction."""
    assert names("current_month_total") == ["e", "a", "b", "c", "d"]
    assert names("-current_month_total") == ["c", "a", "b", "e", "d"]
    assert names("-namespace") == ["e", "d", "c", "b", "a"]


def test_totals_are_by_currency_and_leave_out_the_unpriced() -> None:
    """Ten times 0.10 is 1.00, in decimal."""
    many = [project(f"p{n}", "0.10") for n in range(10)] + [
        project("x", "5", "USD"),
        project("y", "7", None),
        PROJECTS[2],
    ]
    page = select(Found(Result(many, NOW)), ACME, ListParameters(search="", limit=3)).value
    assert [(totals.currency, totals.current_month_total) for totals in page.totals] == [
        ("EUR", Decimal("1.00")),
        ("USD", Decimal(5)),
        (None, Decimal(7)),
    ]
    assert (page.total, page.unpriced, len(page.projects)) == (13, 1, 3)


def test_an_offset_beyond_the_end_is_an_empty_page_of_the_same_list() -> None:
    """The totals still speak of all that match."""
    page = select(Found(Result(PROJECTS, NOW)), ACME, ListParameters(offset=100)).value
    assert page.projects == []
    assert page.total == 5


TOTAL = TotalReply(
    currency="EUR", current_month_total=Decimal("2.00"), rounding=Decimal("2.00"), former_projects=Decimal(0)
)


@pytest.mark.parametrize(("search", "shown"), [("", ("2.00", "2.00")), ("p", ("0.00", "None"))])
def test_the_total_of_all_projects_is_the_billing_services(search: str, shown: tuple[str, str]) -> None:
    """500 projects of 0.004 EUR cost 2.00 EUR. Of a search, the total is the sum of the figures that are shown."""
    nothing = [project(f"p{n:03}", "0.00") for n in range(500)]
    found = Found(Result(nothing, NOW), TOTAL)
    [totals] = select(found, ACME, ListParameters(search=search)).value.totals
    assert (str(totals.current_month_total), str(totals.rounding)) == shown


def test_shares_are_of_the_total_in_the_currency() -> None:
    """In the order of the projects. Former projects have a share too, a project without a figure has none."""
    listed = [project("a", "2"), project("b", "6"), project("c", None), project("d", "1", "USD")]
    shown = select(Found(Result(listed, NOW)), ACME, ListParameters(offset=1)).value
    assert [str(share) for share in shown.shares] == ["0.750", "None", "1.000"]
    total = TotalReply(currency="EUR", current_month_total=Decimal(10), rounding=Decimal(0), former_projects=Decimal(2))
    assert select(Found(Result(listed[:2], NOW), total), ACME, ListParameters()).value.shares == [
        Decimal("0.2"),
        Decimal("0.6"),
    ]
    nothing = [project("a", "0.00")]
    assert select(Found(Result(nothing, NOW)), ACME, ListParameters()).value.shares == [None]


def test_an_unknown_last_day_makes_its_total_unknown() -> None:
    """Null, never the sum of the others; such projects are sorted last."""
    listed = [project("a", "1", last_day=None), project("b", "2")]
    page = select(Found(Result(listed, NOW)), ACME, ListParameters(sort="last_day_spend")).value
    assert page.totals[0].last_day_spend is None
    assert [entry.namespace for entry in page.projects] == ["b", "a"]


def test_figures_of_another_month_are_not_shown() -> None:
    """A foreign billing service may ignore `period`."""
    with pytest.raises(NotOffered):
        select(Found(Result(PROJECTS, NOW)), ACME, ListParameters(period="2025-12"))


async def test_a_file_has_the_list_and_ends_with_its_totals() -> None:
    """Each currency has its total. The totals are those of all matching projects, not of the page."""
    reply = {
        "organization": "acme",
        "as_of": "2025-10-01T15:00:00Z",
        "projects": [
            {"namespace": "acme-data", "billing_summary": billing_summary(2.5)},
            {"namespace": "acme-web", "billing_summary": None, "error": {"code": "price_missing"}},
        ],
        "total": {"currency": "EUR", "current_month_total": 2.75, "rounding": 0.01, "former_projects": 0.24},
        "next": None,
    }

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    response = await get(make("projects", billing=send), "/api/billing/projects?format=csv&limit=1", admin("acme"))
    assert response.headers["content-disposition"] == 'attachment; filename="projects-acme.csv"'
    assert [(row["row"], row["namespace"], row["current_month_total"]) for row in rows(response.text)] == [
        ("project", "acme-data", "2.50"),
        ("former_projects", "", "0.24"),
        ("rounding", "", "0.01"),
        ("total", "", "2.75"),
    ]


async def test_a_project_without_a_figure_has_its_reason_in_the_file() -> None:
    """No figure is an empty cell, and not 0."""
    billing = BillingService()
    billing.fail = lambda target: (200, EMPTY) if "/projects" in target else None
    path = "/api/billing/projects?format=csv"
    response = await get(make("projects", billing=billing), path, user("acme", "acme-web"))
    project, total = rows(response.text)
    assert (project["namespace"], project["current_month_total"], project["code"]) == ("acme-web", "", "not_started")
    assert (total["row"], total["current_month_total"]) == ("total", "")


async def test_only_who_sees_all_projects_gets_how_complete_they_are() -> None:
    """The hours of another project do not count for the own ones."""
    reply = {
        "organization": "acme",
        "as_of": "2025-10-01T15:00:00Z",
        "complete_through": "2025-10-01T03:00:00Z",
        "incomplete_hours": 12,
        "data_version": 7,
        "projects": [{"namespace": "acme-web", "billing_summary": billing_summary(2.5)}],
        "next": None,
    }

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    metas = []
    for caller in (admin("acme"), user("acme", "acme-web")):
        response = await get(make("projects", billing=send), "/api/billing/projects", caller)
        metas.append(response.json()["meta"])
    assert (metas[0]["complete_through"], metas[0]["incomplete_hours"]) == ("2025-10-01T03:00:00.000Z", 12)
    assert metas[1].keys() == metas[0].keys() - {"complete_through", "incomplete_hours"}
    assert metas[1]["data_version"] == 7
