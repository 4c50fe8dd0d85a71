"""GET /api/billing/projects: the caller's projects with their billing summary.

For every valid token but a guest's. Query: `search`, `sort`, `limit`, `offset`. 200 data: `projects` (each with a
summary, or null and why), `total` of those that match, decimal `totals` per currency, and how many are `unpriced`.
"""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.function import Access, Call, Function, Response
from common.models import ListParameters
from common.project_list import fetch_projects, select

ROUTE = "/api/billing/projects"


async def answer(call: Call[ListParameters]) -> Response:
    found = await fetch_projects(call.caller, call.billing, call.ownership, call.question)
    page = select(found, call.caller.organization, call.parameters)
    return Response(page.to_json(), page)


app = Function("projects", ROUTE, Access.MEMBER, answer, ListParameters)


@functions_framework.aio.http
async def projects(request: Request) -> Any:
    del request
    return app  # Starlette awaits an ASGI app as the response
