"""A PostgreSQL whose default time zone is not UTC, as initdb takes it from the machine: nothing depends on it."""

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import simplejson

from billing_service.database import connect
from billing_service.worker.metrics import WorkerMetrics
from billing_service.worker.queue import create_app
from tests.kit.postgres import Server
from tests.kit.slow import first_quick

from .ledger_kit import found
from .metering.fake import Reply, reply, serving
from .process import run
from .test_pgbouncer import needs_pgbouncer, pgbouncer
from .test_subscriptions import CATALOGUE, organization

ZONES = ("Europe/Berlin", "Asia/Kolkata")  # summer time ends on 26 October 2025 at 01:00 UTC; an offset of 5:30 hours
FILES = {
    "organizations": "organization,currency\nacme,EUR\n",
    "projects": "namespace,organization\nacme-web,acme\n",
    "prices": "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n",
    "usage": "namespace,hour,sku,workload,quantity\n"
    "acme-web,2025-10-26T00:00:00Z,cpu_core_hour,-,1\nacme-web,2025-10-26T01:00:00Z,cpu_core_hour,-,2\n"
    "nobodys,2025-10-26T01:00:00Z,cpu_core_hour,-,4\n",
}
NIGHT = [f"2025-10-{hour}:00Z" for hour in ("25T23", "26T00", "26T01", "26T02", "26T03")]


@pytest.fixture(scope="module", params=ZONES)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated ledger, which the tests of a zone share."""
    server = Server(Path(tempfile.mkdtemp(prefix="pg-")), fsync="off", timezone=request.param)
    try:
        server.start()
        assert "0001" in run(server.url, "migrate").stdout
        yield server.url
    finally:
        server.stop()
        server.remove()


async def command(url: str, *arguments: str, **environment: str) -> str:
    done = await asyncio.to_thread(run, url, *arguments, **environment)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    return done.stdout


async def meter(url: str, source: str, *clocks: str) -> list[str]:
    """The hours that the command prints, when it runs once at each of these moments of the server's clock."""
    moment = datetime.now(UTC)

    def answer(path: str, _: dict[str, str]) -> Reply:
        now = {"resultType": "scalar", "result": [0, str(moment.timestamp())]}
        return reply({"status": "success", "data": now}) if path == "query" else reply()

    printed = []
    with serving(answer) as fake:
        for text in clocks:
            moment = datetime.fromisoformat(text)
            printed += (await command(url, "meter", PROMETHEUS_URL=fake.url, METERING_SOURCE=source)).splitlines()
    return [text.partition(": ")[0] for text in printed]


async def test_every_hour_of_the_night_is_metered(url: str) -> None:
    """Hour by hour, and in one run after an outage. 02:00 comes twice in Berlin: 00:00 and 01:00 UTC."""
    each = [f"2025-10-26T{hour:02}:20:00Z" for hour in range(5)]
    assert await meter(url, "eu-1", *each) == NIGHT
    assert await meter(url, "eu-2", each[0], each[-1]) == NIGHT
    async with connect(url) as connection:
        stored = await found(connection, "SELECT source, hour FROM hours ORDER BY source, hour")
    first = datetime(2025, 10, 25, 23, tzinfo=UTC)
    assert stored == [(source, first + timedelta(hours=n)) for source in ("eu-1", "eu-2") for n in range(5)]
    assert {row[1].utcoffset() for row in stored if isinstance(row[1], datetime)} == {timedelta()}
    assert await command(url, "sources") == "".join(
        f"{source}: from 2025-10-25T23:00Z to 2025-10-26T04:00Z\n" for source in ("eu-1", "eu-2")
    )
    assert await command(url, "end-source", "eu-1") == (
        "end-source: eu-1 ended at 2025-10-26T04:00Z: no hour from then on is missing\n"
    )


async def test_the_commands_print_utc(url: str, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    await command(url, "import", *(str(tmp_path / f"{name}.csv") for name in FILES))
    assert await command(url, "quarantine") == (
        "nobodys cpu_core_hour csv: unknown_namespace, 1 lines, 2025-10-26T01:00Z to 2025-10-26T01:00Z, quantity 4\n"
    )
    explained = await command(url, "explain", "acme", "acme-web", "--period", "2025-10")
    assert "0.15" in explained  # 3 core hours at 0.05
    await command(url, "plans", str(CATALOGUE))
    (tmp_path / "resources.json").write_text(simplejson.dumps({"items": [organization("acme", "dev-pool", "active")]}))
    before = datetime.now(UTC)
    printed = await command(url, "subscriptions", str(tmp_path / "resources.json"))
    assert printed in {
        f"subscriptions: 1 organizations from {moment:%Y-%m-%dT%H}:00Z on\n" for moment in (before, datetime.now(UTC))
    }
    assert await command(url, "reconcile") == "reconcile: every sum agrees with its lines\n"


async def test_the_queue_is_in_utc(url: str) -> None:
    app = create_app(url, [], WorkerMetrics(None))
    async with app.open_async():
        assert await app.connector.execute_query_one_async("SELECT current_setting('TimeZone') AS zone") == {
            "zone": "UTC"
        }


@needs_pgbouncer
@pytest.mark.parametrize("mode", first_quick(["transaction", "session"]))
async def test_behind_pgbouncer(url: str, tmp_path: Path, mode: str) -> None:
    """Two clients share one connection of the server: ours is in UTC in each of its transactions, the other one is in
    the zone of the server."""
    zone = "SELECT current_setting('TimeZone')"
    async with await psycopg.AsyncConnection.connect(url) as plain:
        [default] = await (await plain.execute(zone)).fetchone() or ()
        assert default in ZONES
    with pgbouncer(url, tmp_path, mode, connections=2 if mode == "session" else 1) as pattern:
        behind = pattern.format(database="postgres")
        async with (
            connect(behind) as ours,
            await psycopg.AsyncConnection.connect(behind, autocommit=True, prepare_threshold=None) as other,
        ):
            for _ in range(3):
                assert await found(ours, zone) == [("UTC",)]
                assert await (await other.execute(zone)).fetchone() == (default,)
                [[moment]] = await found(ours, "SELECT timestamptz '2025-10-26T00:00Z' + interval '1 day 1 hour'")
                assert str(moment) == "2025-10-27 01:00:00+00:00"
