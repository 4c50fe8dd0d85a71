"""The worker as a process: two at once, killed, without its database, with a Prometheus that fails."""

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing_service.database import connect
from billing_service.ledger.ingest import ingest
from billing_service.migrate import migrate, shipped
from tests.integration.billing_service.ledger_kit import found, line
from tests.integration.billing_service.metering.fake import Fake, Reply, reply, serving
from tests.kit.postgres import Server

from .process import Worker, working

JOBS = "SELECT task_name, status::text, attempts FROM procrastinate_jobs ORDER BY id"
QUEUED = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', %(name)s, '{"timestamp": 1}')
"""
WORLD = """
INSERT INTO organizations VALUES ('acme');
INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC');
INSERT INTO ownership VALUES ('acme-web', 'acme', '', 1, '[2026-01-01Z,)');
INSERT INTO prices VALUES (1, '', 1, 'EUR', 0.05, '[2026-01-01Z,)');
"""
HOURS = "SELECT hour FROM hours ORDER BY hour"
ONE = timedelta(hours=1)


def clock() -> Reply:
    now = {"resultType": "scalar", "result": [0, str(time.time())]}
    return reply({"status": "success", "data": now})


def empty(path: str, _: dict[str, str]) -> Reply:
    return clock() if path == "query" else reply()


def closed_hour() -> datetime:
    """The newest closed hour."""
    moment = datetime.now(UTC) - timedelta(seconds=900)
    return moment.replace(minute=0, second=0, microsecond=0) - ONE


@pytest.fixture
async def queue_url(database_url: str) -> str:
    """A ledger and a queue without rows."""
    async with connect(database_url) as connection:
        await connection.execute(
            "TRUNCATE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers CASCADE"
        )
    return database_url


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "not within its time"
        await asyncio.sleep(0.1)


async def rows(url: str, query: str) -> list[tuple[object, ...]]:
    async with connect(url) as connection:
        return await found(connection, query)


async def test_two_workers_read_each_hour_once(queue_url: str, tmp_path: Path) -> None:
    """They start together, three hours behind. Each job is queued once, and each hour is read once."""
    begin = closed_hour() - 2 * ONE
    reads: Counter[str] = Counter()

    def answer(path: str, form: dict[str, str]) -> Reply:
        if path == "query":
            return clock()
        if "kube_node_info" in form["query"] and "by ()" in form["query"]:
            reads[form["start"]] += 1
        return reply()

    start = f"{begin:%Y-%m-%dT%H:%MZ}"
    with serving(answer) as fake, working(queue_url, tmp_path, 2, PROMETHEUS_URL=fake.url, METERING_START=start) as two:

        async def done() -> bool:
            return len(await rows(queue_url, HOURS)) == 3

        await until(done)
        await asyncio.sleep(2)
        assert [worker.stop()[0] for worker in two] == [0, 0]
    assert [row[0] for row in await rows(queue_url, HOURS)] == [begin, begin + ONE, begin + 2 * ONE]
    assert list(reads.values()) == [1, 1, 1]
    queued = [row[0] for row in await rows(queue_url, JOBS)]
    assert queued.count("meter") in {1, 2}, "2 if the five minutes changed during the test"


async def test_sigterm_ends_a_running_job_and_queues_it_again(queue_url: str, tmp_path: Path) -> None:
    """Prometheus does not reply. The worker ends with 0 within 5 seconds, and the job is not lost."""
    reached = threading.Event()

    def answer(path: str, _: dict[str, str]) -> Reply:
        if path == "query":
            return clock()
        reached.set()
        time.sleep(8)
        return reply()

    with serving(answer) as fake, working(queue_url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:
        assert await asyncio.to_thread(reached.wait, 20)
        code, seconds = await asyncio.to_thread(worker.stop)
    assert (code, "Traceback" in worker.log) == (0, False), worker.log
    assert seconds < 5
    assert ("meter", "todo", 1) in await rows(queue_url, JOBS)
    assert await rows(queue_url, HOURS) == []


async def test_the_job_of_a_killed_worker_runs_again(queue_url: str, tmp_path: Path) -> None:
    """kill -9 within a job. When its last heartbeat is old, another worker runs the job, and the hour is there once."""
    reached, go_on = threading.Event(), threading.Event()

    def answer(path: str, _: dict[str, str]) -> Reply:
        if path == "query":
            return clock()
        reached.set()
        go_on.wait(10)
        return reply()

    with serving(answer) as fake:
        with working(queue_url, tmp_path, PROMETHEUS_URL=fake.url) as [killed]:
            assert await asyncio.to_thread(reached.wait, 20)
            killed.kill()
        go_on.set()
        assert ("meter", "doing", 0) in await rows(queue_url, JOBS)
        async with connect(queue_url) as connection:  # instead of waiting for a minute
            await connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
            await connection.execute("DELETE FROM procrastinate_periodic_defers WHERE task_name = 'rescue'")
        with working(queue_url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:

            async def done() -> bool:
                return len(await rows(queue_url, HOURS)) == 1

            await until(done, 40)
            worker.stop()
    assert "a job of a worker that is gone is queued again" in worker.log
    assert await rows(queue_url, HOURS) == [(closed_hour(),)]


@pytest.mark.slow_fault
async def test_a_failed_job_is_tried_again_later(queue_url: str, tmp_path: Path) -> None:
    """Prometheus is down at first. The failure is counted by job, and the hour is read when it is back."""
    answers: list[Reply] = [(503, b"{}"), (503, b"{}")]

    def answer(path: str, _: dict[str, str]) -> Reply:
        if path != "query":
            return reply()
        return answers.pop() if answers else clock()

    with serving(answer) as fake, working(queue_url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:

        async def done() -> bool:
            return len(await rows(queue_url, HOURS)) == 1

        await until(done, 40)
        assert worker.metrics()['jobs_failed_total{job="meter"}'] == 2
        assert worker.stop()[0] == 0
    assert "PrometheusUnavailable" in worker.log


async def test_the_metrics_show_what_is_missing(queue_url: str, tmp_path: Path) -> None:
    """An hour with missing samples, hours that a meter has never read, a line without a price, a line in quarantine.

    Of another meter, two hours between the oldest and the newest one are missing, and one before its end. Of an old
    meter, the hours of the last 35 days before its newest one are missing.
    """
    hour = closed_hour()
    async with connect(queue_url) as connection:
        await connection.execute(
            "INSERT INTO organizations VALUES ('acme');"
            "INSERT INTO organization_monthly VALUES ('acme', '2026-11-01', 1, 'EUR', 3, 0, 3, 2);"
        )
        stored = "INSERT INTO hours VALUES ('prometheus', %s, 36, 30), ('prometheus', %s, 36, 36)"
        await connection.execute(stored, [hour - ONE, hour])
        stored = "INSERT INTO hours VALUES ('eu-2', %s, 36, 36), ('eu-2', %s, 36, 36)"
        await connection.execute(stored, [hour - 5 * ONE, hour - 2 * ONE])
        ended = "INSERT INTO sources VALUES ('eu-2', %s, %s)"
        await connection.execute(ended, [hour - 5 * ONE, hour])
        stored = "INSERT INTO hours VALUES ('eu-3', %s, 36, 36), ('eu-3', %s, 36, 36)"
        await connection.execute(stored, [hour - 900 * ONE, hour - 830 * ONE])
        kept = "INSERT INTO quarantine VALUES ('x', %s, 'cpu_core_hour', '-', 'csv', %s, 1, 'unknown_namespace', now())"
        await connection.execute(kept, [hour, hour])
    with serving(empty) as fake, working(queue_url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:

        async def read() -> bool:
            return worker.metrics().get("quarantined_usage") == 1

        await until(read)
        shown = worker.metrics()
        assert worker.stop()[0] == 0
    # 35 days are 840 hours. The first one that began within them is 839 hours before the running one.
    running = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    old = 839 - round((running - hour) / ONE)
    assert (shown["usage_hours_missing"], shown["unpriced_usage"]) == (1 + 2 + 1 + old - 830, 2)
    lag = (datetime.now(UTC) - hour - ONE).total_seconds()
    assert abs(shown["metering_lag_seconds"] - lag) < 10


@pytest.mark.slow_fault
async def test_it_starts_without_its_database_and_heals(server: Server, tmp_path: Path) -> None:
    """It starts before PostgreSQL and before the migrations, and survives a restart of the server. It ends with 0."""

    async def worked(fake: Fake, before: int) -> bool:
        return len(fake.headers) > before

    await asyncio.to_thread(server.stop)
    with serving(empty) as fake, working(server.url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:
        await asyncio.sleep(3)
        assert worker.process.poll() is None, worker.log
        assert worker.metrics()["metering_lag_seconds"] > 0
        await asyncio.to_thread(server.start)
        await asyncio.sleep(3)
        async with connect(server.url) as connection:
            await migrate(connection, shipped())
        await until(lambda: worked(fake, 0), 60)
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(2)
        await asyncio.to_thread(server.start)
        async with connect(server.url) as connection:
            await connection.execute(QUEUED, {"name": "meter"})
        count = len(fake.headers)
        await until(lambda: worked(fake, count), 60)
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(1)
        code, seconds = await asyncio.to_thread(worker.stop)
        assert (code, seconds < 5) == (0, True)
    assert "Traceback" not in worker.log


@pytest.mark.slow_fault
async def test_it_ends_in_time_while_its_database_is_frozen(server: Server, tmp_path: Path) -> None:
    """PostgreSQL keeps its connections open and does not reply, in the middle of a job."""
    async with connect(server.url) as connection:
        await migrate(connection, shipped())
    reached, go_on = threading.Event(), threading.Event()

    def answer(path: str, _: dict[str, str]) -> Reply:
        reached.set()
        go_on.wait(5)
        return empty(path, {})

    with serving(answer) as fake, working(server.url, tmp_path, PROMETHEUS_URL=fake.url) as [worker]:
        assert await asyncio.to_thread(reached.wait, 20)
        server.signal_all(signal.SIGSTOP)
        go_on.set()
        await asyncio.sleep(2)
        code, seconds = await asyncio.to_thread(worker.stop)
        server.signal_all(signal.SIGCONT)
    assert (code, seconds < 5) == (0, True), worker.log


async def ended(worker: Worker, job: str) -> bool:
    return worker.metrics().get(f'job_duration_seconds_count{{job="{job}"}}', 0) > 0


async def test_the_jobs_of_the_ledger_run(queue_url: str, tmp_path: Path) -> None:
    """A month that is due is closed, quarantined usage with an owner is booked, and the sums are compared."""
    hour = closed_hour() - timedelta(days=100)
    async with connect(queue_url) as connection:
        await connection.execute(WORLD)
        await ingest(connection, [line(hour, "1"), line(hour, "2", namespace="late")])
        owner = "INSERT INTO ownership VALUES ('late', 'acme', '', 1, '[2026-01-01Z,)')"
        await connection.execute(owner)
        with working(queue_url, tmp_path) as [worker]:
            for name in ("release", "close", "reconcile"):
                await connection.execute(QUEUED, {"name": name})
                await until(lambda name=name: ended(worker, name))
            assert worker.metrics()["reconcile_differences"] == 0
            assert worker.stop()[0] == 0
        assert await found(connection, "SELECT sum(quantity) FROM usage_lines") == [(3,)]
        assert await found(connection, "SELECT count(*) FROM quarantine") == [(0,)]
        first = await found(connection, "SELECT organization, min(period) FROM periods GROUP BY 1")
        assert first == [("acme", hour.date().replace(day=1))]
    assert "Traceback" not in worker.log


async def test_without_prometheus_it_meters_nothing(queue_url: str, tmp_path: Path) -> None:
    """The other jobs run."""
    with working(queue_url, tmp_path) as [worker]:

        async def worked() -> bool:
            return any(row[0] == "rescue" for row in await rows(queue_url, JOBS))

        await until(worked)
        assert "metering_lag_seconds" not in worker.metrics()
        assert worker.stop()[0] == 0
    assert "meter" not in [row[0] for row in await rows(queue_url, JOBS)]
