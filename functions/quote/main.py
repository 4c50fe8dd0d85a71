"""What planned resources would cost, and whether they fit the quota."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.envelope import to_json
from common.http.response import Result
from common.model import Parameters
from functions.quote.models import QUOTE, Quote, QuoteBody


async def post_quote(call: Call[Parameters, QuoteBody]) -> Result[Quote]:
    """What planned resources would cost, and whether they fit the quota.

    The body has `resources`: up to 100 planned resources, or manifests of Kubernetes (Deployment, ReplicaSet,
    StatefulSet, Pod, PersistentVolumeClaim, VirtualMachine). Nothing is stored, so a request can be sent again.

    200 data: the cost per hour and per month by component (`components`, `total`) at the prices of now, the exact
    `lines` with these prices, and what has no price (`price_missing`). For an org-admin of an organization on a plan
    also the `quota` that is left afterwards, and the cheapest upgrade if it does not fit.
    """
    body = to_json(call.body.model_dump(by_alias=True, exclude_unset=True))
    return await call.billing.send("POST", QUOTE, call.organization, call.upstream, body=body, safe=True)


app = Function(
    "quote",
    port=8098,
    endpoints=[
        Endpoint(
            method="POST",
            route="/api/billing/quote",
            access=Access.ORGANIZATION,
            handle=post_quote,
            data=Quote,
            body=QuoteBody,
            safe=True,
        )
    ],
)


@functions_framework.aio.http
async def quote(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
