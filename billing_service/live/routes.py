"""The stream of data versions, and the figures of now."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from billing_service.database import Database
from billing_service.figures.routes import Clock
from billing_service.live.feed import Feed
from billing_service.live.figures import live_figures
from billing_service.parameters import InPath, OptionalNames, only
from billing_service.render import render, text


def live(database: Database, feed: Feed, now: Clock) -> APIRouter:
    router = APIRouter()

    async def lines() -> AsyncGenerator[str, None]:
        async with aclosing(feed.follow()) as changes:
            async for batch in changes:
                yield "".join(f"{text(change)}\n" for change in batch)

    @router.get("/api/changes", dependencies=[Depends(only())])
    async def get_changes() -> Response:
        """JSON lines without end: `organization` and `data_version`, `resync`, `heartbeat`."""
        return StreamingResponse(lines(), headers={"Cache-Control": "no-store"}, media_type="application/x-ndjson")

    @router.get("/api/organization/{organization}/live", dependencies=[Depends(only("namespaces", "projects"))])
    async def get_live(
        organization: InPath, namespaces: OptionalNames = None, projects: OptionalNames = None
    ) -> Response:
        names = None if namespaces is None else namespaces.split(",")
        more = [] if projects is None else projects.split(",")
        return render(HTTPStatus.OK, await live_figures(database, organization, names, more, now()))

    return router
