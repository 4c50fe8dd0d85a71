"""Hours that are missing: the trend has the overview's, for random projects, sources and months."""

import random
from datetime import timedelta
from itertools import product

import pytest

from billing_service.database import connect
from tests.integration.billing_service.conftest import Api, Load
from tests.kit.slow import first_quick

from .kit import LINES, ORGANIZATION, PRICES, ZONE, at, trend, usage

NOW = at("2026-12-10T12:00")
HOURS = 24 * 100
FIRST = at("2026-09-01T00:00")
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12")


def owners(dice: random.Random) -> tuple[str, list[str]]:
    """Projects without a start date, that began at some hour, or began and ended. `late` has no usage at all."""
    rows, names = "namespace,organization,valid_from,valid_until\n", []
    for number in range(6):
        since = FIRST + timedelta(hours=dice.randint(0, 24 * 60)) if number % 3 else None
        until = NOW - timedelta(hours=dice.randint(0, 24 * 30)) if number % 3 == 2 else None
        ends = [f"{end:%Y-%m-%dT%H:%M:%SZ}" if end else "" for end in (since, until)]
        rows += f"cover-{number},acme,{ends[0]},{ends[1]}\n"
        names.append(f"cover-{number}")
    return rows, names


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow_fault) for seed in range(1, 4))])
@pytest.mark.parametrize("metered", first_quick([True, False]))
async def test_the_missing_hours_are_those_of_the_overview(
    api: Api, load: Load, database_url: str, seed: int, *, metered: bool
) -> None:
    """With and without the coverage of a meter; an hour of the organization is missing if one project misses it."""
    dice = random.Random(seed)
    api.now = NOW
    await load(f"{PRICES}cpu_core_hour,EUR,1,2020-01-01T00:00:00Z\n")
    await load(ZONE, now=NOW)
    rows, names = owners(dice)
    await load(rows, now=NOW)
    await load(random_usage(dice, names[:-1]), now=NOW)
    if metered:
        await meter(database_url, dice)
    for name, month in product(names, MONTHS):
        await check(api, name, month)
    for month in MONTHS[:3]:
        one = await trend(api, f"/api/project/{names[0]}/trend?organization=acme&{range_of(month)}")
        everything = await trend(api, f"{ORGANIZATION}{range_of(month)}")
        for part, bucket in zip(one["buckets"], everything["buckets"], strict=True):
            assert part["incomplete_hours"] <= bucket["incomplete_hours"] <= 25


async def check(api: Api, name: str, month: str) -> None:
    shown = await api.get(f"/api/project/{name}/overview?organization=acme&period={month}")
    if shown.status_code == 404:  # the organization did not own it in this month
        return
    overview = shown.json()
    for granularity in ("day", "week", "month"):
        path = f"/api/project/{name}/trend?organization=acme&{range_of(month)}&granularity={granularity}"
        found = await trend(api, path)
        for member in ("incomplete_hours", "complete_through"):
            assert found[member] == overview[member], (name, month, member)
        assert (found["total"] or 0) == (overview["billing_summary"]["current_month_total"] or 0), (name, month)


def random_usage(dice: random.Random, names: list[str]) -> str:
    """Runs of hours with gaps between them."""
    text = LINES
    for name in names:
        start = dice.randint(0, 1000)
        while start < HOURS - 100:
            length = dice.randint(1, 700)
            begin = FIRST + timedelta(hours=start)
            text += usage(f"{begin:%Y-%m-%dT%H:%M}", min(length, HOURS - start), namespace=name)
            start += length + dice.choice([0, 1, 30, 800])
    return text


def range_of(month: str) -> str:
    following = f"{month[:5]}{int(month[5:]) + 1:02}" if month < "2026-12" else "2027-01"
    return f"from={month}-01&to={following}-01"


async def meter(database_url: str, dice: random.Random) -> None:
    """Three sources with coverage, from different hours on, that miss some hours. One of them ended."""
    async with connect(database_url) as connection:
        for source in ("one", "two", "ended"):
            first = FIRST + timedelta(hours=dice.randint(0, 1500))
            length = dice.randint(1, 700) if source == "ended" else HOURS
            ended = first + timedelta(hours=length) if source == "ended" else None
            await connection.execute("INSERT INTO sources VALUES (%s, %s, %s)", [source, first, ended])
            hours = [first + timedelta(hours=n) for n in range(length) if dice.random() < 0.98]
            await connection.execute(
                "INSERT INTO source_months SELECT %s, p.period, bit_or(bit_of(h.hour, p.period))"
                " FROM unnest(%s::timestamptz[]) AS h (hour)"
                " JOIN unnest('{2026-09-01,2026-10-01,2026-11-01,2026-12-01}'::date[]) AS p (period)"
                " ON bit_index(h.hour, p.period) BETWEEN 0 AND 771 GROUP BY p.period",
                [source, hours],
            )
