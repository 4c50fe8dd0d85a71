"""When the quota of an organization runs out: the forecast of what is requested, against the limit."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_service.database import connect
from billing_service.plans.catalogue import read_catalogue
from billing_service.plans.exhaustion import Day, runs_out
from billing_service.plans.load import load_catalogue
from billing_service.plans.quota import read_quotas
from billing_service.plans.quota_store import store_quotas

from .conftest import Api, Load
from .quota_kit import organization
from .test_plan import of, planned

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DAYS = 90
Cores = Callable[[int], Decimal]


@pytest.fixture(autouse=True)
async def plan(database_url: str, api: Api, load: Load) -> None:
    """16 cores."""
    api.now = NOW
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(Path(__file__).with_name("plans.yaml")), now=NOW)
    await load("organization,plan,valid_from\nacme,scale-pool,2026-01-01T00:00:00Z\n")


async def measured(database_url: str, cores: Cores, uid: str = "u-1", last: datetime = NOW) -> None:
    """A reading of each day before `last`, and one of `last`."""
    async with connect(database_url) as connection:
        for day in range(DAYS + 1):
            moment = last - timedelta(days=DAYS - day)
            resource = organization("acme", uid, moment.isoformat(), cpu={"used": str(cores(day)), "hard": "17"})
            await store_quotas(connection, read_quotas([resource]), moment)


async def exhaustion(api: Api) -> dict[str, Any]:
    cpu = of(await planned(api), "cpu")
    return {"exhausted_on": cpu["exhausted_on"], **cpu["exhaustion"]}


def growing(day: int) -> Decimal:
    """A tenth of a core each day: 16 cores at day 110, which is 10 December."""
    return 5 + Decimal(day) / 10


async def test_growing_requests_run_out(api: Api, database_url: str) -> None:
    """Within the interval of the forecast, some days before or after the day of a straight line."""
    await measured(database_url, growing)
    found = await exhaustion(api)
    days = [date.fromisoformat(found[name]) for name in ("earliest", "exhausted_on", "latest")]
    assert days == sorted(days)
    assert abs((days[1] - date(2026, 12, 10)).days) <= 10
    assert (found["horizon_days"], found["history_days"], found["quality"]) == (90, DAYS, "ok")


async def test_constant_requests_do_not_run_out(api: Api, database_url: str) -> None:
    """Not within 90 days."""
    await measured(database_url, lambda _: Decimal(8))
    found = await exhaustion(api)
    assert (found["exhausted_on"], found["earliest"], found["latest"]) == (None, None, None)
    assert found["quality"] == "ok"


async def test_requests_at_the_limit_have_run_out(api: Api, database_url: str) -> None:
    """Today, whatever was before: nothing is left."""
    await measured(database_url, lambda day: Decimal(16 if day == DAYS else 2))
    found = await exhaustion(api)
    assert {found[name] for name in ("exhausted_on", "earliest", "latest")} == {"2026-11-20"}


async def test_an_organization_that_was_created_again_has_no_history(api: Api, database_url: str) -> None:
    """The days of another uid are not its days."""
    await measured(database_url, growing)
    async with connect(database_url) as connection:
        resource = organization("acme", "u-2", NOW.isoformat(), cpu={"used": "5", "hard": "17"})
        await store_quotas(connection, read_quotas([resource]), NOW)
    assert await exhaustion(api) == {
        "exhausted_on": None, "earliest": None, "latest": None, "horizon_days": 90, "history_days": 0, "quality": None,
    }  # fmt: skip


async def test_the_ledger_has_a_history_too(api: Api, load: Load) -> None:
    """The mean of each complete day, in the time zone of the organization: a day with 25 hours is not a larger one."""
    await load("organization,currency,time_zone,valid_from\nacme,EUR,Europe/Berlin,2026-01-01T00:00:00Z\n")
    first = datetime(2026, 8, 20, tzinfo=UTC)
    hours = int((NOW - first).total_seconds()) // 3600
    lines = [f"acme-web,{first + timedelta(hours=n):%Y-%m-%dT%H}:00:00Z,cpu_core_hour,-,8" for n in range(hours)]
    await load("namespace,hour,sku,workload,quantity\n" + "\n".join(lines) + "\n", now=NOW)
    data = await planned(api)
    assert data["quota"]["source"] == "ledger"
    found = await exhaustion(api)
    assert found["history_days"] == 91  # 21 August to 19 November
    assert (found["exhausted_on"], found["earliest"], found["quality"]) == (None, None, "ok")


def test_the_first_day_that_reaches_the_limit() -> None:
    """Each bound has its own day. The days can be in any order."""
    days = [
        Day(TODAY + timedelta(days=n), p50=Decimal(10 + n), low=Decimal(9 + n) - n // 2, high=Decimal(11 + n))
        for n in range(20)
    ]
    found = runs_out(reversed(days), Decimal(16), Decimal(10), TODAY)
    assert (found.earliest, found.on, found.latest) == (date(2026, 11, 25), date(2026, 11, 26), date(2026, 12, 3))
    assert runs_out(days, Decimal(100), None, TODAY).on is None
