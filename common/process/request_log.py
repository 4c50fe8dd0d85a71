"""The log line and the metrics of a request."""

import logging
import time
from typing import Final

from common.http.errors import AccessDenied, AdminRequired, ApiError, GuestDenied
from common.http.request import Request
from common.identity.authenticator import failure_metric
from common.process import log, metrics

PROBE_PATH: Final = "/healthz"
CLIENT_CLOSED_REQUEST: Final = 499
SERVER_ERROR: Final = 500
QUIET_REASONS: Final = frozenset({"breaker_open", "jwks_rate_limited", "recent_failure", "shed"})
"""Logged at level INFO, because the failure itself is already logged."""


def count_rejection(request: Request, error: ApiError) -> None:
    request.log = {**error.log, "reason": error.reason}
    label = failure_metric(error)
    if label:
        metrics.auth_failures.labels(label).inc()
    elif isinstance(error, AccessDenied | GuestDenied | AdminRequired):
        metrics.access_denied.labels(error.reason).inc()


def write(function: str, request: Request) -> None:
    if request.route == PROBE_PATH:
        return
    seconds = time.monotonic() - request.started
    metrics.count_request(function, request.route or "unknown", request.status, seconds)
    caller, upstream = request.caller, request.upstream
    reason = request.log.pop("reason", upstream.reason if upstream else None)
    log.write(
        _level(request, reason),
        "request",
        request_id=request.request_id,
        trace_id=log.trace_id(request.traceparent),
        method=request.method,
        route=request.route or "unknown",
        status=request.status,
        duration_ms=round(seconds * 1000, 2),
        upstream_ms=round(upstream.upstream_seconds * 1000, 2) if upstream else 0,
        organization=caller.organization if caller else None,
        subject=caller.subject if caller else None,
        role=caller.role.value if caller else None,
        namespace=request.namespace,
        reason=reason,
        **request.log,
    )


def _level(request: Request, reason: str | None) -> int:
    if reason in QUIET_REASONS or request.status == CLIENT_CLOSED_REQUEST:
        return logging.INFO
    if request.status >= SERVER_ERROR:
        return logging.WARNING if reason == "throttled" else logging.ERROR
    is_stale = request.upstream is not None and request.upstream.reason is not None
    return logging.WARNING if request.status in {401, 403} or is_stale else logging.INFO
