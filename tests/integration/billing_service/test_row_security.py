"""Row-level security behind the filters of the queries, and the role of `serve`."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from billing_service.database import connect, open_database
from billing_service.grants import READABLE, GrantError, grant, readers

from .conftest import USAGE_HEADER, Load, open_api
from .process import run, served, wait_for
from .test_pgbouncer import pgbouncer

PRICES = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.5,2025-01-01T00:00:00Z\n"
OWN_PRICE = (
    "resource,currency,unit_price,valid_from,organization\ncpu_core_hour,EUR,0.4,2025-01-01T00:00:00Z,acme-prod\n"
)
USAGE = "".join(
    [USAGE_HEADER, *(f"{name},2025-09-10T09:00:00Z,1,0,0,0,0\n" for name in ("acme-web", "acme-data", "acme-prod-web"))]
)
ROLE = "billing_reader_of_the_tests"
# Tables of one organization, as serve reads them. The column is the organization's name.
OWNED = dict.fromkeys(READABLE, "organization") | {"prices": "price_list"}
SHARED = {
    "hours",
    "minor_units",
    "organizations",
    "plan_members",
    "plan_prices",
    "price_ranges",  # tested below
    "price_steps",
    "schema_migrations",
    "skus",
    "source_months",
    "sources",
}

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
async def reader_url(database_url: str, load: Load) -> AsyncIterator[str]:
    """The database with usage of two organizations, as the role of `serve` sees it."""
    for text in (PRICES, OWN_PRICE, USAGE):
        await load(text)
    async with connect(database_url) as owner:
        await owner.execute(f"CREATE ROLE {ROLE} LOGIN")
        try:
            await grant(owner, ROLE)
            parts = urlsplit(database_url)
            yield parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            await owner.execute(f"DROP OWNED BY {ROLE}")
            await owner.execute(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize("table", sorted(set(READABLE) - SHARED))
async def test_a_query_without_its_filter_sees_one_organization(reader_url: str, table: str) -> None:
    """Without an organization it sees nothing; with one, no row of another, although there are some."""
    column = OWNED[table]
    forgotten = f"SELECT {column} AS whose FROM {table} WHERE {column} <> ''"
    async with open_database(reader_url) as database:
        assert await database.fetch(forgotten) == []  # type: ignore[arg-type]  # made of constants
        seen = await database.fetch(forgotten, organization="acme")  # type: ignore[arg-type]
        assert {row["whose"] for row in seen} <= {"acme"}
        assert await database.fetch(forgotten) == []  # type: ignore[arg-type]  # the setting ended with its transaction


async def test_the_owner_sees_all_and_the_reader_a_part(database_url: str, reader_url: str) -> None:
    """The tables of the test above are not empty."""
    lines = "SELECT DISTINCT organization FROM usage_lines"
    async with connect(database_url) as owner:
        assert {row["organization"] async for row in await owner.execute(lines)} == {"acme", "acme-prod"}
    async with open_database(reader_url) as database:
        assert await database.fetch(lines, organization="acme") == [{"organization": "acme"}]
        assert await database.fetch(lines, organization="acme-prod") == [{"organization": "acme-prod"}]


async def test_steps_of_another_organizations_price_are_not_seen(database_url: str, reader_url: str) -> None:
    """Neither in the table nor in the view."""
    async with connect(database_url) as owner:
        steps = "INSERT INTO price_steps SELECT id, 0, 0.5 FROM prices WHERE price_list = 'acme-prod' LIMIT 1"
        assert (await owner.execute(steps)).rowcount == 1
    async with open_database(reader_url) as database:
        for query in ("SELECT FROM price_steps", "SELECT FROM price_ranges"):
            assert await database.fetch(query, organization="acme") == []
            assert len(await database.fetch(query, organization="acme-prod")) == 1


async def test_another_organizations_lines_cannot_be_asked_for(reader_url: str) -> None:
    """A wrong filter beside the right organization finds nothing."""
    async with open_database(reader_url) as database:
        wrong = "SELECT * FROM rollup_monthly WHERE organization = 'acme-prod'"
        assert await database.fetch(wrong, organization="acme") == []
        assert len(await database.fetch(wrong, organization="acme-prod")) > 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO organizations VALUES ('new')",
        "UPDATE rollup_monthly SET amount = 0",
        "DELETE FROM usage_lines",
        "TRUNCATE periods",
        "CREATE TABLE mine ()",
        "ALTER TABLE usage_lines DISABLE ROW LEVEL SECURITY",
        "SELECT * FROM quarantine",
        "SELECT * FROM procrastinate_jobs",
        "SELECT * FROM usage_lines_2025_09",
        "SELECT set_terms('acme', 'USD', 'UTC', NULL, now())",
    ],
)
async def test_the_reader_cannot_write_and_reads_nothing_of_all(reader_url: str, statement: str) -> None:
    """PostgreSQL refuses it, also in a session that is not read-only."""
    async with connect(reader_url) as reader:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute(statement)  # type: ignore[arg-type]  # made of constants


async def test_a_partition_shows_nothing_even_with_a_grant(database_url: str, reader_url: str) -> None:
    """A partition has row-level security and no policy."""
    async with connect(database_url) as owner:
        await owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}")
    async with open_database(reader_url) as database:
        assert await database.fetch("SELECT * FROM usage_lines_2025_09", organization="acme") == []


async def test_every_response_is_the_same_for_both_roles(database_url: str, reader_url: str) -> None:
    """Overview, list, explanation, statement, plan, the names of all organizations, and health."""
    paths = [
        "/api/health",
        "/api/organizations",
        "/api/project/acme-web/overview?organization=acme&period=2025-09",
        "/api/project/acme-prod-web/explain?organization=acme-prod&figure=current_month_total&period=2025-09",
        "/api/organization/acme-prod/explain?figure=current_month_total&period=2025-09",
        "/api/organization/acme-prod/explain?from=2025-09-10&to=2025-09-10T20:00:00Z&include=component:cpu",
        "/api/project/acme-prod-web/explain?organization=acme-prod&from=2025-08-10&to=2025-09-10T20:00:00Z",
        "/api/organization/acme/projects?period=2025-09",
        "/api/organization/acme-prod/statement?period=2025-09",
        "/api/organization/acme-prod/statements",
        "/api/organization/acme-prod/plan",
        "/api/project/acme-prod-web/overview?organization=acme",
        *(
            f"/api/{path}from=2025-09-10&to=2025-09-10T20:00:00Z&compare=previous&group_by={group}"
            for path in ("project/acme-prod-web/trend?organization=acme-prod&", "organization/acme-prod/trend?")
            for group in ("sku", "workload", "label:team")
        ),
        "/api/organization/acme-prod/trend?from=2025-09-01&to=2025-10-01&group_by=project&compare=year",
        "/api/project/acme-web/trend?organization=acme-prod&from=2025-09-01&to=2025-10-01",
    ]
    async with open_api(database_url) as owner, open_api(reader_url) as reader:
        for path in paths:
            expected, got = await owner.get(path), await reader.get(path)
            assert (got.status_code, got.text) == (expected.status_code, expected.text), path


async def test_serve_runs_as_the_reader(database_url: str, reader_url: str, client: httpx2.AsyncClient) -> None:
    """The command gives an existing role its rights. The real process serves with them, and the metric has a value."""
    done = run(database_url, "grants", "--role", ROLE)
    assert (done.returncode, done.stderr) == (0, "")
    with served(reader_url) as (service, _):
        await wait_for(client, f"{service}/api/health", 200, 20)
        response = await client.get(f"{service}/api/project/acme-web/overview?organization=acme")
        assert response.status_code == 200
    async with open_database(reader_url) as database:
        [row] = await database.fetch("SELECT newest_usage() AS until")
        assert f"{row['until']:%Y-%m-%dT%H}" == "2025-09-10T10"


@pytest.fixture
async def new_role(database_url: str) -> AsyncIterator[str]:
    """The URL of a role that does not exist yet, with a password. The role is removed after the test."""
    name = f"{ROLE}_new"
    parts = urlsplit(database_url)
    yield parts._replace(netloc=f"{name}:correct-horse@{parts.netloc.rpartition('@')[2]}").geturl()
    async with connect(database_url) as owner:
        if await (await owner.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])).fetchall():
            await owner.execute(f"DROP OWNED BY {name}")  # type: ignore[arg-type]  # made of constants
            await owner.execute(f"DROP ROLE {name}")  # type: ignore[arg-type]


async def test_migrate_creates_the_role_of_serve(database_url: str, new_role: str) -> None:
    """From its URL, once. PostgreSQL has the hash of the password, and a second migration changes nothing."""
    name = f"{ROLE}_new"
    for _ in range(2):
        done = run(database_url, "migrate", SERVE_DATABASE_URL=new_role)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"migrate: nothing to do\nmigrate: {name} is the role of serve\n"
    async with connect(database_url) as owner:
        kept = "SELECT rolpassword AS hash FROM pg_authid WHERE rolname = %s"
        [row] = await (await owner.execute(kept, [name])).fetchall()
        assert row["hash"].startswith("SCRAM-SHA-256$")
        assert name in await readers(owner)
    async with open_database(new_role) as database:
        assert await database.fetch("SELECT row_security_active('usage_lines') AS held") == [{"held": True}]


async def test_an_owner_that_may_not_create_roles_names_the_role(database_url: str) -> None:
    """What to do is in the message, and no password. The migrations before it stay applied."""
    async with connect(database_url) as owner:
        await owner.execute("CREATE ROLE nobody_creates LOGIN")
        await owner.execute("GRANT ALL ON SCHEMA public TO nobody_creates")
        await owner.execute("GRANT ALL ON schema_migrations TO nobody_creates")
    parts = urlsplit(database_url)
    host = parts.netloc.rpartition("@")[2]
    as_nobody = parts._replace(netloc=f"nobody_creates@{host}").geturl()
    missing = parts._replace(netloc=f"missing_role:correct-horse@{host}").geturl()
    try:
        done = run(as_nobody, "migrate", SERVE_DATABASE_URL=missing)
    finally:
        async with connect(database_url) as owner:
            await owner.execute("DROP OWNED BY nobody_creates")
            await owner.execute("DROP ROLE nobody_creates")
    assert done.returncode == 1
    assert "there is no role missing_role" in done.stderr
    assert "CREATE ROLE missing_role LOGIN" in done.stderr
    assert "correct-horse" not in done.stderr


def test_migrate_warns_if_serve_has_the_owner(database_url: str) -> None:
    """It is allowed: an installation with one role works as before."""
    done = run(database_url, "migrate", SERVE_DATABASE_URL=database_url)
    assert done.returncode == 0
    assert "row-level security does not hold" in done.stderr


@pytest.mark.parametrize("as_owner", [True, False])
async def test_serve_as_the_owner_logs_a_warning(
    database_url: str, reader_url: str, client: httpx2.AsyncClient, as_owner: bool
) -> None:
    """One line at start. As the role that can only read there is none."""
    with served(database_url if as_owner else reader_url) as (service, process):
        await wait_for(client, f"{service}/api/health", 200, 20)
        await asyncio.sleep(0.5)
        process.terminate()
        log = process.communicate(timeout=10)[1]
    warned = [line for line in log.splitlines() if "row-level security is not in effect" in line]
    assert len(warned) == int(as_owner)


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="NOT TESTED BEHIND PGBOUNCER: it is not installed")
async def test_the_organization_is_not_kept_behind_pgbouncer(server_url: str, reader_url: str, tmp_path: Path) -> None:
    """Two clients share one server session in transaction mode: the next transaction sees nothing of the last one."""
    server = urlsplit(server_url)
    as_reader = server._replace(netloc=f"{ROLE}@{server.netloc.rpartition('@')[2]}").geturl()
    lines = "SELECT DISTINCT organization FROM usage_lines"
    with pgbouncer(as_reader, tmp_path, "transaction", 1) as pattern:
        url = pattern.format(database=urlsplit(reader_url).path.removeprefix("/"))
        async with open_database(url) as one, open_database(url) as other:
            for _ in range(3):
                assert await one.fetch(lines, organization="acme") == [{"organization": "acme"}]
                assert await other.fetch(lines) == []


async def test_an_error_within_the_transaction_leaves_the_connection_usable(reader_url: str) -> None:
    """The next query runs on it, without the organization."""
    async with open_database(reader_url, pool_size=1) as database:
        await database.fetch("SELECT 1 AS one")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.fetch("SELECT 1 / 0 FROM organizations", organization="acme")
        assert database.pool.idle == 1
        assert await database.fetch("SELECT count(*) AS n FROM usage_lines") == [{"n": 0}]


async def test_a_role_that_row_security_does_not_hold_is_refused(database_url: str) -> None:
    """The owner, a superuser, and a role that does not exist. `migrate` renews the rights of the others."""
    async with connect(database_url) as owner:
        [row] = await (await owner.execute("SELECT current_user::text AS name")).fetchall()
        with pytest.raises(GrantError, match="does not hold"):
            await grant(owner, row["name"])
        with pytest.raises(GrantError, match="there is no role"):
            await grant(owner, "nobody_has_this_name")
        assert await readers(owner) == []


async def test_migrate_renews_the_rights_of_the_readers(database_url: str, reader_url: str) -> None:
    """A version with a new table needs no second command."""
    async with connect(database_url) as owner:
        assert await readers(owner) == [ROLE]
        await owner.execute(f"REVOKE SELECT ON instances FROM {ROLE}")
    assert run(database_url, "migrate").returncode == 0
    async with open_database(reader_url) as database:
        assert await database.fetch("SELECT FROM instances WHERE false", organization="acme") == []
