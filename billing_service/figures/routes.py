"""The routes of overview and list."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.overview import overview
from billing_service.figures.projects import organization_list, project_list
from billing_service.figures.tag import matches, tag_of
from billing_service.parameters import (
    InPath,
    InQuery,
    OptionalInQuery,
    OptionalMonth,
    OptionalPageSize,
    only,
)
from billing_service.render import render, render_text, text

Clock = Callable[[], datetime | None]


def figures(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()
    tagged = Tagged(database, now)

    @router.get("/api/project/{namespace}/overview", dependencies=[Depends(only("organization", "period"))])
    async def get_overview(
        request: Request, namespace: InPath, organization: InQuery, period: OptionalMonth = None
    ) -> Response:
        async def compute() -> dict[str, Any]:
            return await overview(database, organization, namespace, now(), first_day(period))

        return await tagged.answer(request, organization, namespace, compute)

    @router.get("/api/organization/{organization}/projects", dependencies=[Depends(only("limit", "after", "period"))])
    async def get_projects(
        request: Request,
        organization: InPath,
        limit: OptionalPageSize = None,
        after: OptionalInQuery = None,
        period: OptionalMonth = None,
    ) -> Response:
        async def compute() -> dict[str, Any]:
            most = None if limit is None else int(limit)
            month = first_day(period)
            return await project_list(database, organization, now(), limit=most, after=after, period=month)

        return await tagged.answer(request, organization, None, compute)

    @router.get("/api/organizations", dependencies=[Depends(only())])
    async def get_organizations() -> Response:
        return render(HTTPStatus.OK, await organization_list(database))

    return router


class Tagged:
    """Sends `ETag`, and 304 for `If-None-Match` without computing the response.

    The tag is read before the data: if the data change in between, the tag is old, and the next request computes again.
    """

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def answer(
        self,
        request: Request,
        organization: str,
        namespace: str | None,
        compute: Callable[[], Awaitable[dict[str, Any] | str]],
    ) -> Response:
        tag = await tag_of(self._database, request, organization, namespace, self._now())
        if tag and matches(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, "Cache-Control": "no-store"})
        body = await compute()
        content = body if isinstance(body, str) else text(body)
        return render_text(HTTPStatus.OK, content, {"ETag": tag} if tag else None)


def first_day(period: str | None) -> date | None:
    return None if period is None else date.fromisoformat(f"{period}-01")
