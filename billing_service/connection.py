"""Connections to PostgreSQL: parameters, session settings, closing.

The settings of a session (time limit, read-only, UTC) are sent after connecting, because PgBouncer rejects unknown
startup parameters. They are read back once. Behind a pooler, clients share a session: there the settings are sent with
each transaction, in one message with the query, and no statement is prepared.

A query about an organization runs in a transaction with the setting billing.organization: row-level security shows it
the rows of this organization only. It is SET LOCAL, because Citus sends no other setting to its workers.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

# Defaults for libpq; the URL can override them. connect_timeout applies to each host. The kernel closes a connection
# to a silent peer after 10 s with unacknowledged bytes, or after 20 s without traffic.
PARAMETERS = {
    "application_name": "billing-service",
    "client_encoding": "UTF8",
    "connect_timeout": "2",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_SETUP_SECONDS = 4  # for the settings, and for names that resolve slowly

# The keys are names in pg_settings. jit costs more time than it saves for queries of a few milliseconds.
_ONCE = (
    "SET statement_timeout = {}; SET jit = off; SET timezone = 'UTC'; "
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
)
_LOCAL = "SET LOCAL statement_timeout = {}; SET LOCAL jit = off; SET LOCAL timezone = 'UTC'; "
_EACH_TIME = _LOCAL + "SET TRANSACTION READ ONLY; "
_OF: LiteralString = "SET LOCAL billing.organization"
_READ_BACK = (
    "SELECT name, setting FROM pg_settings "
    "WHERE name IN ('statement_timeout', 'jit', 'TimeZone', 'transaction_read_only')"
)

# A migration changed the result type of a prepared statement, or a pooler dropped the statement.
_STATEMENT_LOST = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)


class SettingsNotKept(psycopg.OperationalError):
    """A pooler dropped the settings: the session would have no time limit, would not be read-only, or not be in UTC."""


async def set_utc(connection: psycopg.AsyncConnection[Any]) -> None:
    """For a session that can write: the default of the server can be a zone with summer time, and datetimes would have
    it. PgBouncer keeps the time zone of each of its clients, also in transaction mode. Raises SettingsNotKept."""
    await connection.execute("SET timezone = 'UTC'", prepare=False)
    if connection.info.parameter_status("TimeZone") != "UTC":
        raise SettingsNotKept


class ReadConnection(psycopg.AsyncConnection[DictRow]):
    """Reads only, except in `changing`. It is closed when one of its queries is cancelled."""

    opened: float
    _local: sql.Composed  # the settings of a transaction that changes something
    _before_each: sql.Composed | None = None  # None: the session is not shared, and statements are prepared

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ARG002, ASYNC109 - psycopg's signature
        """Does nothing. psycopg calls it when a waiting task is cancelled. With a silent peer, a cancel request over a
        second connection has no time limit. The time limit of the server ends the query there."""
        self.pgconn.finish()

    @classmethod
    async def open(cls, url: str, limit_ms: int) -> Self:
        """Raises psycopg.Error, TimeoutError, OSError."""
        parameters: dict[str, Any] = PARAMETERS | conninfo_to_dict(url)
        hosts = str(parameters.get("host", "")).count(",") + 1
        seconds = float(parameters["connect_timeout"]) * hosts + _SETUP_SECONDS
        async with asyncio.timeout(seconds):
            connection = await cls.connect(**parameters, autocommit=True, row_factory=dict_row)
            try:
                await connection._make_settings(limit_ms)  # noqa: SLF001 - a class of this module
            except BaseException:
                connection.terminate()
                raise
        connection.opened = time.monotonic()
        return connection

    async def _make_settings(self, limit_ms: int) -> None:
        """A pooler reports a process number that differs from the server's."""
        self._local = sql.SQL(_LOCAL).format(limit_ms)
        found = await (await self.execute("SELECT pg_backend_pid() AS pid", prepare=False)).fetchone()
        if found and found["pid"] == self.info.backend_pid:
            await self.execute(sql.SQL(_ONCE).format(limit_ms))
        else:
            self.prepare_threshold = None
            self._before_each = sql.SQL(_EACH_TIME).format(limit_ms)
        settings = {row["name"]: row["setting"] for row in await self.read(_READ_BACK)}
        wanted = {"statement_timeout": str(limit_ms), "jit": "off", "TimeZone": "UTC", "transaction_read_only": "on"}
        if settings != wanted:
            raise SettingsNotKept

    async def read(self, query: LiteralString, arguments: dict[str, object] | None = None) -> list[DictRow]:
        """Row-level security shows the rows of the argument `organization`; without it, no organization's."""
        organization = (arguments or {}).get("organization")
        if self._before_each is None:
            try:
                return await self._directly(query, arguments, organization)
            except _STATEMENT_LOST:
                self.prepare_threshold = None
                return await self._directly(query, arguments, organization)
        of = sql.SQL("" if organization is None else f"{_OF} = %(organization)s; ")
        cursor = psycopg.AsyncClientCursor(self)
        await cursor.execute(self._before_each + of + sql.SQL(query), arguments)
        while cursor.nextset():
            pass  # the query is the last statement
        return await cursor.fetchall()

    async def _directly(
        self, query: LiteralString, arguments: dict[str, object] | None, organization: object
    ) -> list[DictRow]:
        """The statements of the transaction are sent together: one round trip."""
        if organization is None:
            return await (await self.execute(query, arguments)).fetchall()
        try:
            async with self.pipeline():
                await self.execute("BEGIN")
                await self.execute(sql.SQL(_OF + " = {}").format(organization), prepare=False)
                cursor = await self.execute(query, arguments)
                await self.execute("COMMIT")
            return await cursor.fetchall()
        except psycopg.Error:
            if self.pgconn.transaction_status == TransactionStatus.INERROR:
                await self.execute("ROLLBACK")
            raise

    @asynccontextmanager
    async def changing(self, organization: str) -> AsyncIterator[None]:
        """A transaction that may change rows of this organization. An exception rolls it back."""
        of = sql.SQL(_OF + " = {}").format(organization)
        await self.execute(sql.SQL("BEGIN READ WRITE; ") + self._local + of, prepare=False)
        try:
            yield
            await self.execute("COMMIT", prepare=False)
        except BaseException:
            if self.pgconn.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
                await self.execute("ROLLBACK", prepare=False)
            raise

    @property
    def is_shared(self) -> bool:
        """Behind a pooler, where a session cannot listen."""
        return self._before_each is not None

    @property
    def usable(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.IDLE

    async def answers(self, seconds: float) -> bool:
        with suppress(psycopg.Error, TimeoutError, OSError):
            async with asyncio.timeout(seconds):
                await self.execute("SELECT 1", prepare=False)
                return True
        return False

    def terminate(self) -> None:
        """Closes the socket without waiting."""
        self.pgconn.finish()
