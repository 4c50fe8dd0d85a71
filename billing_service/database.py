"""PostgreSQL through a pool of connections: one place that knows asyncpg's failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from billing_service.errors import DatabaseUnavailable, SchemaOutdated

# jit costs more than it saves on questions of milliseconds; all times are UTC.
SESSION = {"application_name": "billing-service", "timezone": "UTC", "jit": "off"}

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # the connection closed under the question
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, or the statement was cancelled
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


class Database:
    """Reads only; every question has one time limit, waiting for a connection included."""

    def __init__(self, pool: "asyncpg.Pool", timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Raises DatabaseUnavailable (503), SchemaOutdated (503)."""
        with _translated():
            async with asyncio.timeout(self._timeout_seconds), self._pool.acquire() as connection:
                rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
                return rows


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise DatabaseUnavailable("The database is not available") from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedObjectError) as error:
        raise SchemaOutdated("The database schema is not up to date: run the migrations") from error


@asynccontextmanager
async def open_database(url: str, *, pool_size: int = 4, timeout_seconds: float = 3) -> AsyncIterator[Database]:
    """Connects with the first question, so that a service may start before its database."""
    limit_ms = str(int(timeout_seconds * 1000))
    pool = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=pool_size,
        timeout=timeout_seconds,
        server_settings={**SESSION, "default_transaction_read_only": "on", "statement_timeout": limit_ms},
    )
    async with pool:
        yield Database(pool, timeout_seconds)


@asynccontextmanager
async def connect(url: str) -> AsyncIterator["asyncpg.Connection"]:
    """One connection that may write, for the commands."""
    # No cache of statements: each import makes its own table `incoming`, a remembered one has other columns.
    connection = await asyncpg.connect(url, timeout=10, server_settings=SESSION, statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)
