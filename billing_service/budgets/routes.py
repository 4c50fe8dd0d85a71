"""The routes of budgets. `namespaces`: the caller is a project-user with these projects; without it, an org-admin."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from billing_service.budgets.access import Viewer
from billing_service.budgets.budgets import Budgets
from billing_service.budgets.history import history
from billing_service.budgets.settings import read_settings, write_settings
from billing_service.changes import Change, Reply, read_change
from billing_service.database import Database
from billing_service.figures.routes import Clock
from billing_service.parameters import UUID_PATTERN, InPath, OptionalNames, OptionalPageSize, only
from billing_service.render import render

_PAGE = "100"

Id = Annotated[str, Path(pattern=UUID_PATTERN)]
Make = Callable[[Viewer, Change, bytes], Awaitable[Reply]]


def budgets(database: Database, now: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/organization/{organization}")
    budgets = Budgets(database, now)
    _add_settings(router, database)
    _add_reads(router, database, budgets, now)
    _add_changes(router, budgets)
    return router


def _viewer(organization: InPath, namespaces: OptionalNames = None) -> Viewer:
    return Viewer(organization, None if namespaces is None else tuple(namespaces.split(",")))


ByViewer = Annotated[Viewer, Depends(_viewer)]


async def _changed(request: Request, viewer: Viewer, make: Make) -> Response:
    change, body = await read_change(request, viewer.organization)
    return (await make(viewer, change, body)).render(**viewer.repeated)


def _add_settings(router: APIRouter, database: Database) -> None:
    @router.get("/budgets/settings", dependencies=[Depends(only())])
    async def get_settings(organization: InPath) -> Response:
        return (await read_settings(database, organization)).render(organization=organization)

    @router.put("/budgets/settings", dependencies=[Depends(only())])
    async def put_settings(request: Request, organization: InPath) -> Response:
        change, body = await read_change(request, organization)
        return (await write_settings(database, change, body)).render(organization=organization)


def _add_reads(router: APIRouter, database: Database, budgets: Budgets, now: Clock) -> None:
    limited = [Depends(only("namespaces"))]

    @router.get("/budgets", dependencies=limited)
    async def get_budgets(viewer: ByViewer) -> Response:
        return render(HTTPStatus.OK, await budgets.list_all(viewer) | viewer.repeated)

    @router.get("/budgets/channels", dependencies=limited)
    async def get_channels(viewer: ByViewer) -> Response:
        return render(HTTPStatus.OK, await budgets.list_channels(viewer) | viewer.repeated)

    @router.get("/budgets/{id}", dependencies=limited)
    async def get_budget(viewer: ByViewer, id: Id) -> Response:  # noqa: A002 - the name in the path
        return (await budgets.read(viewer, UUID(id))).render(**viewer.repeated)

    @router.get("/budgets/{id}/history", dependencies=[Depends(only("namespaces", "limit"))])
    async def get_history(viewer: ByViewer, id: Id, limit: OptionalPageSize = None) -> Response:  # noqa: A002
        found = await history(database, viewer, UUID(id), now(), int(limit or _PAGE))
        return render(HTTPStatus.OK, found | viewer.repeated)

    @router.post("/budgets/preview", dependencies=limited)
    async def post_preview(request: Request, viewer: ByViewer) -> Response:
        _, body = await read_change(request, viewer.organization)
        return render(HTTPStatus.OK, await budgets.preview(viewer, body) | viewer.repeated)


def _add_changes(router: APIRouter, budgets: Budgets) -> None:
    limited = [Depends(only("namespaces"))]

    @router.post("/budgets", dependencies=limited)
    async def post_budget(request: Request, viewer: ByViewer) -> Response:
        return await _changed(request, viewer, budgets.create)

    @router.put("/budgets/{id}", dependencies=limited)
    async def put_budget(request: Request, viewer: ByViewer, id: Id) -> Response:  # noqa: A002
        async def make(viewer: Viewer, change: Change, body: bytes) -> Reply:
            return await budgets.replace(viewer, change, UUID(id), body)

        return await _changed(request, viewer, make)

    @router.delete("/budgets/{id}", dependencies=limited)
    async def delete_budget(request: Request, viewer: ByViewer, id: Id) -> Response:  # noqa: A002
        async def make(viewer: Viewer, change: Change, _: bytes) -> Reply:
            return await budgets.delete(viewer, change, UUID(id))

        return await _changed(request, viewer, make)
