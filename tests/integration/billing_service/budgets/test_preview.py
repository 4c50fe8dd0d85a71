"""The preview of a budget: past periods with the hours in which thresholds would have fired."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_service.budgets.preview import preview
from billing_service.database import Reading, connect
from tests.integration.billing_service.budgets.kit import World, actual, expected
from tests.integration.billing_service.conftest import Load

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11))


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        made = World(connection, load)
        await made.begin()
        yield made


async def replay(world: World, *thresholds: dict[str, Any], **other: Any) -> dict[str, Any]:
    budget = await world.read(await world.budget(*thresholds, **other))
    return await preview(Reading(world.connection), "acme", budget, world.now)


def by_start(made: dict[str, Any]) -> dict[str, Any]:
    return {period["start"][:7]: period for period in made["periods"]}


async def test_a_preview_names_the_hour(world: World) -> None:
    """1 EUR an hour from August on: 80 % of 500 EUR are reached in the 400th hour, and the alert is after it."""
    await world.use(AUGUST, 24 * 100)
    made = await replay(world, actual(80), actual(1000), amount="500")
    periods = by_start(made)
    assert list(periods) == [*(f"2025-{month}" for month in (11, 12)), *(f"2026-{month:02}" for month in range(1, 11))]
    for month, first, spent in (("2026-08", AUGUST, 744), ("2026-09", SEPTEMBER, 720), ("2026-10", OCTOBER, 744)):
        fired, never = periods[month]["thresholds"]
        assert datetime.fromisoformat(fired["fired_at"]) == first + 400 * HOUR
        assert (fired["late_hours"], fired["warned_in_vain"]) == (1, None)
        assert (never["fired_at"], never["late_hours"]) == (None, None)
        assert (periods[month]["spent"], periods[month]["limit"]) == (spent, 500)
    assert (periods["2026-07"]["spent"], periods["2026-07"]["reason"]) == (None, "not_metered")
    assert made["summary"] == [
        {"threshold": "actual-80", "fired": 3, "in_vain": None},
        {"threshold": "actual-1000", "fired": 0, "in_vain": None},
    ]


async def test_a_preview_counts_warnings_in_vain(world: World) -> None:
    """October began as the months before, and stopped on the 12th: the forecast had warned of 600 EUR by then."""
    await world.use(AUGUST, 61 * 24 + 11 * 24)
    await world.use(NOVEMBER, 24)
    made = await replay(world, expected(100), amount="600")
    periods = by_start(made)
    september, october = (periods[month]["thresholds"][0] for month in ("2026-09", "2026-10"))
    assert september["warned_in_vain"] is False
    assert datetime.fromisoformat(september["fired_at"]) < SEPTEMBER + 10 * DAY
    assert october["warned_in_vain"] is True
    assert periods["2026-10"]["spent"] == 264
    assert made["summary"] == [{"threshold": "forecast-100-0.8", "fired": 3, "in_vain": 1}]


async def test_a_preview_of_a_rollover_carries_one_period(world: World) -> None:
    """August is carried from nothing; September has what August left."""
    await world.use(AUGUST, 61 * 24)
    await world.use(OCTOBER, 24 * 32)
    periods = by_start(await replay(world, actual(100), amount="1000", rollover=True))
    assert [periods[f"2026-{month:02}"]["limit"] for month in (8, 9, 10)] == [1000, 1256, 1280]


async def test_a_preview_of_quarters_and_of_a_year(world: World) -> None:
    """Four quarters, or one year: the last ones that are over."""
    await world.use(datetime(2026, 7, 1, tzinfo=UTC), 24 * 130)
    quarters = await replay(world, actual(80), expected(100), amount="1000", period="quarter")
    assert list(by_start(quarters)) == ["2025-10", "2026-01", "2026-04", "2026-07"]
    assert quarters["summary"][0]["fired"] == 1
    assert by_start(quarters)["2026-07"]["spent"] == 92 * 24
    assert list(by_start(await replay(world, actual(80), period="year"))) == ["2025-01"]


async def test_a_preview_without_usage_has_a_reason(world: World) -> None:
    """Null, and not 0. Another organization's project is not found."""
    empty = await replay(world, actual(80))
    assert {(one["spent"], one["reason"]) for one in empty["periods"]} == {(None, "not_metered")}
    await world.use(OCTOBER, 24 * 32)
    foreign = await replay(world, actual(80), namespace="globex-shop")
    assert {(one["spent"], one["reason"]) for one in foreign["periods"]} == {(None, "project_not_found")}
