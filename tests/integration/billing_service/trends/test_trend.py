"""The trend: buckets and groups that add up, in the organization's time zone, and equal to overview and statement."""

import random
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, product
from typing import Any

import pytest

from tests.integration.billing_service.conftest import Api, Load

from .kit import ORGANIZATION, PROJECT, ZONE, at, trend
from .world import World, bucket_of, expected

CENT = Fraction(1, 100)


async def build(api: Api, load: Load, world: World, now: str) -> None:
    api.now = at(now)
    await load(world.prices())
    await load(ZONE, now=api.now)
    await load(world.usage(), now=api.now)


def key_of(group: dict[str, Any], group_by: str) -> Any:
    return (group["namespace"], group["name"]) if group_by == "workload" else group["name"]


def check(found: Any, world: World, namespaces: set[str], group_by: str) -> None:
    """Every sum, to the last digit, and every amount against the lines."""
    since, until = at(found["from"]), at(found["to"])
    lines = [line for line in world.lines if line.namespace in namespaces]
    exact = expected(lines, since, until, found["granularity"], group_by)
    if found["total"] is None:
        assert not exact.groups
        assert not found["groups"]
        return
    assert found["total"] == exact.total
    shown = [bucket for bucket in found["buckets"] if bucket["amount"] is not None]
    assert list(accumulate(bucket["amount"] for bucket in shown)) == [bucket["cumulative"] for bucket in shown]
    assert shown[-1]["cumulative"] == found["total"]
    rest = found["rest"]
    by_project = group_by == "project"
    groups = sum((group["amount"] for group in found["groups"]), Decimal(0))
    assert groups + (rest["amount"] if rest else 0) + found.get("rounding", 0) == found["total"]
    assert len(found["groups"]) + (rest["groups"] if rest else 0) == len(exact.groups)
    assert ("rounding" in found) == by_project
    begin = since
    pieces = 2 if found["granularity"] == "week" else 1
    for bucket in found["buckets"]:
        assert (at(bucket["from"]), at(bucket["from"]) < at(bucket["to"])) == (begin, True)
        begin = at(bucket["to"])
        key = bucket_of(at(bucket["from"]), found["granularity"])
        if bucket["amount"] is None:
            assert not exact.buckets.get(key)
            assert "groups" not in bucket
            continue
        assert abs(Fraction(bucket["amount"]) - exact.buckets[key]) < pieces * CENT
        parts = sum(bucket["groups"], Decimal(0)) + bucket.get("rest", 0) + bucket.get("rounding", 0)
        assert parts == bucket["amount"]
        for group, amount in zip(found["groups"], bucket["groups"], strict=True):
            assert abs(Fraction(amount) - exact.cells.get((key, key_of(group, group_by)), 0)) <= pieces * CENT
            assert amount >= 0
    assert begin == until
    for place, group in enumerate(found["groups"]):
        cells = sum((bucket["groups"][place] for bucket in shown), Decimal(0))
        assert cells == group["amount"]
        assert abs(Fraction(group["amount"]) - exact.groups[key_of(group, group_by)]) < len(exact.months) * CENT
    if rest:
        assert sum((bucket["rest"] for bucket in shown), Decimal(0)) == rest["amount"]
    amounts = [group["amount"] for group in found["groups"]]
    assert amounts == sorted(amounts, reverse=True)


RANGES = [
    ("day", "2026-10-17", "2026-11-03"),
    ("week", "2026-10-18", "2026-11-07"),
    ("month", "2026-10-01", "2026-12-01"),
    ("month", "2026-10-17T05:00:00Z", "2026-11-03T03:00:00Z"),
    ("hour", "2026-10-24", "2026-10-26"),
    ("day", "2026-10-22T09:00:00%2B02:00", "2026-10-26T13:00:00Z"),
    ("day", "2026-10-24T22:00:00Z", "2026-10-25T01:00:00Z"),
    ("week", "2026-10-31T22:00:00Z", "2026-11-02T02:00:00Z"),
]
GROUPS = ("component", "sku", "workload", "label:team", "project")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow_fault) for seed in (1, 2))])
async def test_every_sum_holds_to_the_last_digit(api: Api, load: Load, seed: int) -> None:
    """Random usage over the end of summer time, with gaps: all granularities, groups and scopes, some limits."""
    world = World.of(seed, at("2026-10-16"), at("2026-11-05T09:00"))
    await build(api, load, world, "2026-11-05T10:00")
    for (granularity, since, until), group_by in product(RANGES, GROUPS):
        limit = random.Random(f"{seed} {since} {group_by}").choice([1, 2, 10])
        query = f"&granularity={granularity}&from={since}&to={until}&group_by={group_by}&limit={limit}"
        if group_by != "project":
            check(await trend(api, PROJECT + query), world, {"acme-web"}, group_by)
        own = f"{ORGANIZATION}namespaces=acme-data,acme-nothing{query}"
        check(await trend(api, own), world, {"acme-data"}, group_by)
        check(await trend(api, ORGANIZATION + query[1:]), world, {"acme-web", "acme-data"}, group_by)


async def test_a_month_is_the_month_of_overview_list_and_statement(api: Api, load: Load) -> None:
    """Total, components, SKUs, projects, rounding, and what is incomplete: to the last digit."""
    world = World.of(7, at("2026-09-29"), at("2026-11-05T09:00"))
    await build(api, load, world, "2026-11-05T10:00")
    for period, month in (("2026-10", "&from=2026-10-01&to=2026-11-01"), ("2026-11", "&from=2026-11-01&to=2026-12-01")):
        overview = await trend(api, f"/api/project/acme-web/overview?organization=acme&period={period}")
        listed = await trend(api, f"/api/organization/acme/projects?period={period}")
        statement = await trend(api, f"/api/organization/acme/statement?period={period}")
        for granularity in ("day", "week", "month"):
            found = await trend(api, f"{PROJECT}&granularity={granularity}{month}")
            assert found["total"] == overview["billing_summary"]["current_month_total"]
            for name in ("incomplete_hours", "complete_through", "as_of", "currency", "period_state", "cost_basis"):
                assert found[name] == overview[name], name
            parts = {f"{group['name']}_cost": group["amount"] for group in found["groups"]}
            assert parts == {name: part for name, part in overview["cost_breakdown"].items() if name in parts}
            skus = await trend(api, f"{PROJECT}&granularity={granularity}&group_by=sku{month}")
            [project] = [entry for entry in statement["projects"] if entry["namespace"] == "acme-web"]
            assert {group["name"]: group["amount"] for group in skus["groups"]} == {
                line["sku"]: line["amount"] for line in project["lines"]
            }
            everything = await trend(api, f"{ORGANIZATION}granularity={granularity}&group_by=project{month}")
            assert everything["total"] == listed["total"]["current_month_total"] == statement["usage_total"]
            assert everything["rounding"] == listed["total"]["rounding"] == statement["rounding"]
            assert {group["name"]: group["amount"] for group in everything["groups"]} == {
                entry["namespace"]: entry["total"] for entry in statement["projects"]
            }


async def test_the_amount_of_a_bucket_does_not_depend_on_the_groups(api: Api, load: Load) -> None:
    """Nor does the amount of a group depend on granularity and limit."""
    world = World.of(11, at("2026-09-30"), at("2026-11-05T09:00"))
    await build(api, load, world, "2026-11-05T10:00")
    month = "&from=2026-10-01&to=2026-11-01"
    buckets, groups = [], []
    for group_by in GROUPS[:4]:
        for limit in (1, 10):
            found = await trend(api, f"{PROJECT}&group_by={group_by}&limit={limit}{month}")
            buckets.append([bucket["amount"] for bucket in found["buckets"]])
    for granularity, limit in product(("day", "week", "month"), (1, 10)):
        found = await trend(api, f"{PROJECT}&granularity={granularity}&group_by=workload&limit={limit}{month}")
        groups.append(found["groups"][0])
    assert all(one == buckets[0] for one in buckets)
    assert all(one == groups[0] for one in groups)
