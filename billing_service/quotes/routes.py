"""The route of the quote. It is a POST because of its body: it changes nothing, and can be sent again."""

from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.routes import Clock
from billing_service.parameters import InPath, OptionalNames, only
from billing_service.quotes.body import read_json
from billing_service.quotes.quote import quote
from billing_service.render import render


def quotes(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()

    @router.post("/api/organization/{organization}/quote", dependencies=[Depends(only("namespaces"))])
    async def post_quote(request: Request, organization: InPath, namespaces: OptionalNames = None) -> Response:
        names = None if namespaces is None else namespaces.split(",")
        body = read_json(await request.body())
        return render(HTTPStatus.OK, await quote(database, organization, body, now(), names))

    return router
