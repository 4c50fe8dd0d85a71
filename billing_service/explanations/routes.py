"""The routes of explanations: of a figure of a month, or of a range of time."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.explanations.asked import RANGE, Figure, figure_or_range
from billing_service.explanations.organization import explain_organization
from billing_service.explanations.project import explain
from billing_service.explanations.project_range import explain_range
from billing_service.figures.routes import Clock, Tagged, first_day
from billing_service.parameters import (
    SUMMARY_FIGURES,
    InPath,
    InQuery,
    OptionalFigure,
    OptionalMonth,
    OptionalNames,
    only,
)
from billing_service.trends.asked import refuse
from billing_service.trends.usage import Scope

PARAMETERS = ("figure", "period", *RANGE)


def explanations(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()
    tagged = Tagged(database, now)

    @router.get("/api/project/{namespace}/explain", dependencies=[Depends(only("organization", *PARAMETERS))])
    async def of_project(
        request: Request,
        namespace: InPath,
        organization: InQuery,
        figure: OptionalFigure = None,
        period: OptionalMonth = None,
    ) -> Response:
        about = figure_or_range(dict(request.query_params), figure, first_day(period), of_organization=False)

        async def compute() -> dict[str, Any]:
            if isinstance(about, Figure):
                name, month = about.name, about.period
                return await explain(database, organization, namespace, figure=name, period=month, now=now())
            return await explain_range(database, organization, namespace, about, now())

        return await tagged.answer(request, organization, namespace, compute)

    @router.get("/api/organization/{organization}/explain", dependencies=[Depends(only("namespaces", *PARAMETERS))])
    async def of_organization(
        request: Request,
        organization: InPath,
        namespaces: OptionalNames = None,
        figure: OptionalFigure = None,
        period: OptionalMonth = None,
    ) -> Response:
        if figure is not None and figure not in SUMMARY_FIGURES:
            refuse("figure", f"must be one of {', '.join(SUMMARY_FIGURES)}")
        about = figure_or_range(dict(request.query_params), figure, first_day(period), of_organization=True)
        scope = Scope(organization, namespaces=None if namespaces is None else namespaces.split(","))

        async def compute() -> dict[str, Any]:
            return await explain_organization(database, scope, about, now())

        return await tagged.answer(request, organization, None, compute)

    return router
