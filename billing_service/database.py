"""Queries to PostgreSQL. Each has one time limit, which includes the wait for a connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from billing_service.connection import PARAMETERS, ReadConnection, set_utc
from billing_service.database_failure import AWAY, OUTDATED, unavailable
from billing_service.errors import SchemaOutdated
from billing_service.pool import Pool

Connection = psycopg.AsyncConnection[dict[str, Any]]

_STATEMENT_SHARE = 0.9  # share of the limit: the server ends a slow query first, and the connection stays usable
_STUCK_SECONDS = 10


class Reads(Protocol):
    """What a figure is read with: the `Database` of serve, or the connection of a command or of a change."""

    async def fetch(self, query: LiteralString, **arguments: object) -> list[DictRow]: ...


@dataclass(frozen=True)
class Reading:
    """A connection as `Reads`, in its own transaction."""

    connection: Connection

    async def fetch(self, query: LiteralString, **arguments: object) -> list[DictRow]:
        return await (await self.connection.execute(query, arguments, prepare=False)).fetchall()


class Database:
    """Queries of `serve`. Only `change` writes."""

    def __init__(self, pool: Pool, timeout_seconds: float) -> None:
        self.pool = pool
        self._timeout_seconds = timeout_seconds
        self._running: dict[asyncio.Timeout, float] = {}  # and since when

    async def fetch(self, query: LiteralString, **arguments: object) -> list[DictRow]:
        """Row-level security shows the rows of the argument `organization`; without it, no organization's.

        Raises DatabaseUnavailable (503), SchemaOutdated (503).
        """
        async with self._connected() as connection:
            return await connection.read(query, arguments)

    @asynccontextmanager
    async def change(self, organization: str) -> AsyncIterator[Connection]:
        """A transaction that may change rows of this organization, and no others. An exception rolls it back.

        One time limit for all of it. Raises DatabaseUnavailable (503), SchemaOutdated (503).
        """
        async with self._connected() as connection, connection.changing(organization):
            yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ReadConnection]:
        with _translated():
            async with asyncio.timeout(self._timeout_seconds) as limit:
                self._running[limit] = time.monotonic()
                try:
                    connection = await self.pool.acquire()
                    try:
                        yield connection
                    finally:
                        self.pool.release(connection)
                finally:
                    del self._running[limit]

    @property
    def stuck(self) -> bool:
        """A query runs longer than its limit. Only a bug can cause it."""
        oldest = min(self._running.values(), default=time.monotonic())
        return time.monotonic() - oldest > self._timeout_seconds + _STUCK_SECONDS

    def end_within(self, seconds: float) -> None:
        """Running queries end after that time. Their callers receive 503 before the process ends."""
        end = asyncio.get_running_loop().time() + seconds
        for limit in self._running:
            limit.reschedule(min(end, limit.when() or end))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OUTDATED as error:
        raise SchemaOutdated("The database schema is not up to date: run the migrations") from error
    except AWAY as error:
        raise unavailable(error) from error


@asynccontextmanager
async def open_database(url: str, *, pool_size: int = 4, timeout_seconds: float = 3) -> AsyncIterator[Database]:
    """Connects at the first query, so that the service can start before its database."""
    limit_ms = max(1, int(timeout_seconds * 1000 * _STATEMENT_SHARE))
    pool = Pool(lambda: ReadConnection.open(url, limit_ms), pool_size)
    try:
        yield Database(pool, timeout_seconds)
    finally:
        await pool.close()


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """A connection that can write, for the commands and the worker. Its time zone is UTC, whatever the server's is.

    It prepares no statement: each import creates a new `incoming`.
    """
    parameters: dict[str, Any] = PARAMETERS | {"connect_timeout": "10"} | conninfo_to_dict(url)
    connection = await psycopg.AsyncConnection.connect(
        **parameters, autocommit=True, prepare_threshold=None, row_factory=dict_row
    )
    try:
        await set_utc(connection)
        yield connection
    finally:
        await connection.close()
