"""The cost of projects as it changes, over a WebSocket."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Socket
from common.function import Function
from functions.live.hub import Live
from functions.live.models import Budgets, CompleteThrough, Cost, Failure, Heartbeat, Resync, Subscribe, Subscribed

app = Function(
    "live",
    port=8102,
    sockets=[
        Socket(
            route="/api/billing/live",
            protocol="v1.live.billing.kube-dc.com",
            service=Live,
            message=Subscribe,
            sent=(Subscribed, Cost, Budgets, CompleteThrough, Resync, Failure, Heartbeat),
        )
    ],
)


@functions_framework.aio.http
async def live(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
