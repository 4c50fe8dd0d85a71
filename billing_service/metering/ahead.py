"""Sends the next queries of an hour early: Prometheus computes them while the reply before is read.

A query is identified by its text and its first moment. The order is only a hint: a query that is not in it is sent when
it is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from billing_service.metering.client import Series

_EARLY = 2  # queries; each can have a reply of PROMETHEUS_MAX_REPLY_MIB in memory

Query = tuple[str, int]
Send = Callable[[str, int], Awaitable[list[Series]]]


class Ahead:
    def __init__(self, send: Send, order: Sequence[Query]) -> None:
        self._send = send
        self._order = order
        self._running: dict[Query, asyncio.Task[list[Series]]] = {}
        self._next = 0  # of the order, to be sent

    @classmethod
    @asynccontextmanager
    async def open(cls, send: Send, order: Sequence[Query]) -> AsyncIterator[Self]:
        """At the end, queries that still run are cancelled."""
        opened = cls(send, order)
        try:
            yield opened
        finally:
            for task in opened._running.values():
                task.cancel()
            await asyncio.gather(*opened._running.values(), return_exceptions=True)

    async def reply(self, query: Query) -> list[Series]:
        """Raises what `send` raises."""
        if query in self._order:
            self._start_until(self._order.index(query) + 1 + _EARLY)
            await asyncio.sleep(0)  # they are sent now, also if this reply is there
        task = self._running.get(query)
        if task is None:
            return await self._send(*query)
        found = await task
        del self._running[query]
        return found

    def _start_until(self, end: int) -> None:
        for query in self._order[self._next : end]:
            self._running[query] = asyncio.ensure_future(self._send(*query))
        self._next = max(self._next, min(end, len(self._order)))
