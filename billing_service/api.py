"""The internal API: the bearer token, the routes, and the JSON of each response."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import simplejson
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from billing_service import costs
from billing_service.database import Database
from billing_service.errors import SchemaOutdated, ServiceError, Stuck, Unauthorized
from billing_service.metrics import Metrics
from billing_service.migrate import shipped
from billing_service.parameters import InPath, InQuery, OptionalInQuery, OptionalPageSize, malformed, only
from billing_service.request_log import RequestLog

Clock = Callable[[], datetime | None]


def create_app(database: Database, *tokens: str, now: Clock = lambda: None, metrics: Metrics | None = None) -> FastAPI:
    """Each token gives access. If `now` returns None, the clock of the database is used. Tests set another time."""
    metrics = metrics or Metrics(database.pool)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(_health(database))
    app.include_router(_billing(database, now), dependencies=[Depends(_authorized(tokens))])
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_unrouted)
    app.state.metrics = metrics
    app.add_middleware(RequestLog, metrics=metrics)
    return app


def _health(database: Database) -> APIRouter:
    router = APIRouter()
    newest = max(migration.version for migration in shipped())

    @router.api_route("/api/health", methods=["GET", "HEAD"])
    async def health() -> Response:
        rows = await database.fetch("SELECT max(version) AS version FROM schema_migrations")
        if (rows[0]["version"] or 0) < newest:
            raise SchemaOutdated("The database schema is not up to date: run the migrations")
        return render(HTTPStatus.OK, {"status": "ok"})

    @router.api_route("/api/live", methods=["GET", "HEAD"])
    async def live() -> Response:
        """About this process only: an unavailable database does not make it unhealthy."""
        if database.stuck:
            raise Stuck("A database query still runs after its time limit: restart the process")
        return render(HTTPStatus.OK, {"status": "ok"})

    return router


def _billing(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()

    @router.get("/api/project/{namespace}/overview", dependencies=[Depends(only("organization"))])
    async def overview(namespace: InPath, organization: InQuery) -> Response:
        return render(HTTPStatus.OK, await costs.overview(database, organization, namespace, now()))

    @router.get("/api/organization/{organization}/projects", dependencies=[Depends(only("limit", "after"))])
    async def projects(organization: InPath, limit: OptionalPageSize = None, after: OptionalInQuery = None) -> Response:
        most = None if limit is None else int(limit)
        found = await costs.project_list(database, organization, now(), limit=most, after=after)
        return render(HTTPStatus.OK, found)

    @router.get("/api/organizations", dependencies=[Depends(only())])
    async def organizations() -> Response:
        return render(HTTPStatus.OK, await costs.organization_list(database))

    return router


def _authorized(tokens: Sequence[str]) -> Callable[[Request], Awaitable[None]]:
    """Each token is compared, so that the time does not depend on which one was sent."""
    expected = [token.encode() for token in tokens]

    async def authorized(request: Request) -> None:
        given = request.headers.getlist("authorization")
        scheme, _, credentials = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        matches = [hmac.compare_digest(credentials.encode("latin-1"), token) for token in expected]
        if scheme.lower() != "bearer" or not any(matches):
            raise Unauthorized("The service token is missing or wrong: send one `Authorization: Bearer` header")

    return authorized


def render(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    content = simplejson.dumps(body, use_decimal=False, default=_plain, allow_nan=False, separators=(",", ":"))
    return Response(content, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def _plain(value: object) -> simplejson.RawJSON:
    """Writes a Decimal without an exponent. simplejson alone would write 0.0000000 as 0E-7."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    return simplejson.RawJSON(format(value, "f"))


async def _service_error(request: Request, error: ServiceError) -> Response:
    request.state.log = error.log
    request.app.state.metrics.count_failure(error)
    return render(error.status, error.body(), error.headers)


async def _malformed(request: Request, error: RequestValidationError) -> Response:
    return await _service_error(request, malformed(error))


async def _unrouted(_: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    body = {"code": status.phrase.lower().replace(" ", "_"), "message": status.description or status.phrase}
    return render(status, body, dict(error.headers or {}))
