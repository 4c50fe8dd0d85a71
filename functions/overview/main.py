"""One project's billing overview."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.billing.summary import require_month
from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.model import PeriodParameters
from functions.overview.models import OVERVIEW, Overview


async def get_overview(call: Call[PeriodParameters, None]) -> Result[Overview]:
    """The cost of one project.

    200 data: `namespace`, `billing_summary` (month, last 24 hours, run rate), `compute_instances`, `cost_breakdown` and
    `adjustments`. Amounts are in the currency of the summary.
    """
    result = await call.billing.fetch(OVERVIEW, call.namespace, call.upstream, call.parameters.upstream_query)
    require_month(result.value.billing_summary, call.parameters.period)
    return result


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
            parameters=PeriodParameters,
        )
    ],
)


@functions_framework.aio.http
async def overview(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
