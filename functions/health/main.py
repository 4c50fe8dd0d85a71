"""GET /api/billing/health: whether this function and the billing service work.

For every valid token. 200 data: `status` of this function and of the `billing_service` (asked at most every 5 s);
503 when the billing service cannot be reached. No address, no version.
"""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.billing.client import Answer
from common.function import Access, Call, Function, Response
from common.models import Health, NoParameters

ROUTE = "/api/billing/health"


async def answer(call: Call[NoParameters]) -> Response:
    as_of = await call.billing.fetch_health(call.question)
    found = Answer(Health(status="healthy", billing_service="healthy"), as_of)
    return Response(found.to_json(), found)


app = Function("health", ROUTE, Access.TOKEN, answer, NoParameters)


@functions_framework.aio.http
async def health(request: Request) -> Any:
    del request
    return app  # Starlette awaits an ASGI app as the response
