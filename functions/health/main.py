"""Status of the functions and of the billing service."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.model import Parameters
from functions.health.models import Health


async def get_health(call: Call[Parameters, None]) -> Result[Health]:
    """Whether this function and the billing service work.

    For every valid token. 200 data: `status` of this function and of the `billing_service` (asked at most every 5 s);
    503 when the billing service cannot be reached. No address, no version.
    """
    as_of = await call.billing.fetch_health(call.upstream)
    return Result(Health(status="healthy", billing_service="healthy"), as_of)


app = Function(
    "health",
    port=8090,
    endpoints=[
        Endpoint(
            method="GET", route="/api/billing/health", access=Access.TOKEN, handle=get_health, data=Health, head=True
        )
    ],
)


@functions_framework.aio.http
async def health(request: Request) -> Any:
    del request
    return app  # Starlette awaits an ASGI app as the response
