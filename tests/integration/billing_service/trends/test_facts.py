"""Owners, lives, currencies, missing prices, adjustments, labels, tags: whose cost it is, and what is not in it."""

from decimal import Decimal
from typing import Any

import pytest

from billing_service.database import connect
from billing_service.periods.close import close
from tests.integration.billing_service.conftest import Api, Load
from tests.integration.billing_service.requests import assert_error

from .kit import LINES, ORGANIZATION, PRICES, PROJECT, at, trend, usage

CPU = f"{PRICES}cpu_core_hour,EUR,0.05,2020-01-01T00:00:00Z\ncpu_core_hour,USD,0.07,2020-01-01T00:00:00Z\n"
NOW = at("2026-11-20T12:30")
MONTH = "from=2026-11-01&to=2026-12-01"


@pytest.fixture
async def priced(api: Api, load: Load) -> Api:
    """0.05 EUR and 0.07 USD for a core hour, in UTC."""
    await load(CPU)
    api.now = NOW
    return api


def named(found: dict[str, Any]) -> dict[str, Decimal]:
    return {group["name"]: group["amount"] for group in found["groups"]}


async def test_a_project_that_moved_counts_where_it_was(priced: Api, load: Load) -> None:
    """Each owner has the hours of its time: in the organization's total, in its groups, and in the project's trend."""
    await load(LINES + usage("2026-11-01T00:00", 300) + usage("2026-11-01T00:00", 10, namespace="acme-data"), now=NOW)
    await load("namespace,organization,valid_from\nacme-web,acme-prod,2026-11-06T00:00:00Z\n", now=NOW)
    old = await trend(priced, f"{ORGANIZATION}{MONTH}&group_by=project")
    assert named(old) == {"acme-web": 6, "acme-data": Decimal("0.5")}
    listed = await trend(priced, "/api/organization/acme/projects")
    assert old["total"] == listed["total"]["current_month_total"] == Decimal("6.5")
    new = await trend(priced, f"/api/organization/acme-prod/trend?{MONTH}&group_by=project")
    assert named(new) == {"acme-web": 9}
    before = await trend(priced, f"{PROJECT}&{MONTH}")
    assert before["total"] == 6
    assert [bucket["state"] for bucket in before["buckets"]][4:7] == ["complete", "no_data", "no_data"]
    after = await trend(priced, f"/api/project/acme-web/trend?organization=acme-prod&{MONTH}")
    assert (after["total"], after["buckets"][0]["amount"], after["buckets"][5]["amount"]) == (9, None, Decimal("1.2"))
    later = await priced.get(f"{PROJECT}&from=2026-12-01&to=2027-01-01")
    assert_error(later, 404, "project_not_found")
    own = await trend(priced, f"{ORGANIZATION}{MONTH}&namespaces=acme-web")
    assert own["total"] == 6


async def test_a_project_that_was_created_again_is_two_groups(priced: Api, load: Load) -> None:
    """The project's own trend has the life that has the name now, and nothing of its former life."""
    for since, uid in (("2026-10-01", "1"), ("2026-11-05", "2")):
        row = f"acme-web,acme,{since}T00:00:00Z,0e0e0e0e-0000-4000-8000-00000000000{uid}\n"
        await load(f"namespace,organization,valid_from,uid\n{row}", now=NOW)
    await load(LINES + usage("2026-10-30T00:00", 24 * 21), now=NOW)
    found = await trend(priced, f"{ORGANIZATION}{MONTH}&group_by=project")
    groups = [(group["name"], group["uid"][-1], group["amount"]) for group in found["groups"]]
    assert groups == [("acme-web", "2", Decimal("18.00")), ("acme-web", "1", Decimal("4.80"))]
    assert (found["total"], found["rounding"]) == (Decimal("22.80"), 0)
    project = await trend(priced, f"{PROJECT}&from=2026-10-01&to=2026-12-01&granularity=month")
    overview = await trend(priced, "/api/project/acme-web/overview?organization=acme&period=2026-11")
    total = overview["billing_summary"]["current_month_total"]
    assert [bucket["amount"] for bucket in project["buckets"]] == [None, total] == [None, Decimal("18.00")]
    earlier = await priced.get("/api/project/acme-web/overview?organization=acme&period=2026-10")
    assert earlier.status_code == 404


async def test_currencies_are_never_added(priced: Api, load: Load) -> None:
    """From 10 November on, USD: the response is in USD, and days in EUR are not 0."""
    await load(LINES + usage("2026-11-09T00:00", 36), now=NOW)
    await load("organization,currency,valid_from\nacme,USD,2026-11-10T00:00:00Z\n", now=NOW)
    for path in (f"{PROJECT}&", ORGANIZATION):
        found = await trend(priced, f"{path}from=2026-11-09&to=2026-11-11&compare=previous")
        assert (found["currency"], found["total"], found["other_currencies"]) == (
            "USD",
            Decimal("0.84"),
            {"EUR": Decimal("1.2")},
        )
        first, second = found["buckets"]
        assert (first["amount"], first["other_currencies"], first["complete"]) == (None, {"EUR": Decimal("1.2")}, False)
        assert second["amount"] == Decimal("0.84")
        past = await trend(priced, f"{path}from=2026-11-09&to=2026-11-10")
        assert (past["currency"], past["total"]) == ("EUR", Decimal("1.20"))
        after = await trend(priced, f"{path}from=2026-11-10&to=2026-11-11&compare=previous")
        assert (after["compare"]["total"], after["compare"]["other_currencies"]) == (None, {"EUR": Decimal("0.6")})


async def test_usage_without_a_price_is_no_amount(priced: Api, load: Load) -> None:
    """A project's trend is 409, as its overview. An organization's has their number, and null without others."""
    await load(LINES + usage("2026-11-02T00:00", 24) + usage("2026-11-03T00:00", 24, sku="memory_gib_hour"), now=NOW)
    error = assert_error(await priced.get(f"{PROJECT}&{MONTH}"), 409, "price_missing")
    assert (error["sku"], error["month"]) == ("memory_gib_hour", "2026-11")
    assert (await trend(priced, f"{PROJECT}&from=2026-11-02&to=2026-11-03"))["total"] == Decimal("1.20")
    await load(LINES + usage("2026-11-04T00:00", 24), now=NOW)
    assert_error(await priced.get(f"{PROJECT}&from=2026-11-04&to=2026-11-05&compare=previous"), 409, "price_missing")
    found = await trend(priced, f"{ORGANIZATION}from=2026-11-02&to=2026-11-04")
    assert found["unrated_lines"] == 24
    shown = [(bucket["amount"], bucket.get("unrated_lines"), bucket["complete"]) for bucket in found["buckets"]]
    assert shown == [(Decimal("1.20"), None, True), (None, 24, False)]


async def test_adjustments_are_beside_the_amounts(priced: Api, load: Load, database_url: str) -> None:
    """By the month in which they count, as in overview and statement; a project-user gets those of the own projects."""
    await load(LINES + usage("2026-10-05T00:00", 10), now=at("2026-10-06T00:00"))
    async with connect(database_url) as connection:
        assert await close(connection, 3, at("2026-11-10T00:00")) == 1
    await load(LINES + usage("2026-10-05T00:00", 1, "3") + usage("2026-11-05T00:00", 10), now=NOW)
    credits_ = "c-1,acme,-3,EUR,credit,acme-data\nc-2,acme,-7.005,EUR,credit,\n"
    await load("id,organization,amount,currency,reason,namespace\n" + credits_, now=NOW)
    found = await trend(priced, f"{ORGANIZATION}from=2026-10-01&to=2026-12-01&granularity=month")
    assert [bucket["amount"] for bucket in found["buckets"]] == [Decimal("0.50"), Decimal("0.50")]
    statement = await trend(priced, "/api/organization/acme/statement?period=2026-11")
    assert found["adjustments"] == [
        {"period": "2026-11", "currency": "EUR", "amount": statement["invoiced"]["adjustments"]}
    ]
    own = await trend(priced, f"{PROJECT}&{MONTH}")
    overview = await trend(priced, "/api/project/acme-web/overview?organization=acme&period=2026-11")
    assert [one["amount"] for one in own["adjustments"]] == [overview["adjustments"]] == [Decimal("0.10")]
    some = await trend(priced, f"{ORGANIZATION}{MONTH}&namespaces=acme-data,globex-shop")
    assert (some["adjustments"][0]["amount"], some["total"]) == (Decimal("-3.00"), None)


async def test_usage_without_the_label_has_no_name(priced: Api, load: Load) -> None:
    """An empty value is another group. The label of the hour decides."""
    header = "namespace,hour,sku,workload,quantity,labels\n"
    line = "acme-web,2026-11-02T{:02}:00:00Z,cpu_core_hour,Pod/a,{},{}\n"
    values = [(0, 100, "team=web"), (1, 200, "team="), (2, 300, "app.io/team=web"), (3, 400, "")]
    await load(header + "".join(line.format(*value) for value in values), now=NOW)
    found = await trend(priced, f"{PROJECT}&{MONTH}&group_by=label:team")
    assert (named(found), found["group_by"]) == ({None: 35, "": 10, "web": 5}, "label:team")
    other = await trend(priced, f"{ORGANIZATION}{MONTH}&group_by=label:app.io/team&limit=1&compare=previous")
    assert (named(other), other["rest"]) == ({None: 35}, {"groups": 1, "amount": 15})


async def test_another_organizations_usage_is_in_no_answer(priced: Api, load: Load) -> None:
    """A foreign namespace is 404, and as one of `namespaces` it adds nothing."""
    usd = usage("2026-11-02T00:00", 24, namespace="globex-shop")
    await load(LINES + usage("2026-11-02T00:00", 24) + usd + usage("2026-11-02T00:00", 9, namespace="acme-prod-web"))
    for namespace in ("globex-shop", "nobody"):
        path = f"/api/project/{namespace}/trend?organization=acme&{MONTH}"
        assert_error(await priced.get(path), 404, "project_not_found")
    assert_error(await priced.get(f"/api/organization/nobody/trend?{MONTH}"), 404, "organization_not_found")
    for group_by in ("component", "sku", "project", "workload", "label:team"):
        for names in ("", "&namespaces=acme-web,globex-shop,acme-prod-web"):
            found = await trend(priced, f"{ORGANIZATION}{MONTH}&group_by={group_by}{names}")
            assert (found["total"], len(found["groups"])) == (Decimal("1.20"), 1)


async def test_an_unchanged_trend_is_304(priced: Api, load: Load) -> None:
    """The tag changes with the parameters, the data and the day."""
    await load(LINES + usage("2026-11-02T00:00", 24), now=NOW)
    tags = []
    for query in ("", "&limit=3", "&group_by=sku", "&granularity=hour", "&compare=year", f"&{MONTH}"):
        first = await priced.get(PROJECT + query)
        tags.append(first.headers["etag"])
        again = await priced.get(PROJECT + query, **{"If-None-Match": tags[-1]})
        assert (again.status_code, again.content) == (304, b"")
    assert len(set(tags)) == len(tags)
    priced.now = at("2026-11-21T00:00")
    hours = await priced.get(f"{PROJECT}&granularity=hour", **{"If-None-Match": tags[3]})
    assert (hours.status_code, hours.json()["from"]) == (200, "2026-11-21T00:00:00.000Z")
    await load(LINES + usage("2026-11-03T00:00", 24), now=NOW)
    assert (await priced.get(PROJECT, **{"If-None-Match": tags[0]})).status_code == 200


async def test_a_project_without_usage_has_no_total(priced: Api) -> None:
    """Nothing was ever metered: every bucket is there, and null."""
    for path in (f"{PROJECT}&", ORGANIZATION):
        found = await trend(priced, f"{path}{MONTH}&compare=previous")
        assert (found["total"], found["groups"], found["complete_through"], found["as_of"]) == (None, [], None, None)
        assert {(one["amount"], one["complete"], one["state"]) for one in found["buckets"]} == {
            (None, False, "no_data")
        }
        assert (len(found["buckets"]), found["compare"]["difference"]) == (30, None)
