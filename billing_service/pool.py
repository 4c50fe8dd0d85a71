"""A pool of connections to PostgreSQL.

A waiting caller receives the first connection that is released or opened. If opening fails, the caller receives the
error immediately. A failed connection is closed without waiting, together with all idle ones. The pool has no
back-off: the first query after an outage succeeds. docs/decisions/0011-one-postgresql-driver.md compares it with
psycopg_pool.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from billing_service.connection import ReadConnection

_CHECK_AFTER_SECONDS = 1  # a connection that was idle for longer is checked before it is used
_CHECK_SECONDS = 0.5
_MAX_AGE_SECONDS = 1800  # after a failover, connections move to the server that the URL now resolves to


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[ReadConnection]], size: int) -> None:
        self.size = size
        self._connect = connect
        self._total = 0  # in use, idle, or opening
        self._idle: list[tuple[ReadConnection, float]] = []  # and since when; the last used is the last
        self._waiting: deque[asyncio.Future[ReadConnection]] = deque()
        self._making: set[asyncio.Future[ReadConnection]] = set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def opening(self) -> int:
        return len(self._making)

    @property
    def in_use(self) -> int:
        return self._total - len(self._idle) - len(self._making)

    async def acquire(self) -> ReadConnection:
        """Raises psycopg.Error, TimeoutError, OSError. The caller must call `release`."""
        while self._idle:
            connection, since = self._idle.pop()
            if await self._is_good(connection, since):
                return connection
        return await self._wait()

    def release(self, connection: ReadConnection) -> None:
        if connection.usable:
            self._give(connection)
        else:
            self._end(connection)

    async def open_apart(self) -> ReadConnection:
        """A connection that is not of the pool; the caller must call its `terminate`. Raises as `acquire` does."""
        return await self._connect()

    async def close(self) -> None:
        while self._idle:
            self._idle.pop()[0].terminate()
        for making in self._making:
            making.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)

    async def _is_good(self, connection: ReadConnection, since: float) -> bool:
        now = time.monotonic()
        if since > now - _CHECK_AFTER_SECONDS:
            return True
        try:
            good = connection.opened > now - _MAX_AGE_SECONDS and await connection.answers(_CHECK_SECONDS)
        except BaseException:  # cancelled
            self.release(connection)
            raise
        if not good:
            self._end(connection)
        return good

    async def _wait(self) -> ReadConnection:
        waiter: asyncio.Future[ReadConnection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._grow()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self.release(waiter.result())
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _grow(self) -> None:
        """Opening a connection continues after its caller was cancelled, because another caller can use it."""
        while len(self._making) < len(self._waiting) and self._total < self.size:
            self._total += 1
            making = asyncio.ensure_future(self._connect())
            self._making.add(making)
            making.add_done_callback(self._made)

    def _made(self, making: asyncio.Future[ReadConnection]) -> None:
        self._making.discard(making)
        if making.cancelled():
            self._total -= 1
        elif error := making.exception():
            self._total -= 1
            if self._total == 0:  # otherwise one of the others will be released
                for waiter in self._waiting:
                    if not waiter.done():
                        waiter.set_exception(error)
                self._waiting.clear()
        else:
            self._give(making.result())

    def _give(self, connection: ReadConnection) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append((connection, time.monotonic()))

    def _end(self, connection: ReadConnection) -> None:
        """Closes the idle connections too, because the same cause may have broken them."""
        connection.terminate()
        self._total -= 1
        while self._idle:
            self._idle.pop()[0].terminate()
            self._total -= 1
        self._grow()
