"""Budgets in the worker's process: its job, after each metered hour, and its metrics."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing_service.database import connect
from tests.integration.billing_service.budgets.kit import NOVEMBER, World, actual
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.metering.fake import serving
from tests.integration.billing_service.worker.process import working
from tests.integration.billing_service.worker.test_worker import QUEUED, empty, until

QUEUE = "TRUNCATE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers CASCADE"


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        await connection.execute(QUEUE)
        made = World(connection, load)
        await made.begin()
        yield made


async def test_the_job_evaluates_and_the_metrics_count(world: World, database_url: str, tmp_path: Path) -> None:
    """One fires, one is ok, one cannot be decided, and one has changed since it was evaluated."""
    await world.budget(actual(80), actual(120))
    await world.budget(actual(80), namespace="acme-data")
    await world.use(NOVEMBER, 90)
    await world.evaluate()
    changed = await world.budget(actual(80), name="another")
    await world.connection.execute(QUEUED, {"name": "budgets"})
    states = {f'budget_state{{state="{state}"}}' for state in ("ok", "pending", "firing", "resolved", "undecided")}
    with working(database_url, tmp_path) as [worker]:

        async def read() -> bool:
            return worker.metrics().get("budgets_behind", -1) in {0, 1}

        async def evaluated() -> bool:
            return (await world.standing(changed)).states["actual-80"].state == "firing"

        await until(read)
        shown = {name: value for name, value in worker.metrics().items() if name in states}
        await until(evaluated)
        assert worker.stop()[0] == 0
    assert shown['budget_state{state="undecided"}'] == 1
    assert shown['budget_state{state="firing"}'] in {1, 2}  # read before or after the job
    assert set(shown) == states


async def test_budgets_are_evaluated_after_a_metered_hour(world: World, database_url: str, tmp_path: Path) -> None:
    """Without waiting for their own job: the hour is stored, and the threshold is reached."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    await world.use(hour - timedelta(hours=90), 90)
    await world.budget(actual(1))
    await world.connection.execute(QUEUED, {"name": "meter"})
    with serving(empty) as fake, working(database_url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:

        async def fired() -> bool:
            return bool(await world.said())

        await until(fired)
        assert worker.stop()[0] == 0
