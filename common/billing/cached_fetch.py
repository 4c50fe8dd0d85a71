"""Fetches through the cache: fresh results without a call, shared calls, older results while the service fails.

An older result is served only if the service itself failed (RFC 5861). After a failure, it is served for a few seconds
without a call, so that no caller waits for a service that fails. Then one call in the background tries again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace  # noqa: TID251 - dates a cached Result, which has no caller in it
from typing import Any, Final

from common.billing.cache import Cache, CacheEntry, SingleFlight
from common.billing.rejections import ProjectNotFound
from common.billing.resilience import Advice, Clock, RecentFailures
from common.billing.resource import UpstreamFailure
from common.billing.upstream_request import UpstreamRequest
from common.http.errors import ApiError
from common.http.response import Result
from common.process import log, metrics
from common.process.settings import Settings

Key = tuple[str, ...]
Fetch = Callable[[Result[Any] | None], Awaitable[Result[Any]]]
"""Gets the older result, if there is one, and may return it again if the service confirms it (304)."""

REFUTING: Final = frozenset({"mismatch", "http_404"})
"""Failures after which a cached result may be wrong. It is deleted, and not used during an outage."""
OURS: Final = "shed"
"""The one failure that is not the service's: this process has too many calls in flight."""


class CachedFetch:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._cache: Cache[Result[Any]] = Cache(
            settings.cache_fresh_seconds, settings.cache_stale_seconds, settings.cache_max_entries, clock
        )
        self._flights: SingleFlight[CacheEntry[Result[Any]]] = SingleFlight()
        self._failures = RecentFailures(settings.cache_retry_seconds, settings.cache_max_entries, clock)
        self._background: set[asyncio.Task[None]] = set()  # kept here: the loop holds tasks weakly

    async def get(self, key: Key, fetch: Fetch, request: UpstreamRequest, *, cached: bool) -> Result[Any]:
        """Raises BillingUnreachable and whatever else `fetch` raises. `cached` False: always calls."""
        if not (cached and self._cache.enabled):
            metrics.cache_requests.labels("miss").inc()
            return await self._wait(key, lambda: fetch(None), request)
        fresh = self._cache.get_fresh(key)
        if fresh is not None:
            metrics.cache_hits.inc()
            return fresh.value
        older = self._cache.get_stale(key)
        advice = self._failures.judge(key) if older else Advice.CALL
        if older is None or advice is Advice.CALL:
            return await self._wait(key, lambda: self._share(key, fetch), request)
        if advice is Advice.TRY:
            self._start(self._try_again(key, fetch))
        return self._stale(older, "recent_failure", request)

    async def _wait(
        self, key: Key, call: Callable[[], Awaitable[Result[Any]]], request: UpstreamRequest
    ) -> Result[Any]:
        started = self._clock()
        request.on_wait()
        try:
            return await call()
        except UpstreamFailure as failure:
            older = self._cache.get_stale(key) if failure.outage else None
            if older is None:
                raise failure.to_error() from failure
            return self._stale(older, failure.reason, request)
        finally:
            request.upstream_seconds += self._clock() - started

    def _stale(self, entry: CacheEntry[Result[Any]], reason: str, request: UpstreamRequest) -> Result[Any]:
        metrics.cache_requests.labels("stale").inc()
        request.reason = reason
        return replace(entry.value, age_seconds=self._cache.age_seconds(entry), stale=True)

    # --- calls ----------------------------------------------------------------

    async def _share(self, key: Key, fetch: Fetch) -> Result[Any]:
        return (await self._flights.share(key, lambda: self._call(key, fetch))).value

    async def _call(self, key: Key, fetch: Fetch) -> CacheEntry[Result[Any]]:
        metrics.cache_requests.labels("miss").inc()
        older = self._cache.get_stale(key)
        try:
            result = await fetch(older.value if older else None)
        except UpstreamFailure as failure:
            self._note(key, failure)
            raise
        except (ProjectNotFound, ApiError):
            self._failures.succeeded(key)
            self._cache.delete(key)
            raise
        self._failures.succeeded(key)
        return self._cache.put(key, result)

    def _note(self, key: Key, failure: UpstreamFailure) -> None:
        if failure.reason in REFUTING:
            self._cache.delete(key)
        if not failure.outage:
            self._failures.succeeded(key)
        elif failure.reason != OURS:
            self._failures.failed(key, failure.retry_after if failure.reason == "breaker_open" else None)

    # --- in the background ----------------------------------------------------

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _try_again(self, key: Key, fetch: Fetch) -> None:
        try:
            with suppress(ProjectNotFound, ApiError):  # the next caller gets it
                await self._share(key, fetch)
        except UpstreamFailure as failure:
            log.warn_sampled("the billing service still fails", reason=failure.reason)
        except Exception as exc:  # noqa: BLE001 - nobody waits for this task
            log.bug("bug in the background", exc)
