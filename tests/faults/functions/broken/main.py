"""A function with bugs: the namespace it is asked for names what goes wrong. It takes the way of every function."""

import asyncio
import sys
import time
from typing import Any, Final

import functions_framework.aio
from starlette.requests import Request

from common.function import Access, Call, Function, Response
from common.models import NoParameters

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


async def answer(call: Call[NoParameters]) -> Response:
    name = call.checked_namespace.name
    if name == "block":
        time.sleep(1)  # noqa: ASYNC251 - the event loop is to be blocked
    if name == "exit":
        sys.exit(SECRET)
    raise RAISED.get(name, KeyError(SECRET))


app = Function("overview", ROUTE, Access.NAMESPACE, answer, NoParameters)


@functions_framework.aio.http
async def overview(request: Request) -> Any:
    del request
    return app
