"""The evaluation of budgets with a real ledger: what fires, once, and what is resolved."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from billing_service.budgets.ended import end
from billing_service.database import connect
from billing_service.forecasts.work import refresh
from billing_service.periods.close import close
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.ledger_kit import found

from .kit import LINES, NOVEMBER, PRICES, World, actual, expected

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRED, RESOLVED = ("firing", "actual-80"), ("resolved", "actual-80")


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        made = World(connection, load)
        await made.begin()
        yield made


async def test_a_threshold_fires_in_the_hour_that_reaches_it(world: World) -> None:
    """80 of 100 EUR: after 79 hours nothing, after 80 hours a notification, and no other one until the month ends."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 79)
    assert await world.evaluate() == []
    assert await world.states() == {"actual-80": "ok"}
    await world.use(NOVEMBER + 79 * HOUR, 1)
    assert await world.evaluate() == [FIRED]
    for hours in range(80, 200, 40):
        await world.use(NOVEMBER + hours * HOUR, 40)
        assert await world.evaluate() == []
    assert await world.said() == [("firing", "actual-80", "2026-11-01")]
    standing = await world.standing(budget)
    assert (standing.states["actual-80"].state, standing.states["actual-80"].since) == ("firing", NOVEMBER + 80 * HOUR)
    [(at, spent, amount)] = await found(world.connection, "SELECT at, spent, amount FROM budget_alerts")
    assert (at, spent, amount) == (NOVEMBER + 80 * HOUR, 80, 100)


async def test_a_budget_that_fails_does_not_stop_the_others(world: World) -> None:
    """Of the same organization, and of one that is not registered. The error is raised when the others are done."""
    await world.budget(actual(80), organization="aa-unknown", name="Not registered")
    await world.budget(actual(80) | {"percent": "many"}, name="Cannot be read", id=UUID(int=1))
    await world.budget(actual(80))
    await world.use(NOVEMBER, 80)
    with pytest.raises(ArithmeticError):
        await world.evaluate()
    assert await world.said() == [("firing", "actual-80", "2026-11-01")]


async def test_the_clock_does_not_matter(world: World) -> None:
    """The worker's clock is two months ahead: the period is that of the newest hour."""
    await world.budget(actual(80))
    await world.use(NOVEMBER, 90)
    world.now = datetime(2027, 1, 20, tzinfo=UTC)
    assert await world.evaluate() == [FIRED]
    assert await world.said() == [("firing", "actual-80", "2026-11-01")]


async def test_nothing_is_evaluated_twice(world: World) -> None:
    """Without new data, an evaluation reads the budgets and computes nothing; a database key refuses a second alert."""
    await world.budget(actual(80))
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [FIRED]
    await world.connection.execute("DELETE FROM budget_evaluations")
    await world.connection.execute("UPDATE budget_states SET state = 'ok'")  # as if the state were lost
    assert await world.evaluate() == []
    assert len(await world.said()) == 1


async def test_several_thresholds_fire_in_one_hour(world: World) -> None:
    """Each once."""
    await world.budget(actual(50), actual(80), actual(100), actual(120))
    await world.use(NOVEMBER, 110)
    assert await world.evaluate() == [("firing", f"actual-{percent}") for percent in (50, 80, 100)]
    assert (await world.states())["actual-120"] == "ok"


async def test_a_lowered_amount_fires(world: World) -> None:
    """The new version is above its limit without a new hour."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 50)
    assert await world.evaluate() == []
    await world.change(budget, amount=Decimal(60))
    assert await world.evaluate() == [FIRED]
    await world.change(budget, amount=Decimal(50))
    assert await world.evaluate() == [FIRED]  # another version
    assert await world.evaluate() == []


async def test_a_raised_amount_is_resolved(world: World) -> None:
    """The version before fired; the new one is far from its limit, and fires later once."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [FIRED]
    await world.change(budget, amount=Decimal(200))
    assert await world.evaluate() == [RESOLVED]
    assert await world.states() == {"actual-80": "ok"}
    await world.use(NOVEMBER + 90 * HOUR, 70)
    assert await world.evaluate() == [FIRED]


async def test_a_new_name_does_not_fire_again(world: World) -> None:
    """A new version of the same matter goes on with its state, and is resolved by it."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [FIRED]
    await world.change(budget, name="Team web, Berlin")
    assert await world.evaluate() == []
    assert await world.states() == {"actual-80": "firing"}
    await world.use(NOVEMBER, 50, "0")
    assert await world.evaluate() == [RESOLVED]


async def test_a_threshold_that_is_removed_is_resolved(world: World) -> None:
    """The other one goes on."""
    budget = await world.budget(actual(50), actual(80))
    await world.use(NOVEMBER, 90)
    assert len(await world.evaluate()) == 2
    await world.change(budget, thresholds=Jsonb([actual(50)]))
    assert await world.evaluate() == [RESOLVED]
    assert await world.states() == {"actual-50": "firing"}


async def test_late_data_of_the_running_month_fires(world: World) -> None:
    """Hours that were missing come later than newer ones."""
    await world.budget(actual(80))
    await world.use(NOVEMBER + 40 * HOUR, 50)
    assert await world.evaluate() == []
    await world.use(NOVEMBER, 40)
    assert await world.evaluate() == [FIRED]


async def test_a_correction_below_the_threshold_is_resolved(world: World) -> None:
    """A file with smaller quantities. Above it again, there is no further notification in this period."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [FIRED]
    await world.use(NOVEMBER, 20, "0.5")
    assert (await world.standing(budget)).spent == Decimal("80.00")
    assert await world.evaluate() == []
    await world.use(NOVEMBER, 20, "0.48")  # 79.60: not clearly below
    assert await world.evaluate() == []
    await world.use(NOVEMBER, 20, "0.4")
    assert await world.evaluate() == [RESOLVED]
    await world.use(NOVEMBER + 90 * HOUR, 90)
    assert await world.evaluate() == []
    assert [row[0] for row in await world.said()] == ["firing", "resolved"]


async def test_a_currency_that_differs_cannot_be_decided(world: World) -> None:
    """The organization changes to USD: what fires stays, what is ok stays, and the spend is null and not 0."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 70)
    assert await world.evaluate() == []
    await world.load("organization,currency,valid_from\nacme,USD,2026-11-03T22:00:00Z\n")
    await world.load(f"{PRICES}cpu_core_hour,USD,50,2025-01-01T00:00:00Z\n")
    await world.use(NOVEMBER + 70 * HOUR, 48)
    assert await world.evaluate() == []
    assert await world.states() == {"actual-80": "ok"}
    standing = await world.standing(budget)
    assert (standing.spent, standing.forecast, standing.reason) == (None, None, "currency_differs")
    assert await found(world.connection, "SELECT undecided FROM budget_evaluations") == [(True,)]


async def test_a_part_in_another_currency_is_a_lower_bound(world: World) -> None:
    """Reached is reached; what is below may be more, and is not resolved."""
    await world.load("organization,currency,valid_from\nacme,USD,2026-11-02T00:00:00Z\n")
    await world.load("organization,currency,valid_from\nacme,EUR,2026-11-03T00:00:00Z\n")
    await world.load(f"{PRICES}cpu_core_hour,USD,50,2025-01-01T00:00:00Z\n")
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 72)
    assert await world.evaluate() == []
    standing = await world.standing(budget)
    assert (standing.spent, standing.reason) == (Decimal("48.00"), "other_currencies")
    await world.use(NOVEMBER + 72 * HOUR, 40)
    assert await world.evaluate() == [FIRED]
    await world.use(NOVEMBER + 72 * HOUR, 40, "0")
    assert await world.evaluate() == []


async def test_an_empty_project_has_no_spend(world: World) -> None:
    """Never metered: null, not 0. When its first hour comes, it is decided."""
    budget = await world.budget(actual(80), namespace="acme-data")
    elsewhere = await world.budget(actual(80), namespace="globex-shop")
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == []
    standing = await world.standing(budget)
    assert (standing.spent, standing.reason, standing.breach_probability) == (None, "not_metered", None)
    assert (await world.standing(elsewhere)).reason == "project_not_found"
    await world.use(NOVEMBER + 89 * HOUR, 1, "85", namespace="acme-data")
    assert await world.evaluate() == [FIRED]


async def test_an_organization_without_usage_has_no_spend(world: World) -> None:
    """The period is that of the clock then."""
    budget = await world.budget(actual(80))
    assert await world.evaluate() == []
    standing = await world.standing(budget)
    assert (standing.start, standing.spent, standing.reason) == (NOVEMBER, None, "not_metered")


async def test_usage_without_a_price_is_not_free(world: World) -> None:
    """A project has no figure, as in its overview. An organization has the rest, at least."""
    project, whole = await world.budget(actual(80), namespace="acme-web"), await world.budget(actual(80))
    await world.use(NOVEMBER, 50)
    await world.use(NOVEMBER, 50, sku="memory_gib_hour")
    assert await world.evaluate() == []
    assert [(one.spent, one.reason) for one in (await world.standing(project), await world.standing(whole))] == [
        (None, "price_missing"),
        (Decimal("50.00"), "price_missing"),
    ]
    await world.load(f"{PRICES}memory_gib_hour,EUR,1,2025-01-01T00:00:00Z\n")
    assert await world.evaluate() == [FIRED, FIRED]


async def test_the_turn_of_the_month_begins_again(world: World) -> None:
    """The last hour of November belongs to November, the first one of December to December. It can fire in both."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER, 720)
    world.now = NOVEMBER + 31 * DAY
    assert await world.evaluate() == [FIRED]
    standing = await world.standing(budget)
    assert (standing.start, standing.spent, standing.forecast) == (NOVEMBER, Decimal(720), Decimal(720))
    december = NOVEMBER + 30 * DAY
    await world.use(december, 1)
    assert await world.evaluate() == []
    standing = await world.standing(budget)
    assert (standing.start, standing.spent, standing.states["actual-80"].state) == (december, Decimal(1), "ok")
    await world.use(december + HOUR, 80)
    assert await world.evaluate() == [FIRED]
    assert [row[2] for row in await world.said()] == ["2026-11-01", "2026-12-01"]


async def test_late_data_of_the_month_before_fires_in_its_period(world: World) -> None:
    """While that month is not closed. The running month is not touched."""
    await world.budget(actual(80))
    await world.use(NOVEMBER + 700 * HOUR, 22)
    world.now = NOVEMBER + 31 * DAY
    assert await world.evaluate() == []
    await world.use(NOVEMBER, 100)
    assert await world.evaluate() == [FIRED]
    assert await world.said() == [("firing", "actual-80", "2026-11-01")]
    await world.use(NOVEMBER, 100, "0")
    assert await world.evaluate() == [RESOLVED]


async def test_a_closed_month_is_not_evaluated(world: World) -> None:
    """A late line of it becomes an adjustment of the running month, which is in no budget."""
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER - DAY, 24 + 24)
    await close(world.connection, 3, now=NOVEMBER + 10 * DAY)
    assert await world.evaluate() == []
    await world.use(NOVEMBER - 5 * DAY, 100)
    assert await world.evaluate() == []
    assert (await world.standing(budget)).spent == Decimal("24.00")


async def test_a_budget_that_is_newer_than_the_month_before_does_not_fire_for_it(world: World) -> None:
    """It was made in December: November was over."""
    await world.use(NOVEMBER, 721)
    world.now = NOVEMBER + 31 * DAY
    await world.budget(actual(80), updated_at=NOVEMBER + 30 * DAY + HOUR)
    assert await world.evaluate() == []


async def test_a_budget_that_is_deleted_while_firing_is_resolved(world: World) -> None:
    """In the transaction of the deletion. Its alerts are kept, its states are not."""
    budget = await world.budget(actual(50), actual(80), actual(120))
    await world.use(NOVEMBER, 90)
    await world.evaluate()
    stored = await world.read(budget)
    async with world.connection.transaction():
        await end(world.connection, "acme", stored)
        await world.connection.execute("DELETE FROM budgets WHERE id = %s", [budget])
    assert [row[:2] for row in await world.said()][2:] == [("resolved", "actual-50"), RESOLVED]
    assert await world.states() == {}
    assert len(await found(world.connection, "SELECT FROM budget_alerts")) == 4
    assert await world.evaluate() == []


async def test_notify_on_is_obeyed(world: World) -> None:
    """The alerts are in the history anyway."""
    await world.budget(actual(80), notify_on=["resolved"])
    await world.use(NOVEMBER, 90)
    assert await world.evaluate() == [FIRED]
    assert await world.said() == []
    await world.use(NOVEMBER, 50, "0")
    assert await world.evaluate() == [RESOLVED]
    assert [row[0] for row in await world.said()] == ["resolved"]


async def test_another_organization_has_its_own_figures(world: World) -> None:
    """A budget of acme counts no usage of globex, and the other way round."""
    await world.load(f"{PRICES}cpu_core_hour,USD,1,2025-01-01T00:00:00Z\n")
    mine = await world.budget(actual(80))
    await world.budget(actual(80), organization="globex", currency="USD", channels=[])
    await world.use(NOVEMBER, 20)
    await world.use(NOVEMBER, 90, namespace="globex-shop")
    assert await world.evaluate() == [FIRED]
    assert (await world.standing(mine)).spent == Decimal("20.00")
    assert await found(world.connection, "SELECT organization::text, budget IS NOT NULL FROM budget_alerts") == [
        ("globex", True)
    ]


async def test_a_forecast_fires_after_three_hours(world: World) -> None:
    """24 EUR a day are 720 in the month: 500 are reached on the 21st, with certainty enough. Pending, then firing."""
    budget = await world.budget(expected(100), amount="500")
    await world.use(NOVEMBER - 40 * DAY, 40 * 24)
    await world.use(NOVEMBER, 240)
    assert await world.evaluate() == []
    assert await world.states() == {"forecast-100-0.8": "ok"}  # its forecast is not there yet
    await refresh(world.connection, world.now)
    assert await world.evaluate() == []
    assert await world.states() == {"forecast-100-0.8": "pending"}
    standing = await world.standing(budget)
    assert (standing.spent, standing.forecast) == (Decimal("240.00"), Decimal("720.00"))
    assert (standing.breach_probability, standing.expected_breach_date) == (Decimal("0.99"), date(2026, 11, 21))
    await world.use(NOVEMBER + 240 * HOUR, 2)
    await refresh(world.connection, world.now)
    assert await world.evaluate() == []
    await world.use(NOVEMBER + 242 * HOUR, 1)
    await refresh(world.connection, world.now)
    assert await world.evaluate() == [("firing", "forecast-100-0.8")]
    assert (await world.standing(budget)).states["forecast-100-0.8"].since == NOVEMBER + 243 * HOUR


async def test_the_stored_forecast_is_the_one_of_the_budget(world: World) -> None:
    """A figure that is changed in the stored row is in the budget; without the row, the same is computed."""
    budget = await world.budget(expected(100), amount="500")
    await world.use(NOVEMBER - 40 * DAY, 40 * 24)
    await world.use(NOVEMBER, 240)
    computed = await world.standing(budget)
    await refresh(world.connection, world.now)
    assert await world.standing(budget) == computed
    await world.connection.execute(
        "UPDATE forecasts SET body = replace(body, '480.00', '481.00') WHERE namespace = '' AND horizon = 'month_end'"
    )
    assert (await world.standing(budget)).forecast == Decimal("721.00")


async def test_a_quarter_has_a_longer_forecast_and_a_year_a_reason(world: World) -> None:
    """From 11 November to the end of the year: 51 days of 24 EUR. In February, a year has no forecast, and not 0."""
    quarter = await world.budget(expected(100), period="quarter", amount="1000")
    year = await world.budget(expected(100), period="year", amount="1000")
    await world.use(NOVEMBER - 60 * DAY, 60 * 24)
    await world.use(NOVEMBER, 240)
    whole = await world.standing(quarter)
    assert (whole.start, whole.end) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert (whole.spent, whole.forecast) == (Decimal(744 + 240), Decimal(744 + 240 + 51 * 24))
    assert (whole.expected_breach_date, whole.breach_probability) == (date(2026, 11, 11), Decimal("0.99"))
    assert (await world.standing(year)).forecast == Decimal(60 * 24 + 240 + 51 * 24)
    await world.use(datetime(2027, 2, 1, tzinfo=UTC), 24)
    world.now = datetime(2027, 2, 2, tzinfo=UTC)
    long = await world.standing(year)
    assert (long.spent, long.forecast, long.reason) == (Decimal(24), None, "horizon_too_long")


async def test_a_rollover_carries_what_was_left(world: World) -> None:
    """October used 30 of 100: November has 170. At most one period's amount, and nothing from before the first hour."""
    budget = await world.budget(actual(100), rollover=True)
    await world.use(NOVEMBER - 30 * HOUR, 30)
    standing = await world.standing(budget)
    assert (standing.limit, standing.spent) == (Decimal(100), Decimal(30))
    await world.use(NOVEMBER, 120)
    assert await world.evaluate() == []
    standing = await world.standing(budget)
    assert (standing.limit, standing.spent) == (Decimal(170), Decimal(120))
    await world.use(NOVEMBER + 120 * HOUR, 50)
    assert await world.evaluate() == [("firing", "actual-100")]


async def test_periods_are_in_the_time_zone_of_the_organization(world: World) -> None:
    """November begins at 23:00 UTC in Berlin."""
    await world.load("organization,currency,time_zone\nacme,EUR,Europe/Berlin\n")
    budget = await world.budget(actual(80))
    await world.use(NOVEMBER - 2 * HOUR, 3)
    standing = await world.standing(budget)
    assert (standing.start, standing.end) == (NOVEMBER - HOUR, NOVEMBER + 30 * DAY - HOUR)
    assert standing.spent == Decimal(2)


async def test_a_label_counts_its_lines_only(world: World) -> None:
    """In the hours that have the label, and of one project if the budget has one."""
    label = {"label_key": "team", "label_value": "web"}
    whole, project = (
        await world.budget(actual(80), **label),
        await world.budget(actual(80), namespace="acme-data", **label),
    )
    rows = [f"acme-web,2026-11-01T{hour:02}:00:00Z,cpu_core_hour,Deployment/a,1,team=web\n" for hour in range(10)]
    rows += [f"acme-web,2026-11-01T{hour:02}:00:00Z,cpu_core_hour,Deployment/a,1,team=ops\n" for hour in range(10, 20)]
    rows += [f"acme-data,2026-11-01T{hour:02}:00:00Z,cpu_core_hour,Deployment/b,7,team=web\n" for hour in range(10)]
    await world.load(f"{LINES[:-1]},labels\n{''.join(rows)}")
    assert await world.evaluate() == [FIRED]
    assert ((await world.standing(whole)).spent, (await world.standing(project)).spent) == (Decimal(80), Decimal(70))


async def test_a_kept_evaluation_is_what_would_be_computed(world: World) -> None:
    """Read from the worker's row, and without it."""
    budgets = [
        await world.budget(actual(80), expected(100), amount="300"),
        await world.budget(actual(80), namespace="acme-web", rollover=True, amount="90"),
    ]
    await world.use(NOVEMBER - 40 * DAY, 40 * 24)
    await world.use(NOVEMBER, 200)
    await refresh(world.connection, world.now)
    await world.evaluate()
    kept = [await world.standing(budget) for budget in budgets]
    await world.connection.execute("DELETE FROM budget_evaluations")
    assert [await world.standing(budget) for budget in budgets] == kept
