"""The plan of an organization, and when its quota runs out."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.model import Parameters
from functions.plan.models import PLAN, Plan


async def get_plan(call: Call[Parameters, None]) -> Result[Plan]:
    """The plan of an organization, and when its quota runs out.

    200 data: `plan` with its `addons` and the `subscription`, the `fees` of the running month, and the `quota` by
    dimension: what is granted and enforced, what is requested and used by project, and the day on which the forecast of
    the requests reaches the limit. A project-user gets the shared limit and the own projects, without prices, fees,
    forecast and what is left.
    """
    return await call.billing.fetch(PLAN, call.organization, call.upstream)


app = Function(
    "plan",
    port=8097,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/organization/plan",
            access=Access.ORGANIZATION,
            handle=get_plan,
            data=Plan,
        )
    ],
)


@functions_framework.aio.http
async def plan(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
