"""Answers kept for a while, and equal questions asked once.

The cache knows nothing of callers: it must be read only after the caller's own access was checked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from common.billing.resilience import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    value: T
    fetched_at: float  # monotonic seconds


class _Shared(Generic[T]):
    """One call under way and how many wait for it."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: "asyncio.Task[T]") -> None:
        self.task = task
        self.waiters = 0


class SingleFlight(Generic[T]):
    """Concurrent equal questions share one call, which is cancelled when nobody waits for it any more."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Shared[T]] = {}

    def under_way(self, key: Hashable) -> bool:
        return key in self._under_way

    async def share(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        shared = self._under_way.get(key)
        if shared is None:
            task: asyncio.Task[T] = asyncio.ensure_future(_as_coroutine(call))
            shared = self._under_way[key] = _Shared(task)
            task.add_done_callback(lambda done: self._finished(key, done))
        shared.waiters += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiters -= 1
            if not shared.waiters and not shared.task.done():
                self._under_way.pop(key, None)  # who asks next starts anew
                shared.task.cancel()

    def _finished(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        shared = self._under_way.get(key)
        if shared is not None and shared.task is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # marks it as seen; every waiter got it from the shield


async def _as_coroutine(call: Callable[[], Awaitable[T]]) -> T:
    return await call()


class AnswerCache(Generic[T]):
    """A bounded store: the entry that was used longest ago goes first."""

    def __init__(self, fresh_seconds: float, stale_seconds: float, max_entries: int, clock: Clock) -> None:
        self._fresh_seconds = fresh_seconds
        self._stale_seconds = stale_seconds
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[Hashable, Kept[T]] = OrderedDict()

    @property
    def enabled(self) -> bool:
        return self._fresh_seconds > 0

    def get_fresh(self, key: Hashable) -> Kept[T] | None:
        kept = self._entries.get(key)
        if kept is None or self.age_seconds(kept) >= self._fresh_seconds:
            return None
        self._entries.move_to_end(key)
        return kept

    def get_stale(self, key: Hashable) -> Kept[T] | None:
        """What may be served when the service fails; never read it after a refusal or a reply that is wrong."""
        kept = self._entries.get(key)
        return kept if kept is not None and self.age_seconds(kept) <= self._stale_seconds else None

    def put(self, key: Hashable, value: T) -> Kept[T]:
        kept = Kept(value, self._clock())
        if self.enabled:
            self._entries[key] = kept
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        return kept

    def delete(self, key: Hashable) -> None:
        self._entries.pop(key, None)

    def age_seconds(self, kept: Kept[T]) -> float:
        return self._clock() - kept.fetched_at
