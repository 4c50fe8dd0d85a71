"""One project's billing overview."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.model import Parameters
from functions.overview.models import OVERVIEW, Overview


async def get_overview(call: Call[Parameters, None]) -> Result[Overview]:
    """The cost of one project.

    200 data: `namespace`, `billing_summary` (month to date, last 24 hours, run rate), `compute_instances` and
    `cost_breakdown`. Amounts are in the currency of the summary.
    """
    return await call.billing.fetch(OVERVIEW, call.namespace, call.upstream)


app = Function(
    "overview",
    port=8091,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/project/{namespace}/overview",
            access=Access.NAMESPACE,
            handle=get_overview,
            data=Overview,
        )
    ],
)


@functions_framework.aio.http
async def overview(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
