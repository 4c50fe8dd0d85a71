"""A change is sent once, or again only with the client's Idempotency-Key; it is finished though the client left."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
import pytest

from common.endpoint import Access, Call, Endpoint
from common.http.response import Result
from common.model import BodyModel
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log
from tests.kit.raw_server import CLOSE, serving
from tests.kit.things import Thing, admin, endpoint, function, head, on_network, send, served, wait_until
from tests.unit.billing.test_resources import OF_ORGANIZATION, OWN, changing, fetching

BODY = json.dumps(OWN).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
CREATED = REPLY.replace(b"200 OK", b"201 Created")
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
KEY = [("idempotency-key", "k-1")]
IF_MATCH = [("if-match", '"1"')]
AT_ONCE = {"billing_backoff_min_seconds": 0, "billing_backoff_max_seconds": 0}


def things(method: Any = "POST", **changes: Any) -> Endpoint[Any, Any]:
    return endpoint(method, access=Access.ORGANIZATION, handle=changing(method, OF_ORGANIZATION), **changes)


FAILURES = {
    "reset": [[CLOSE], [REPLY]],
    "503": [[UNAVAILABLE], [REPLY]],
    "reset and 503": [[CLOSE], [UNAVAILABLE], [CREATED]],
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_change_is_repeated_only_with_an_idempotency_key(method: str, failure: str) -> None:
    """The billing service may have made it already; with the key it recognizes the second one."""
    for headers, requests, status in ((KEY, len(FAILURES[failure]), 200), ([], 1, 503)):
        async with serving(*FAILURES[failure]) as server:
            app = on_network(things(method), billing_api_url=server.url, **AT_ONCE)
            response = await send(app, method, headers=[*IF_MATCH, *headers])
            await app.billing.close()
            assert response.status_code == status
            assert len(server.heads) == requests
            for sent, body in zip(server.heads, server.bodies, strict=True):
                assert sent.startswith(f"{method} /api/organization/acme/things HTTP/1.1".encode())
                assert (b"\r\nidempotency-key: k-1\r\n" in sent) is (headers is KEY)
                assert b'\r\nif-match: "1"\r\n' in sent
                assert b"\r\ncontent-type: application/json\r\n" in sent
                assert body == b"{}"


async def test_a_change_to_a_port_that_refuses_is_repeated_only_with_a_key() -> None:
    """Also here, where nothing can have been sent: one rule for all failures."""
    attempts = 0

    def refuse(request: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        raise httpx.ConnectError("refused", request=request)

    for headers, expected in ((KEY, 3), ([], 1)):
        attempts = 0
        assert_error_envelope(await send(function(things(), billing=refuse, **AT_ONCE), "POST", headers=headers), 503)
        assert attempts == expected


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_change_may_be_created_or_accepted(status: int) -> None:
    """And its reply proves its owner like any other."""
    app = function(things(), billing=lambda _: httpx.Response(status, json=OWN))
    assert_success_envelope(await send(app, "POST"))
    app = function(things(), billing=lambda _: httpx.Response(status, json={"name": "x"}))
    assert_error_envelope(await send(app, "POST"), 503)


# --- clients that leave -------------------------------------------------------


class Upstream:
    """Sends its reply when a test allows it, and counts clients that closed the connection before that."""

    def __init__(self) -> None:
        self.requests = 0
        self.replied = 0
        self.left = 0
        self.may_reply = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        waiting = [asyncio.ensure_future(self.may_reply.wait()), asyncio.ensure_future(reader.read(4096))]
        try:
            if waiting[0] in (await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))[0]:
                writer.write(REPLY)
                await writer.drain()
                self.replied += 1
            elif not waiting[1].result():
                self.left += 1
        except ConnectionError:
            self.left += 1
        finally:
            for task in waiting:
                task.cancel()
            writer.close()


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    found = Upstream()
    listener = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        listener.close()


class Named(BodyModel):
    name: str


async def post_without_body(call: Call[Any, Any]) -> Result[Thing]:
    """A change."""
    return await call.billing.send("POST", OF_ORGANIZATION, call.organization, call.upstream)


async def leave(port: int, request: bytes, until: Callable[[], Any]) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await wait_until(until)
    writer.transport.abort()


async def test_a_change_that_was_sent_is_finished_though_the_client_left() -> None:
    """The exchange with the billing service ends as if the client were there; the log line has its status."""
    async with upstream() as server:
        app = on_network(
            endpoint("POST", access=Access.ORGANIZATION, handle=post_without_body, body=Named, status=201),
            billing_api_url=server.url,
        )
        with captured_log() as lines:
            async with served(app) as port:
                request = head("POST", "/api/billing/things", "Content-Type: application/json", "Content-Length: 12")
                await leave(port, request + b'{"name":"n"}', lambda: server.requests)
                await asyncio.sleep(0.1)
                assert (server.left, server.replied) == (0, 0)
                server.may_reply.set()
                await wait_until(lines.requests)
        assert (server.requests, server.replied, server.left) == (1, 1, 0)
        (line,) = lines.requests()
        assert (line["status"], line["level"]) == (201, "INFO")


async def test_a_get_is_cancelled_when_the_client_leaves() -> None:
    """Nobody waits for it: the call of the billing service ends within a second."""
    async with upstream() as server:
        app = on_network(
            endpoint(access=Access.ORGANIZATION, handle=fetching(OF_ORGANIZATION)), billing_api_url=server.url
        )
        with captured_log() as lines:
            async with served(app) as port:
                await leave(port, head("GET"), lambda: server.requests)
                await wait_until(lambda: server.left, 1)
                await wait_until(lines.requests)
        (line,) = lines.requests()
        assert (line["status"], line["level"]) == (499, "INFO")


async def test_a_body_is_complete_before_anything_watches_for_a_disconnect() -> None:
    """In pieces with pauses, and the client stays: nothing of it is lost to a watcher."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"na', b'me":', b'"n"}'):
            yield piece
            await asyncio.sleep(0.05)

    async with serving([CREATED]) as server:
        app = on_network(
            endpoint("POST", access=Access.ORGANIZATION, handle=post_without_body, body=Named, status=201),
            billing_api_url=server.url,
        )
        async with served(app) as port, httpx.AsyncClient(trust_env=False) as client:
            url, headers = f"http://127.0.0.1:{port}/api/billing/things", {"content-type": "application/json"}
            response = await client.post(url, content=pieces(), headers=headers | {"authorization": admin()})
        assert_success_envelope(response, 201)


async def test_a_change_ends_at_the_requests_time() -> None:
    """A billing service that never responds does not hold it longer."""
    async with upstream() as server:
        app = on_network(things(), billing_api_url=server.url, request_timeout_seconds=0.3)
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert_error_envelope(await send(app, "POST"), 503)
        assert loop.time() - started < 0.6
        await app.billing.close()
