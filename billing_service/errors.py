"""Every error the billing service answers, declared once: status, code, message.

ServiceError
  Unauthorized          401 unauthorized           no or wrong service token
  BadRequest            400 bad_request            a parameter is missing, malformed or unknown
  ProjectNotFound       404 project_not_found      not this organization's project, or no project at all
  OrganizationNotFound  404 organization_not_found
  PriceMissing          409 price_missing          usage that no price covers
  AmountTooLarge        409 amount_too_large       more than a response may hold
  DatabaseUnavailable   503 database_unavailable   PostgreSQL away, restarting or too slow
  SchemaOutdated        503 schema_outdated        migrations are still to be applied
  Stuck                 503 stuck                  liveness only: the process has to be restarted
"""

from typing import ClassVar


class ServiceError(Exception):
    """An answer that is no success; `details` are further members of the JSON object."""

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.log: dict[str, str | None] = {}  # for the log line alone

    def body(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, **self.details}


class Unauthorized(ServiceError):
    status = 401
    code = "unauthorized"
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class BadRequest(ServiceError):
    """`details` has `parameter`, the name of the first that is wrong."""

    status = 400
    code = "bad_request"


class ProjectNotFound(ServiceError):
    status = 404
    code = "project_not_found"


class OrganizationNotFound(ServiceError):
    status = 404
    code = "organization_not_found"


class PriceMissing(ServiceError):
    """`details` are `resource` and `month` (YYYY-MM, UTC) of the first usage without a price."""

    status = 409
    code = "price_missing"


class AmountTooLarge(ServiceError):
    status = 409
    code = "amount_too_large"


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
