"""Which hours are read, and what the ledger has afterwards: a real Prometheus and a real PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_service.database import Connection, connect
from billing_service.ledger.ingest import QUANTITY_BOUND, UsageLine
from billing_service.metering.client import Address, Prometheus
from billing_service.metering.errors import PartialReply
from billing_service.metering.meter import Meter, Metered
from billing_service.metering.store import LedgerStore
from billing_service.metering.usage import Reading
from billing_service.periods.close import close
from tests.integration.billing_service.ledger_kit import found
from tests.integration.billing_service.process import run
from tests.kit.slow import first_quick

from .cluster import HOUR, Cluster
from .conftest import QUERIES, SCOPE
from .fake import EMPTY, Reply, reply, serving
from .server import prometheus

ONE = timedelta(hours=1)
NOW = HOUR + ONE + timedelta(minutes=20)  # 20 minutes after the end of the hour
WORLD = """
INSERT INTO organizations VALUES ('acme'), ('globex');
INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC'), ('globex', '(,)', 'EUR', 'UTC');
INSERT INTO ownership VALUES
    ('acme-web', 'acme', 'u1', 1, '[2026-01-01Z, 2026-11-10T10:00Z)'),
    ('acme-web', 'globex', 'u2', 2, '[2026-11-10T10:00Z,)');
INSERT INTO prices VALUES (1, '', 1, 'EUR', 0.05, '[2026-01-01Z,)');
"""
LINES = "SELECT organization, sku, workload, quantity FROM usage_lines ORDER BY 1, 2, 3"
HOURS = "SELECT source, hour, samples_seen, samples_expected FROM hours ORDER BY hour"


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        await connection.execute(WORLD)
        yield connection


@asynccontextmanager
async def meter(url: str, ledger: Connection, **scope: Any) -> AsyncIterator[Meter]:
    """`scope`: what differs from SCOPE."""
    async with Prometheus.open(Address(url)) as client:
        store = LedgerStore(ledger, QUANTITY_BOUND)
        yield Meter(client, QUERIES, replace(SCOPE, **scope), store, timedelta(seconds=900))


async def catch_up(opened: Meter, now: datetime = NOW, first: datetime | None = None) -> list[Metered]:
    return [metered async for metered in opened.catch_up(now, first)]


def clock(now: datetime) -> dict[str, Any]:
    """The reply of a server whose clock has this time."""
    return {"status": "success", "data": {"resultType": "scalar", "result": [0, str(now.timestamp())]}}


def world() -> Cluster:
    cluster = Cluster()
    cluster.namespace("acme-web")
    cluster.pod("acme-web", "api", cpu=0.5)
    return cluster


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with prometheus(world(), tmp_path) as url:
        yield url


async def test_an_hour_is_stored_once(served: str, ledger: Connection) -> None:
    """The first run reads the newest closed hour. The second has nothing to do, and reading the hour again changes
    nothing, not even the data version. The usage belongs to the owner of the hour."""
    async with meter(served, ledger) as opened:
        assert await catch_up(opened) == [Metered(HOUR, 1, 1, 36, 36)]
        assert await catch_up(opened) == []
        rows = "SELECT xmin, * FROM data_versions UNION ALL SELECT xmin, organization, 0 FROM usage_lines"
        before = await found(ledger, rows)
        again = [metered async for metered in opened.back_fill(HOUR, HOUR + ONE, NOW)]
    assert again == [Metered(HOUR, 1, 0, 36, 36)]
    assert await found(ledger, rows) == before
    assert await found(ledger, LINES) == [("globex", 1, "Pod/api", Decimal("0.5"))]
    assert await found(ledger, HOURS) == [("cluster-1", HOUR, 36, 36)]
    instances = await found(ledger, "SELECT organization, running_pods, cpu_cores, measured_at FROM instances")
    assert instances == [("globex", 1, Decimal("0.5"), HOUR + ONE)]


async def test_an_hour_is_read_when_its_delay_has_passed(served: str, ledger: Connection) -> None:
    """At 11:14 the newest closed hour is 9 to 10, at 11:15 it is 10 to 11."""
    async with meter(served, ledger) as opened:
        assert await opened.watermark(HOUR + ONE + timedelta(seconds=899)) == HOUR
        assert await opened.watermark(HOUR + ONE + timedelta(seconds=900)) == HOUR + ONE


async def test_after_an_outage_every_hour_is_read(served: str, ledger: Connection) -> None:
    """Five hours without a meter. Hours that Prometheus has no samples of are stored as incomplete, and not skipped."""
    async with meter(served, ledger) as opened:
        await catch_up(opened, NOW - 2 * ONE)
        caught = await catch_up(opened, NOW + 3 * ONE)
    assert [metered.hour for metered in caught] == [HOUR + later * ONE for later in range(-1, 4)]
    seen = [(metered.samples_seen, metered.samples_expected) for metered in caught]
    # The samples begin ten minutes before the hour and end ten minutes after it.
    assert seen == [(6, 26), (36, 36), (6, 26), (0, 24), (0, 24)]


async def test_holes_behind_the_newest_hour_are_read(served: str, ledger: Connection) -> None:
    """The meter is five hours behind, and the newest hour is back-filled by hand. The hours between come first, and the
    hours of another source are not its own."""
    async with meter(served, ledger) as opened, meter(served, ledger, source="other") as other:
        await catch_up(opened, NOW - 5 * ONE)
        await catch_up(other, NOW - 3 * ONE)
        assert [m.hour async for m in opened.back_fill(HOUR, HOUR + ONE, NOW)] == [HOUR]
        caught = await catch_up(opened, NOW + ONE)
        assert await catch_up(opened, NOW + ONE) == []
    assert [metered.hour for metered in caught] == [HOUR + later * ONE for later in (-4, -3, -2, -1, 1)]
    stored = "SELECT hour FROM hours WHERE source = 'cluster-1' ORDER BY hour"
    assert await found(ledger, stored) == [(HOUR + later * ONE,) for later in range(-5, 2)]


async def test_holes_of_the_last_35_days_are_read(ledger: Connection) -> None:
    """A single hour of the year before was back-filled: its later hours do not hold up the present."""
    since = HOUR + ONE - timedelta(days=35)
    kept = [HOUR - timedelta(days=365), *(since + later * ONE for later in range(35 * 24) if later not in {0, 100})]
    for hour in kept:
        await ledger.execute("INSERT INTO hours VALUES ('cluster-1', %s, 36, 36)", [hour])
    with serving(lambda path, _: reply(clock(NOW)) if path == "query" else reply()) as fake:
        async with meter(fake.url, ledger) as opened:
            assert [metered.hour for metered in await catch_up(opened)] == [since, since + 100 * ONE]


async def test_a_hole_that_cannot_be_read_does_not_hold_up_the_new_hours(ledger: Connection) -> None:
    """A store of the server is missing for the hours before HOUR. Their error is raised each time, for the next run."""
    for later in (-3, -1):
        await ledger.execute("INSERT INTO hours VALUES ('cluster-1', %s, 36, 36)", [HOUR + later * ONE])

    def answer(path: str, form: dict[str, str]) -> Reply:
        if path == "query":
            return reply(clock(NOW))
        return reply(EMPTY | ({} if float(form["start"]) >= HOUR.timestamp() else {"warnings": ["a store is missing"]}))

    with serving(answer) as fake:
        async with meter(fake.url, ledger) as opened:
            with pytest.raises(PartialReply):
                await catch_up(opened)
    assert [row[1] for row in await found(ledger, HOURS)] == [HOUR + later * ONE for later in (-3, -1, 0)]


async def test_the_first_run_can_begin_earlier(served: str, ledger: Connection) -> None:
    """METERING_START."""
    async with meter(served, ledger) as opened:
        caught = await catch_up(opened, NOW, HOUR - 2 * ONE)
    assert [metered.hour for metered in caught] == [HOUR - 2 * ONE, HOUR - ONE, HOUR]


async def test_two_meters_at_once_store_an_hour_once(served: str, ledger: Connection, database_url: str) -> None:
    """One waits for the other and finds the same lines."""
    async with connect(database_url) as second, meter(served, ledger) as one, meter(served, second) as other:
        results = await asyncio.gather(catch_up(one), catch_up(other))
    assert sorted(metered.changed for [metered] in results) == [0, 1]
    assert await found(ledger, LINES) == [("globex", 1, "Pod/api", Decimal("0.5"))]
    assert await found(ledger, "SELECT sum(quantity) FROM rollup_monthly") == [(Decimal("0.5"),)]


async def test_a_clock_in_the_future_reads_no_hour_early(
    served: str, ledger: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """The server's clock counts too. The difference is logged."""
    with caplog.at_level(logging.WARNING, "billing_service"):
        async with meter(served, ledger) as opened:
            real = datetime.now(UTC)
            assert await opened.watermark(real + timedelta(days=400)) <= real - timedelta(seconds=900)
    assert "our clock differs from the clock of Prometheus" in caplog.messages


async def test_a_server_behind_reads_no_hour_early(ledger: Connection) -> None:
    """As if the server had stopped at half past: its hour is not closed."""
    behind = HOUR + timedelta(minutes=30)
    with serving(lambda path, _: reply(clock(behind) if path == "query" else EMPTY)) as fake:
        async with meter(fake.url, ledger) as opened:
            assert await opened.watermark(NOW) == HOUR


async def test_an_hour_that_is_not_closed_cannot_be_back_filled(served: str, ledger: Connection) -> None:
    """The error has the newest hour that can."""
    async with meter(served, ledger) as opened:
        with pytest.raises(ValueError, match="2026-11-10T11:00Z"):
            [metered async for metered in opened.back_fill(HOUR, HOUR + 2 * ONE, NOW)]
    assert await found(ledger, HOURS) == []


async def test_a_partial_reply_stores_nothing(ledger: Connection) -> None:
    """One of the queries has a warning: the hour stays missing, and the next run reads it."""

    def answer(path: str, form: dict[str, str]) -> Reply:
        if path == "query":
            return reply(clock(NOW))
        return reply(EMPTY | {"warnings": ["a store is missing"]} if "working_set" in form["query"] else EMPTY)

    with serving(answer) as fake:
        async with meter(fake.url, ledger) as opened:
            with pytest.raises(PartialReply):
                await catch_up(opened)
    assert await found(ledger, HOURS) == []


async def test_samples_that_are_lost_later_do_not_change_the_hour(
    served: str, ledger: Connection, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The server's retention has removed the hour: reading it again keeps what is stored."""
    async with meter(served, ledger) as opened:
        await catch_up(opened)
    (tmp_path / "empty").mkdir()
    with prometheus(Cluster(empty=True), tmp_path / "empty") as emptied:
        async with meter(emptied, ledger) as opened:
            assert [metered.changed async for metered in opened.back_fill(HOUR, HOUR + ONE, NOW)] == [0]
    assert await found(ledger, LINES) == [("globex", 1, "Pod/api", Decimal("0.5"))]
    assert await found(ledger, HOURS) == [("cluster-1", HOUR, 36, 36)]
    assert "the stored hour has more samples and is kept" in caplog.messages


async def test_a_line_that_is_gone_becomes_zero(served: str, ledger: Connection, tmp_path: Path) -> None:
    """The hour is read again with as many samples and without the pod: its line and all sums are 0."""
    async with meter(served, ledger) as opened:
        await catch_up(opened)
    (tmp_path / "corrected").mkdir()
    cluster = Cluster()
    cluster.pod("acme-web", "db", cpu=2)
    with prometheus(cluster, tmp_path / "corrected") as corrected:
        async with meter(corrected, ledger) as opened:
            assert [metered.changed async for metered in opened.back_fill(HOUR, HOUR + ONE, NOW)] == [2]
    assert await found(ledger, LINES) == [
        ("globex", 1, "Pod/api", Decimal(0)),
        ("globex", 1, "Pod/db", Decimal(2)),
    ]


async def test_lines_of_a_closed_month_that_are_gone_are_taken_back(ledger: Connection) -> None:
    """August is closed with 10 core hours of a. The hour is read again with as many samples: what only an adjustment
    has is taken back as what a line has, and comes again."""
    hour = datetime(2026, 8, 10, 10, tzinfo=UTC)
    store = LedgerStore(ledger, QUANTITY_BOUND)

    async def read(**quantities: int) -> list[tuple[object, ...]]:
        """The sums of the adjustments by workload after a reading with these quantities."""
        lines = [UsageLine("acme-web", hour, "cpu_core_hour", name, Decimal(q), "eu") for name, q in quantities.items()]
        await store.store("eu", hour, Reading(tuple(lines), None, 36, 36, ()))
        query = "SELECT workload, sum(quantity) AS q, sum(amount) AS a FROM adjustments GROUP BY 1 ORDER BY 1"
        return await found(ledger, query)

    price = Decimal("0.05")
    await read(a=10)
    assert await close(ledger, 3, datetime(2026, 9, 10, tzinfo=UTC)) == 1
    assert await read(a=10, b=10) == [("b", 10, 10 * price)]
    assert await read(a=10) == [("b", 0, 0)]
    assert await read(a=10) == [("b", 0, 0)]
    assert await read(a=10, b=4) == [("b", 4, 4 * price)]
    assert await read() == [("a", -10, -10 * price), ("b", 0, 0)]
    assert await read(a=10) == [("a", 0, 0), ("b", 0, 0)]
    assert await found(ledger, "SELECT workload, quantity FROM usage_lines") == [("a", 10)]


async def test_an_adjusted_line_of_a_split_hour_is_taken_back(ledger: Connection) -> None:
    """Namespace and hour have two owners. In a closed month each of them had a late line."""
    hour, half = datetime(2026, 8, 10, 10, tzinfo=UTC), datetime(2026, 8, 10, 10, 30, tzinfo=UTC)
    await ledger.execute(
        "INSERT INTO ownership VALUES ('shop', 'acme', 'u1', 1, '[2026-01-01Z, 2026-08-10T10:30Z)'),"
        " ('shop', 'globex', 'u2', 2, '[2026-08-10T10:30Z,)')"
    )
    store = LedgerStore(ledger, QUANTITY_BOUND)

    async def read(*owned: datetime) -> list[tuple[object, ...]]:
        lines = [UsageLine("shop", hour, "cpu_core_hour", "a", Decimal(2), "eu", owned_at) for owned_at in owned]
        await store.store("eu", hour, Reading(tuple(lines), None, 36, 36, ()))
        query = "SELECT organization, sum(quantity) AS q FROM adjustments GROUP BY 1 ORDER BY 1"
        return await found(ledger, query)

    await read()
    assert await close(ledger, 3, datetime(2026, 9, 10, tzinfo=UTC)) == 2
    assert await read(hour, half) == [("acme", 2), ("globex", 2)]
    assert await read(hour) == [("acme", 2), ("globex", 0)]
    assert await read() == [("acme", 0), ("globex", 0)]


async def test_usage_of_a_namespace_without_an_owner_is_in_quarantine(ledger: Connection, tmp_path: Path) -> None:
    """It is not lost, and it is nobody's."""
    cluster = world()
    cluster.pod("new-project", "api", cpu=1)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger) as opened:
            await catch_up(opened)
    kept = await found(ledger, "SELECT namespace, workload, quantity, reason FROM quarantine")
    assert kept == [("new-project", "Pod/api", Decimal(1), "unknown_namespace")]
    assert [row[0] for row in await found(ledger, LINES)] == ["globex"]


async def test_every_sku_of_the_meter_is_in_the_catalogue(ledger: Connection, tmp_path: Path) -> None:
    """A line with an unknown SKU would stay in quarantine."""
    cluster = world()
    cluster.volume("acme-web", "data", 2**30)
    cluster.load_balancer("acme-web", "web", "203.0.113.7")
    cluster.sent("acme-web", "api", 2**20)
    cluster.use("acme-web", "api", memory=2**30)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger) as opened:
            await catch_up(opened)
    assert await found(ledger, "SELECT sku FROM quarantine") == []
    assert [row[1] for row in await found(ledger, LINES)] == [1, 2, 3, 4, 5, 6]


async def test_the_command_back_fills_hours(served: str, ledger: Connection, database_url: str) -> None:
    """It prints each hour, and a second run finds nothing new."""
    arguments = ("meter", "--from", "2026-11-10T09:00Z", "--to", "2026-11-10T11:00Z")
    first = await asyncio.to_thread(run, database_url, *arguments, PROMETHEUS_URL=served)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        "2026-11-10T09:00Z: 1 lines, 1 of them new or different, 6 of 26 samples",
        "2026-11-10T10:00Z: 1 lines, 1 of them new or different, 36 of 36 samples",
    ]
    again = await asyncio.to_thread(run, database_url, *arguments, PROMETHEUS_URL=served)
    assert "1 lines, 0 of them new" in again.stdout
    assert [row[0] for row in await found(ledger, LINES)] == ["acme", "globex"]


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "text"),
    first_quick(
        [
            ((), {}, 2, "PROMETHEUS_URL: is missing"),
            ((), {"PROMETHEUS_URL": "ftp://prometheus"}, 2, "PROMETHEUS_URL: must be a URL"),
            (("--from", "2026-11-10T09:00Z"), {"PROMETHEUS_URL": "http://127.0.0.1:9"}, 2, "given together"),
            (
                ("--from", "2026-11-10T09:30Z", "--to", "x"),
                {"PROMETHEUS_URL": "http://127.0.0.1:9"},
                2,
                "must be an hour in UTC",
            ),
            (
                ("--from", "2026-11-10T10:00Z", "--to", "2026-11-10T10:00Z"),
                {"PROMETHEUS_URL": "http://127.0.0.1:9"},
                2,
                "--to must be after --from",
            ),
            ((), {"PROMETHEUS_URL": "http://127.0.0.1:9"}, 1, "Prometheus: ConnectError"),
        ],
        2,
    ),
)
def test_what_the_command_cannot_do_is_explained(
    arguments: tuple[str, ...], environment: dict[str, str], code: int, text: str, migrated_database_url: str
) -> None:
    """2 for arguments and settings, 1 for what the command could not reach."""
    done = run(migrated_database_url, "meter", *arguments, **environment)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr
