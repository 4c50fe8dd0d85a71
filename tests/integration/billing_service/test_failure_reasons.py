"""Why the database could not be used: one word in the log, from real failures of a real server."""

import json
import logging

import pytest
from psycopg.conninfo import conninfo_to_dict

from billing_service.database import connect, open_database
from billing_service.errors import DatabaseUnavailable
from billing_service.request_log import JsonFormatter

from .conftest import open_api, url_of


def as_role(server_url: str, role: str) -> str:
    return f"{server_url}{'&' if '?' in server_url else '?'}user={role}"


@pytest.mark.parametrize("reason", ["refused", "name_not_resolved", "no_such_database", "authentication"])
async def test_the_log_line_names_the_reason(server_url: str, caplog: pytest.LogCaptureFixture, reason: str) -> None:
    """The request's own line has reason and class; neither it nor the response has a name, an address or a password."""
    url = {
        "refused": "postgresql://billing:hidden-password@127.0.0.1:1/billing",
        "name_not_resolved": "postgresql://billing:hidden-password@no-such-host.invalid/billing",
        "no_such_database": url_of(server_url, "nowhere"),
        "authentication": as_role(server_url, "nobody-at-all"),
    }[reason]
    caplog.set_level(logging.INFO)
    async with open_api(url) as api:
        response = await api.client.get("/api/health")
    assert response.json() == {"code": "database_unavailable", "message": "The database is not available"}
    [record] = [record for record in caplog.records if record.name == "billing_service"]
    line = JsonFormatter().format(record)
    assert json.loads(line)["reason"] == reason
    assert json.loads(line)["failure"] == "OperationalError"
    for secret in ("hidden", "nowhere", "nobody-at-all", "127.0.0.1", str(conninfo_to_dict(server_url)["host"])):
        assert secret not in line


async def test_too_many_connections_are_named(server_url: str) -> None:
    """If the connection limit of a role is reached, the reason is `too_many_connections`."""
    async with connect(server_url) as admin:
        await admin.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
        try:
            async with open_database(as_role(server_url, "limited")) as database:
                with pytest.raises(DatabaseUnavailable) as refused:
                    await database.fetch("SELECT 1")
        finally:
            await admin.execute("DROP ROLE limited")
    assert refused.value.log["reason"] == "too_many_connections"


@pytest.mark.parametrize(
    ("statement", "reason", "sqlstate"),
    [
        ("SELECT pg_sleep(5)", "timeout", "57014"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "shutting_down", "57P01"),
        ("SELECT * FROM pg_authid", "permission", "42501"),
    ],
)
async def test_a_query_that_fails_is_named_by_its_sqlstate(
    server_url: str, statement: str, reason: str, sqlstate: str
) -> None:
    """A server error of a query has its SQLSTATE in the log. The next query succeeds."""
    async with connect(server_url) as admin:
        await admin.execute("CREATE ROLE reader LOGIN")
        try:
            async with open_database(as_role(server_url, "reader"), timeout_seconds=1) as database:
                with pytest.raises(DatabaseUnavailable) as refused:
                    await database.fetch(statement)
                assert (refused.value.log["reason"], refused.value.log["sqlstate"]) == (reason, sqlstate)
                assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]
        finally:
            await admin.execute("DROP ROLE reader")


async def test_a_table_that_changed_under_a_prepared_query_is_read_again(server_url: str) -> None:
    """A migration under a running service fails no request."""
    async with connect(server_url) as admin, open_database(server_url) as database:
        await admin.execute("CREATE TABLE changing AS SELECT 1 AS one")
        try:
            for _ in range(8):
                assert await database.fetch("SELECT * FROM changing") == [{"one": 1}]
            await admin.execute("ALTER TABLE changing ADD COLUMN two integer DEFAULT 2")
            assert await database.fetch("SELECT * FROM changing") == [{"one": 1, "two": 2}]
        finally:
            await admin.execute("DROP TABLE changing")
