"""The billing service over HTTP: one deadline, retries within a budget, breaker, bulkhead, cache.

The client trusts nothing: what is not a complete, valid, finite, non-negative reply about the right project raises
BillingUnreachable (503), and an older answer is served only when the service itself failed (RFC 5861).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import ValidationError

from common.billing.cache import AnswerCache, Kept, SingleFlight
from common.billing.resilience import BreakerState, Bulkhead, CircuitBreaker, Clock, RetryBudget
from common.billing.transport import HttpClient, Reply, Timeouts, TransportFailure
from common.http.envelope import to_json
from common.http.errors import ApiError, BillingIncomplete, BillingUnreachable
from common.models import (
    DuplicateMemberError,
    NonFiniteError,
    Overview,
    OverviewReply,
    Project,
    ProjectListReply,
    ProjectReply,
    Wire,
    parse_json,
)
from common.process import log, metrics
from common.process.settings import Settings

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

    from common.billing.transport import AsyncBaseTransport

T = TypeVar("T")
R = TypeVar("R", bound=Wire)

RETRY_AFTER_CAP_SECONDS: Final = 60
UNPRICED_RETRY_AFTER_SECONDS: Final = 60  # somebody has to enter a price first
NOT_FOUND_CODE: Final = "project_not_found"
OK: Final = 200
NOT_FOUND: Final = 404
CONFLICT: Final = 409
RETRIED_STATUSES: Final = frozenset({502, 503, 504})


class ProjectNotFound(Exception):
    """The service knows no such project of this organization; the caller is told what any stranger is told."""


class Failure(Exception):
    """A call failed. `sick`: the service is to blame, so an older answer may be served and the breaker counts it."""

    def __init__(self, reason: str, *, sick: bool, retriable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sick = sick
        self.retriable = retriable
        self.retry_after = retry_after


@dataclass(slots=True)
class Answer(Generic[T]):
    """`age_seconds` since the answer was fetched; `stale` when it stands in for one that could not be had."""

    value: T
    as_of: datetime
    age_seconds: float = 0.0
    stale: bool = False
    _json: bytes | None = None

    def to_json(self) -> bytes:
        """Written once for all who ask while the answer is kept."""
        if self._json is None:
            self._json = to_json(self.value)
        return self._json


@dataclass(slots=True)
class Question:
    """What one request brings along; `upstream_seconds` is what it spent waiting, for its log line."""

    deadline: float  # monotonic seconds
    headers: dict[str, str] = field(default_factory=dict)
    on_wait: Callable[[], None] = lambda: None  # called before something is waited for
    upstream_seconds: float = 0.0
    reason: str | None = None  # why an answer is stale


class BillingClient:
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
        self.fan_out = settings.billing_fan_out
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
            reuse=settings.namespace_ownership == "registry",  # there every reply says whose numbers it holds
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
        self._cache: AnswerCache[Answer[Any]] = AnswerCache(
            settings.cache_fresh_seconds, settings.cache_stale_seconds, settings.cache_max_entries, clock
        )
        self._flights: SingleFlight[Kept[Answer[Any]]] = SingleFlight()
        self._health: tuple[float, Failure | None, datetime] | None = None  # (asked at, failure, as of)

    # --- questions ------------------------------------------------------------

    async def fetch_overview(self, organization: str, namespace: str, question: Question) -> Answer[Overview]:
        """Raises ProjectNotFound, BillingIncomplete or BillingUnreachable."""
        return await self._answer(
            ("overview", organization, namespace),
            question,
            f"/api/project/{namespace}/overview?organization={organization}",
            lambda reply: self._read_overview(reply, organization, namespace),
        )

    async def fetch_project_list(self, organization: str, question: Question) -> Answer[list[Project]]:
        """All projects of the organization as the registry has them. Raises BillingUnreachable."""
        return await self._answer(
            ("projects", organization),
            question,
            f"/api/organization/{organization}/projects",
            lambda reply: self._read_project_list(reply, organization),
        )

    async def fetch_health(self, question: Question) -> datetime:
        """When the service was last seen well; it is asked at most every HEALTH_INTERVAL_SECONDS.

        Raises BillingUnreachable.
        """
        known = self._health
        if known is None or self._clock() - known[0] >= self._settings.health_interval_seconds:
            try:
                await self._health_flight(question)
            finally:
                known = self._health
        if known is None or known[1] is not None:
            raise _unreachable(known[1] if known and known[1] else Failure("unknown", sick=True))
        return known[2]

    # --- one answer -----------------------------------------------------------

    def _get_fresh(self, key: tuple[str, ...]) -> Answer[Any] | None:
        kept = self._cache.get_fresh(key)
        if kept is None:
            return None
        metrics.cache_requests.labels("hit").inc()
        return kept.value

    async def _answer(
        self, key: tuple[str, ...], question: Question, path: str, read: Callable[[Reply], Answer[Any]]
    ) -> Answer[Any]:
        fresh = self._get_fresh(key)
        if fresh is not None:
            return fresh

        async def ask() -> Kept[Answer[Any]]:
            metrics.cache_requests.labels("miss").inc()
            return self._cache.put(key, await self._call(key[0], path, question, read))

        started = self._clock()
        question.on_wait()
        try:
            return (await (self._flights.share(key, ask) if self._cache.enabled else ask())).value
        except (ProjectNotFound, BillingIncomplete):
            self._cache.delete(key)
            raise
        except Failure as failure:
            if failure.reason in REFUTING:
                self._cache.delete(key)
            return self._stale_or_raise(key, failure, question)
        finally:
            question.upstream_seconds += self._clock() - started

    def _stale_or_raise(self, key: tuple[str, ...], failure: Failure, question: Question) -> Answer[Any]:
        kept = self._cache.get_stale(key) if failure.sick else None
        if kept is None:
            raise _unreachable(failure) from failure
        metrics.cache_requests.labels("stale").inc()
        question.reason = failure.reason
        return replace(kept.value, age_seconds=self._cache.age_seconds(kept), stale=True)

    async def _call(
        self, operation: str, path: str, question: Question, read: Callable[[Reply], Answer[Any]]
    ) -> Answer[Any]:
        """All attempts of one question. Raises Failure, ProjectNotFound or BillingIncomplete."""
        if not self._bulkhead.enter():
            metrics.upstream_shed.inc()
            log.warn_sampled("bulkhead full", reason="shed")
            raise Failure("shed", sick=True, retry_after=1)
        self._retries.count_request()
        try:
            return await self._attempt(operation, path, question, read)
        except Failure as failure:
            if not failure.retriable:
                raise
            return await self._retry(failure, operation, path, question, read)
        finally:
            self._bulkhead.leave()

    async def _retry(
        self, first: Failure, operation: str, path: str, question: Question, read: Callable[[Reply], Answer[Any]]
    ) -> Answer[Any]:
        """The further attempts; the first of tenacity's attempts is the one that was made already."""
        async for attempt in self._attempts(question.deadline):
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                return await self._attempt(operation, path, question, read)
        raise AssertionError("tenacity ended without outcome")

    def _attempts(self, deadline: float) -> "AsyncRetrying":
        import tenacity  # noqa: PLC0415 - 30 ms that only a function with a failed call has to pay

        s = self._settings
        jitter = tenacity.wait_random(s.billing_backoff_min_seconds, s.billing_backoff_max_seconds)

        def wait(state: "RetryCallState") -> float:
            asked = getattr(state.outcome and state.outcome.exception(), "retry_after", None) or 0.0
            return max(asked, jitter(state))

        def ends(state: "RetryCallState") -> bool:
            """No attempt is left, or the wait does not fit the deadline, or the budget is used up."""
            too_late = self._clock() + state.upcoming_sleep >= deadline
            return state.attempt_number > s.billing_max_retries or too_late or not self._retries.take()

        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda exc: isinstance(exc, Failure) and exc.retriable),
            wait=wait,
            stop=ends,
            sleep=self._sleep,
            reraise=True,
        )

    async def _attempt(
        self, operation: str, path: str, question: Question, read: Callable[[Reply], Answer[Any]]
    ) -> Answer[Any]:
        permit = self._breaker.enter()
        if permit is None:
            raise Failure("breaker_open", sick=True, retry_after=max(1.0, self._breaker.retry_after_seconds()))
        report = permit.abandoned  # unless something is learned: cancelled
        try:
            answer = read(await self._get(operation, path, question))
        except Failure as failure:
            report = permit.failed if failure.sick else permit.succeeded
            metrics.upstream_failures.labels(failure.reason).inc()
            raise
        except (ProjectNotFound, ApiError):
            report = permit.succeeded
            raise
        else:
            report = permit.succeeded
            return answer
        finally:
            report()

    async def _get(self, operation: str, path: str, question: Question) -> Reply:
        started = self._clock()
        try:
            reply = await self._http.get(
                self._settings.billing_api_url + path, within=question.deadline - started, headers=question.headers
            )
        except TransportFailure as exc:
            raise Failure(exc.reason, sick=exc.reason not in UNFIT, retriable=exc.retriable) from exc
        finally:
            metrics.upstream_duration.labels(operation).observe(self._clock() - started)
        return _accepted(reply)

    # --- health ---------------------------------------------------------------

    async def _health_flight(self, question: Question) -> None:
        started = self._clock()
        question.on_wait()
        try:
            await self._flights.share(("health",), lambda: self._ask_health(question))
        finally:
            question.upstream_seconds += self._clock() - started

    async def _ask_health(self, question: Question) -> Kept[Answer[Any]]:
        failure: Failure | None = None
        try:
            reply = await self._get("health", "/api/health", question)
            if reply.status != OK:
                failure = Failure("http_404" if reply.status == NOT_FOUND else "http_4xx", sick=True)
        except Failure as exc:
            failure = exc
        if failure is not None:
            metrics.upstream_failures.labels(failure.reason).inc()
        now = datetime.now(UTC)
        self._health = (self._clock(), failure, now)
        return Kept(Answer(None, now), self._clock())

    # --- reading replies ------------------------------------------------------

    def _read_overview(self, reply: Reply, organization: str, namespace: str) -> Answer[Overview]:
        if reply.status != OK:
            raise _refusal(reply, namespace)
        read = _validated(OverviewReply, reply)
        self._require_owner(read.organization, organization)
        self._require_owner(read.namespace, namespace)
        overview = Overview.model_construct(
            namespace=namespace,
            billing_summary=read.billing_summary,
            compute_instances=read.compute_instances,
            cost_breakdown=read.cost_breakdown,
        )
        return Answer(overview.rounded(), read.as_of or datetime.now(UTC))

    def _read_project_list(self, reply: Reply, organization: str) -> Answer[list[Project]]:
        if reply.status != OK:
            raise Failure("http_404" if reply.status == NOT_FOUND else "http_4xx", sick=False)
        read = _validated(ProjectListReply, reply)
        self._require_owner(read.organization, organization)
        names = [project.namespace for project in read.projects]
        if len(set(names)) != len(names):
            raise Failure("schema", sick=False)
        return Answer([_project(entry) for entry in read.projects], read.as_of or datetime.now(UTC))

    def _require_owner(self, named: str | None, asked: str) -> None:
        """In `registry` mode the reply itself has to prove whose numbers these are; elsewhere it may be silent."""
        if named != asked and (named is not None or self._settings.namespace_ownership == "registry"):
            raise Failure("mismatch", sick=False)

    async def close(self) -> None:
        await self._http.close()


REFUTING: Final = frozenset({"mismatch", "http_404"})
"""Failures after which what was known before may no longer be true: it is forgotten, not kept for an outage."""

UNFIT: Final = frozenset({"content_type", "too_large"})
"""Transport failures that are about the answer itself, not about a service that is away."""


def _project(entry: ProjectReply) -> Project:
    """As it is shown, rounded: once, and not for everybody who asks while it is kept."""
    if entry.billing_summary is None or entry.error is not None:
        return Project.unpriced(entry.namespace, BillingIncomplete.text)
    return Project.priced(entry.namespace, entry.billing_summary.rounded())


def _accepted(reply: Reply) -> Reply:
    """Only a JSON 200, 404 or 409 says something; everything else is a failure of the service."""
    status = reply.status
    if status == OK and not reply.is_json:
        raise Failure("content_type", sick=False)
    if status in {OK, NOT_FOUND, CONFLICT}:
        return reply
    if status in RETRIED_STATUSES:
        raise Failure("http_5xx", sick=True, retriable=True, retry_after=_retry_after(reply))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Failure("throttled", sick=False, retry_after=_retry_after(reply) or 1)
    kinds = {3: "redirect", 4: "http_4xx", 5: "http_500" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "http_5xx"}
    raise Failure(kinds.get(status // 100, "http_status"), sick=status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _retry_after(reply: Reply) -> float | None:
    """Seconds (RFC 9110 section 10.2.3), whole and sane, or None."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004 - a week


def _parsed(reply: Reply) -> Any:
    try:
        return parse_json(reply.body)
    except NonFiniteError as exc:
        raise Failure("bad_value", sick=False) from exc
    except DuplicateMemberError as exc:
        raise Failure("schema", sick=False) from exc
    except (ValueError, RecursionError) as exc:
        raise Failure("bad_json", sick=False) from exc


def _validated(model: type[R], reply: Reply) -> R:
    """Bare or in `{"success": true, "data": ...}`. Raises Failure(schema); the values stay out of every message."""
    data = _parsed(reply)
    if isinstance(data, dict) and "success" in data and "data" in data:
        if data["success"] is not True:
            raise Failure("schema", sick=False)
        data = data["data"]
    try:
        read = model.model_validate(data)
    except ValidationError as exc:
        where = [".".join(map(str, error["loc"])) for error in exc.errors(include_url=False, include_input=False)[:5]]
        log.error("billing reply refused", reason="schema", fields=where)
        raise Failure("schema", sick=False) from None
    if log.debugging() and isinstance(data, dict) and (extra := data.keys() - model.model_fields.keys()):
        log.debug("billing reply has unknown members", count=len(extra))
    return read


def _refusal(reply: Reply, namespace: str) -> Exception:
    """What a 404 or 409 means: only our codes, in JSON, mean anything."""
    body = _parsed(reply) if reply.is_json else None
    error = body if isinstance(body, dict) else {}
    if isinstance(error.get("error"), dict):
        error = error["error"]
    code = error.get("code", error.get("error"))
    if reply.status == NOT_FOUND and code == NOT_FOUND_CODE:
        return ProjectNotFound(namespace)
    if reply.status == CONFLICT and code == "price_missing":
        named = {key: error[key] for key in ("resource", "month") if _is_label(error.get(key))}
        return BillingIncomplete(
            "price_missing",
            retry_after=UNPRICED_RETRY_AFTER_SECONDS,
            details={"namespace": namespace, **named},
            log=named,
        )
    return Failure("http_404" if reply.status == NOT_FOUND else "http_4xx", sick=False)


def _is_label(value: object) -> bool:
    """A resource or month is passed on only when it can be nothing else."""
    return isinstance(value, str) and 0 < len(value) <= 40 and value.replace("_", "").replace("-", "").isalnum()  # noqa: PLR2004


def _unreachable(failure: Failure) -> BillingUnreachable:
    seconds = failure.retry_after if failure.retry_after is not None else 5
    retry_after = max(1, min(RETRY_AFTER_CAP_SECONDS, round(seconds)))
    return BillingUnreachable(failure.reason, retry_after=retry_after)


def _breaker_changed(state: BreakerState) -> None:
    metrics.breaker_state.set(state)
    speak = log.info if state is BreakerState.CLOSED else log.warn
    speak("circuit breaker", state=state.name.lower())
