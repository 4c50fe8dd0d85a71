"""CPU time of a complete request in this process, with a transport that does not use the network."""

import asyncio
import json
import os
import time
from typing import Any, Final

from common.function import Function
from common.process import log
from tests.benchmarks.stand import Stand
from tests.kit.in_process import make

ROUNDS: Final = 7
REQUESTS: Final = 400


def make_function(stand: Stand, **settings: Any) -> Function:
    """The overview function as it is shipped, around doubles without a network; its log lines go nowhere."""
    function = make(
        "overview",
        stand.identity,
        stand.service,
        keycloak_url=stand.identity.url,
        oidc_audience="billing",
        log_level="INFO",
        **settings,
    )
    log._handler.start_writer()
    assert log._handler.writer
    log._handler.writer.descriptor = os.open(os.devnull, os.O_WRONLY)
    return function


async def ask(function: Function, path: str, token: str) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return await asyncio.get_running_loop().create_future()

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"billing"), (b"authorization", b"Bearer " + token.encode())],
    }
    await function(scope, receive, send)
    assert sent[0]["status"] == 200, json.loads(sent[1]["body"])


def measure(projects: int = 10, **settings: Any) -> float:
    """Microseconds of CPU for one request: the best of several rounds, because other processes affect it least."""
    stand = Stand(projects)
    function = make_function(stand, **settings)

    async def rounds() -> float:
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            for n in range(REQUESTS):
                await ask(function, stand.path(n=n % 10), stand.tokens[n % len(stand.tokens)])
            best = min(best, time.process_time() - started)
        return best / REQUESTS * 1e6

    try:
        return asyncio.run(rounds())
    finally:
        stand.close()
