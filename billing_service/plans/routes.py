"""The route of the plan."""

import hashlib
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from billing_service.database import Database
from billing_service.figures.routes import Clock
from billing_service.figures.tag import matches
from billing_service.parameters import InPath, OptionalNames, only
from billing_service.plans.plan import plan
from billing_service.render import render_text, text


def plans(database: Database, now: Clock) -> APIRouter:
    router = APIRouter()

    @router.get("/api/organization/{organization}/plan", dependencies=[Depends(only("namespaces"))])
    async def get_plan(request: Request, organization: InPath, namespaces: OptionalNames = None) -> Response:
        """The tag is of the text: the quotas of the platform and the catalogue change without the data version."""
        names = None if namespaces is None else namespaces.split(",")
        content = text(await plan(database, organization, now(), names))
        tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
        if matches(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, "Cache-Control": "no-store"})
        return render_text(HTTPStatus.OK, content, {"ETag": tag})

    return router
