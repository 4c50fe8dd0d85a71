"""The evaluation of budgets where periods, owners, currencies and workers change."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing_service.budgets.evaluate import evaluate
from billing_service.database import connect
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.ledger_kit import found

from .kit import LINES, NOVEMBER, PRICES, World, actual, expected

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        made = World(connection, load)
        await made.begin()
        yield made


def limit(amount: str) -> dict[str, Any]:
    return {"id": f"actual-a{amount}", "basis": "actual", "percent": None, "amount": amount, "probability": None}


async def test_a_project_that_moves_is_counted_by_the_hours_of_each_owner(world: World) -> None:
    """50 hours of acme, 50 of globex: neither reaches 80, and each budget has what its own organization pays."""
    await world.load(f"{PRICES}cpu_core_hour,USD,1,2025-01-01T00:00:00Z\n")
    await world.load("namespace,organization,valid_from\nacme-web,globex,2026-11-03T02:00:00Z\n")
    mine = await world.budget(actual(80), namespace="acme-web")
    await world.budget(actual(80), namespace="acme-web", organization="globex", currency="USD", channels=[])
    await world.use(NOVEMBER, 100)
    assert await world.evaluate() == []
    rows = await found(
        world.connection, "SELECT organization::text, body ->> 'spent' FROM budget_evaluations ORDER BY 1"
    )
    assert rows == [("acme", "50.00"), ("globex", "50.00")]
    await world.use(NOVEMBER + 100 * HOUR, 40)
    assert await world.evaluate() == [("firing", "actual-80")]
    assert await found(world.connection, "SELECT organization::text FROM budget_alerts") == [("globex",)]
    await world.use(NOVEMBER + 30 * DAY, 1)
    await world.use(NOVEMBER + 30 * DAY, 1, namespace="acme-data")
    world.now = NOVEMBER + 31 * DAY
    assert await world.evaluate() == []
    december = await world.standing(mine)
    assert (december.spent, december.reason) == (None, "project_not_found")


async def test_a_project_that_was_created_again_begins_at_0(world: World) -> None:
    """As in its overview. What fired for the project before is resolved; the organization has both."""
    await world.load("namespace,organization,uid\nacme-web,acme,one\n")
    project, whole = await world.budget(actual(80), namespace="acme-web"), await world.budget(actual(80), amount="110")
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [("firing", "actual-80")] * 2
    again = "namespace,organization,uid,valid_from\nacme-web,acme,two,2026-11-04T18:00:00Z\n"
    await world.load(again, now=NOVEMBER + 10 * DAY)
    await world.use(NOVEMBER + 90 * HOUR, 10)
    assert await world.evaluate() == [("resolved", "actual-80")]
    assert [(await world.standing(one)).spent for one in (project, whole)] == [Decimal(10), Decimal(100)]


async def test_an_amount_that_is_reached_exactly_fires_and_a_cent_below_does_not(world: World) -> None:
    """Percents and amounts alike."""
    await world.budget(actual(80), limit("79.99"), limit("80.00"), limit("80.01"))
    await world.use(NOVEMBER, 79)
    await world.use(NOVEMBER + 79 * HOUR, 1, "0.99")
    assert await world.evaluate() == [("firing", "actual-a79.99")]
    await world.use(NOVEMBER + 79 * HOUR, 1, "1")
    assert await world.evaluate() == [("firing", "actual-80"), ("firing", "actual-a80.00")]


@pytest.mark.parametrize(("currency", "below", "reached"), [("JPY", "332", "333"), ("BHD", "332.999", "333.000")])
async def test_a_threshold_has_the_digits_of_its_currency(
    world: World, currency: str, below: str, reached: str
) -> None:
    """Yen have none, dinars three. A percent of the limit is not rounded: 33.33 % of 999 are 332.9667."""
    await world.load(f"organization,currency,valid_from\nnippon,{currency},2026-10-01T00:00:00Z\n")
    await world.load(f"{PRICES}cpu_core_hour,{currency},1,2025-01-01T00:00:00Z\n")
    third = actual(0) | {"id": "actual-33.33", "percent": "33.33"}
    given = {"organization": "nippon", "currency": currency, "channels": []}
    await world.budget(third, limit("333"), amount="999", **given)
    await world.use(NOVEMBER, 1, below, namespace="nippon-web")
    assert await world.evaluate() == ([] if currency == "JPY" else [("firing", "actual-33.33")])
    await world.use(NOVEMBER, 1, reached, namespace="nippon-web")
    assert ("firing", "actual-a333") in await world.evaluate()
    assert await found(world.connection, "SELECT body ->> 'spent' FROM budget_evaluations") == [(reached,)]


async def test_an_organization_on_a_plan_counts_list_prices(world: World) -> None:
    """Its usage is not invoiced, and its budgets are about it all the same."""
    await world.connection.execute("INSERT INTO subscriptions VALUES ('acme', '(,)', 'pro-pool', '[]')")
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 80)
    assert await world.evaluate() == [("firing", "actual-80")]
    assert (await world.standing(budget)).spent == Decimal("80.00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00Z")


ZONES = [  # summer time begins or ends in three of these periods
    ("Europe/Berlin", "quarter", utc("2026-03-31T22"), utc("2026-06-30T22")),
    ("Europe/Berlin", "year", utc("2025-12-31T23"), utc("2026-12-31T23")),
    ("Pacific/Auckland", "month", utc("2026-08-31T12"), utc("2026-09-30T11")),
    ("America/New_York", "month", utc("2026-11-01T04"), utc("2026-12-01T05")),
]


@pytest.mark.parametrize(("zone", "period", "starts", "ends"), ZONES)
async def test_a_period_turns_in_the_time_zone_of_the_organization(
    world: World, zone: str, period: str, starts: datetime, ends: datetime
) -> None:
    """Also where summer time begins or ends in it. The last hour before it is of the period before."""
    await world.load(f"organization,currency,time_zone\nacme,EUR,{zone}\n")
    budget = await world.budget(actual(3), period=period)
    world.now = ends
    await world.use(starts - 2 * HOUR, 2)
    assert await world.evaluate() == []
    before = await world.standing(budget)
    assert (before.end, before.spent) == (starts, Decimal(2))
    await world.use(starts, 3)
    assert await world.evaluate() == [("firing", "actual-3")]
    standing = await world.standing(budget)
    assert (standing.start, standing.end, standing.spent) == (starts, ends, Decimal(3))
    day = starts.astimezone(ZoneInfo(zone)).date()
    assert await found(world.connection, "SELECT period_start FROM budget_alerts") == [(day,)]


async def test_what_was_carried_into_a_period_is_not_carried_further(world: World) -> None:
    """100 a month: nothing in September, 30 in October, 120 in November. December has 100, and not 150."""
    budget = await world.budget(actual(100), rollover=True)
    await world.use(datetime(2026, 9, 1, tzinfo=UTC), 1, "0")
    limits = []
    for month, used in ((10, "30"), (11, "120"), (12, "1")):
        await world.use(datetime(2026, month, 1, tzinfo=UTC), 1, used)
        world.now = datetime(2026, month, 2, tzinfo=UTC)
        assert await world.evaluate() == []
        limits.append((await world.standing(budget)).limit)
    assert limits == [Decimal(200), Decimal(170), Decimal(100)]


async def test_a_history_that_is_too_short_has_no_probability(world: World) -> None:
    """The forecast is shown; its threshold stays ok, also after hours, and what is spent already is certain."""
    budget = await world.budget(expected(100), expected(1), amount="500")
    label = await world.budget(expected(100), amount="500", label_key="team", label_value="web")
    lines = [f"acme-web,2026-11-01T0{hour}:00:00Z,cpu_core_hour,Deployment/a,1,team=web\n" for hour in range(6)]
    await world.load(f"{LINES[:-1]},labels\n{''.join(lines)}")
    assert await world.evaluate() == [("firing", "forecast-1-0.8")]
    for one, reason in ((budget, "short_history"), (label, "no_forecast")):
        standing = await world.standing(one)
        assert (standing.spent, standing.reason) == (Decimal(6), reason)
        assert (standing.breach_probability, standing.expected_breach_date) == (None, None)
        assert standing.states["forecast-100-0.8"].state == "ok"
    assert (await world.standing(budget)).forecast == Decimal(720)
    await world.use(NOVEMBER + 6 * HOUR, 5)
    assert await world.evaluate() == []


async def test_two_workers_at_once_send_each_notification_once(world: World, database_url: str) -> None:
    """Both evaluate the same data; the budget's row and the keys of the alerts decide."""
    for number in range(6):
        await world.budget(actual(50), actual(80), name=f"n{number}")
    await world.use(NOVEMBER, 90)
    async with connect(database_url) as other:
        both = await asyncio.gather(evaluate(world.connection, world.now), evaluate(other, world.now))
    assert sum(len(done.sent) for done in both) == 12
    assert await found(world.connection, "SELECT count(*) FROM budget_alerts") == [(12,)]
    assert len(await world.said()) == 12


async def test_a_budget_that_is_lowered_in_the_running_period_does_not_fire_for_the_one_before(world: World) -> None:
    """November had 60 of 100; the new amount of December is 50, and December has 1."""
    budget = await world.budget(actual(100))
    await world.use(NOVEMBER, 60)
    await world.use(NOVEMBER + 30 * DAY, 1)
    world.now = NOVEMBER + 30 * DAY + 2 * HOUR
    assert await world.evaluate() == []
    await world.change(budget, amount=Decimal(50))
    assert await world.evaluate() == []
    await world.use(NOVEMBER, 60, "2")
    assert await world.evaluate() == []
