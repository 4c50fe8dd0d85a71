"""A function with bugs. The namespace in the request selects the bug. It has the same steps as every function."""

import asyncio
import sys
import time
from typing import Any, Final

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Response
from common.model import Parameters

ROUTE = "/api/billing/project/{namespace}/broken"
SECRET = "hunter2"  # what an exception may carry; the log must not
RAISED: Final[dict[str, BaseException]] = {
    "value-error": ValueError(SECRET),
    "memory-error": MemoryError(SECRET),
    "recursion-error": RecursionError(SECRET),
    "timeout-error": TimeoutError(SECRET),
    "group": ExceptionGroup(SECRET, [ValueError(SECRET)]),
    "cancelled": asyncio.CancelledError(SECRET),
    "stop-iteration": StopAsyncIteration(SECRET),
}


async def raise_named(call: Call[Parameters, None]) -> Response:
    name = call.namespace.name
    if name == "block":
        time.sleep(1)  # noqa: ASYNC251 - the event loop is to be blocked
    if name == "exit":
        sys.exit(SECRET)
    raise RAISED.get(name, KeyError(SECRET))


app = Function(
    "overview",
    port=8099,
    endpoints=[Endpoint(method="GET", route=ROUTE, access=Access.NAMESPACE, handle=raise_named, data=None)],
)


@functions_framework.aio.http
async def overview(request: Request) -> Any:
    del request
    return app
