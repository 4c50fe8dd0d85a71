"""The caller's projects with their billing summary."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import LONG_LIST, Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from functions.projects.listing import fetch_projects, select
from functions.projects.models import ListParameters, ProjectList
from functions.projects.table import project_table


async def list_projects(call: Call[ListParameters, None]) -> Result[ProjectList]:
    """The caller's projects with their billing summary.

    200 data: `projects` (each with its summary, or with null and the reason), the number of matching projects
    (`total`), their decimal sums per currency (`totals`), and the number of projects without a figure (`unpriced`).
    """
    return select(await fetch_projects(call), call.organization, call.parameters)


app = Function(
    "projects",
    port=8092,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/projects",
            access=Access.ORGANIZATION,
            handle=list_projects,
            data=ProjectList,
            parameters=ListParameters,
            capacity=LONG_LIST,
            table=project_table,
        )
    ],
)


@functions_framework.aio.http
async def projects(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
