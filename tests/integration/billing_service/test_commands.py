"""The commands as an operator runs them: real processes, real signals, a real restart of PostgreSQL."""

import asyncio
import signal
import time
from pathlib import Path

import httpx2
import pytest

from billing_service.database import connect
from billing_service.demo import PROJECT_OWNERS
from billing_service.migrate import migrate, shipped
from tests.kit.postgres import Server

from .conftest import TOKEN, USAGE_HEADER
from .process import run, served, wait_for


async def test_the_demo_is_loaded_once_and_then_extended(empty_database_url: str, client: httpx2.AsyncClient) -> None:
    """Ninety days come with the first start; the second adds the hours since, quickly; no last day is empty."""
    for says in ("0001_schema.sql, 0002_bounds.sql, 0003_ledger.sql", "nothing to do"):
        assert says in run(empty_database_url, "migrate").stdout
    first = run(empty_database_url, "demo")
    assert (first.returncode, first.stderr) == (0, "")
    assert f"{len(PROJECT_OWNERS) * 90 * 24} lines of usage" in first.stdout
    started = time.monotonic()
    second = run(empty_database_url, "demo")
    assert time.monotonic() - started < 20  # about 1 s; the machine may be busy
    assert "usage" not in second.stdout or f" {len(PROJECT_OWNERS)} lines of usage" in second.stdout  # a new hour
    with served(empty_database_url) as (url, _):
        await wait_for(client, f"{url}/api/health", 200, 20)
        for organization in ("acme", "acme-prod", "globex"):
            body = (await client.get(f"{url}/api/organization/{organization}/projects")).json()
            owned = {namespace for namespace, owner in PROJECT_OWNERS.items() if owner == organization}
            assert {project["namespace"] for project in body["projects"]} == owned
            assert all(project["billing_summary"]["last_day_spend"] > 0 for project in body["projects"])


def test_a_bad_file_is_exit_code_1_and_names_the_line(database_url: str, tmp_path: Path) -> None:
    """The shell sees the failure, the operator the line."""
    file = tmp_path / "usage.csv"
    file.write_text(f"{USAGE_HEADER}no_body,2025-09-10T09:00:00Z,1,1,1,1,1\n")
    done = run(database_url, "import", str(file))
    assert done.returncode == 1
    assert f"{file}:2: namespace: 'no_body' must be an RFC 1123 label" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["import", "/no/such/file.csv"], 1, "No such file"),
        (["import"], 2, "FILE"),
        (["launch"], 2, "invalid choice"),
        (["explain", "acme", "acme-web", "--period", "11/2026"], 2, "must be a month like 2026-10"),
        ([], 2, "required"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(database_url: str, arguments: list[str], code: int, says: str) -> None:
    """Wrong arguments are 2, a file that is not there is 1; neither is a traceback."""
    done = run(database_url, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_import_before_the_migrations_says_so(empty_database_url: str, tmp_path: Path) -> None:
    """The message names the command that was forgotten."""
    file = tmp_path / "organizations.csv"
    file.write_text("organization,currency\nacme,EUR\n")
    done = run(empty_database_url, "import", str(file))
    assert (done.returncode, "billing_service migrate" in done.stderr) == (1, True)


def test_an_unreachable_database_is_named_without_its_password() -> None:
    """A command that cannot connect fails with the reason alone."""
    done = run("postgresql://billing:hidden-password@127.0.0.1:1/billing", "migrate")
    assert done.returncode == 1
    assert "migrate: " in done.stderr
    assert "hidden-password" not in done.stderr


async def test_sigterm_ends_the_service_cleanly(database_url: str, client: httpx2.AsyncClient) -> None:
    """Exit code 0 within seconds, no traceback, and the port is free."""
    with served(database_url) as (url, process):
        await wait_for(client, f"{url}/api/health", 200, 20)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert await asyncio.to_thread(process.wait, 10) == 0
        assert time.monotonic() - started < 5
        assert process.stderr
        assert "Traceback" not in process.stderr.read()
    with pytest.raises(httpx2.ConnectError):
        await client.get(f"{url}/api/health")


async def test_a_request_is_one_json_line_without_its_query(database_url: str, client: httpx2.AsyncClient) -> None:
    """Method, path, status, duration and the caller's ids; neither the query nor the token."""
    with served(database_url) as (url, process):
        await wait_for(client, f"{url}/api/health", 200, 20)
        await client.get(f"{url}/api/project/web/overview?organization=secret", headers={"X-Request-Id": "abc-1"})
        process.terminate()
        assert process.stderr
        lines = process.stderr.read().splitlines()
    logged = [line for line in lines if '"/api/project/web/overview"' in line]
    assert len(logged) == 1
    assert '"status": 404' in logged[0]
    assert '"request_id": "abc-1"' in logged[0]
    assert not any("secret" in line or TOKEN in line for line in lines)


async def test_the_service_outlives_a_restart_of_postgresql(server: Server, client: httpx2.AsyncClient) -> None:
    """The service starts without its database, returns 503 while it is away, and then succeeds without a restart."""
    await asyncio.to_thread(server.stop)
    with served(server.url) as (url, process):
        away = await wait_for(client, f"{url}/api/health", 503, 20)
        assert away.json()["code"] == "database_unavailable"
        await asyncio.to_thread(server.start)
        async with connect(server.url) as connection:
            await migrate(connection, shipped())
        await wait_for(client, f"{url}/api/health", 200, 5)
        for _ in range(2):
            await asyncio.to_thread(server.stop)
            response = await client.get(f"{url}/api/organization/acme/projects")
            assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
            await asyncio.to_thread(server.start)
            await wait_for(client, f"{url}/api/health", 200, 5)
            assert (await client.get(f"{url}/api/organization/acme/projects")).status_code == 404
        assert process.poll() is None


@pytest.mark.slow_fault
async def test_a_database_that_hangs_is_503_in_time(server: Server, client: httpx2.AsyncClient) -> None:
    """A lock held by someone else costs the caller the time limit of three seconds, not more."""
    async with connect(server.url) as connection:
        await migrate(connection, shipped())
        with served(server.url) as (url, _):
            await wait_for(client, f"{url}/api/health", 200, 20)
            async with connection.transaction():
                await connection.execute("LOCK TABLE organization_terms IN ACCESS EXCLUSIVE MODE")
                started = time.monotonic()
                response = await client.get(f"{url}/api/organization/acme/projects")
                assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
                assert time.monotonic() - started < 4
            assert (await client.get(f"{url}/api/organization/acme/projects")).status_code == 404
