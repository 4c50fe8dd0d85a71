"""Caches results, and shares concurrent equal calls.

The cache does not distinguish callers. Read it only after the caller's access was checked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from common.billing.resilience import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheEntry(Generic[T]):
    value: T
    fetched_at: float  # monotonic seconds


class _Shared(Generic[T]):
    """One running call and the number of its waiters."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: "asyncio.Task[T]") -> None:
        self.task = task
        self.waiters = 0


class SingleFlight(Generic[T]):
    """Concurrent calls with the same key share one call. It is cancelled when its last waiter leaves."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Shared[T]] = {}

    def is_running(self, key: Hashable) -> bool:
        return key in self._running

    async def share(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        shared = self._running.get(key)
        if shared is None:
            task: asyncio.Task[T] = asyncio.ensure_future(_as_coroutine(call))
            shared = self._running[key] = _Shared(task)
            task.add_done_callback(lambda done: self._finish(key, done))
        shared.waiters += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiters -= 1
            if not shared.waiters and not shared.task.done():
                self._running.pop(key, None)  # the next caller starts a new one
                shared.task.cancel()

    def _finish(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        shared = self._running.get(key)
        if shared is not None and shared.task is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # marks the exception as retrieved; each waiter has it from the shield


async def _as_coroutine(call: Callable[[], Awaitable[T]]) -> T:
    return await call()


class Cache(Generic[T]):
    """Limited in size: the least recently used entry is removed first. `fresh_seconds` 0 turns the cache off."""

    def __init__(self, fresh_seconds: float, stale_seconds: float, max_entries: int, clock: Clock) -> None:
        self._fresh_seconds = fresh_seconds
        self._stale_seconds = stale_seconds
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[Hashable, CacheEntry[T]] = OrderedDict()

    @property
    def enabled(self) -> bool:
        return self._fresh_seconds > 0

    def get_fresh(self, key: Hashable) -> CacheEntry[T] | None:
        entry = self._entries.get(key)
        if entry is None or self.age_seconds(entry) >= self._fresh_seconds:
            return None
        self._entries.move_to_end(key)
        return entry

    def get_stale(self, key: Hashable) -> CacheEntry[T] | None:
        """An entry for use while the service fails. Do not use it after a rejection or an invalid reply."""
        entry = self._entries.get(key)
        return entry if entry is not None and self.age_seconds(entry) <= self._stale_seconds else None

    def put(self, key: Hashable, value: T) -> CacheEntry[T]:
        entry = CacheEntry(value, self._clock())
        if self.enabled:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        return entry

    def delete(self, key: Hashable) -> None:
        self._entries.pop(key, None)

    def age_seconds(self, entry: CacheEntry[T]) -> float:
        return self._clock() - entry.fetched_at
