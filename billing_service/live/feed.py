"""The data versions of all organizations as they change. One connection to PostgreSQL, only while a stream is read.

Each change is announced by a trigger (LISTEN/NOTIFY). Where a session cannot listen, the versions are read again and
again: behind a PgBouncer, on a standby, and on Citus, where the trigger runs on the nodes.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, LiteralString

from billing_service.connection import ReadConnection
from billing_service.database import Database
from billing_service.database_failure import AWAY, reason
from billing_service.errors import ServiceError

HEARTBEAT_SECONDS = 5.0
_CHECK_SECONDS = 2.0  # a connection that does not reply for so long is lost
_POLL_SECONDS = 1.0
_RETRY_SECONDS = 0.5

_LISTEN: LiteralString = "LISTEN billing_data_versions"
_ALL: LiteralString = "SELECT organization, version FROM all_data_versions()"
_CAN_LISTEN: LiteralString = """
    SELECT NOT pg_is_in_recovery() AND to_regclass('pg_dist_partition') IS NULL AS yes
"""
_logger = logging.getLogger("billing_service")


class _Reader:
    """What one stream has not sent yet: the newest version of each organization, so that it does not grow."""

    def __init__(self, *, resync: bool) -> None:
        self._resync = resync
        self._versions: dict[str, int] = {}
        self._news = asyncio.Event()
        self.ended = False
        if resync:
            self._news.set()

    def put(self, organization: str, version: int) -> None:
        self._versions[organization] = version
        self._news.set()

    def resync(self) -> None:
        self._resync = True
        self._news.set()

    def end(self) -> None:
        self.ended = True
        self._news.set()

    async def take(self) -> list[dict[str, Any]]:
        """A heartbeat if there is nothing else for HEARTBEAT_SECONDS."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return [{"heartbeat": True}]
        self._news.clear()
        resync, self._resync = self._resync, False
        versions, self._versions = self._versions, {}
        first: list[dict[str, Any]] = [{"resync": True}] if resync else []
        return first + [{"organization": name, "data_version": version} for name, version in versions.items()]


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: set[_Reader] = set()
        self._work: asyncio.Task[None] | None = None
        self._following = False  # from now on, no change is missed

    async def follow(self) -> AsyncGenerator[list[dict[str, Any]], None]:
        """`{"resync": true}` first, and after each gap: changes before it may be unknown to the reader."""
        reader = _Reader(resync=self._following)
        self._readers.add(reader)
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        try:
            while not reader.ended:
                yield await reader.take()
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._stop()

    def close(self) -> None:
        """The streams end, so that the process can."""
        for reader in self._readers:
            reader.end()
        self._stop()

    def _stop(self) -> None:
        self._following = False
        if self._work is not None:
            self._work.cancel()
            self._work = None

    async def _run(self) -> None:
        while True:
            try:
                await self._follow_database()
            except AWAY as error:
                self._lost(reason(error))
            except ServiceError as error:
                self._lost(error.log.get("reason") or error.code)
            await asyncio.sleep(_RETRY_SECONDS)

    def _lost(self, why: str) -> None:
        if self._following:
            _logger.warning("the stream of data versions has a gap", extra={"fields": {"reason": why}})
        self._following = False

    def _begin(self) -> None:
        self._following = True
        for reader in self._readers:
            reader.resync()

    def _put(self, organization: str, version: int) -> None:
        for reader in self._readers:
            reader.put(organization, version)

    async def _follow_database(self) -> None:
        """Raises AWAY or ServiceError when the database is lost."""
        connection = await self._database.pool.open_apart()
        try:
            [row] = await connection.read(_CAN_LISTEN)
            if row["yes"] and not connection.is_shared:
                await self._listen(connection)
        finally:
            connection.terminate()
        await self._poll()

    async def _listen(self, connection: ReadConnection) -> None:
        await connection.execute(_LISTEN)
        self._begin()
        while True:
            async with aclosing(connection.notifies(timeout=_CHECK_SECONDS)) as announced:
                async for notification in announced:
                    organization, _, version = notification.payload.partition(" ")
                    self._put(organization, int(version))
            async with asyncio.timeout(_CHECK_SECONDS):
                await connection.execute("SELECT 1", prepare=False)

    async def _poll(self) -> None:
        known: dict[str, int] | None = None
        while True:
            rows = await self._database.fetch(_ALL)
            found = {str(row["organization"]): int(row["version"]) for row in rows}
            if known is None:
                self._begin()
            else:
                for name, version in found.items():
                    if known.get(name) != version:
                        self._put(name, version)
            known = found
            await asyncio.sleep(_POLL_SECONDS)
