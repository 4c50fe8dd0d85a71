"""The internal API: who may ask (a bearer token), what may be asked, and every answer as JSON."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

import simplejson
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from billing_service import costs
from billing_service.database import Database
from billing_service.errors import BadRequest, SchemaOutdated, ServiceError, Stuck, Unauthorized
from billing_service.migrate import shipped
from billing_service.request_log import RequestLog

# RFC 1123 label; `\z`, so that a line break at the end is no part of it.
_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z"
_LABEL_TEXT = "1 to 63 lower-case letters, digits or hyphens, with a letter or digit first and last"

InPath = Annotated[str, Path(pattern=_LABEL)]
InQuery = Annotated[str, Query(pattern=_LABEL)]
Clock = Callable[[], datetime | None]


def create_app(database: Database, token: str, now: Clock = lambda: None) -> FastAPI:
    """`now` answers None for the database's own clock; tests set another time."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(_health(database))
    app.include_router(_billing(database, now), dependencies=[Depends(_authorized(token))])
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_unrouted)
    app.add_middleware(RequestLog)
    return app


def _health(database: Database) -> APIRouter:
    router = APIRouter()
    newest = max(migration.version for migration in shipped())

    @router.get("/api/health")
    async def health() -> Response:
        rows = await database.fetch("SELECT max(version) AS version FROM schema_migrations")
        if (rows[0]["version"] or 0) < newest:
            raise SchemaOutdated("The database schema is not up to date: run the migrations")
        return render(HTTPStatus.OK, {"status": "ok"})

    @router.get("/api/live")
    async def live() -> Response:
        """Of the process alone: a database that is away does not make it unhealthy."""
        if database.stuck:
            raise Stuck("A query to the database outlived its time limit: the process has to be restarted")
        return render(HTTPStatus.OK, {"status": "ok"})

    return router


def _billing(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()

    @router.get("/api/project/{namespace}/overview", dependencies=[Depends(_only("organization"))])
    async def overview(namespace: InPath, organization: InQuery) -> Response:
        return render(HTTPStatus.OK, await costs.overview(database, organization, namespace, now()))

    @router.get("/api/organization/{organization}/projects", dependencies=[Depends(_only())])
    async def projects(organization: InPath) -> Response:
        return render(HTTPStatus.OK, await costs.project_list(database, organization, now()))

    return router


def _authorized(token: str) -> Callable[[Request], Awaitable[None]]:
    expected = token.encode()

    async def authorized(request: Request) -> None:
        given = request.headers.getlist("authorization")
        scheme, _, credentials = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        matches = hmac.compare_digest(credentials.encode("latin-1"), expected)
        if scheme.lower() != "bearer" or not matches:
            raise Unauthorized("The service token is missing or wrong: send `Authorization: Bearer` with it, once")

    return authorized


def _only(*allowed: str) -> Callable[[Request], Awaitable[None]]:
    """Each query parameter is one that is known, and comes once."""

    async def only(request: Request) -> None:
        names = [name for name, _ in request.query_params.multi_items()]
        if set(names) - set(allowed) or len(names) != len(set(names)):
            raise BadRequest(f"Query parameters allowed here, each once: {', '.join(allowed) or 'none'}")

    return only


def render(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    content = simplejson.dumps(body, use_decimal=False, default=_plain, allow_nan=False, separators=(",", ":"))
    return Response(content, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def _plain(value: object) -> simplejson.RawJSON:
    """A Decimal digit by digit; simplejson itself would write 0.0000000 as 0E-7."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{type(value).__name__} has no place in an answer")
    return simplejson.RawJSON(format(value, "f"))


async def _service_error(request: Request, error: ServiceError) -> Response:
    request.state.log = error.log
    return render(error.status, error.body(), error.headers)


async def _malformed(_: Request, error: RequestValidationError) -> Response:
    names = sorted({f"{problem['loc'][0]} parameter {problem['loc'][1]}" for problem in error.errors()})
    body = BadRequest(f"{' and '.join(names)}: required, {_LABEL_TEXT}").body()
    return render(BadRequest.status, body)


async def _unrouted(_: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    body = {"code": status.phrase.lower().replace(" ", "_"), "message": status.description or status.phrase}
    return render(status, body, dict(error.headers or {}))
