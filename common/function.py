"""The one way in: what happens to a request, in order. START HERE.

    request id, trace context -> route and method (404, 405) -> Caller (401) -> parameters (400) -> access (403)
    -> the function's own few lines -> billing service (503) -> envelope -> one log line, metrics

A function is an ASGI app: functions-framework calls its target, which returns this app as the response.
"""

import asyncio
import os
import re
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic

from common.access.ownership import Claims, Ownership, Registry
from common.access.roles import Namespace, deny, require_member, require_namespace
from common.billing.client import Answer, BillingClient, ProjectNotFound, Question
from common.billing.transport import HttpClient, Timeouts
from common.http.envelope import render_error, render_success
from common.http.errors import (
    AccessDenied,
    ApiError,
    BadRequest,
    BillingUnreachable,
    GuestDenied,
    InternalError,
    MethodNotAllowed,
    NotFound,
)
from common.http.request import Exchange, P, Receive, Scope, is_preflight, read_exchange, read_parameters
from common.identity.authenticator import Authenticator, Caller, failure_metric, read_credentials
from common.identity.key_sets import KeySets
from common.models import NAMESPACE_PATTERN
from common.process import log, metrics, startup
from common.process.settings import Settings, SettingsError

if TYPE_CHECKING:
    from common.billing.transport import AsyncBaseTransport
    from common.process.tracing import Tracing

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NAMESPACE: Final = re.compile(NAMESPACE_PATTERN[1:-1])
PROBE_PATH: Final = "/healthz"
CLIENT_CLOSED_REQUEST: Final = 499
LAG_INTERVAL_SECONDS: Final = 0.5
LAGS_KEPT: Final = 120  # a minute: no scrape misses a block
DEADLINE_SHARE: Final = 0.98  # of a request's time is for asking; the rest for saying how it ended, a stale answer too
SECURITY_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"vary", b"Authorization, Origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
PREFLIGHT_HEADERS: Final = [
    (b"access-control-allow-methods", b"GET"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, traceparent"),
    (b"access-control-max-age", b"7200"),
]
EXPOSED_HEADERS: Final = (b"access-control-expose-headers", b"X-Request-Id, Retry-After, Age, WWW-Authenticate")


class Access(Enum):
    """What a function asks of its caller."""

    TOKEN = "a valid token"  # noqa: S105 - says what is needed, is none
    MEMBER = "a valid token, not a guest's"
    NAMESPACE = "access to the namespace"


@dataclass(slots=True)
class Call(Generic[P]):
    """What a function's own lines work with: a verified caller, valid parameters, access already checked."""

    caller: Caller
    parameters: P
    billing: BillingClient
    ownership: Ownership
    settings: Settings
    question: Question
    namespace: Namespace | None = None

    @property
    def checked_namespace(self) -> Namespace:
        if self.namespace is None:
            msg = "only functions with Access.NAMESPACE have one"
            raise TypeError(msg)
        return self.namespace


@dataclass(slots=True)
class Response:
    """`data` is JSON, to be wrapped in the success envelope."""

    data: bytes
    answer: Answer[Any]


class Function(Generic[P]):
    """The ASGI app of one endpoint. `route` may hold `{namespace}`; `answer` is the endpoint's own few lines."""

    def __init__(
        self,
        name: str,
        route: str,
        access: Access,
        answer: Callable[[Call[P]], Awaitable[Response]],
        parameters: type[P],
        *,
        settings: Settings | None = None,
        billing_transport: "AsyncBaseTransport | None" = None,
        identity_transport: "AsyncBaseTransport | None" = None,
    ) -> None:
        self.name = name
        self.route = route
        self.access = access
        self.parameters = parameters
        self._no_query = parameters()
        self._path = re.compile(re.escape(route).replace(r"\{namespace\}", "([^/]*)").encode())
        self.answer = answer
        self.settings = s = settings or _settings_or_exit()
        log.configure(s.log_level, s.log_format, name)
        startup.prepare()
        self.billing = BillingClient(s, transport=billing_transport)
        t = s.jwks_timeout_seconds
        identity = HttpClient(
            Timeouts(connect=t, read=t, pool=t, total=t),
            s.jwks_max_bytes,
            ca_file=s.oidc_ca_file,
            transport=identity_transport,
        )
        self.authenticator = Authenticator(s, KeySets(s, identity))
        self.ownership = make_ownership(s)
        self._origins = frozenset(origin.encode() for origin in s.cors_allowed_origins)
        self._started = False
        self._responded = False
        self._tracing: Tracing | None = None
        self._lag: asyncio.Task[None] | None = None
        _warn_of_weak_settings(s)

    # --- one request ----------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._started:
            self._start()
        exchange = read_exchange(scope, receive)
        if self._tracing:
            exchange.span, exchange.traceparent = self._tracing.start_span(exchange.traceparent)
        try:
            status, body, headers = await self._respond(exchange)
        except ApiError as error:
            status, body, headers = _refused(exchange, error)
        except asyncio.CancelledError as exc:
            if exchange.disconnected:
                _uncancel()
                exchange.status = CLIENT_CLOSED_REQUEST
                self._finish(exchange)
                return
            if _is_cancelled():
                raise
            status, body, headers = _bug(exchange, exc)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a bug raises, the client gets the envelope
            status, body, headers = _bug(exchange, exc)
        exchange.status = status
        await self._send(exchange, send, status, body, headers)
        self._finish(exchange)

    async def _respond(self, exchange: Exchange) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        scope = exchange.scope
        if scope["path"] == PROBE_PATH:
            if scope["method"] != "GET":
                raise MethodNotAllowed
            exchange.route = PROBE_PATH
            return 200, b'{"status":"ok"}', []
        asked = self._route(exchange)
        if scope["method"] == "OPTIONS" and is_preflight(scope):
            return 204, b"", PREFLIGHT_HEADERS if exchange.origin in self._origins else []
        if scope["method"] != "GET":
            raise MethodNotAllowed
        unverified_token = read_credentials(exchange.authorization)
        caller = self.authenticator.get_caller(unverified_token)
        exchange.caller = caller = caller or await self.authenticator.authenticate(unverified_token)
        parameters = self._read_parameters(exchange, asked)
        question = exchange.question = self._question(exchange)
        call = Call(caller, parameters, self.billing, self.ownership, self.settings, question)
        response = await self._within_deadline(exchange, call)
        return 200, *_success(response)

    def _route(self, exchange: Exchange) -> str | None:
        """The namespace as it stands in the raw path (undecoded), or None for a route without one."""
        match = self._path.fullmatch(exchange.scope.get("raw_path") or exchange.scope["path"].encode())
        if match is None:
            raise NotFound("path")
        exchange.route = self.route
        return match[1].decode("latin-1") if match.re.groups else None

    def _read_parameters(self, exchange: Exchange, asked: str | None) -> P:
        if asked is not None:
            if not NAMESPACE.fullmatch(asked):
                raise BadRequest(
                    "namespace",
                    public="Malformed namespace: 1 to 63 lower-case letters, digits and hyphens are allowed, "
                    "beginning and ending with a letter or digit",
                )
            exchange.namespace = asked
        if exchange.has_body:
            raise BadRequest("body", public="A GET request must not have a body")
        query = exchange.scope["query_string"]
        return read_parameters(self.parameters, query) if query else self._no_query

    def _question(self, exchange: Exchange) -> Question:
        headers = {"x-request-id": exchange.request_id}
        if exchange.traceparent:
            headers["traceparent"] = exchange.traceparent
        total = self.settings.request_timeout_seconds
        end = exchange.started + total
        return Question(exchange.started + total * DEADLINE_SHARE, headers, on_wait=lambda: _watch(exchange, end))

    async def _within_deadline(self, exchange: Exchange, call: Call[P]) -> Response:
        """Access and answer, until the deadline or until the client goes away (only what waits is watched)."""
        try:
            await self._check_access(exchange, call)
            return await self.answer(call)
        except asyncio.CancelledError:
            if not exchange.timed_out:
                raise
            _uncancel()
            raise BillingUnreachable("timeout") from None
        except ProjectNotFound:
            raise deny(call.caller, exchange.namespace or "", "not_in_organization") from None
        finally:
            if exchange.watcher:
                exchange.watcher.cancel()

    async def _check_access(self, exchange: Exchange, call: Call[P]) -> None:
        if self.access is Access.NAMESPACE:
            call.namespace = await require_namespace(call.caller, exchange.namespace or "", self.ownership)
        elif self.access is Access.MEMBER:
            require_member(call.caller)

    # --- the answer -----------------------------------------------------------

    async def _send(
        self, exchange: Exchange, send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]]
    ) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", exchange.request_id.encode()),
            *SECURITY_HEADERS,
            *more,
        ]
        if status == 204:  # noqa: PLR2004 - RFC 9110 section 8.6: no length, no type
            del headers[:2]
        if exchange.origin in self._origins:
            headers += [
                (b"access-control-allow-origin", exchange.origin or b""),
                (b"access-control-allow-credentials", b"true"),
                EXPOSED_HEADERS,
            ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _finish(self, exchange: Exchange) -> None:
        """One log line, and the counts."""
        seconds = time.monotonic() - exchange.started
        if exchange.route == PROBE_PATH:
            return
        metrics.count_request(self.name, exchange.route or "unknown", exchange.status, seconds)
        if not self._responded:
            self._responded = True
            metrics.cold_start.set(metrics.process_age_seconds())
        caller, question = exchange.caller, exchange.question
        log.write(
            _level(exchange),
            "request",
            request_id=exchange.request_id,
            trace_id=log.trace_id(exchange.traceparent),
            method=exchange.scope["method"],
            route=exchange.route or "unknown",
            status=exchange.status,
            duration_ms=round(seconds * 1000, 2),
            upstream_ms=round(question.upstream_seconds * 1000, 2) if question else 0,
            organization=caller.organization if caller else None,
            subject=caller.subject if caller else None,
            role=caller.role.value if caller else None,
            namespace=exchange.namespace,
            reason=exchange.log.pop("reason", question.reason if question else None),
            **exchange.log,
        )
        if self._tracing and exchange.span:
            method, route = exchange.scope["method"], exchange.route or "unknown"
            self._tracing.end_span(exchange.span, method, route, exchange.status)

    # --- the process ----------------------------------------------------------

    def _start(self) -> None:
        """With the first request, in the process that serves: a server may fork after the import."""
        self._started = True
        startup.serving()
        metrics.serve(self.settings.metrics_port, lambda text: log.error("no metrics listener", reason=text))
        if self.settings.otel_exporter_otlp_endpoint:
            from common.process.tracing import Tracing  # noqa: PLC0415 - imported only when a collector is configured

            interval_seconds = self.settings.otel_metric_export_interval / 1000
            endpoint = self.settings.otel_exporter_otlp_endpoint
            self._tracing = Tracing(endpoint, f"billing-{self.name}", interval_seconds)
        self._lag = asyncio.get_running_loop().create_task(_measure_lag())  # kept here: the loop holds it weakly


def make_ownership(settings: Settings) -> Ownership:
    if settings.namespace_ownership == "kubernetes":
        from common.access.kubernetes import Kubernetes  # noqa: PLC0415 - only this mode pays for the import

        return Kubernetes(settings)
    return Claims() if settings.namespace_ownership == "claims" else Registry()


def _settings_or_exit() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as exc:
        log.error("wrong configuration", problems=str(exc).splitlines()[1:])
        log.flush()
        sys.stderr.write(f"{exc}\n")
        sys.stderr.flush()
        os._exit(1)  # no exception: uvicorn takes SystemExit too for an app without start-up, and would serve 500s


def _warn_of_weak_settings(settings: Settings) -> None:
    if settings.oidc_audience is None:
        log.warn("OIDC_AUDIENCE is not set: tokens issued for any audience are accepted")
    if settings.namespace_ownership == "claims":
        log.warn("NAMESPACE_OWNERSHIP=claims: whoever administers a realm decides which namespaces its users see")


def _success(response: Response) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    answer = response.answer
    age = [(b"age", str(int(answer.age_seconds)).encode())] if answer.stale else []
    return render_success(response.data, answer.as_of, stale=answer.stale), age


def _refused(exchange: Exchange, error: ApiError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    exchange.log = {**error.log, "reason": error.reason}
    label = failure_metric(error)
    if label:
        metrics.auth_failures.labels(label).inc()
    elif isinstance(error, AccessDenied | GuestDenied):
        metrics.access_denied.labels(error.reason).inc()
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    return int(error.status), render_error(error), headers


def _bug(exchange: Exchange, exc: BaseException) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    log.bug("bug", exc, request_id=exchange.request_id)
    return _refused(exchange, InternalError("bug"))


QUIET_REASONS: Final = frozenset({"breaker_open", "shed"})
"""An outage is logged when the breaker changes, not once more by every request that it refuses."""


def _level(exchange: Exchange) -> int:
    question = exchange.question
    reason = exchange.log.get("reason") or (question.reason if question else None)
    if reason in QUIET_REASONS or exchange.status == CLIENT_CLOSED_REQUEST:
        return log.INFO
    if exchange.status >= 500:  # noqa: PLR2004 - HTTP's own number
        return log.WARNING if reason == "throttled" else log.ERROR
    denied = exchange.status in {401, 403} or (question and question.reason)
    return log.WARNING if denied else log.INFO


def _watch(exchange: Exchange, deadline: float) -> None:
    """From the first wait on: the client's going away and the deadline both cancel what is under way."""
    task = asyncio.current_task()
    if exchange.watcher is None and task is not None:
        exchange.watcher = asyncio.create_task(_watcher(exchange, deadline, task))


async def _watcher(exchange: Exchange, deadline: float, task: "asyncio.Task[Any]") -> None:
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            while (await exchange.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        exchange.timed_out = True
    else:
        exchange.disconnected = True
    task.cancel()


def _is_cancelled() -> bool:
    """By somebody outside; a CancelledError without that is a bug of ours."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _uncancel() -> None:
    task = asyncio.current_task()
    if task:
        task.uncancel()


async def _measure_lag() -> None:
    recent: deque[float] = deque(maxlen=LAGS_KEPT)
    while True:
        due = time.monotonic() + LAG_INTERVAL_SECONDS
        await asyncio.sleep(LAG_INTERVAL_SECONDS)
        lag = max(0.0, time.monotonic() - due)
        recent.append(lag)
        metrics.event_loop_lag.set(max(recent))
        if lag > LAG_INTERVAL_SECONDS:
            log.warn_sampled("the event loop was blocked", lag_seconds=round(lag, 3))
