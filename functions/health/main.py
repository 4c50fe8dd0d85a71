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
    """Health of this function and of the billing service.

    200 data: the `status` of this function and of the `billing_service`. The billing service is checked at most every
    5 s. The status is 503 if the billing service cannot be reached. Addresses and versions are not shown.
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
    return app  # Starlette calls the returned ASGI app as the response
