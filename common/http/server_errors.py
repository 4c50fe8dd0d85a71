"""Every error of the API that the client does not cause, declared once, as in errors.py.

500  InternalError  501  NotOffered
503  BillingUnreachable, IdentityUnreachable, BillingIncomplete, AmountTooLarge, TooManyConnections
"""

from http import HTTPStatus
from typing import Any

from common.http.errors import ApiError


class InternalError(ApiError):
    status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"
    text = "Internal server error"
    when = "a bug; find its log line by the request id"


class NotOffered(ApiError):
    status, code = HTTPStatus.NOT_IMPLEMENTED, "not_offered"
    text = "Not offered by this installation"
    when = "the billing service of this installation does not have this resource"


class ServiceUnavailable(ApiError):
    """The request cannot be decided. Used instead of a denial, a zero or an empty list."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, reason: str, *, retry_after: int = 5, **more: Any) -> None:
        """`more`: as in ApiError."""
        super().__init__(reason, headers={"Retry-After": str(retry_after)}, **more)


class BillingUnreachable(ServiceUnavailable):
    code = "billing_unreachable"
    text = "Billing service unreachable"
    when = "the billing service cannot be reached, times out, or sends an invalid response"


class IdentityUnreachable(ServiceUnavailable):
    code = "identity_unreachable"
    text = "Identity provider unreachable"
    when = "the realm's keys cannot be fetched and none are cached"


class TooManyConnections(ServiceUnavailable):
    code = "too_many_connections"
    text = "Too many connections"
    when = "the function or the caller has too many WebSocket connections; try again later"


class BillingIncomplete(ServiceUnavailable):
    """`details`: namespace, resource and month (YYYY-MM) whose price is missing, if the service names them."""

    code = "unpriced"
    text = "Billing data incomplete"
    when = "usage has no price; details name the resource and the month"


class AmountTooLarge(BillingIncomplete):
    code = "amount_too_large"
    text = "Billing amount too large"
    when = "an amount of the project exceeds 10^18; an operator must correct its usage or price"
