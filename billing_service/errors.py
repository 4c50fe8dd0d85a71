"""The error responses of the billing service: status, code, message.

ServiceError
  Unauthorized          401 unauthorized           no or wrong service token
  BadRequest            400 bad_request            a parameter is missing, malformed or unknown
  AdminRequired         403 org_admin_required     a project-user may not do it
  ProjectNotFound       404 project_not_found      the project belongs to another organization, or does not exist
  OrganizationNotFound  404 organization_not_found
  ChannelNotFound       404 channel_not_found      the organization does not have this channel
  DeliveryNotFound      404 delivery_not_found     the organization does not have this delivery
  BudgetNotFound        404 budget_not_found       the caller does not see such a budget of the organization
  PriceMissing          409 price_missing          usage has no price
  AmountTooLarge        409 amount_too_large       an amount exceeds the maximum of a response
  Conflict              409 conflict               the change does not fit the current state
  IdempotencyKeyReused  409 idempotency_key_reused the key was sent before with another request
  PreconditionFailed    412 precondition_failed    If-Match is not the current version
  BodyTooLarge          413 body_too_large         the body has more than 64 KiB
  InvalidBody           422 invalid_body           a member of the body is wrong; `errors` points at each
  NotOffered            501 not_offered            the installation is not configured for it
  DataChanging          503 data_changing          imports changed the data again and again while they were read
  DatabaseUnavailable   503 database_unavailable   PostgreSQL is unreachable, restarting or too slow
  SchemaOutdated        503 schema_outdated        migrations are pending
  Stuck                 503 stuck                  liveness only: the process must be restarted
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class ServiceError(Exception):
    """An error response. `details` are additional members of the JSON object."""

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.log: dict[str, str | None] = {}  # only for the log line

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, **self.details}


class Unauthorized(ServiceError):
    status = 401
    code = "unauthorized"
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class BadRequest(ServiceError):
    """`details` has `parameter`, the name of the first invalid parameter."""

    status = 400
    code = "bad_request"


class AdminRequired(ServiceError):
    status = 403
    code = "org_admin_required"


class ProjectNotFound(ServiceError):
    status = 404
    code = "project_not_found"


class PeriodNotFound(ServiceError):
    """The month has not begun."""

    status = 404
    code = "period_not_found"


class OrganizationNotFound(ServiceError):
    status = 404
    code = "organization_not_found"


class ChannelNotFound(ServiceError):
    """Also if it is a channel of another organization."""

    status = 404
    code = "channel_not_found"


class DeliveryNotFound(ServiceError):
    status = 404
    code = "delivery_not_found"


class BudgetNotFound(ServiceError):
    """Also if it is a budget of another organization, or of a project that the caller does not see."""

    status = 404
    code = "budget_not_found"


class Conflict(ServiceError):
    status = 409
    code = "conflict"


class IdempotencyKeyReused(ServiceError):
    status = 409
    code = "idempotency_key_reused"


class PreconditionFailed(ServiceError):
    status = 412
    code = "precondition_failed"


class BodyTooLarge(ServiceError):
    status = 413
    code = "body_too_large"


class InvalidBody(ServiceError):
    """`errors`: objects of `pointer` (RFC 6901), `message` and `code` (member_errors.py)."""

    status = 422
    code = "invalid_body"

    def __init__(self, message: str, errors: Sequence[dict[str, str]]) -> None:
        super().__init__(message)
        self.errors = errors

    def body(self) -> dict[str, Any]:
        return {**super().body(), "errors": self.errors}


class NotOffered(ServiceError):
    status = 501
    code = "not_offered"


class PriceMissing(ServiceError):
    """`details` are `resource` and `month` (YYYY-MM, UTC) of the first usage without a price."""

    status = 409
    code = "price_missing"


class AmountTooLarge(ServiceError):
    status = 409
    code = "amount_too_large"


class NotMetered(ServiceError):
    """Only in a list, in place of the figures of a project."""

    status = 409
    code = "not_metered"


class DataChanging(ServiceError):
    """Imports changed the data during each of several readings."""

    status = 503
    code = "data_changing"
    headers: ClassVar = {"Retry-After": "1"}


class DatabaseUnavailable(ServiceError):
    status = 503
    code = "database_unavailable"
    headers: ClassVar = {"Retry-After": "1"}


class SchemaOutdated(ServiceError):
    status = 503
    code = "schema_outdated"
    headers: ClassVar = {"Retry-After": "5"}


class Stuck(ServiceError):
    status = 503
    code = "stuck"
