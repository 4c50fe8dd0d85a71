"""Every error the API can answer, declared once.

ApiError
├── BadRequest               400  says which part was wrong and what is allowed
├── Unauthenticated          401
│   ├── TokenMissing              Authentication token required
│   ├── TokenInvalid              Invalid authentication token
│   └── TokenExpired              Authentication token expired
├── AccessDenied             403  Access denied to namespace
├── GuestDenied              403  Billing access denied
├── NotFound                 404  Not found
├── MethodNotAllowed         405  Method not allowed
├── ServiceUnavailable       503
│   ├── BillingUnreachable        Billing service unreachable
│   ├── IdentityUnreachable       Identity provider unreachable
│   └── BillingIncomplete         Billing data incomplete
└── InternalError            500  Internal server error

`reason` is a code for logs and metrics and never reaches the client; `log` holds further fields for the log line.
"""

from http import HTTPStatus
from typing import Any, ClassVar


class ApiError(Exception):
    """Rendered by envelope.py as `{"success": false, "error": ..., "details": ...}`."""

    status: ClassVar[int]
    text: ClassVar[str]
    when: ClassVar[str]  # for the API page
    reason: str
    public: str
    details: dict[str, Any]
    headers: dict[str, str]

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


class BadRequest(ApiError):
    """`public` says what was wrong and what is allowed."""

    status = HTTPStatus.BAD_REQUEST
    text = "Bad request"
    when = "malformed namespace or query parameter, or a body on GET; the text says which and what is allowed"


class Unauthenticated(ApiError):
    """RFC 6750 section 3: every 401 carries WWW-Authenticate; the error code only when a token was sent."""

    status = HTTPStatus.UNAUTHORIZED
    challenge: ClassVar[str] = 'Bearer realm="billing", error="invalid_token"'

    def __init__(self, reason: str, *, log: dict[str, Any] | None = None) -> None:
        super().__init__(reason, headers={"WWW-Authenticate": self.challenge}, log=log)


class TokenMissing(Unauthenticated):
    text = "Authentication token required"
    when = "no bearer token, or a malformed Authorization header"
    challenge = 'Bearer realm="billing"'


class TokenInvalid(Unauthenticated):
    text = "Invalid authentication token"
    when = "the token is not one of this platform's access tokens"
    challenge = f'Bearer realm="billing", error="invalid_token", error_description="{text}"'


class TokenExpired(Unauthenticated):
    text = "Authentication token expired"
    when = "the token was good once; sign in again"
    challenge = f'Bearer realm="billing", error="invalid_token", error_description="{text}"'


class AccessDenied(ApiError):
    """`details`: the namespace asked for, and the first 100 namespaces of the caller's own token."""

    status = HTTPStatus.FORBIDDEN
    text = "Access denied to namespace"
    when = "the namespace is unknown or not the caller's; the two are not told apart"


class GuestDenied(ApiError):
    status = HTTPStatus.FORBIDDEN
    text = "Billing access denied"
    when = "the caller is a guest: neither org-admin nor with a project in the token"


class NotFound(ApiError):
    status = HTTPStatus.NOT_FOUND
    text = "Not found"
    when = "no such path"


class MethodNotAllowed(ApiError):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    text = "Method not allowed"
    when = "any method but GET (and a CORS preflight), HEAD too"

    def __init__(self) -> None:
        super().__init__("method", headers={"Allow": "GET, OPTIONS"})


class ServiceUnavailable(ApiError):
    """Nothing could be decided: never a denial, never a zero, never an empty list."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(
        self,
        reason: str,
        *,
        retry_after: int = 5,
        details: dict[str, Any] | None = None,
        log: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(reason, details=details, headers={"Retry-After": str(retry_after)}, log=log)


class BillingUnreachable(ServiceUnavailable):
    text = "Billing service unreachable"
    when = "the billing service cannot be reached, times out, or answers nonsense"


class IdentityUnreachable(ServiceUnavailable):
    text = "Identity provider unreachable"
    when = "the realm's keys cannot be fetched and none are kept"


class BillingIncomplete(ServiceUnavailable):
    """`details`: namespace, resource and month (YYYY-MM) whose price is missing, where the service names them."""

    text = "Billing data incomplete"
    when = "usage has no price"


class InternalError(ApiError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    text = "Internal server error"
    when = "a bug; the log has the trace under the request id"


ANSWERS: tuple[type[ApiError], ...] = (
    BadRequest,
    TokenMissing,
    TokenInvalid,
    TokenExpired,
    AccessDenied,
    GuestDenied,
    NotFound,
    MethodNotAllowed,
    BillingUnreachable,
    IdentityUnreachable,
    BillingIncomplete,
    InternalError,
)
