"""Callers of health share one check, and each keeps its own deadline."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from common.billing.client import BillingClient
from common.billing.upstream_request import UpstreamRequest
from common.http.server_errors import BillingUnreachable
from tests.kit.in_process import settings

HEALTHY = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"status":"ok"}'


class Slow:
    """Replies after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.requests += 1
            await asyncio.wait({asyncio.ensure_future(reader.read())}, timeout=self.seconds)
            writer.write(HEALTHY)
        finally:
            writer.close()


@asynccontextmanager
async def client_of(slow: Slow, **changes: Any) -> AsyncIterator[BillingClient]:
    listener = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    client = BillingClient(settings(billing_api_url=url, **changes))
    try:
        yield client
    finally:
        await client.close()
        listener.close()


def request(seconds: float) -> UpstreamRequest:
    return UpstreamRequest(time.monotonic() + seconds)


async def test_a_caller_with_little_time_takes_none_from_the_others() -> None:
    """It gets its 503 at its deadline; the check continues for those that wait longer, and is still one request."""
    slow = Slow(0.6)
    async with client_of(slow) as client:
        started = time.monotonic()
        first = asyncio.create_task(client.fetch_health(request(0.2)))
        await asyncio.sleep(0)
        second = asyncio.create_task(client.fetch_health(request(5)))
        with pytest.raises(BillingUnreachable) as raised:
            await first
        assert (raised.value.reason, time.monotonic() - started < 0.5) == ("timeout", True)
        assert await second
        assert slow.requests == 1


async def test_a_caller_that_joins_late_waits_no_longer_than_its_deadline() -> None:
    """Whoever began the check has more time."""
    slow = Slow(1)
    async with client_of(slow) as client:
        first = asyncio.create_task(client.fetch_health(request(5)))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(BillingUnreachable):
            await client.fetch_health(request(0.2))
        assert time.monotonic() - started < 0.5
        assert await first
        assert slow.requests == 1


async def test_a_caller_that_leaves_takes_the_check_from_nobody() -> None:
    """Its client disconnected."""
    slow = Slow(0.5)
    async with client_of(slow) as client:
        first = asyncio.create_task(client.fetch_health(request(5)))
        await asyncio.sleep(0)
        second = asyncio.create_task(client.fetch_health(request(5)))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await second
        assert slow.requests == 1


async def test_a_check_that_hangs_is_a_failure_for_all_and_is_kept() -> None:
    """All get 503 when its attempt ends, and the next caller gets it without a call."""
    slow = Slow(30)
    async with client_of(slow, billing_attempt_timeout_seconds=0.3) as client:
        results = await asyncio.gather(*(client.fetch_health(request(5)) for _ in range(50)), return_exceptions=True)
        assert {type(result) for result in results} == {BillingUnreachable}
        with pytest.raises(BillingUnreachable):
            await client.fetch_health(request(5))
        assert slow.requests == 1
