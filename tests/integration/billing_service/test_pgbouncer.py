"""Behind a real PgBouncer: the commands and the service, in session and in transaction mode."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from billing_service.connection import ReadConnection
from billing_service.database import connect, open_database
from billing_service.errors import DatabaseUnavailable
from tests.kit.slow import first_quick

from .conftest import REGISTRY, USAGE_HEADER
from .process import free_port, run, served, wait_for

PRICES = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.5,2025-01-01T00:00:00Z\n"
USAGE = f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,1,0,0,0,0\n"
OVERVIEW = "/api/project/acme-web/overview?organization=acme"

needs_pgbouncer = pytest.mark.skipif(
    not shutil.which("pgbouncer"),
    reason="NOT TESTED BEHIND PGBOUNCER: it is not installed (Debian and Ubuntu: apt-get install pgbouncer)",
)
pytestmark = needs_pgbouncer


@contextmanager
def pgbouncer(server_url: str, folder: Path, mode: str, connections: int = 4) -> Iterator[str]:
    """The URL of a database on this server through a PgBouncer with as many server connections."""
    port = free_port()
    behind = conninfo_to_dict(server_url) | {"dbname": None}
    (folder / "users").write_text(f'"{behind["user"]}" "{behind.get("password", "")}"\n')
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": folder / "users",
        "pool_mode": mode,
        "default_pool_size": connections,
        "max_client_conn": 40,
    }
    lines = ["[databases]", f"* = {make_conninfo(**behind)}", "[pgbouncer]"]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    as_user = ["unshare", "--user", "--map-user=1000"] if os.geteuid() == 0 else []
    with (
        (folder / "pgbouncer.log").open("wb") as log,
        subprocess.Popen([*as_user, "pgbouncer", folder / "pgbouncer.ini"], stdout=log, stderr=log) as process,
    ):
        try:
            pattern = f"postgresql://{behind['user']}@127.0.0.1:{port}/{{database}}"
            deadline = time.monotonic() + 10
            while True:
                try:
                    psycopg.connect(pattern.format(database="postgres")).close()
                except psycopg.OperationalError:
                    assert time.monotonic() < deadline, (folder / "pgbouncer.log").read_text()
                    time.sleep(0.05)
                else:
                    break
            yield pattern
        finally:
            process.kill()


Pooled = Callable[[str], AbstractContextManager[str]]


@pytest.fixture
def pooled(server_url: str, database_url: str, tmp_path: Path) -> Pooled:
    """The test's database through a PgBouncer in that mode."""

    @contextmanager
    def pooled(mode: str, connections: int = 4) -> Iterator[str]:
        with pgbouncer(server_url, tmp_path, mode, connections) as pattern:
            yield pattern.format(database=conninfo_to_dict(database_url)["dbname"])

    return pooled


@pytest.mark.parametrize("mode", first_quick(["transaction", "session"]))
async def test_commands_and_service_work_behind_pgbouncer(
    pooled: Pooled, tmp_path: Path, client: httpx2.AsyncClient, mode: str
) -> None:
    """Migrations, imports and bursts of sixteen requests, with fewer server connections than the service has."""
    with pooled(mode) as url:
        assert "nothing to do" in run(url, "migrate").stdout
        files = []
        for name, text in {**REGISTRY, "prices": PRICES, "usage": USAGE}.items():
            files.append(str(tmp_path / f"{name}.csv"))
            Path(files[-1]).write_text(text)  # noqa: ASYNC240 - a small file, nothing else waits for the loop
        imported = run(url, "import", *files)
        assert (imported.returncode, imported.stderr) == (0, "")
        with served(url) as (service, process):
            await wait_for(client, f"{service}/api/health", 200, 20)
            for _ in range(5):
                responses = await asyncio.gather(*(client.get(service + OVERVIEW) for _ in range(16)))
                assert {response.status_code for response in responses} == {200}
            process.terminate()
            assert process.stderr
            assert "ERROR" not in process.stderr.read()


@pytest.mark.parametrize("mode", first_quick(["transaction", "session"]))
async def test_the_settings_hold_behind_pgbouncer_and_touch_nobody_else(pooled: Pooled, mode: str) -> None:
    """Time limit, UTC and read-only are there for each query; a neighbour on the same server connection may write."""
    with pooled(mode, 1) as url:
        for _ in range(2):
            connection = await ReadConnection.open(url, 700)
            try:
                [row] = await connection.read("SELECT current_setting('statement_timeout') AS limit")
                assert row == {"limit": "700ms"}
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    await connection.read("CREATE TABLE forbidden ()")
                with pytest.raises(psycopg.errors.QueryCanceled):
                    await connection.read("SELECT pg_sleep(2)")
                assert connection.usable
            finally:
                connection.terminate()
            async with connect(url) as neighbour:
                await neighbour.execute("CREATE TABLE allowed ()")
                await neighbour.execute("DROP TABLE allowed")
                [row] = await (await neighbour.execute("SHOW statement_timeout")).fetchall()
                assert row == {"statement_timeout": "0"}


async def test_a_pgbouncer_without_a_free_connection_is_503_in_time(pooled: Pooled) -> None:
    """While another transaction uses the only connection, a query ends at its time limit. Afterwards it succeeds."""
    with pooled("transaction", 1) as url:
        async with open_database(url, timeout_seconds=1) as database:
            assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]
            async with connect(url) as other:
                async with other.transaction():
                    await other.execute("SELECT 1")
                    started = time.monotonic()
                    with pytest.raises(DatabaseUnavailable) as refused:
                        await database.fetch("SELECT 1 AS one")
                    assert time.monotonic() - started < 2
                    assert refused.value.log["reason"] == "timeout"
                assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]
