"""The client of the billing service: fetches and changes resources, with a cache.

Only a complete, valid, finite, non-negative reply for the right owner is used. Everything else is BillingUnreachable
(503). An older result is served only if the service itself failed (RFC 5861).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

from common.access.roles import S
from common.billing.cache import SingleFlight
from common.billing.cached_fetch import CachedFetch
from common.billing.changes import Changes
from common.billing.organizations import Organizations
from common.billing.pages import REFUSED, Page, fetch_pages
from common.billing.rejections import read_rejection
from common.billing.resilience import Clock
from common.billing.resource import D, Proof, R, Resource, UpstreamFailure, read_reply
from common.billing.upstream import Upstream, UpstreamCall
from common.billing.upstream_request import UpstreamRequest
from common.http.response import Result
from common.http.server_errors import NotOffered
from common.process import metrics
from common.process.settings import Settings

if TYPE_CHECKING:
    from common.billing.transport import AsyncBaseTransport, UpstreamResponse

NOT_OFFERED: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""Without a code of our billing service, and of a resource that is not required: the service does not have it."""
NOT_OFFERED_SECONDS: Final = 5.0  # without another request, because each list would send one first
CHANGED: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
NONE: Final[Mapping[str, str]] = MappingProxyType({})
HEALTH: Final = UpstreamCall("health", "GET", "/api/health")
T = TypeVar("T")
Check = tuple[float, UpstreamFailure | None, datetime]
"""Of health: when it ended (monotonic seconds), its failure, and when it ended (UTC)."""
ChangingMethod = Literal["POST", "PUT", "PATCH", "DELETE"]


class BillingClient:
    def __init__(
        self,
        settings: Settings,
        *,
        transport: "AsyncBaseTransport | None" = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.fan_out = settings.billing_fan_out
        self._proof = Proof(
            owner_required=settings.namespace_ownership == "registry",
            clock_leeway=timedelta(seconds=settings.token_leeway_seconds),
        )
        self._max_page_bytes = settings.billing_max_body_bytes
        self._health_interval_seconds = settings.health_interval_seconds
        self._clock = clock
        self._upstream = Upstream(settings, transport=transport, clock=clock, sleep=sleep)
        self.organizations = Organizations(self._upstream, clock)
        self.changes = Changes(self._upstream)
        self._cached = CachedFetch(settings, clock)
        self._not_offered: dict[str, float] = {}  # until when, by the resource's path
        self._checks: SingleFlight[Check] = SingleFlight()
        self._health: Check | None = None

    # --- reading --------------------------------------------------------------

    async def fetch(
        self,
        resource: Resource[S, R, D],
        scope: S,
        request: UpstreamRequest,
        parameters: Mapping[str, str] = NONE,
    ) -> Result[D]:
        """`parameters`: of the resource's path, and all others as its query.

        Raises ProjectNotFound, BillingUnreachable, BillingIncomplete, NotOffered or another ApiError of the service.
        """
        if self._not_offered and self._clock() < self._not_offered.get(resource.path, 0.0):
            raise NotOffered("not_offered")
        target = resource.target(scope, parameters)

        async def call(older: Result[D] | None) -> Result[D]:
            if resource.paged:
                return cast("Result[D]", await self._fetch_pages(resource, scope, request, parameters, older))
            get = UpstreamCall(resource.name, "GET", target, etag=older.etag if older else None)
            return await self._get(get, request, older, lambda response: self._read(resource, scope, response))

        result: Result[D] = await self._cached.get((resource.name, target), call, request, cached=resource.cached)
        if resource.narrow is None:
            return result
        return result.with_value(resource.narrow(result.value, scope))

    async def _get(
        self,
        call: UpstreamCall,
        request: UpstreamRequest,
        older: T | None,
        read: "Callable[[UpstreamResponse], T]",
    ) -> T:
        """`older` if the service confirms its ETag: it has not changed, and its owner was proved with it."""

        def read_or_keep(response: "UpstreamResponse") -> T:
            if response.status != HTTPStatus.NOT_MODIFIED or response.headers.get("etag") != call.etag or older is None:
                return read(response)
            return older

        return await self._upstream.call(call, request, read_or_keep)

    async def _fetch_pages(
        self,
        resource: Resource[S, R, D],
        scope: S,
        request: UpstreamRequest,
        parameters: Mapping[str, str],
        older: Result[Any] | None,
    ) -> Result[Page[Any]]:
        async def fetch(page: Mapping[str, str]) -> Result[Page[Any]] | None:
            def read(response: "UpstreamResponse") -> Result[Any] | None:
                return None if page and response.status in REFUSED else self._read(resource, scope, response)

            known = older if "after" not in page else None  # the first page's ETag stands for the list
            target = resource.target(scope, {**parameters, **page})
            get = UpstreamCall(resource.name, "GET", target, etag=known.etag if known else None)
            return await self._get(get, request, known, read)

        return await fetch_pages(fetch, self._max_page_bytes)

    def _read_change(self, resource: Resource[S, R, D], scope: S, response: "UpstreamResponse") -> Result[D]:
        if response.status not in CHANGED:
            raise self._rejection(resource, scope, response)
        return self._read_success(resource, scope, response)

    def _read(self, resource: Resource[S, R, D], scope: S, response: "UpstreamResponse") -> Result[D]:
        if response.status != HTTPStatus.OK:
            raise self._rejection(resource, scope, response)
        return self._read_success(resource, scope, response)

    def _read_success(self, resource: Resource[S, R, D], scope: S, response: "UpstreamResponse") -> Result[D]:
        if not response.is_json:
            raise UpstreamFailure("content_type", outage=False)
        return read_reply(resource, scope, response, self._proof)

    def _rejection(self, resource: Resource[S, R, D], scope: S, response: "UpstreamResponse") -> Exception:
        rejection = read_rejection(response, scope.names.get("namespace"))
        if resource.required or response.status not in NOT_OFFERED or not isinstance(rejection, UpstreamFailure):
            return rejection
        self._not_offered[resource.path] = self._clock() + NOT_OFFERED_SECONDS
        return NotOffered("not_offered")

    # --- changing -------------------------------------------------------------

    async def send(
        self,
        method: ChangingMethod,
        resource: Resource[S, R, D],
        scope: S,
        request: UpstreamRequest,
        *,
        body: bytes | None = None,
        parameters: Mapping[str, str] = NONE,
        safe: bool = False,
    ) -> Result[D]:
        """A change, with the caller's Idempotency-Key and If-Match; raises as `fetch` does.

        The reply has to prove its owner too, also the one to a DELETE: 204 is a failure. `safe`: a POST
        that changes nothing, and is retried as a GET.
        """
        started = self._clock()
        request.on_wait()
        try:
            change = UpstreamCall(resource.name, method, resource.target(scope, parameters), body, safe=safe)
            return await self._upstream.call(
                change, request, lambda response: self._read_change(resource, scope, response)
            )
        except UpstreamFailure as failure:
            raise failure.to_error() from failure
        finally:
            request.upstream_seconds += self._clock() - started

    # --- health ---------------------------------------------------------------

    async def fetch_health(self, request: UpstreamRequest) -> datetime:
        """Time of the last successful health check. The service is checked at most every HEALTH_INTERVAL_SECONDS.

        Raises BillingUnreachable.
        """
        last = self._health
        if last is None or self._clock() - last[0] >= self._health_interval_seconds:
            last = await self._wait_for_check(request)
        _, failure, as_of = last
        if failure is not None:
            raise failure.to_error()
        return as_of

    async def _wait_for_check(self, request: UpstreamRequest) -> Check:
        """Shares a running check, which has the limit of an attempt. Each caller waits until its own deadline."""
        started = self._clock()
        request.on_wait()
        try:
            async with asyncio.timeout(request.deadline - started):
                return await self._checks.share(HEALTH.operation, lambda: self._check_health(request.headers))
        except TimeoutError:
            raise UpstreamFailure("timeout", outage=True).to_error() from None
        finally:
            request.upstream_seconds += self._clock() - started

    async def _check_health(self, headers: dict[str, str]) -> Check:
        failure: UpstreamFailure | None = None
        try:
            response = await self._upstream.exchange(HEALTH, UpstreamRequest(float("inf"), headers))
            if response.status != HTTPStatus.OK:
                rejection = read_rejection(response, None)
                failure = (
                    rejection if isinstance(rejection, UpstreamFailure) else UpstreamFailure("http_4xx", outage=True)
                )
            elif not response.is_json:
                failure = UpstreamFailure("content_type", outage=False)
        except UpstreamFailure as exc:
            failure = exc
        if failure is not None:
            metrics.upstream_failures.labels(failure.reason).inc()
        self._health = (self._clock(), failure, datetime.now(UTC))
        return self._health

    async def close(self) -> None:
        await self._upstream.close()
