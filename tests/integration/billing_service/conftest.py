"""A real PostgreSQL for these tests: DATABASE_URL_TEST if set, otherwise a server from the Python wheel."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import connect, open_database
from billing_service.distribute import distribute
from billing_service.importer import import_file
from billing_service.migrate import migrate, shipped
from tests.kit.postgres import Server

if TYPE_CHECKING:
    from datetime import datetime

TOKEN = "a-service-token-for-tests"

REGISTRY = {
    "organizations": "organization,currency\nacme,EUR\nacme-prod,EUR\nglobex,USD\nnippon,JPY\n",
    "projects": (
        "namespace,organization\nacme-web,acme\nacme-data,acme\nacme-prod-web,acme-prod\nglobex-shop,globex\n"
        "nippon-web,nippon\n"
    ),
}
TABLES = (
    "organizations",
    "organization_terms",
    "ownership",
    "prices",
    "price_steps",
    "usage_lines",
    "rollup_daily",
    "rollup_monthly",
    "organization_daily",
    "organization_monthly",
    "project_months",
    "recent_hours",
    "organization_state",
    "project_state",
    "hours",
    "source_months",
    "sources",
    "periods",
    "adjustments",
    "quarantine",
    "accepted_usage",
    "workload_labels",
    "data_versions",
    "instances",
    "plan_prices",
    "plan_members",
    "subscriptions",
    "forecasts",
    "forecast_versions",
    "unusual_days",
    "quota_usage",
    "quota_days",
    "channels",
    "deliveries",
    "audit",
    "idempotency_keys",
    "budgets",
    "budget_states",
    "budget_alerts",
    "budget_settings",
    "budget_evaluations",
)
USAGE_HEADER = "namespace,hour,cpu_core_hours,memory_gib_hours,storage_gib_hours,network_gib,public_ip_hours\n"


@asynccontextmanager
async def _own_server() -> AsyncIterator[Server]:
    server = Server(Path(tempfile.mkdtemp(prefix="pg-")))
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.stop)
        server.remove()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A PostgreSQL that the test may stop and start."""
    async with _own_server() as own:
        yield own


@pytest.fixture
async def second_server() -> AsyncIterator[Server]:
    """Another one."""
    async with _own_server() as own:
        yield own


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a server on which databases may be created."""
    if given := os.environ.get("DATABASE_URL_TEST"):
        yield given
        return
    with asyncio.Runner() as runner:
        running = _own_server()
        server = runner.run(running.__aenter__())
        try:
            yield server.url
        finally:
            runner.run(running.__aexit__(None, None, None))


async def _execute(url: str, *statements: str) -> None:
    async with connect(url) as connection:
        for statement in statements:
            await connection.execute(statement)


def url_of(server_url: str, database: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def migrated_database_url(server_url: str) -> Iterator[str]:
    """One database with the real migrations: creating one for every test costs seconds."""
    name = f"migrated_{os.getpid()}"
    url = url_of(server_url, name)

    async def prepare() -> None:
        await _execute(server_url, f"CREATE DATABASE {name}")
        async with connect(url) as connection:
            if distributed:
                await connection.execute("CREATE EXTENSION citus")
            await migrate(connection, shipped())
            if distributed:
                assert [text async for text in distribute(connection)]

    distributed = "DISTRIBUTED" in os.environ  # make test-distributed
    asyncio.run(prepare())
    yield url
    asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def empty_database_url(server_url: str) -> AsyncIterator[str]:
    """A database of the test's own, without tables."""
    name = f"empty_{os.getpid()}"
    await _execute(server_url, f"CREATE DATABASE {name}")
    yield url_of(server_url, name)
    await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


# TRUNCATE makes new files for every table and index: 160 ms, and this takes 12 ms. As a replica, no trigger runs, and
# tables can be emptied in any order.
_EMPTY = f"""
    DO $$
    DECLARE
        name text;
        filled boolean;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOREACH name IN ARRAY string_to_array('{",".join(TABLES)}', ',') LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
            IF filled THEN
                EXECUTE format('DELETE FROM %I', name);
            END IF;
        END LOOP;
    END
    $$
"""


@pytest.fixture
async def database_url(migrated_database_url: str) -> str:
    """A migrated database without rows."""
    empty = f"TRUNCATE {', '.join(TABLES)}" if "DISTRIBUTED" in os.environ else _EMPTY
    await _execute(migrated_database_url, empty, "DELETE FROM skus WHERE id > 7")
    return migrated_database_url


Load = Callable[..., Awaitable[None]]


@pytest.fixture
def load(database_url: str, tmp_path: Path) -> Load:
    """Imports the text of a CSV file, as `python -m billing_service import` does, with the options of import_file."""

    async def load(text: str, **options: Any) -> None:
        path = tmp_path / "input.csv"
        path.write_text(text, encoding="utf-8")
        async with connect(database_url) as connection:
            await import_file(connection, path, **options)

    return load


@pytest.fixture
async def registry(load: Load) -> None:
    """Four organizations, five projects, no prices and no usage."""
    for text in REGISTRY.values():
        await load(text)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=None)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30, limits=limits) as client:
        yield client


class Api:
    """The billing API as a client with the service token sees it, at a time of the test's choice."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.now: datetime | None = None

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {TOKEN}"} | headers)

    async def overview(self, organization: str, namespace: str) -> dict[str, Any]:
        response = await self.get(f"/api/project/{namespace}/overview?organization={organization}")
        assert response.status_code == 200, response.text
        return dict(response.json())


@asynccontextmanager
async def open_api(url: str) -> AsyncIterator[Api]:
    async with open_database(url) as database:
        app = create_app(database, TOKEN, now=lambda: opened.now)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
            opened = Api(client)
            yield opened


@pytest.fixture
async def api(database_url: str, registry: None) -> AsyncIterator[Api]:  # noqa: ARG001 - the rows must be there
    async with open_api(database_url) as opened:
        yield opened
