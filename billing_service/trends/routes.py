"""The routes of the trend."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.routes import Clock, Tagged
from billing_service.parameters import InPath, InQuery, OptionalNames, only
from billing_service.trends.asked import PARAMETERS, asked
from billing_service.trends.trend import trend
from billing_service.trends.usage import Scope


def trends(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()
    tagged = Tagged(database, now)

    async def answer(request: Request, scope: Scope) -> Response:
        given = {name: value for name, value in request.query_params.items() if name in PARAMETERS}
        parameters = asked(given, of_organization=scope.namespace is None)

        async def compute() -> dict[str, Any]:
            return await trend(database, scope, parameters, now())

        return await tagged.answer(request, scope.organization, scope.namespace, compute)

    @router.get("/api/project/{namespace}/trend", dependencies=[Depends(only("organization", *PARAMETERS))])
    async def get_project(request: Request, namespace: InPath, organization: InQuery) -> Response:
        return await answer(request, Scope(organization, namespace=namespace))

    @router.get("/api/organization/{organization}/trend", dependencies=[Depends(only("namespaces", *PARAMETERS))])
    async def get_organization(request: Request, organization: InPath, namespaces: OptionalNames = None) -> Response:
        names = None if namespaces is None else namespaces.split(",")
        return await answer(request, Scope(organization, namespaces=names))

    return router
