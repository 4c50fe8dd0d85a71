"""The routes of the statement, and of the months that have one."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.routes import Clock, Tagged, first_day
from billing_service.parameters import InPath, OptionalMonth, OptionalNames, only
from billing_service.statements.months import months
from billing_service.statements.statement import statement


def statements(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()
    tagged = Tagged(database, now)

    @router.get("/api/organization/{organization}/statement", dependencies=[Depends(only("period", "namespaces"))])
    async def get_statement(
        request: Request, organization: InPath, period: OptionalMonth = None, namespaces: OptionalNames = None
    ) -> Response:
        names = None if namespaces is None else namespaces.split(",")

        async def compute() -> str:
            return await statement(database.fetch, organization, now(), first_day(period), names)

        return await tagged.answer(request, organization, None, compute)

    @router.get("/api/organization/{organization}/statements", dependencies=[Depends(only("namespaces"))])
    async def get_months(request: Request, organization: InPath, namespaces: OptionalNames = None) -> Response:
        names = None if namespaces is None else namespaces.split(",")

        async def compute() -> dict[str, Any]:
            return await months(database.fetch, organization, now(), names)

        return await tagged.answer(request, organization, None, compute)

    return router
