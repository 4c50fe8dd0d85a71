"""The trend: what is passed on, what is refused, and replies that do not add up."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from tests.functions.trend.replies import DAYS, bucket, trend
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, user

PROJECT = "/api/billing/project/acme-web/trend"
ORGANIZATION = "/api/billing/organization/trend"
OWNER = {"organization": "acme", "namespace": "acme-web", "as_of": "2025-10-01T15:00:00Z"}


async def shown(query: str = "", **changes: Any) -> httpx.Response:
    def send(_: httpx.Request) -> httpx.Response:
        content = json.dumps({**OWNER, **trend(**changes)})
        return httpx.Response(200, content=content, headers={"content-type": "application/json"})

    return await get(make("trend", billing=send), PROJECT + query, user("acme", "acme-web"))


async def test_the_buckets_are_those_of_the_billing_service() -> None:
    """Times are RFC 3339; a bucket without an amount has no groups, and members without a value are absent."""
    data = assert_success_envelope(await shown())["data"]
    assert (data["from"], data["to"], len(data["buckets"])) == (
        "2025-10-01T00:00:00.000Z",
        "2025-11-01T00:00:00.000Z",
        DAYS,
    )
    first, second = data["buckets"][:2]
    assert (first["amount"], first["groups"], first["complete"]) == (12.5, [12.5], True)
    assert (second["amount"], second["complete"], second["state"]) == (None, False, "future")
    assert second.keys().isdisjoint({"groups", "rest", "rounding", "partial"})
    assert data.keys().isdisjoint({"compare", "rounding"})


async def test_a_project_user_gets_the_sum_of_the_own_projects() -> None:
    """The request names them, and the reply must repeat them. An org-admin gets all."""
    billing = BillingService(amounts=AMOUNTS)
    function = make("trend", billing=billing)
    own = assert_success_envelope(await get(function, ORGANIZATION, user("acme", "acme-web")))["data"]
    assert (own["total"], own["scope"]) == (AMOUNTS["acme-web"], {"organization": "acme", "namespaces": ["acme-web"]})
    assert parse_qs(urlsplit(billing.requests[-1]).query)["namespaces"] == ["acme-web"]
    everything = assert_success_envelope(await get(function, ORGANIZATION, admin("acme")))["data"]
    assert everything["scope"] == {"organization": "acme", "namespaces": None}
    assert "namespaces" not in billing.requests[-1]


async def test_the_parameters_are_passed_on() -> None:
    """As they are, with the defaults."""
    billing = BillingService()
    query = "granularity=week&from=2025-09-01&to=2025-10-01T00:00:00%2B02:00&group_by=label:app.io/team&limit=3"
    query += "&include=component:cpu,project:acme-web&exclude=label:team%3Dweb"
    await get(make("trend", billing=billing), f"{ORGANIZATION}?{query}&compare=year", admin("acme"))
    assert parse_qs(urlsplit(billing.requests[-1]).query) == {
        "granularity": ["week"],
        "from": ["2025-09-01"],
        "to": ["2025-10-01T00:00:00+02:00"],
        "group_by": ["label:app.io/team"],
        "limit": ["3"],
        "compare": ["year"],
        "include": ["component:cpu,project:acme-web"],
        "exclude": ["label:team=web"],
    }


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ("granularity=minute", "'hour', 'day', 'week' or 'month'"),
        ("granularity=", "'hour', 'day', 'week' or 'month'"),
        ("group_by=owner", "component, sku, workload, or label:KEY"),
        ("group_by=project", "component, sku, workload, or label:KEY"),
        ("group_by=label:", "Kubernetes label key"),
        (f"group_by=label:{'k' * 300}", "1 to 63 characters"),
        ("group_by=label:a%0A", "Kubernetes label key"),
        ("from=2025-02-30", "not a date of the calendar"),
        ("from=2025-13-01", "a date like 2026-11-01"),
        ("to=2025-02-01T10:30:00Z", "a full hour"),
        ("to=2025-02-01T25:00:00Z", "a full hour"),
        ("to=2025-02-01T10:00:00", "with its offset"),
        ("from=yesterday", "a date like"),
        ("from=1999-12-31", "a date like"),
        ("from=2025-10-02&to=2025-10-01", "must be after 'from'"),
        ("from=2025-10-01&to=2025-10-01", "must be after 'from'"),
        ("from=2025-10-01T02:00:00Z&to=2025-10-01T03:00:00%2B02:00", "must be after 'from'"),
        ("limit=0", "from 1 to 100"),
        ("limit=101", "from 1 to 100"),
        ("limit=1_0", "from 1 to 100"),
        ("compare=last", "'previous' or 'year'"),
        ("period=2025-10", "allowed: format, granularity, from, to, limit, compare, group_by, include, exclude"),
        ("include=", "component:NAME, sku:NAME, workload:NAME, label:KEY=VALUE or label:KEY"),
        ("include=cpu", "component:NAME, sku:NAME, workload:NAME, label:KEY=VALUE or label:KEY"),
        ("include=project:acme-web", "component:NAME, sku:NAME, workload:NAME, label:KEY=VALUE or label:KEY"),
        ("exclude=component:cpu,,sku:a", "component:NAME, sku:NAME, workload:NAME, label:KEY=VALUE or label:KEY"),
        ("exclude=label:team=a%20b", "component:NAME, sku:NAME, workload:NAME, label:KEY=VALUE or label:KEY"),
        ("exclude=" + ",".join(f"sku:s{number}" for number in range(51)), "at most 50 terms"),
    ],
)
async def test_a_wrong_parameter_is_named_with_what_is_allowed(query: str, allowed: str) -> None:
    """The billing service gets no request."""
    billing = BillingService()
    response = await get(make("trend", billing=billing), f"{PROJECT}?{query}", user("acme", "acme-web"))
    body = assert_error_envelope(response, 400)
    assert query.partition("=")[0] in body["error"]
    assert allowed in body["error"]
    assert not any("trend" in request for request in billing.requests)


async def test_a_400_of_the_billing_service_is_passed_on() -> None:
    """It has the time zone, and so the number of buckets."""
    billing = BillingService()
    text = "query parameter 'granularity' gives more than 400 buckets in this range: use day"
    error = (400, {"code": "bad_request", "message": text, "parameter": "granularity"})
    billing.fail = lambda target: error if "trend" in target else None
    path = f"{PROJECT}?granularity=hour&from=2025-09-01"
    body = assert_error_envelope(await get(make("trend", billing=billing), path, user("acme", "acme-web")), 400)
    assert (body["error"], body["details"]) == (text, {"parameter": "granularity"})


DAY_ONE = bucket(0, 12.5)
OTHERS = [bucket(day, None) for day in range(1, DAYS)]


@pytest.mark.parametrize(
    "changes",
    [
        {"total": 12.51},
        {"total": None},
        {"groups": []},
        {"groups": [{"name": "cpu", "amount": 12.51}]},
        {"groups": [{"name": "cpu", "amount": 12.5}, {"name": "memory", "amount": 0}]},
        {"rest": {"groups": 1, "amount": 0.01}},
        {"rounding": 0.01},
        {"buckets": OTHERS},
        {"buckets": [DAY_ONE, *OTHERS[1:]]},
        {"buckets": [DAY_ONE | {"amount": 12.4}, *OTHERS]},
        {"buckets": [DAY_ONE | {"groups": [12.4]}, *OTHERS]},
        {"buckets": [DAY_ONE | {"groups": [12.5, 0]}, *OTHERS]},
        {"buckets": [DAY_ONE | {"rest": 0.1}, *OTHERS]},
        {"buckets": [DAY_ONE | {"cumulative": 12.4}, *OTHERS]},
        {"buckets": [DAY_ONE, OTHERS[0] | {"complete": True}, *OTHERS[1:]]},
        {"buckets": [DAY_ONE, OTHERS[0] | {"amount": 0}, *OTHERS[1:]]},
        {"groups": [{"name": "globex-shop", "namespace": "globex-shop", "amount": 12.5}]},
        {"buckets": []},
        {"from": "2025-10-01"},
    ],
)
async def test_a_trend_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """Rows, columns, gaps between buckets, and another organization's project."""
    assert_error_envelope(await shown(**changes), 503, "Billing service unreachable")


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("?granularity=week", {}),
        ("?group_by=sku", {}),
        ("?compare=year", {}),
        ("?from=2025-09-01", {}),
        ("?to=2025-10-31T00:00:00Z", {}),
        ("?include=component:cpu", {}),
        ("?exclude=sku:a,sku:b", {"exclude": ["sku:a"]}),
        ("", {"include": ["component:cpu"]}),
    ],
)
async def test_what_was_not_requested_is_not_shown(query: str, changes: dict[str, Any]) -> None:
    """A foreign billing service may ignore parameters."""
    assert_error_envelope(await shown(query, **changes), 501, "Not offered by this installation")


CHANGE = {"volume": 1, "price": 0.5, "new": 0, "gone": 0}
COMPARED = {
    "mode": "previous",
    "from": "2025-09-01T00:00:00Z",
    "to": "2025-09-01T15:00:00Z",
    "current": {"from": "2025-10-01T00:00:00Z", "to": "2025-10-01T15:00:00Z"},
    "incomplete_hours": 0,
    "total": 11,
    "difference": 1.5,
    **CHANGE,
    "groups": [{"name": "=cpu", "before": 11, "after": 12.5, "difference": 1.5, **CHANGE}],
    "rest": None,
    "other_currencies": {},
    "unrated_lines": 0,
}


async def test_a_file_has_a_row_for_each_bucket_and_group() -> None:
    """The amounts add up to the total. A bucket without data has no amount. What changed has other columns."""
    groups = [{"name": "=cpu", "amount": 10}, {"name": None, "amount": 2}]
    buckets = [
        bucket(day, None if day else 12.5, **({} if day else {"groups": [10, 2], "rest": 0.5})) for day in range(DAYS)
    ]
    changes = {"groups": groups, "rest": {"groups": 7, "amount": 0.5}, "buckets": buckets, "compare": COMPARED}
    response = await shown("?format=csv&compare=previous", currency="EUR", **changes)
    assert response.headers["content-disposition"] == 'attachment; filename="trend-acme-web-2025-10-01-day.csv"'
    *parts, total = rows(response.text)
    assert [(row["row"], row["name"], row["amount"]) for row in parts[:4]] == [
        ("group", "'=cpu", "10"),
        ("group", "", "2"),
        ("rest", "7 more groups", "0.5"),
        ("bucket", "", ""),
    ]
    assert sum(Decimal(row["amount"] or 0) for row in parts) == Decimal(total["amount"]) == Decimal("12.5")
    assert (parts[3]["from"], parts[3]["complete"], parts[3]["state"]) == (
        "2025-10-02T00:00:00.000Z",
        "false",
        "future",
    )
    assert (parts[-1]["row"], parts[-1]["volume"], total["before"], total["difference"]) == ("change", "1", "11", "1.5")


EARLIER = {"from": "2025-09-01T00:00:00Z", "to": "2025-10-01T00:00:00Z"}
CHANGED = {"before": 10, "after": 12.5, "difference": 2.5, "volume": 2, "price": 0.75, "new": 0, "gone": -0.25}
COMPARE = {
    "mode": "previous",
    **EARLIER,
    "current": {"from": "2025-10-01T00:00:00Z", "to": "2025-11-01T00:00:00Z"},
    "incomplete_hours": 3,
    "total": 10,
    **{name: CHANGED[name] for name in ("difference", "volume", "price", "new", "gone")},
    "groups": [{"name": "cpu", **CHANGED}],
    "rest": None,
    "other_currencies": {},
    "unrated_lines": 0,
}


SHOWN = [{"before": 10, "after": 12.5, "difference": 2.5, "ratio": 0.25}]


async def test_the_comparison_of_the_shown_groups_is_in_their_order() -> None:
    """With the others together, which can have groups without cost in the range."""
    beside = {"shown": SHOWN, "not_shown": None, "ratio": 0.25}
    data = assert_success_envelope(await shown("?compare=previous", compare=COMPARE | beside))["data"]
    assert (data["compare"]["shown"], data["compare"]["ratio"]) == (SHOWN, 0.25)
    assert "not_shown" not in data["compare"]


async def test_what_changed_is_shown_by_its_parts() -> None:
    """Amounts are signed, and null if one of the two ranges is not known."""
    data = assert_success_envelope(await shown("?compare=previous", compare=COMPARE))["data"]
    assert data["compare"]["groups"] == [{"name": "cpu", **CHANGED}]
    assert (data["compare"]["from"], data["compare"]["incomplete_hours"]) == ("2025-09-01T00:00:00.000Z", 3)
    nothing = dict.fromkeys(("total", "difference", "volume", "price", "new", "gone")) | {"groups": []}
    data = assert_success_envelope(await shown("?compare=previous", compare=COMPARE | nothing))["data"]
    assert (data["compare"]["difference"], data["compare"]["groups"]) == (None, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"difference": 2.6},
        {"total": 10.01},
        {"volume": 2.01},
        {"volume": 2.01, "price": 0.74},
        {"rounding": 0.01},
        {"groups": []},
        {"groups": [{"name": "cpu", **CHANGED, "before": 10.01}]},
        {"groups": [{"name": "cpu", **CHANGED, "price": 0.76}]},
        {"rest": {"groups": 1, **CHANGED}},
        {"difference": None},
        {"total": None},
        {"groups": [{"name": "globex-shop", "namespace": "globex-shop", **CHANGED}]},
        {"shown": []},
        {"shown": [{"before": 10, "after": 12.5, "difference": 2.4}]},
        {"shown": [{"before": 10.1, "after": 12.5, "difference": 2.4}]},
        {"shown": SHOWN, "not_shown": {"groups": 1, "before": 1, "after": 0, "difference": -1}},
    ],
)
async def test_a_change_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """Parts, groups, the total, and another organization's project."""
    response = await shown("?compare=previous", compare=COMPARE | changes)
    assert_error_envelope(response, 503, "Billing service unreachable")
