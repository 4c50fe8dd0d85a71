"""The rows that a figure of a project is made of."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.http.server_errors import NotOffered
from functions.explain.models import EXPLAIN, ExplainParameters, Explanation
from functions.explain.table import explanation_table


async def explain_figure(call: Call[ExplainParameters, None]) -> Result[Explanation]:
    """The rows that a figure of a project is made of.

    200 data: `rows` (by SKU, workload and price, with exact amounts), `exact` (their sum), `rounding`, and `value`, the
    figure as the overview shows it: `exact` plus `rounding`. At most 1000 rows; `rest` is the sum of the others.
    """
    result = await call.billing.fetch(EXPLAIN, call.namespace, call.upstream, call.parameters.upstream_query)
    if call.parameters.period not in {None, result.value.period}:
        raise NotOffered("period")
    return result


app = Function(
    "explain",
    port=8093,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/project/{namespace}/explain",
            access=Access.NAMESPACE,
            handle=explain_figure,
            data=Explanation,
            parameters=ExplainParameters,
            table=explanation_table,
        )
    ],
)


@functions_framework.aio.http
async def explain(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
