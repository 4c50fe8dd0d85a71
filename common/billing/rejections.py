"""Translates error responses of the billing service. Only JSON with codes of our billing service is passed on."""

import re
from http import HTTPStatus
from typing import Any, Final

from common.billing.resource import UpstreamFailure, parse_reply
from common.billing.transport import UpstreamResponse
from common.http.errors import (
    AdminRequired,
    ApiError,
    BillingNotStarted,
    Conflict,
    IdempotencyKeyReused,
    InvalidBody,
    InvalidParameter,
    NotFound,
    PreconditionFailed,
)
from common.http.member_errors import MEMBER_CODES
from common.http.server_errors import AmountTooLarge, BillingIncomplete, NotOffered

UNPRICED_RETRY_AFTER_SECONDS: Final = 60  # an operator must enter a price first
RETRIED_STATUSES: Final = frozenset({502, 503, 504})
DECIDED_STATUSES: Final = frozenset({400, 403, 404, 409, 412, 422, 501})
OUR_TOKEN: Final = frozenset({401, 403})
"""Without a code below, the service does not accept our token. This is our failure, not the user's, so an older result
may be served."""

PASSED_ON: Final[dict[tuple[int, str], type[ApiError]]] = {
    (400, "bad_request"): InvalidParameter,
    (403, "org_admin_required"): AdminRequired,
    (409, "conflict"): Conflict,
    (409, "idempotency_key_reused"): IdempotencyKeyReused,
    (412, "precondition_failed"): PreconditionFailed,
    (422, "invalid_body"): InvalidBody,
    (501, "not_offered"): NotOffered,
}
"""Errors that the client can act on. Their messages are passed on if they are short and printable."""

UNPRICED: Final[dict[str, type[BillingIncomplete]]] = {
    "price_missing": BillingIncomplete,
    "amount_too_large": AmountTooLarge,
}
"""Codes of 409: a project whose figures cannot be shown until an operator corrects the data."""

WITH_MESSAGE: Final = frozenset({"bad_request", "conflict", "invalid_body"})
NOT_FOUND_CODE: Final = re.compile(r"([a-z]{1,30})_not_found")
LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
PARAMETER: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
LONGEST_MESSAGE: Final = 300
MOST_MISTAKES: Final = 5


class ProjectNotFound(Exception):
    """The organization does not have this project. The caller gets the same 403 as for any unknown namespace."""


def read_rejection(response: UpstreamResponse, namespace: str | None) -> Exception:
    """ProjectNotFound, an ApiError, or an UpstreamFailure for everything else.

    `namespace`: of the request; None where it was about an organization.
    """
    status = response.status
    if status not in DECIDED_STATUSES:
        return _failure(response)
    error = _read_error(response)
    code = error.get("code", error.get("error"))
    if not isinstance(code, str):
        return _failure(response)
    if status == HTTPStatus.NOT_FOUND:
        return _not_found(code, namespace) or _failure(response)
    if status == HTTPStatus.CONFLICT and code in UNPRICED:
        return _unpriced(code, error, namespace)
    kind = PASSED_ON.get((status, code))
    if kind is None:
        return _failure(response)
    return kind(code, public=_message(error) if code in WITH_MESSAGE else None, details=_details(kind, error))


def _read_error(response: UpstreamResponse) -> dict[str, Any]:
    """`{"code": ...}`, `{"error": "code"}` or `{"error": {"code": ...}}`; empty for everything else."""
    body = parse_reply(response) if response.is_json else None
    error = body if isinstance(body, dict) else {}
    return error["error"] if isinstance(error.get("error"), dict) else error


def _not_found(code: str, namespace: str | None) -> Exception | None:
    if code == "project_not_found":
        return ProjectNotFound(code)
    if code == "organization_not_found":
        return BillingNotStarted(code) if namespace is None else None
    match = NOT_FOUND_CODE.fullmatch(code)
    return NotFound(code, details={"resource": match[1]}) if match else None


def _unpriced(code: str, error: dict[str, Any], namespace: str | None) -> BillingIncomplete:
    """A resource or month is passed on only if it has the form of a label."""
    named = {key: error[key] for key in ("resource", "month") if _matches(LABEL, error.get(key))}
    details = {**({"namespace": namespace} if namespace else {}), **named}
    return UNPRICED[code](code, retry_after=UNPRICED_RETRY_AFTER_SECONDS, details=details, log=named)


def _details(kind: type[ApiError], error: dict[str, Any]) -> dict[str, Any]:
    if kind is InvalidParameter and _matches(PARAMETER, error.get("parameter")):
        return {"parameter": error["parameter"]}
    if kind is NotOffered and (message := _message(error)):
        return {"reason": message}  # what the installation lacks
    return _mistakes(error) if kind is InvalidBody else {}


def _mistakes(error: dict[str, Any]) -> dict[str, Any]:
    """The places of the mistakes in the body, if each is short and printable."""
    errors = error.get("errors")
    if not isinstance(errors, list) or not 0 < len(errors) <= MOST_MISTAKES:
        return {}
    if not all(
        isinstance(one, dict) and _is_short(one.get("pointer")) and _is_short(one.get("message")) for one in errors
    ):
        return {}
    return {
        "errors": [
            {
                "pointer": one["pointer"],
                "message": one["message"],
                "code": one["code"] if one.get("code") in MEMBER_CODES else "invalid",
            }
            for one in errors
        ]
    }


def _is_short(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST_MESSAGE and (not text or text.isprintable())


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _message(error: dict[str, Any]) -> str | None:
    text = error.get("message")
    if isinstance(text, str) and 0 < len(text) <= LONGEST_MESSAGE and text.isprintable():
        return text
    return None


def _failure(response: UpstreamResponse) -> UpstreamFailure:
    """The reason codes are listed in docs/operations.md."""
    status = response.status
    if status in RETRIED_STATUSES:
        return UpstreamFailure("http_5xx", outage=True, retriable=True, retry_after=_retry_after(response))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return UpstreamFailure("throttled", outage=False, retry_after=_retry_after(response) or 1)
    if status == HTTPStatus.NOT_FOUND:
        return UpstreamFailure("http_404", outage=False)
    if status in OUR_TOKEN:
        return UpstreamFailure("http_4xx", outage=True)
    kinds = {3: "redirect", 4: "http_4xx", 5: "http_500" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "http_5xx"}
    return UpstreamFailure(kinds.get(status // 100, "http_status"), outage=status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _retry_after(response: UpstreamResponse) -> float | None:
    """Seconds (RFC 9110 section 10.2.3), as a whole number of at most 6 digits, or None."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004 - a week
