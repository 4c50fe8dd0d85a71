"""GET /api/billing/project/{namespace}/overview: what one project costs.

For callers with access to the namespace. 200 data: `namespace`, `billing_summary` (month to date, last 24 hours, run
rate), `compute_instances`, `cost_breakdown`; amounts in the summary's currency.
"""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.function import Access, Call, Function, Response
from common.models import NoParameters

ROUTE = "/api/billing/project/{namespace}/overview"


async def answer(call: Call[NoParameters]) -> Response:
    namespace = call.checked_namespace
    found = await call.billing.fetch_overview(namespace.organization, namespace.name, call.question)
    return Response(found.to_json(), found)


app = Function("overview", ROUTE, Access.NAMESPACE, answer, NoParameters)


@functions_framework.aio.http
async def overview(request: Request) -> Any:
    del request
    return app  # Starlette awaits an ASGI app as the response
