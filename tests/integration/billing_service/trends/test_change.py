"""What changed: volume, price, new and gone, with an independent computation, and the ranges that are compared."""

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.integration.billing_service.conftest import Api, Load
from tests.kit.slow import first_quick

from .kit import LINES, ORGANIZATION, PRICES, PROJECT, ZONE, at, trend, usage

PARTS = ("volume", "price", "new", "gone")
RISE = (
    f"{PRICES}cpu_core_hour,EUR,0.031,2020-01-01T00:00:00Z\ncpu_core_hour,EUR,0.037,2026-10-31T23:00:00Z\n"
    "memory_gib_hour,EUR,0.0051,2020-01-01T00:00:00Z\nnetwork_gib,EUR,0.07,2020-01-01T00:00:00Z\n"
)
PRICE = {
    "cpu_core_hour": (Fraction("0.031"), Fraction("0.037")),
    "memory_gib_hour": (Fraction("0.0051"), Fraction("0.0051")),
    "network_gib": (Fraction("0.07"), Fraction("0.07")),
}
MONTH = "from=2026-11-01&to=2026-12-01"


def parts_of(one: dict[str, Any]) -> list[Decimal]:
    return [one[name] for name in PARTS]


def check_sums(found: dict[str, Any]) -> None:
    """Of the parts of each group, of the groups, and of the two totals."""
    compare = found["compare"]
    groups = [*compare["groups"], *([compare["rest"]] if compare["rest"] else [])]
    for group in groups:
        assert group["before"] + group["difference"] == group["after"]
        assert sum(parts_of(group)) == group["difference"]
    for name in PARTS:
        assert sum(group[name] for group in groups) == compare[name]
    assert sum(parts_of(compare)) + compare.get("rounding", 0) == compare["difference"]
    assert compare["total"] + compare["difference"] == found["total"]
    changes = [abs(group["difference"]) for group in compare["groups"]]
    assert changes == sorted(changes, reverse=True)
    check_beside(found)


def check_beside(found: dict[str, Any]) -> None:
    """The groups of the trend in their order, and all others, also those that are gone; ratios are half up."""
    compare = found["compare"]
    rest, not_shown = found["rest"], compare["not_shown"]
    assert [group["after"] for group in compare["shown"]] == [group["amount"] for group in found["groups"]]
    assert (rest["amount"] if rest else 0) == (not_shown["after"] if not_shown else 0)
    beside = [*compare["shown"], *([not_shown] if not_shown else [])]
    assert sum(one["difference"] for one in beside) + compare.get("rounding", 0) == compare["difference"]
    for one in [*beside, *compare["groups"], compare | {"before": compare["total"]}]:
        exact = Fraction(one["difference"]) / Fraction(one["before"]) if one["before"] else None
        assert (one["ratio"] is None) == (exact is None)
        assert exact is None or abs(Fraction(one["ratio"]) - exact) <= Fraction(1, 20_000)


@pytest.fixture
async def berlin(api: Api, load: Load) -> Api:
    await load(ZONE, now=at("2026-01-01T00:00"))
    api.now = at("2026-12-10T12:30")
    return api


@pytest.mark.parametrize("seed", first_quick(range(3)))
async def test_the_parts_are_those_of_an_independent_computation(berlin: Api, load: Load, seed: int) -> None:
    """Two months of several workloads and SKUs; the price of one SKU rises between them."""
    dice = random.Random(seed)
    await load(RISE)
    quantities: dict[tuple[str, str, str], list[Fraction]] = {}
    text = LINES
    for namespace in ("acme-web", "acme-data"):
        for sku in PRICE:
            for number in range(5):
                both = [Decimal(dice.choice([0, 0, 1, 3, 7]) * dice.randint(1, 99999)).scaleb(-3) for _ in range(2)]
                for first, quantity in zip(("2026-10-10T00:00", "2026-11-12T00:00"), both, strict=True):
                    text += usage(first, 3, f"{quantity:f}", namespace=namespace, sku=sku, workload=f"Pod/{number}")
                quantities[namespace, sku, f"Pod/{number}"] = [Fraction(quantity) * 3 for quantity in both]
    await load(text)
    for group_by, key in (("sku", 1), ("workload", 2), ("project", 0)):
        for limit in (2, 100):
            found = await trend(berlin, f"{ORGANIZATION}{MONTH}&compare=previous&group_by={group_by}&limit={limit}")
            check_sums(found)
            for group in found["compare"]["groups"]:
                chosen = [
                    (names, both)
                    for names, both in quantities.items()
                    if names[key] == group["name"] and group.get("namespace", names[0]) == names[0]
                ]
                exact = expected_parts(chosen)
                assert all(
                    abs(Fraction(shown) - part) <= Fraction(2, 100)
                    for shown, part in zip(parts_of(group), exact, strict=True)
                ), (group, exact)


def expected_parts(chosen: list[tuple[tuple[str, str, str], list[Fraction]]]) -> list[Fraction]:
    """By SKU: the quantities of the group are added up before they are compared."""
    parts = [Fraction(0)] * 4
    for sku, (old_price, price) in PRICE.items():
        old, new = (sum(both[side] for names, both in chosen if names[1] == sku) for side in (0, 1))
        if not old:
            parts[2] += new * price
        elif not new:
            parts[3] -= old * old_price
        else:
            parts[0] += (new - old) * old_price
            parts[1] += new * (price - old_price)
    return parts


async def compared(api: Api, query: str) -> dict[str, Any]:
    found = await trend(api, f"{PROJECT}&{query}")
    if found["compare"]["difference"] is not None:
        check_sums(found)
    compare: dict[str, Any] = found["compare"]
    return compare


async def test_a_price_that_rises_is_price_and_more_hours_are_volume(berlin: Api, load: Load) -> None:
    """100 core hours at 0.031, then 150 at 0.037."""
    await load(RISE)
    await load(LINES + usage("2026-10-10T00:00", 100) + usage("2026-11-10T00:00", 150))
    compare = await compared(berlin, f"{MONTH}&compare=previous")
    assert (compare["total"], compare["difference"]) == (Decimal("3.10"), Decimal("2.45"))
    assert parts_of(compare) == [Decimal("1.55"), Decimal("0.90"), 0, 0]
    [group] = compare["groups"]
    assert (group["name"], group["before"], group["after"]) == ("cpu", Decimal("3.10"), Decimal("5.55"))


async def test_a_monthly_price_is_no_change_in_a_longer_month(berlin: Api, load: Load) -> None:
    """October has 745 hours, November 720. A new price is a change of the price only."""
    per = "resource,currency,unit_price,valid_from,valid_until,per\npublic_ip_hour,EUR,{},{},{},month\n"
    await load(per.format(10, "2020-01-01T00:00:00Z", "2026-11-30T23:00:00Z"))
    await load(per.format(12, "2026-11-30T23:00:00Z", ""), now=at("2026-12-01T00:00"))
    await load(LINES + usage("2026-09-30T22:00", 745 + 720 + 744, sku="public_ip_hour"), now=at("2027-01-02T00:00"))
    berlin.now = at("2027-01-02T00:00")
    same = await compared(berlin, f"{MONTH}&compare=previous")
    assert (same["total"], same["difference"], parts_of(same)) == (10, 0, [0, 0, 0, 0])
    dearer = await compared(berlin, "from=2026-12-01&to=2027-01-01&compare=previous")
    assert (dearer["difference"], parts_of(dearer)) == (2, [0, 2, 0, 0])


async def test_another_tier_is_volume(berlin: Api, load: Load) -> None:
    """100 hours are included and 400 cost 0.05: no price changed, so what more hours cost is volume."""
    tiers = "resource,currency,unit_price,valid_from,included,tiers\n"
    await load(f"{tiers}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,100,500=0.04\n")
    await load(LINES + usage("2026-10-10T00:00", 100) + usage("2026-11-10T00:00", 200, "3"))
    compare = await compared(berlin, f"{MONTH}&compare=previous")
    assert (compare["total"], compare["difference"], parts_of(compare)) == (0, 24, [24, 0, 0, 0])


async def test_what_is_new_and_what_is_gone(berlin: Api, load: Load) -> None:
    """By workload: one began, one ended, one stayed."""
    await load(RISE)
    stays, gone, new = "Deployment/stays", "Deployment/gone", "Deployment/new"
    text = usage("2026-10-10T00:00", 100, workload=stays) + usage("2026-10-10T00:00", 100, "2", workload=gone)
    text += usage("2026-11-10T00:00", 100, workload=stays) + usage("2026-11-10T00:00", 100, "9", workload=new)
    await load(LINES + text + usage("2026-11-30T22:00", 1, "0", workload=stays), now=berlin.now)
    compare = await compared(berlin, f"{MONTH}&compare=previous&group_by=workload")
    assert [(group["name"], parts_of(group)) for group in compare["groups"]] == [
        (new, [0, 0, Decimal("33.30"), 0]),
        (gone, [0, 0, 0, Decimal("-6.20")]),
        (stays, [0, Decimal("0.60"), 0, 0]),
    ]
    short = await compared(berlin, f"{MONTH}&compare=previous&group_by=workload&limit=1")
    assert (short["rest"]["groups"], parts_of(short["rest"])) == (2, [0, Decimal("0.60"), 0, Decimal("-6.20")])


RANGES = [
    ("2026-12-10T12:00", f"{MONTH}&compare=previous", "2026-09-30T22:00", "2026-10-31T23:00", "2026-11-30T23:00"),
    ("2026-11-20T12:00", f"{MONTH}&compare=previous", "2026-09-30T22:00", "2026-10-20T11:00", "2026-11-20T12:00"),
    ("2026-03-31T12:00", "from=2026-03-01&to=2026-04-01&compare=previous", "2026-01-31T23:00", "2026-02-28T23:00",
     "2026-03-31T12:00"),
    ("2026-11-20T12:00", "from=2026-11-02&to=2026-11-05&compare=previous", "2026-10-29T23:00", "2026-11-01T23:00",
     "2026-11-04T23:00"),
    ("2026-11-20T12:00", "from=2026-10-01&to=2026-12-01&compare=previous", "2026-07-31T22:00", "2026-09-20T12:00",
     "2026-11-20T12:00"),
    ("2026-11-20T12:00", "from=2026-11-03T05:00:00Z&to=2026-11-03T09:00:00Z&compare=previous&granularity=hour",
     "2026-11-03T01:00", "2026-11-03T05:00", "2026-11-03T09:00"),
    ("2028-03-05T12:00", "from=2028-02-29&to=2028-03-01&compare=year", "2027-02-27T23:00", "2027-02-28T23:00",
     "2028-02-29T23:00"),
    ("2028-03-05T12:00", "from=2028-02-01&to=2028-03-01&compare=year", "2027-01-31T23:00", "2027-02-28T23:00",
     "2028-02-29T23:00"),
    ("2026-11-20T12:00", "from=2026-11-01&to=2026-12-01&compare=year", "2025-10-31T23:00", "2025-11-20T12:00",
     "2026-11-20T12:00"),
    ("2026-11-20T12:00", "from=2026-10-25T01:00:00Z&to=2026-10-25T05:00:00Z&compare=year&granularity=hour",
     "2025-10-25T01:00", "2025-10-25T05:00", "2026-10-25T05:00"),
]  # fmt: skip


@pytest.mark.parametrize(("as_of", "query", "since", "until", "current_until"), RANGES)
async def test_the_ranges_that_are_compared(  # noqa: PLR0917 - two fixtures and a case
    berlin: Api, load: Load, as_of: str, query: str, since: str, until: str, current_until: str
) -> None:
    """Complete months, months that run (the same number of hours), days, hours, and 29 February with the 28th."""
    await load(RISE)
    berlin.now = at(as_of)
    last = f"{at(as_of).year}-{as_of[5:11]}11:00"
    await load(LINES + usage(last, 1), now=berlin.now)
    compare = await compared(berlin, query)
    shown = {name: compare[name][:16] for name in ("from", "to")} | {"current": compare["current"]["to"][:16]}
    assert shown == {"from": since, "to": until, "current": current_until}


async def test_a_range_without_data_has_no_difference(berlin: Api, load: Load) -> None:
    """Null is not 0, for the earlier range and for one that has not begun."""
    await load(RISE)
    await load(LINES + usage("2026-11-10T00:00", 150))
    compare = await compared(berlin, f"{MONTH}&compare=previous")
    assert (compare["total"], compare["difference"], compare["groups"], parts_of(compare)) == (
        None,
        None,
        [],
        [None] * 4,
    )
    assert compare["from"] == "2026-09-30T22:00:00.000Z"
    future = await compared(berlin, "from=2027-01-01&to=2027-02-01&compare=previous")
    assert (future["from"], future["current"], future["difference"]) == (None, None, None)
