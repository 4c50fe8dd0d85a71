"""The stream of data versions: a real service, a real PostgreSQL, PgBouncer, and what goes wrong between them."""

import asyncio
import json
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from billing_service.database import connect
from billing_service.grants import provide
from tests.integration.billing_service.conftest import TOKEN, Load
from tests.integration.billing_service.live.conftest import settled
from tests.integration.billing_service.process import served
from tests.integration.billing_service.proxy import Proxy
from tests.integration.billing_service.test_healing import prepare, through
from tests.integration.billing_service.test_pgbouncer import pgbouncer
from tests.kit.postgres import Server

BUMP = """
    INSERT INTO data_versions AS v VALUES (%s, 1)
    ON CONFLICT (organization) DO UPDATE SET version = v.version + 1 RETURNING version
"""
pytestmark = pytest.mark.usefixtures("registry")

LISTENERS = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' OR query = 'SELECT 1'"


class Stream:
    """The lines of GET /api/changes."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def line(self, seconds: float = 10) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            return dict(json.loads(await anext(self._lines)))

    async def change(self, seconds: float = 10) -> dict[str, Any]:
        """The next line that is not a heartbeat."""
        async with asyncio.timeout(seconds):
            while (line := await self.line()) == {"heartbeat": True}:
                pass
            return line


@asynccontextmanager
async def changes(client: httpx2.AsyncClient, service: str) -> AsyncIterator[Stream]:
    async with client.stream("GET", f"{service}/api/changes") as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
        yield Stream(response)


async def bump(url: str, organization: str = "acme") -> int:
    async with connect(url) as connection:
        [row] = await (await connection.execute(BUMP, [organization])).fetchall()
        return int(row["version"])


async def ready(service: str, client: httpx2.AsyncClient) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            if (await client.get(f"{service}/api/health")).status_code == 200:
                return
        except httpx2.TransportError:
            assert time.monotonic() < until
        await asyncio.sleep(0.05)


async def test_each_change_is_a_line_within_a_tenth_of_a_second(database_url: str, client: httpx2.AsyncClient) -> None:
    """The first line is a resync; then the organization and its version, for every stream."""
    with served(database_url) as (service, _):
        await ready(service, client)
        async with changes(client, service) as one, changes(client, service) as other:
            assert await one.line() == await other.line() == {"resync": True}
            for organization in ("acme", "globex"):
                version = await bump(database_url, organization)
                started = time.monotonic()
                wanted = {"organization": organization, "data_version": version}
                assert await one.change() == await other.change() == wanted
                assert time.monotonic() - started < 0.1


async def test_an_import_is_announced_at_its_commit(database_url: str, load: Load, client: httpx2.AsyncClient) -> None:
    """Through the ledger's own statements, not only by an UPDATE of this test."""
    with served(database_url) as (service, _):
        await ready(service, client)
        async with changes(client, service) as stream:
            await stream.line()
            await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.5,2025-01-01T00:00:00Z\n")
            await load("namespace,hour,sku,workload,quantity\nacme-web,2025-11-09T10:00:00Z,cpu_core_hour,-,1\n")
            line = await stream.change()
            assert line["organization"] in {"acme", "acme-prod", "globex", "nippon"}
            assert line["data_version"] > 0


@pytest.mark.slow_fault
async def test_a_quiet_stream_has_heartbeats(database_url: str, client: httpx2.AsyncClient) -> None:
    """A reader can tell a quiet stream from a dead one."""
    with served(database_url) as (service, _):
        await ready(service, client)
        async with changes(client, service) as stream:
            await stream.line()
            assert await stream.line(7) == {"heartbeat": True}


async def test_without_a_reader_nothing_listens(database_url: str, client: httpx2.AsyncClient) -> None:
    """The connection to PostgreSQL is there while a stream is read, and only then; one for all streams."""

    async def listeners() -> int:
        async with connect(database_url) as connection:
            [row] = await (await connection.execute(LISTENERS)).fetchall()
            return int(row["n"])

    with served(database_url) as (service, _):
        await ready(service, client)
        assert await listeners() == 0
        async with changes(client, service) as one, changes(client, service) as other:
            await one.line()
            await other.line()
            assert await listeners() == 1

        async def nothing_listens() -> bool:
            return await listeners() == 0

        await settled(nothing_listens, 10)


@pytest.fixture
async def reader_url(database_url: str) -> AsyncIterator[str]:
    """Of a role with the rights of `serve`."""
    url = database_url.replace("postgresql://billing@", "postgresql://billing_reader_of_live@")
    async with connect(database_url) as owner:
        await provide(owner, url)
        yield url
        await owner.execute("DROP OWNED BY billing_reader_of_live")
        await owner.execute("DROP ROLE billing_reader_of_live")


async def test_the_role_of_serve_sees_numbers_of_all_organizations_and_no_rows(
    database_url: str, reader_url: str, client: httpx2.AsyncClient
) -> None:
    """The stream works for the role that row-level security holds, by notification and by reading."""
    async with connect(database_url) as reader:
        await reader.execute("SET ROLE billing_reader_of_live")
        assert await (await reader.execute("SELECT * FROM data_versions")).fetchall() == []
        assert len(await (await reader.execute("SELECT * FROM all_data_versions()")).fetchall()) == 4
    with served(reader_url) as (service, _):
        await ready(service, client)
        async with changes(client, service) as stream:
            assert await stream.line() == {"resync": True}
            version = await bump(database_url)
            assert await stream.change() == {"organization": "acme", "data_version": version}


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="NOT TESTED BEHIND PGBOUNCER: it is not installed")
@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.slow_fault
async def test_behind_pgbouncer_the_versions_are_read_again(
    mode: str, server_url: str, database_url: str, tmp_path: Path, client: httpx2.AsyncClient
) -> None:
    """A pooled session cannot listen, so a change is seen within 2 s."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with pgbouncer(server_url, tmp_path, mode) as pattern, served(pattern.format(database=name)) as (service, _):
        await ready(service, client)
        async with changes(client, service) as stream:
            assert await stream.line() == {"resync": True}
            version = await bump(database_url)
            assert await stream.change(2.5) == {"organization": "acme", "data_version": version}


async def test_a_restart_of_postgresql_is_a_resync(server: Server, client: httpx2.AsyncClient) -> None:
    """Changes during the gap may be unknown, and the stream does not hide that. It is not cut."""
    await prepare(server)
    with served(server.url) as (service, _):
        await ready(service, client)
        async with changes(client, service) as stream:
            await stream.line()
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(1)
            await asyncio.to_thread(server.start)
            assert await stream.change(15) == {"resync": True}
            version = await bump(server.url)
            assert await stream.change() == {"organization": "acme", "data_version": version}


@pytest.mark.slow_fault
async def test_a_silent_connection_to_postgresql_is_found(database_url: str, client: httpx2.AsyncClient) -> None:
    """The network swallows its bytes: within seconds there is another one, and a resync."""
    async with Proxy(database_url).running() as proxy:
        with served(through(proxy)) as (service, _):
            await ready(service, client)
            async with changes(client, service) as stream:
                await stream.line()
                proxy.swallow_open()
                await bump(database_url)  # nobody hears it
                assert await stream.change(8) == {"resync": True}
                version = await bump(database_url)
                assert await stream.change() == {"organization": "acme", "data_version": version}


async def test_a_reader_that_does_not_read_gets_the_newest_version(
    database_url: str, client: httpx2.AsyncClient
) -> None:
    """A thousand changes while it does not read are at most what the sockets hold; the last one is the newest."""
    with served(database_url) as (service, process):
        await ready(service, client)
        async with changes(client, service) as stream:
            await stream.line()
            process.send_signal(signal.SIGSTOP)  # the service itself sleeps: all notifications come at once
            async with connect(database_url) as connection:
                for _ in range(1000):
                    [row] = await (await connection.execute(BUMP, ["acme"])).fetchall()
            newest = row["version"]
            process.send_signal(signal.SIGCONT)
            seen = [await stream.change()]
            while seen[-1]["data_version"] < newest:
                seen.append(await stream.change())
            assert seen[-1] == {"organization": "acme", "data_version": newest}
            assert len(seen) < 1000


async def test_the_service_ends_while_it_is_read(database_url: str, client: httpx2.AsyncClient) -> None:
    """SIGTERM ends the streams: the process does not wait for its readers."""
    with served(database_url) as (service, process):
        await ready(service, client)
        async with changes(client, service) as stream:
            await stream.line()
            started = time.monotonic()
            process.terminate()
            await asyncio.to_thread(process.wait, 10)
            assert time.monotonic() - started < 3
            assert process.returncode == 0


async def test_the_stream_needs_the_service_token(database_url: str) -> None:
    """It has the names of all organizations."""
    with served(database_url) as (service, _):
        async with httpx2.AsyncClient() as nobody:
            await ready(service, nobody)
            assert (await nobody.get(f"{service}/api/changes")).status_code == 401
            token = {"Authorization": f"Bearer {TOKEN}"}
            assert (await nobody.get(f"{service}/api/changes?x=1", headers=token)).status_code == 400
