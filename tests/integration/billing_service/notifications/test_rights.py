"""The role of `serve`: it changes channels of one organization at a time, and nothing else."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from billing_service.api import create_app
from billing_service.database import Connection, connect, open_database
from billing_service.grants import grant
from billing_service.migrate import migrate, shipped
from tests.integration.billing_service.conftest import TOKEN
from tests.integration.billing_service.ledger_kit import found

from .conftest import ACME, Api, body, channels_of

ROLE = "billing_reader_of_channels"
INSERT = """
    INSERT INTO channels (organization, id, name, kind, enabled, target)
    VALUES ('{}', gen_random_uuid(), 'x', 'email', true, '{{}}')
"""
OF_ACME = "BEGIN READ WRITE; SET LOCAL billing.organization = 'acme'; "


@pytest.fixture
async def reader_url(database_url: str, registry: None) -> AsyncIterator[str]:  # noqa: ARG001 - the rows must be there
    async with connect(database_url) as owner:
        await owner.execute(f"CREATE ROLE {ROLE} LOGIN")
        try:
            await grant(owner, ROLE)
            await migrate(owner, shipped())
            parts = urlsplit(database_url)
            yield parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            await owner.execute(f"DROP OWNED BY {ROLE}")
            await owner.execute(f"DROP ROLE {ROLE}")


async def test_every_route_works_with_the_rights_of_serve(reader_url: str, owner: Connection) -> None:
    """Create, change, test, send again, delete."""
    async with open_database(reader_url) as database:
        app = create_app(database, TOKEN, channels=channels_of(database))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://b") as client:
            api = Api(client)
            path = f"{ACME}/channels/{(await api.create())['id']}"
            replaced = await api.send("PUT", path, body(name="new"), if_match='"1"', idempotency_key="k")
            assert replaced.status_code == 200
            delivery = (await api.send("POST", f"{path}/test")).json()["id"]
            await owner.execute("UPDATE deliveries SET state = 'dead', settled_at = now()")
            assert (await api.send("POST", f"{ACME}/deliveries/{delivery}/retry")).status_code == 202
            assert len((await api.send("GET", f"{ACME}/deliveries")).json()["deliveries"]) == 1
            assert len((await api.send("GET", f"{path}/history")).json()["entries"]) == 4
            assert (await api.send("DELETE", path, if_match='"2"')).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        INSERT.format("globex"),
        "UPDATE channels SET organization = 'globex'",
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "DELETE FROM deliveries",
        "DELETE FROM idempotency_keys",
        "TRUNCATE channels",
        "INSERT INTO organizations VALUES ('new')",
        "UPDATE organization_monthly SET amount = 0",
    ],
)
async def test_everything_else_is_refused(reader_url: str, owner: Connection, statement: str) -> None:
    """By PostgreSQL, also in a transaction that may write."""
    await owner.execute(INSERT.format("acme"))
    async with connect(reader_url) as reader:
        await reader.execute(OF_ACME)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute(statement)  # type: ignore[call-overload] # made of constants


async def test_a_change_without_its_filter_reaches_one_organization(reader_url: str, owner: Connection) -> None:
    """The rows of others are not seen, so they are not changed."""
    for organization in ("acme", "globex"):
        await owner.execute(INSERT.format(organization))
    async with open_database(reader_url) as database, database.change("acme") as connection:
        await connection.execute("UPDATE channels SET name = 'changed'")
    rows = await found(owner, "SELECT organization, name FROM channels ORDER BY 1")
    assert rows == [("acme", "changed"), ("globex", "x")]
    async with open_database(reader_url) as database:

        async def fail() -> None:
            async with database.change("acme") as connection:
                await connection.execute("DELETE FROM channels")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert len(await database.fetch("SELECT FROM channels", organization="acme")) == 1
