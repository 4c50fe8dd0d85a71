"""The routes of the forecast."""

import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.routes import Clock
from billing_service.figures.tag import matches
from billing_service.forecasts.forecast import organization_forecast, project_forecast
from billing_service.forecasts.stored import Wanted, state_of
from billing_service.parameters import HorizonInQuery, InPath, InQuery, LevelInQuery, OptionalNames, only
from billing_service.render import render_text


def forecasts(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()

    @router.get("/api/project/{namespace}/forecast", dependencies=[Depends(only("organization", "horizon", "level"))])
    async def get_project_forecast(
        request: Request,
        namespace: InPath,
        organization: InQuery,
        horizon: HorizonInQuery = "month_end",
        level: LevelInQuery = "80",
    ) -> Response:
        tag = _tag(request, await state_of(database.fetch, organization, namespace, now()))
        wanted = Wanted(horizon, int(level))
        return await _send(request, tag, lambda: project_forecast(database, organization, namespace, wanted, now()))

    @router.get(
        "/api/organization/{organization}/forecast", dependencies=[Depends(only("horizon", "level", "namespaces"))]
    )
    async def get_organization_forecast(
        request: Request,
        organization: InPath,
        horizon: HorizonInQuery = "month_end",
        level: LevelInQuery = "80",
        namespaces: OptionalNames = None,
    ) -> Response:
        tag = _tag(request, await state_of(database.fetch, organization, None, now()))
        names, wanted = None if namespaces is None else namespaces.split(","), Wanted(horizon, int(level))
        return await _send(request, tag, lambda: organization_forecast(database, organization, names, wanted, now()))

    return router


def _tag(request: Request, state: str | None) -> str | None:
    """As in figures/tag.py. A forecast depends on more: an announced price changes no data version."""
    if state is None:
        return None
    text = repr((state, request.url.path, sorted(request.query_params.multi_items())))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


async def _send(request: Request, tag: str | None, compute: Callable[[], Awaitable[str]]) -> Response:
    if tag and matches(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, "Cache-Control": "no-store"})
    return render_text(HTTPStatus.OK, await compute(), {"ETag": tag} if tag else None)
