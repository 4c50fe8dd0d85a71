"""Calls of the billing service: bulkhead, circuit breaker, retries within a budget, one deadline for all attempts."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from common.billing.rejections import ProjectNotFound
from common.billing.resilience import BreakerState, Bulkhead, CircuitBreaker, Clock, RetryBudget
from common.billing.resource import UpstreamFailure
from common.billing.transport import HttpClient, Timeouts, TransportFailure, UpstreamResponse
from common.billing.upstream_request import UpstreamRequest
from common.http.errors import ApiError
from common.process import log, metrics
from common.process.settings import Settings

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

    from common.billing.transport import AsyncBaseTransport

T = TypeVar("T")

LARGE_BYTES: Final = 131_072  # read in about 30 ms, and in a thread if there are more
ABOUT_THE_RESPONSE: Final = frozenset({"content_type", "too_large"})
"""Transport failures that concern one response, and not the availability of the service."""


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """`operation` is the label of the metrics; `target` is path and query; `etag` is sent as If-None-Match.

    `safe`: a POST that changes nothing.
    """

    operation: str
    method: str
    target: str
    body: bytes | None = None
    etag: str | None = None
    safe: bool = False


class Upstream:
    def __init__(
        self,
        settings: Settings,
        *,
        transport: "AsyncBaseTransport | None" = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        token = settings.billing_api_token
        self._http = HttpClient(
            Timeouts(
                connect=settings.billing_connect_timeout_seconds,
                read=settings.billing_first_byte_timeout_seconds,
                pool=settings.billing_pool_timeout_seconds,
                total=settings.billing_attempt_timeout_seconds,
            ),
            settings.billing_max_body_bytes,
            max_connections=settings.billing_max_in_flight,
            headers={"authorization": f"Bearer {token.get_secret_value()}"} if token else None,
            transport=transport,
            reuse=settings.namespace_ownership == "registry",  # only in this mode every reply must prove its owner
        )
        self._breaker = CircuitBreaker(
            settings.breaker_minimum_calls,
            settings.breaker_failure_ratio,
            settings.breaker_open_seconds,
            clock,
            _breaker_changed,
        )
        self._retries = RetryBudget(settings.retry_budget_ratio, settings.retry_budget_minimum, clock)
        self._bulkhead = Bulkhead(settings.billing_max_in_flight)

    async def call(self, call: UpstreamCall, request: UpstreamRequest, read: Callable[[UpstreamResponse], T]) -> T:
        """`read` turns a response into a value. Raises UpstreamFailure and whatever `read` raises.

        GET and a safe POST are retried; a change only with the client's Idempotency-Key.
        """
        if not self._bulkhead.enter():
            metrics.upstream_shed.inc()
            log.warn_sampled("bulkhead full", reason="shed")
            raise UpstreamFailure("shed", outage=True, retry_after=1)

        async def attempt() -> T:
            return await self._attempt(call, request, read)

        self._retries.count_request()
        try:
            return await attempt()
        except UpstreamFailure as failure:
            if not failure.retriable or not (call.method == "GET" or call.safe or request.may_repeat_changes):
                raise
            return await self._retry(failure, attempt, request.deadline)
        finally:
            self._bulkhead.leave()

    async def _retry(self, first: UpstreamFailure, attempt: Callable[[], Awaitable[T]], deadline: float) -> T:
        """Runs the retries. tenacity's first attempt is the call that already failed."""
        async for retry in self._retrying(deadline):
            with retry:
                if retry.retry_state.attempt_number == 1:
                    raise first
                return await attempt()
        raise AssertionError("tenacity ended without outcome")

    def _retrying(self, deadline: float) -> "AsyncRetrying":
        import tenacity  # noqa: PLC0415 - takes 30 ms, needed only after a failed call

        s = self._settings
        jitter = tenacity.wait_random(s.billing_backoff_min_seconds, s.billing_backoff_max_seconds)

        def wait(state: "RetryCallState") -> float:
            requested = getattr(state.outcome and state.outcome.exception(), "retry_after", None) or 0.0
            return max(requested, jitter(state))

        def is_over(state: "RetryCallState") -> bool:
            """No attempt is left, the wait does not fit the deadline, or the budget is used up."""
            too_late = self._clock() + state.upcoming_sleep >= deadline
            return state.attempt_number > s.billing_max_retries or too_late or not self._retries.take()

        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda exc: isinstance(exc, UpstreamFailure) and exc.retriable),
            wait=wait,
            stop=is_over,
            sleep=self._sleep,
            reraise=True,
        )

    async def _attempt(self, call: UpstreamCall, request: UpstreamRequest, read: Callable[[UpstreamResponse], T]) -> T:
        permit = self._breaker.enter()
        if permit is None:
            seconds = max(1.0, self._breaker.retry_after_seconds())
            raise UpstreamFailure("breaker_open", outage=True, retry_after=seconds)
        report = permit.abandoned  # a cancelled call has no result
        try:
            value = await _read(read, await self.exchange(call, request))
        except UpstreamFailure as failure:
            report = permit.failed if failure.outage else permit.succeeded
            metrics.upstream_failures.labels(failure.reason).inc()
            if failure.reason == "mismatch":
                self._http.retire_connections()  # the response may be one to another request
            raise
        except (ProjectNotFound, ApiError):
            report = permit.succeeded
            raise
        else:
            report = permit.succeeded
            return value
        finally:
            report()

    async def exchange(self, call: UpstreamCall, request: UpstreamRequest) -> UpstreamResponse:
        """One HTTP exchange, without retry or breaker. Raises UpstreamFailure."""
        started = self._clock()
        headers = request.headers if call.method == "GET" else {**request.headers, **request.change_headers}
        if call.body is not None:
            headers = {**headers, "content-type": "application/json"}
        if call.etag is not None:
            headers = {**headers, "if-none-match": call.etag}
        try:
            return await self._http.request(
                call.method,
                self._settings.billing_api_url + call.target,
                within=request.deadline - started,
                headers=headers,
                body=call.body,
            )
        except TransportFailure as exc:
            outage = exc.reason not in ABOUT_THE_RESPONSE
            raise UpstreamFailure(exc.reason, outage=outage, retriable=exc.retriable) from exc
        finally:
            metrics.upstream_duration.labels(call.operation).observe(self._clock() - started)

    async def stream(
        self, call: UpstreamCall, silent_seconds: float, check: Callable[[UpstreamResponse], None]
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an endless response, over a separate connection. `check` gets its head before the first one.

        Silence of `silent_seconds` is a failure. Raises UpstreamFailure and whatever `check` raises.
        """
        url = self._settings.billing_api_url + call.target
        try:
            async with aclosing(self._http.stream(url, silent_seconds, check)) as lines:
                async for line in lines:
                    yield line
        except TransportFailure as exc:
            raise UpstreamFailure(exc.reason, outage=True) from exc

    async def close(self) -> None:
        await self._http.close()


async def _read(read: Callable[[UpstreamResponse], T], response: UpstreamResponse) -> T:
    """Other requests are served while a large response is read: a list that another billing service sends at once."""
    if len(response.body) <= LARGE_BYTES:
        return read(response)
    return await asyncio.to_thread(read, response)


def _breaker_changed(state: BreakerState) -> None:
    metrics.breaker_state.set(state)
    write = log.info if state is BreakerState.CLOSED else log.warn
    write("circuit breaker", state=state.name.lower())
