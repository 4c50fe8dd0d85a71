"""Whose projects the list holds."""

import base64
import json
from collections.abc import Callable

import pytest

from tests.kit.billing import billing_summary
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log, get
from tests.kit.tenants import AMOUNTS, ROWS, Row, admin, endpoint, priced, user

PATH = "/api/billing/projects"
MEMBERS = [(row, mode) for row, mode in ROWS if row.organization and row.refused[1].startswith("Access")]


def namespaces_in(line: bytes) -> set[str]:
    """What the token itself names."""
    payload = line.partition(b" ")[2].split(b".")[1]
    return set(json.loads(base64.urlsafe_b64decode(payload + b"==")).get("namespaces", []))


@pytest.mark.parametrize(("row", "mode"), MEMBERS, ids=str)
async def test_the_list_and_its_totals_are_of_what_the_caller_sees(row: Row, mode: str) -> None:
    """And of nothing else."""
    assert row.line
    response = await get(endpoint("projects", mode, priced()), PATH, row.line())
    data = assert_success_envelope(response)["data"]
    priced_ones = {p["namespace"] for p in data["projects"] if p["billing_summary"]}
    assert priced_ones == set(row.sees)
    others = [p for p in data["projects"] if p["namespace"] not in priced_ones]
    assert all((p["code"], p["error"]) == ("not_started", "Billing has not started") for p in others)
    assert {p["namespace"] for p in others} <= namespaces_in(row.line())
    total = sum(AMOUNTS[name] for name in row.sees)
    assert sum(entry["current_month_total"] for entry in data["totals"]) == pytest.approx(total)


@pytest.mark.parametrize("line", [lambda: admin("acme"), lambda: user("acme", "acme-web")], ids=["org-admin", "user"])
async def test_a_project_of_another_organization_in_the_reply_is_503(line: Callable[[], bytes]) -> None:
    """Each item of the list proves its owner, also one that this caller would not get."""
    billing = priced()
    billing.fail = lambda _: (200, {"organization": "acme", "projects": [own, foreign]})
    own = {"organization": "acme", "namespace": "acme-web", "billing_summary": billing_summary()}
    foreign = {"organization": "globex", "namespace": "globex-shop", "billing_summary": billing_summary(8989.04)}
    with captured_log() as lines:
        response = await get(endpoint("projects", "registry", billing), PATH, line())
    assert_error_envelope(response, 503, "Billing service unreachable")
    assert lines.requests()[0]["reason"] == "mismatch"
    assert "8989" not in response.text + lines.text


async def test_a_kept_list_is_cut_for_each_caller() -> None:
    """One result is cached for the organization. Each caller sees only the permitted projects."""
    billing = priced()
    function = endpoint("projects", "registry", billing)
    seen = []
    for line in (admin("acme"), user("acme", "acme-data"), user("acme", "acme-web"), admin("acme")):
        data = assert_success_envelope(await get(function, PATH, line))["data"]
        seen.append((data["total"], [project["namespace"] for project in data["projects"]]))
    assert seen == [
        (2, ["acme-data", "acme-web"]),
        (1, ["acme-data"]),
        (1, ["acme-web"]),
        (2, ["acme-data", "acme-web"]),
    ]
    assert len(billing.requests) == 1


async def test_an_organization_that_billing_does_not_know_has_an_empty_list() -> None:
    """`billing_started` is false, without an ERROR and with one call. New projects of the token are listed."""
    billing = priced()
    billing.fail = lambda _: (404, {"code": "organization_not_found", "message": "unknown"})
    for line, listed in ((admin("acme"), []), (user("acme", "acme-new"), ["acme-new"])):
        with captured_log() as lines:
            data = assert_success_envelope(await get(endpoint("projects", "registry", billing), PATH, line))["data"]
        assert data["billing_started"] is False
        assert [(p["namespace"], p["code"]) for p in data["projects"]] == [(name, "not_started") for name in listed]
        assert data["totals"] == []
        assert '"ERROR"' not in lines.text
    assert len(billing.requests) == 2


async def test_a_namespace_of_the_token_that_is_unknown_looks_like_a_foreign_one() -> None:
    """Both stand in the list as not started; the overview of both stays 403. No other namespace is added."""
    function = endpoint("projects", "registry", priced())
    data = assert_success_envelope(await get(function, PATH, user("acme", "acme-web", "globex-shop", "acme-new")))[
        "data"
    ]
    assert data["billing_started"] is True
    assert [(p["namespace"], p["code"]) for p in data["projects"]] == [
        ("acme-new", "not_started"),
        ("acme-web", None),
        ("globex-shop", "not_started"),
    ]
    overview = endpoint("overview", "registry", priced())
    for name in ("globex-shop", "acme-new"):
        response = await get(overview, f"/api/billing/project/{name}/overview", user("acme", name))
        assert_error_envelope(response, 403, "Access denied to namespace")


@pytest.mark.parametrize("code", ["price_missing", "amount_too_large"])
@pytest.mark.parametrize("mode", ["registry", "kubernetes", "claims"])
async def test_a_project_that_cannot_be_shown_takes_no_other_along(mode: str, code: str) -> None:
    """It is in the list without a figure, whether the list is one reply or comes from single overviews."""
    billing = priced()
    error = {"code": code, "message": "not shown"}
    entries = [
        {"namespace": "acme-data", "billing_summary": billing_summary(5), "error": None},
        {"namespace": "acme-web", "billing_summary": None, "error": error},
    ]
    replies: dict[str, tuple[int, object]] = {
        "/api/organization/acme/projects": (200, {"organization": "acme", "projects": entries}),
        "/api/project/acme-web/overview": (409, error),
    }
    billing.fail = lambda target: replies.get(target.partition("?")[0])
    function = endpoint("projects", mode, billing)
    data = assert_success_envelope(await get(function, PATH, user("acme", "acme-web", "acme-data")))["data"]
    assert [(p["namespace"], p["code"]) for p in data["projects"]] == [("acme-data", None), ("acme-web", "unpriced")]
    assert data["unpriced"] == 1
    assert data["totals"][0]["current_month_total"] > 0


async def test_a_project_that_was_never_metered_has_its_own_code() -> None:
    """It is not unpriced: nobody has to add a price."""
    billing = priced()
    entry = {"namespace": "acme-web", "billing_summary": None, "error": {"code": "not_metered", "message": "no usage"}}
    reply = (200, {"organization": "acme", "projects": [entry]})
    billing.fail = lambda target: reply if target.startswith("/api/organization/acme/projects") else None
    data = assert_success_envelope(await get(endpoint("projects", "registry", billing), PATH, admin("acme")))["data"]
    assert [(p["namespace"], p["code"], p["error"]) for p in data["projects"]] == [
        ("acme-web", "not_metered", "No usage was metered yet")
    ]


def listed(*names: str, **members: object) -> tuple[int, object]:
    """A reply of the list. Each project costs 5."""
    entries = [{"namespace": name, "billing_summary": billing_summary(5), "error": None} for name in names]
    return 200, {"organization": "acme", "as_of": "2025-10-01T15:00:00Z", "projects": entries, **members}


async def test_another_ownership_source_decides_and_the_list_is_one_request() -> None:
    """What the cluster does not list is left out, with the total. What billing does not list has not started."""
    billing = priced()
    total = {"currency": "EUR", "current_month_total": 15.01, "rounding": 0.01, "former_projects": 0}
    billing.fail = lambda _: listed("acme-web", "acme-gone", "globex-shop", total=total)
    data = assert_success_envelope(await get(endpoint("projects", "kubernetes", billing), PATH, admin("acme")))["data"]
    assert [(p["namespace"], p["code"]) for p in data["projects"]] == [("acme-data", "not_started"), ("acme-web", None)]
    assert [(t["current_month_total"], "rounding" in t) for t in data["totals"]] == [(5, False)]
    assert len(billing.requests) == 1


async def test_the_exact_total_is_shown_if_both_list_the_same_projects() -> None:
    """It is rounded once from the exact cost."""
    billing = priced()
    total = {"currency": "EUR", "current_month_total": 10.01, "rounding": 0.01, "former_projects": 0}
    billing.fail = lambda _: listed("acme-data", "acme-web", total=total)
    data = assert_success_envelope(await get(endpoint("projects", "kubernetes", billing), PATH, admin("acme")))["data"]
    assert [(t["current_month_total"], t["rounding"]) for t in data["totals"]] == [(10.01, 0.01)]


@pytest.mark.parametrize("mode", ["kubernetes", "claims"])
async def test_a_billing_service_without_a_list_is_sent_one_request_for_each_project(mode: str) -> None:
    """The second list sends none for the list itself."""
    billing = priced()
    function = endpoint("projects", mode, billing)
    billing.fail = lambda target: (404, {"detail": "Not Found"}) if target.startswith("/api/organization/") else None
    who = user("acme", "acme-web", "acme-data")
    for lists in (1, 1):
        data = assert_success_envelope(await get(function, PATH, who))["data"]
        assert [p["code"] for p in data["projects"]] == [None, None]
        assert sum(target.startswith("/api/organization/") for target in billing.requests) == lists


async def test_without_a_list_and_without_another_source_it_is_503() -> None:
    """Never an empty list."""
    billing = priced()
    billing.fail = lambda target: (404, {"detail": "Not Found"}) if target.startswith("/api/organization/") else None
    response = await get(endpoint("projects", "registry", billing), PATH, admin("acme"))
    assert_error_envelope(response, 503, "Billing service unreachable")
