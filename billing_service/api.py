"""The internal API: the bearer token, health, and the error responses. The routes are in the folder of their domain."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from billing_service.budgets.routes import budgets
from billing_service.database import Database
from billing_service.errors import SchemaOutdated, ServiceError, Stuck, Unauthorized
from billing_service.explanations.routes import explanations
from billing_service.figures.routes import Clock, figures
from billing_service.forecasts.routes import forecasts
from billing_service.live.feed import Feed
from billing_service.live.routes import live
from billing_service.metrics import Metrics
from billing_service.migrate import shipped
from billing_service.notifications.addresses import Guard
from billing_service.notifications.channels import Channels
from billing_service.notifications.routes import notifications
from billing_service.notifications.seal import Sealer
from billing_service.parameters import malformed
from billing_service.plans.routes import plans
from billing_service.quotes.routes import quotes
from billing_service.render import render
from billing_service.request_log import RequestLog
from billing_service.statements.routes import statements
from billing_service.trends.routes import trends


def create_app(
    database: Database,
    *tokens: str,
    now: Clock = lambda: None,
    metrics: Metrics | None = None,
    channels: Channels | None = None,
    feed: Feed | None = None,
) -> FastAPI:
    """Each token gives access. If `now` returns None, the clock of the database is used. Tests set another time.

    Without `channels`, the installation has no key and no mail server.
    """
    metrics = metrics or Metrics(database.pool)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(_health(database))
    for routes in (budgets, explanations, figures, forecasts, plans, quotes, statements, trends):
        app.include_router(routes(database, now), dependencies=[Depends(_authorized(tokens))])
    app.include_router(live(database, feed or Feed(database), now), dependencies=[Depends(_authorized(tokens))])
    channels = channels or Channels(database, Sealer(), Guard(), offers_mail=False)
    app.include_router(notifications(database, channels), dependencies=[Depends(_authorized(tokens))])
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
