"""Connections to PostgreSQL that die without a word: 503 in time, then service again, by itself.

A real service process, a real PostgreSQL, and between them a proxy that loses connections.
"""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from billing_service.database import connect
from billing_service.migrate import migrate, shipped
from tests.kit.postgres import Server

from .process import served, wait_for
from .proxy import Proxy

POOL = 8
LIST = "/api/organization/acme/projects"
PATHS = (LIST, "/api/project/acme-web/overview?organization=acme", "/api/health")


async def prepare(server: Server) -> None:
    async with connect(server.url) as connection:
        await migrate(connection, shipped())
        await connection.execute("INSERT INTO organizations VALUES ('acme')")
        await connection.execute("INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC')")
        await connection.execute("INSERT INTO ownership VALUES ('acme-web', 'acme', '', 1, '(,)')")


@pytest.fixture
async def database(server: Server) -> Server:
    await prepare(server)
    return server


@pytest.fixture
async def proxy(database_url: str, registry: None) -> AsyncIterator[Proxy]:  # noqa: ARG001 - the rows must be there
    async with Proxy(database_url).running() as proxy:
        yield proxy


def through(*proxies: Proxy, **parameters: str) -> str:
    """The URL of the database behind them."""
    hosts = ",".join(f"127.0.0.1:{proxy.port}" for proxy in proxies)
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    login = proxies[0].login
    return f"postgresql://{login}@{hosts}/{proxies[0].database}?{query}"


async def burst(client: httpx2.AsyncClient, url: str, requests: int = 16) -> tuple[list[int], float]:
    """The statuses of as many requests at once, and how long the longest took."""
    started = time.monotonic()
    paths = [PATHS[number % len(PATHS)] for number in range(requests)]
    responses = await asyncio.gather(*(client.get(url + path) for path in paths))
    return [response.status_code for response in responses], time.monotonic() - started


async def assert_heals(client: httpx2.AsyncClient, url: str, seconds: float = 10) -> None:
    """Within that time, and from then on for bursts of four times the pool."""
    await wait_for(client, url + LIST, 200, seconds)
    for _ in range(3):
        statuses, took = await burst(client, url, 4 * POOL)
        assert (set(statuses), took < 3) == ({200}, True)


async def test_connections_that_are_swallowed_are_503_in_time_and_replaced(
    proxy: Proxy, client: httpx2.AsyncClient
) -> None:
    """Sixteen requests at once end within the limit and a second; the next ones are served; nothing dead is kept."""
    with served(through(proxy)) as (url, process):
        await wait_for(client, f"{url}/api/health", 200, 20)
        await burst(client, url)
        assert proxy.open_connections == POOL
        proxy.swallow_open()
        statuses, took = await burst(client, url)
        assert set(statuses) <= {200, 503}
        assert took < 4
        await assert_heals(client, url)
        assert proxy.open_connections <= POOL
        process.terminate()
        assert process.stderr
        failures = [json.loads(line) for line in process.stderr if '"status": 503' in line]
    assert len(failures) == statuses.count(503)
    assert {failure["reason"] for failure in failures} <= {"timeout", "connection_lost"}


@pytest.mark.slow_fault
async def test_one_request_finds_all_idle_connections_swallowed_and_is_served(
    proxy: Proxy, client: httpx2.AsyncClient
) -> None:
    """An idle connection is tried first; one that is silent ends all that were idle with it."""
    with served(through(proxy)) as (url, _):
        await wait_for(client, f"{url}/api/health", 200, 20)
        await burst(client, url)
        await asyncio.sleep(1.1)
        proxy.swallow_open()
        started = time.monotonic()
        assert (await client.get(url + LIST)).status_code == 200
        assert time.monotonic() - started < 2
        assert proxy.open_connections == 1


@pytest.mark.parametrize("messages", [0, *(pytest.param(step, marks=pytest.mark.slow_fault) for step in range(1, 6))])
async def test_whatever_step_a_connection_dies_in_is_503_in_time(
    proxy: Proxy, client: httpx2.AsyncClient, messages: int
) -> None:
    """If the peer stops responding at any step of a connection, a request ends within the time limit."""
    with served(through(proxy), DATABASE_TIMEOUT_SECONDS="2") as (url, _):
        await wait_for(client, f"{url}/api/live", 200, 20)
        proxy.lose_new_after = messages
        statuses, took = await burst(client, url)
        assert set(statuses) <= {200, 503}
        assert took < 3
        proxy.lose_new_after = None
        proxy.swallow_open()
        await assert_heals(client, url)


async def test_a_frozen_postgresql_is_503_in_time_and_served_again(
    database: Server, client: httpx2.AsyncClient
) -> None:
    """After SIGSTOP of all PostgreSQL processes, liveness is still 200. After SIGCONT, requests succeed again."""
    with served(database.url, DATABASE_TIMEOUT_SECONDS="1") as (url, process):
        await wait_for(client, url + LIST, 200, 20)
        await burst(client, url)
        database.signal_all(signal.SIGSTOP)
        try:
            for _ in range(3):
                statuses, took = await burst(client, url)
                assert (set(statuses), took < 2) == ({503}, True)
                assert (await client.get(f"{url}/api/live")).status_code == 200
        finally:
            database.signal_all(signal.SIGCONT)
        await assert_heals(client, url)
        assert process.poll() is None


@pytest.mark.slow_fault
async def test_sigterm_with_a_frozen_postgresql_ends_in_time(database: Server, client: httpx2.AsyncClient) -> None:
    """The request in flight gets its 503, and the process is gone within five seconds, exit code 0."""
    with served(database.url, DATABASE_TIMEOUT_SECONDS="30") as (url, process):
        await wait_for(client, url + LIST, 200, 20)
        database.signal_all(signal.SIGSTOP)
        try:
            asking = asyncio.create_task(client.get(url + LIST))
            await asyncio.sleep(0.5)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert (await asking).status_code == 503
            assert await asyncio.to_thread(process.wait, 10) == 0
            assert time.monotonic() - started < 5
        finally:
            database.signal_all(signal.SIGCONT)


@pytest.mark.slow_fault
async def test_a_killed_postgresql_is_503_until_it_is_back(database: Server, client: httpx2.AsyncClient) -> None:
    """kill -9 and a new start, twice; refused connections are 503 at once."""
    with served(database.url) as (url, process):
        for _ in range(2):
            await wait_for(client, url + LIST, 200, 20)
            await burst(client, url)
            await asyncio.to_thread(database.kill)
            statuses, took = await burst(client, url)
            assert (set(statuses), took < 1) == ({503}, True)
            await asyncio.to_thread(database.start)
            await assert_heals(client, url)
        assert process.poll() is None


@pytest.mark.slow_fault
async def test_a_restart_costs_no_request_that_comes_afterwards(database: Server, client: httpx2.AsyncClient) -> None:
    """Connections that the server closed while they were idle are noticed before they are used."""
    with served(database.url) as (url, _):
        await wait_for(client, url + LIST, 200, 20)
        await burst(client, url)
        await asyncio.to_thread(database.stop)
        await asyncio.to_thread(database.start)
        await asyncio.sleep(1.1)
        statuses, _ = await burst(client, url)
        assert set(statuses) == {200}


@pytest.mark.parametrize("how", ["killed", pytest.param("silent", marks=pytest.mark.slow_fault)])
async def test_the_second_server_takes_over(
    database: Server, second_server: Server, client: httpx2.AsyncClient, how: str
) -> None:
    """DATABASE_URL names both, as libpq reads it; the first goes away, or falls silent and stays so."""
    await prepare(second_server)
    async with Proxy(database.url).running() as first, Proxy(second_server.url).running() as second:
        hosts = through(first, second, target_session_attrs="read-write", connect_timeout="4")  # longer than the limit
        with served(hosts) as (url, process):
            await wait_for(client, url + LIST, 200, 20)
            assert second.open_connections == 0
            if how == "killed":
                await asyncio.to_thread(database.kill)
            else:
                first.lose_new_after = 0
                first.swallow_open()
            statuses, took = await burst(client, url)
            assert set(statuses) <= {200, 503}
            assert took < 4
            await assert_heals(client, url)
            assert second.open_connections
            assert process.poll() is None


@pytest.mark.slow_fault
async def test_a_server_that_only_reads_is_passed_over(
    database: Server, second_server: Server, client: httpx2.AsyncClient
) -> None:
    """target_session_attrs=read-write selects the primary. Without a primary, the log has the reason."""
    await prepare(second_server)
    async with connect(database.url) as connection:
        await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await connection.execute("SELECT pg_reload_conf()")
    async with Proxy(database.url).running() as first, Proxy(second_server.url).running() as second:
        with served(through(first, second, target_session_attrs="read-write")) as (url, _):
            await wait_for(client, url + LIST, 200, 20)
            assert second.open_connections
        with served(through(first, target_session_attrs="read-write")) as (url, process):
            await wait_for(client, url + LIST, 503, 20)
            process.terminate()
            assert process.stderr
            assert '"reason": "no_suitable_server"' in process.stderr.read()
