"""The routes of channels and deliveries."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from billing_service.changes import Change, Reply, read_body, read_change
from billing_service.database import Connection, Database
from billing_service.notifications.channels import Channels
from billing_service.notifications.deliveries import list_deliveries, retry
from billing_service.notifications.targets import ChannelBody
from billing_service.notifications.trail import trail
from billing_service.parameters import UUID_PATTERN, InPath, OptionalPageSize, OptionalState, only
from billing_service.render import render

_PAGE = "100"

Id = Annotated[str, Path(pattern=UUID_PATTERN)]
OptionalId = Annotated[str | None, Query(pattern=UUID_PATTERN)]
Make = Callable[[Connection, Change, bytes], Awaitable[Reply]]


def notifications(database: Database, channels: Channels) -> APIRouter:
    router = APIRouter(prefix="/api/organization/{organization}")
    _add_channels(router, database, channels)
    _add_changes(router, database, channels)
    _add_deliveries(router, database)
    return router


async def _changed(request: Request, database: Database, organization: str, make: Make) -> Response:
    """In one transaction: the change, its audit row, and its reply for the next request with the same key."""
    change, body = await read_change(request, organization)
    async with database.change(organization) as connection:
        reply = await change.once(connection, lambda: make(connection, change, body))
    return reply.render()


def _add_channels(router: APIRouter, database: Database, channels: Channels) -> None:
    nothing = [Depends(only())]

    @router.get("/channels", dependencies=nothing)
    async def get_channels(organization: InPath) -> Response:
        return render(HTTPStatus.OK, await channels.list_all(organization))

    @router.post("/channels", dependencies=nothing)
    async def post_channel(request: Request, organization: InPath) -> Response:
        async def make(connection: Connection, change: Change, body: bytes) -> Reply:
            return await channels.create(connection, change, read_body(ChannelBody, body))

        return await _changed(request, database, organization, make)

    @router.get("/channels/{id}", dependencies=nothing)
    async def get_channel(organization: InPath, id: Id) -> Response:  # noqa: A002 - the name in the path
        return (await channels.read(organization, UUID(id))).render()

    @router.get("/channels/{id}/history", dependencies=[Depends(only("limit"))])
    async def get_history(organization: InPath, id: Id, limit: OptionalPageSize = None) -> Response:  # noqa: A002
        return render(HTTPStatus.OK, await trail(database, organization, UUID(id), int(limit or _PAGE)))


def _add_changes(router: APIRouter, database: Database, channels: Channels) -> None:
    nothing = [Depends(only())]

    @router.put("/channels/{id}", dependencies=nothing)
    async def put_channel(request: Request, organization: InPath, id: Id) -> Response:  # noqa: A002
        async def make(connection: Connection, change: Change, body: bytes) -> Reply:
            return await channels.replace(connection, change, UUID(id), read_body(ChannelBody, body))

        return await _changed(request, database, organization, make)

    @router.delete("/channels/{id}", dependencies=nothing)
    async def delete_channel(request: Request, organization: InPath, id: Id) -> Response:  # noqa: A002
        async def make(connection: Connection, change: Change, _: bytes) -> Reply:
            return await channels.delete(connection, change, UUID(id))

        return await _changed(request, database, organization, make)

    @router.post("/channels/{id}/test", dependencies=nothing)
    async def test_channel(request: Request, organization: InPath, id: Id) -> Response:  # noqa: A002
        async def make(connection: Connection, change: Change, _: bytes) -> Reply:
            return await channels.test(connection, change, UUID(id))

        return await _changed(request, database, organization, make)


def _add_deliveries(router: APIRouter, database: Database) -> None:
    @router.get("/deliveries", dependencies=[Depends(only("state", "channel", "limit"))])
    async def get_deliveries(
        organization: InPath,
        state: OptionalState = None,
        channel: OptionalId = None,
        limit: OptionalPageSize = None,
    ) -> Response:
        whose = UUID(channel) if channel else None
        found = await list_deliveries(database, organization, state=state, channel=whose, limit=int(limit or _PAGE))
        return render(HTTPStatus.OK, found)

    @router.post("/deliveries/{id}/retry", dependencies=[Depends(only())])
    async def retry_delivery(request: Request, organization: InPath, id: Id) -> Response:  # noqa: A002
        async def make(connection: Connection, change: Change, _: bytes) -> Reply:
            return await retry(connection, change, UUID(id))

        return await _changed(request, database, organization, make)
