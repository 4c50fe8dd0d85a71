"""Every error of the API that the client causes, declared once: status, code, text, and when it is returned.

400  InvalidNamespace, InvalidParameter, InvalidHeader, UnexpectedBody, MalformedBody
401  TokenMissing, TokenInvalid, TokenExpired, TokenTooLarge
403  AccessDenied, GuestDenied, AdminRequired, OriginDenied
404  NotFound, BillingNotStarted  405  MethodNotAllowed  408  BodyTimeout  409  Conflict, IdempotencyKeyReused
412  PreconditionFailed  413  BodyTooLarge  415  UnsupportedMediaType  422  InvalidBody
426  UpgradeRequired  428  PreconditionRequired  431  HeadersTooLarge
server_errors.py has the errors from 500.
`reason` is for logs and metrics. It is never sent to the client. `log` has more fields for the log line.
"""

from http import HTTPStatus
from typing import Any, ClassVar


class ApiError(Exception):
    """Rendered by envelope.py. `public` replaces `text` if the text depends on the request."""

    status: ClassVar[int]
    code: ClassVar[str]
    text: ClassVar[str]
    when: ClassVar[str]  # for OpenAPI

    def __init__(
        self,
        reason: str,
        *,
        public: str | None = None,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        log: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.public = public or self.text
        self.details = details or {}
        self.headers = headers or {}
        self.log = log or {}


class InvalidNamespace(ApiError):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_namespace"
    text = (
        "Malformed namespace: 1 to 63 lower-case letters, digits and hyphens are allowed, "
        "beginning and ending with a letter or digit"
    )
    when = "the namespace in the path is not an RFC 1123 label"


class InvalidParameter(ApiError):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_parameter"
    text = "Invalid parameter"
    when = "a parameter is unknown, repeated or malformed; the text names it and what is allowed"


class InvalidHeader(ApiError):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_header"
    text = "Invalid header"
    when = "If-Match, If-None-Match or Idempotency-Key is malformed; the text names it and what is allowed"


class UnexpectedBody(ApiError):
    status, code = HTTPStatus.BAD_REQUEST, "unexpected_body"
    text = "This request must not have a body"
    when = "a body was sent where none is allowed"


class MalformedBody(ApiError):
    status, code = HTTPStatus.BAD_REQUEST, "malformed_body"
    text = "The body is not valid JSON"
    when = "the body is not strict JSON: a syntax error, a repeated member, NaN, or nesting that is too deep"


class Unauthenticated(ApiError):
    """RFC 6750 section 3: every 401 has WWW-Authenticate; the error code only when a token was sent."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, reason: str, *, log: dict[str, Any] | None = None) -> None:
        super().__init__(reason, headers={"WWW-Authenticate": self.challenge()}, log=log)

    @classmethod
    def challenge(cls) -> str:
        return f'Bearer realm="billing", error="invalid_token", error_description="{cls.text}"'


class TokenMissing(Unauthenticated):
    code = "token_missing"
    text = "Authentication token required"
    when = "no bearer token, or a malformed Authorization header"

    @classmethod
    def challenge(cls) -> str:
        return 'Bearer realm="billing"'


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    text = "Invalid authentication token"
    when = "the token is not a valid access token of this platform"


class TokenExpired(Unauthenticated):
    code = "token_expired"
    text = "Authentication token expired"
    when = "the time in `exp` has passed; sign in again"


class TokenTooLarge(Unauthenticated):
    code = "token_too_large"
    text = "Authentication token too large: an administrator must remove groups or namespaces from it"
    when = "the token is longer than TOKEN_MAX_BYTES; a new login does not help"


class AccessDenied(ApiError):
    """`details`: the requested namespace, and the first 100 namespaces of the caller's own token."""

    status, code = HTTPStatus.FORBIDDEN, "namespace_denied"
    text = "Access denied to namespace"
    when = "the namespace does not exist or the caller has no access; the two cases have the same response"


class GuestDenied(ApiError):
    status, code = HTTPStatus.FORBIDDEN, "guest"
    text = "Billing access denied"
    when = "the caller is a guest: not an org-admin, and without a project in the token"


class AdminRequired(ApiError):
    status, code = HTTPStatus.FORBIDDEN, "org_admin_required"
    text = "Organization administrator required"
    when = "the caller is not an org-admin"


class OriginDenied(ApiError):
    status, code = HTTPStatus.FORBIDDEN, "origin_denied"
    text = "Origin not allowed"
    when = "the Origin of a WebSocket is not in CORS_ALLOWED_ORIGINS"


class NotFound(ApiError):
    status, code = HTTPStatus.NOT_FOUND, "not_found"
    text = "Not found"
    when = "the path or the resource does not exist"


class BillingNotStarted(ApiError):
    status, code = HTTPStatus.NOT_FOUND, "billing_not_started"
    text = "Billing has not started"
    when = "the organization is not registered in the billing service yet"


class MethodNotAllowed(ApiError):
    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"
    text = "Method not allowed"
    when = "the path does not support this method"

    def __init__(self, allowed: str) -> None:
        super().__init__("method", headers={"Allow": allowed})


class BodyTimeout(ApiError):
    status, code = HTTPStatus.REQUEST_TIMEOUT, "body_timeout"
    text = "Request body not received in time"
    when = "the body did not arrive within REQUEST_TIMEOUT_SECONDS"


class Conflict(ApiError):
    status, code = HTTPStatus.CONFLICT, "conflict"
    text = "Conflict with the current state"
    when = "the request does not fit the current state of the resource; the text has the reason"


class IdempotencyKeyReused(ApiError):
    status, code = HTTPStatus.CONFLICT, "idempotency_key_reused"
    text = "Idempotency-Key was used for another request"
    when = "the same Idempotency-Key was already sent with another body"


class PreconditionFailed(ApiError):
    status, code = HTTPStatus.PRECONDITION_FAILED, "precondition_failed"
    text = "The resource has changed"
    when = "If-Match does not name the current version; read the resource again"


class BodyTooLarge(ApiError):
    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large"
    text = "The body is too large"
    when = "the body is larger than the endpoint allows; the text names the limit"


class UnsupportedMediaType(ApiError):
    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"
    text = "Content-Type must be application/json"
    when = "the body is not application/json, or has a content coding"


class InvalidBody(ApiError):
    """`details.errors`: up to 5 objects of `pointer` (RFC 6901), `message` and `code` (member_errors.py)."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_body"
    text = "The body does not fit its schema"
    when = "a member of the body is missing, unknown or has a wrong value; details.errors has a JSON pointer to each"


class UpgradeRequired(ApiError):
    """RFC 9110 section 15.5.22: the response names the protocol."""

    status, code = HTTPStatus.UPGRADE_REQUIRED, "upgrade_required"
    text = "WebSocket required"
    when = "the path is a WebSocket, and the request does not upgrade to it (RFC 6455, version 13)"

    def __init__(self) -> None:
        super().__init__("no_upgrade", headers={"Upgrade": "websocket", "Sec-WebSocket-Version": "13"})


class PreconditionRequired(ApiError):
    status, code = HTTPStatus.PRECONDITION_REQUIRED, "precondition_required"
    text = "If-Match required"
    when = "the request has no If-Match; send the ETag of the version that you read"


class HeadersTooLarge(ApiError):
    status, code = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"
    text = "Request header fields too large"
    when = "the headers of the request have more than 64 KiB"
