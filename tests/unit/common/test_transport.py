"""The HTTP client over real sockets: where a response ends, which connections are kept, what a request looks like."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpcore2
import httpx2 as httpx
import pytest

from common.billing import connections, transport
from common.billing.transport import HttpClient, Timeouts, TransportFailure, UpstreamResponse
from tests.kit.raw_server import CLOSE, OK, PAUSE, RESET, Script, serving

LIMIT = 400_000
OTHER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"


def make_client(*, reuse: bool = True, max_connections: int = 4, **seconds: float) -> HttpClient:
    timeouts = Timeouts(**{"connect": 1, "read": 0.2, "pool": 0.1, "total": 2, **seconds})
    return HttpClient(timeouts, LIMIT, max_connections=max_connections, reuse=reuse)


async def fails(request: Awaitable[UpstreamResponse]) -> tuple[str, bool]:
    with pytest.raises(TransportFailure) as caught:
        await request
    return caught.value.reason, caught.value.retriable


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - of a server that has no event for it
            await asyncio.sleep(0.005)


# --- where a response ends ----------------------------------------------------

COMPLETE: dict[str, tuple[Script, bytes, bool]] = {  # script, body, whether the connection is kept
    "length": ((OK,), b"ok", True),
    "length, byte by byte": ([OK[n : n + 1] for n in range(len(OK))], b"ok", True),
    "length, in two pieces within the blank line": ((OK[:-3], PAUSE, OK[-3:]), b"ok", True),
    "length, head and body apart": ((OK[:-2], PAUSE, OK[-2:]), b"ok", True),
    "a body that looks like a response": ((b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n" + OK,), OK, True),
    "a large body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + b"x" * 300_000,), b"x" * 300_000, True),
    "no body": ((b"HTTP/1.1 204 No Content\r\n\r\n",), b"", True),
    "chunks": (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", PAUSE, b"1\r\nk\r\n0\r\n\r\n"),
        b"ok",
        False,
    ),
    "trailers": (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n",),
        b"ok",
        False,
    ),
    "chunks and a length that is wrong": (
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
        b"ok",
        False,
    ),
    "until the end of the connection": ((b"HTTP/1.1 200 OK\r\n\r\no", PAUSE, b"k", CLOSE), b"ok", False),
    "HTTP/1.0": ((b"HTTP/1.0 200 OK\r\n\r\nok", CLOSE), b"ok", False),
    "after an interim response": ((b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", PAUSE, OK), b"ok", False),
    "after two interim responses at once": ((b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK,), b"ok", False),
}


@pytest.mark.parametrize("case", COMPLETE)
async def test_a_complete_response(case: str) -> None:
    """The body is exact, and a connection is kept only where the response's own length ends it."""
    script, body, kept = COMPLETE[case]
    async with serving(script) as server:
        client = make_client()
        response = await client.get(server.url)
        assert (response.status, response.body) == (204 if case == "no body" else 200, body)
        assert "link" not in response.headers
        assert "x-late" not in response.headers
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == (1 if kept else 2)
        await client.close()


BROKEN: dict[str, tuple[Script, str, bool]] = {
    "nothing": ((CLOSE,), "reset", True),
    "a reset": ((RESET,), "reset", True),
    "a reset within the head": ((b"HTTP/1.1 200 O", PAUSE, RESET), "protocol", False),
    "a reset within the body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", PAUSE, RESET), "truncated", False),
    "a reset in place of the end": ((b"HTTP/1.1 200 OK\r\n\r\nok", PAUSE, RESET), "truncated", False),
    "a part of a head": ((b"HTTP/1.1 200 O", CLOSE), "protocol", False),
    "another protocol": ((b"SSH-2.0-OpenSSH_9.2\r\n\r\n",), "protocol", False),
    "a length that is short": ((b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", CLOSE), "truncated", False),
    "two lengths": ((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",), "protocol", False),
    "a negative length": ((b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",), "protocol", False),
    "another transfer coding": (
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
        "protocol",
        False,
    ),
    "a broken chunk": ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",), "truncated", False),
    "a chunk that is short": (
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok", CLOSE),
        "truncated",
        False,
    ),
    "another protocol by upgrade": (
        (b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nxx",),
        "protocol",
        False,
    ),
    "headers without end": ((b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 30_000,), "protocol", False),
    "an interim response and no more": ((b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE), "protocol", False),
    "silence": ((PAUSE,), "timeout", False),
    "silence within the head": ((b"HTTP/1.1 200 OK\r\n",), "timeout", False),
    "silence within the body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",), "slow", False),
    "too much": ((b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1),), "too_large", False),
    "too much, announced": (
        (b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n" + b"x" * (LIMIT + 1),),
        "too_large",
        False,
    ),
    "a content coding": (
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok",),
        "content_type",
        False,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_an_incomplete_response_ends_its_connection(case: str) -> None:
    """The next request gets its own response, on another connection."""
    script, reason, retriable = BROKEN[case]
    async with serving(script) as server:
        client = make_client()
        assert await fails(client.get(server.url)) == (reason, retriable)
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 2
        await until(lambda: server.open == 1)
        await client.close()


async def test_a_response_that_never_ends_is_not_buffered() -> None:
    """The socket is read no faster than the response: what waits in memory stays below two reads of the socket."""
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as listener:
        connection = await connections.Connector().connect_tcp("127.0.0.1", listener.sockets[0].getsockname()[1], 1)
        await connection.write(b"GET / HTTP/1.1\r\n\r\n")
        await connection.read(1)
        await asyncio.sleep(0.3)
        assert sent > connections.MAX_UNREAD_BYTES
        assert len(connection._unread) <= connections.MAX_UNREAD_BYTES * 2
        before = sent
        for _ in range(200):
            assert await connection.read(65_536, 1)
        assert sent > before
        await connection.aclose()


async def test_headers_that_come_twice_are_joined() -> None:
    """As RFC 9110 section 5.3 reads them; names are case-insensitive."""
    async with serving((b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\ncontent-length: 0\r\n\r\n",)) as server:
        assert (await make_client().get(server.url)).headers["vary"] == "a, b"


# --- connections that are kept ------------------------------------------------


async def test_a_connection_carries_one_request_after_the_other() -> None:
    """With `reuse`, a request has no `connection` header and the head below, byte for byte."""
    async with serving() as server:
        client = make_client()
        for _ in range(5):
            assert (await client.get(server.url + "/x?a=%2F", headers={"a": "b"})).body == b"ok"
        assert server.connections == 1
        host = server.url.removeprefix("http://").encode()
        assert server.heads[0] == (
            b"GET /x?a=%2F HTTP/1.1\r\nHost: " + host + b"\r\n"
            b"accept: application/json\r\naccept-encoding: identity\r\na: b\r\n\r\n"
        )
        await client.close()
        await until(lambda: server.open == 0)


async def test_without_reuse_each_request_has_a_connection_and_says_so() -> None:
    """Each request has `connection: close`, and no connection stays open."""
    async with serving() as server:
        client = make_client(reuse=False)
        for _ in range(3):
            assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 3
        assert all(b"\r\nconnection: close\r\n" in head for head in server.heads)
        await until(lambda: server.open == 0)


FULL_READ = b"HTTP/1.1 200 OK\r\ncontent-length: 65490\r\n\r\n"  # with its body: one read of httpcore
LEFT_OVER: dict[str, Script] = {
    "a second response at once": (OK + OTHER,),
    "the same response twice": (OK + OK,),
    "a second response a moment later": (OK, PAUSE, OTHER),
    "a second response in pieces": (OK + OTHER[:10], PAUSE, OTHER[10:]),
    "a second response after a full read": (FULL_READ + b"x" * (65_536 - len(FULL_READ)) + OTHER,),
    "a second response after chunks": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + OTHER,
    ),
    "a second response after no body": (b"HTTP/1.1 204 No Content\r\n\r\n" + OTHER,),
    "a body where there is none": (b"HTTP/1.1 204 No Content\r\ncontent-length: 49\r\n\r\n" + OTHER,),
    "a second response after an interim one": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + OTHER,),
    "a head with other line ends": (b"HTTP/1.1 200 OK\ncontent-length: 43\n\n" + b"x" * 39 + b"\r\n\r\n" + OTHER,),
    "more than its length": (OK + b"more",),
    "more than its length, later": (OK, PAUSE, b"more"),
    "a line break": (OK, PAUSE, b"\r\n"),
    "connection: close, and more": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok" + OTHER,),
    "connection: close, without closing": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",),
    "the end of the connection": (OK, CLOSE),
}


@pytest.mark.parametrize("case", LEFT_OVER)
async def test_surplus_bytes_are_never_the_next_response(case: str) -> None:
    """Whatever follows a response ends its connection: two responses to one request are never two results."""
    async with serving(LEFT_OVER[case]) as server:
        client = make_client()
        await client.get(server.url)
        await asyncio.sleep(0.1)
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 2
        await client.close()


AT_ONCE = [case for case, script in LEFT_OVER.items() if len(script) == 1]  # later bytes may meet the next request


@pytest.mark.parametrize("case", AT_ONCE)
async def test_surplus_bytes_are_not_read_by_a_request_that_follows_at_once(case: str) -> None:
    """The same without a pause between the two requests."""
    async with serving(LEFT_OVER[case]) as server:
        client = make_client()
        await client.get(server.url)
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 2
        await client.close()


async def test_bytes_before_a_request_are_not_its_response() -> None:
    """They end the connection before a request is written."""
    async with serving(before_request=OTHER) as server:
        connection = await connections.Connector().connect_tcp("127.0.0.1", server.port, 1)
        await until(lambda: server.open == 0)
        with pytest.raises(httpcore2.WriteError):
            await connection.write(b"GET / HTTP/1.1\r\n\r\n")
        assert server.heads == []


async def test_an_idle_connection_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patched to 50 ms: a test does not wait for seconds."""
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.05)
    async with serving() as server:
        client = make_client()
        await client.get(server.url)
        await asyncio.sleep(0.06)
        await client.get(server.url)
        assert server.connections == 2
        await until(lambda: server.open == 1)
        await client.close()


async def test_a_connection_has_an_age_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is used."""
    monkeypatch.setattr(connections, "MAX_AGE_SECONDS", 0.05)
    async with serving() as server:
        client = make_client()
        for _ in range(4):
            await client.get(server.url)
            await asyncio.sleep(0.02)
        assert server.connections == 2
        await client.close()


async def test_retired_connections_are_not_used_again() -> None:
    """Idle ones are closed at once. A request in flight finishes, and its connection is closed then."""
    async with serving((OK,), (PAUSE, PAUSE, PAUSE, OK)) as server:
        client = make_client()
        await client.get(server.url)
        slow = asyncio.create_task(client.get(server.url))
        await until(lambda: len(server.heads) == 2)
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 2
        client.retire_connections()
        await until(lambda: server.open == 1)
        assert (await slow).body == b"ok"
        await until(lambda: server.open == 0)
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 3
        await client.close()


async def test_a_cancelled_request_leaves_no_connection_behind() -> None:
    """Its response would be the next request's."""
    async with serving((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", PAUSE, PAUSE, b"no")) as server:
        client = make_client(max_connections=1)
        task = asyncio.create_task(client.get(server.url))
        await until(lambda: bool(server.heads))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 2
        await client.close()


async def test_cancelled_requests_return_their_slots() -> None:
    """Wherever the cancellation meets them: waiting for a slot, connecting, waiting for the response, reading it."""
    async with serving(*[(PAUSE, OK[:-2], PAUSE, OK[-2:])] * 400) as server:
        client = make_client(max_connections=3, pool=2, read=2, total=5)
        for pause in range(40):
            tasks = [asyncio.create_task(client.get(server.url)) for _ in range(8)]
            await asyncio.sleep(pause * 0.002)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        responses = await asyncio.gather(*(client.get(server.url) for _ in range(3)))
        assert [response.body for response in responses] == [b"ok"] * 3
        await client.close()
        await until(lambda: server.open == 0)


async def test_no_more_connections_than_allowed() -> None:
    """A request that gets no connection in `pool` seconds fails, and the limit holds."""
    async with serving((PAUSE, PAUSE, PAUSE, PAUSE, PAUSE, OK)) as server:
        client = make_client(max_connections=1, pool=0.05)
        first = asyncio.create_task(client.get(server.url))
        await until(lambda: bool(server.heads))
        assert await fails(client.get(server.url)) == ("pool", False)
        assert (await first).body == b"ok"
        assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 1
        await client.close()


@pytest.mark.parametrize("reuse", [True, False])
async def test_many_requests_at_once_share_the_connections(*, reuse: bool) -> None:
    """200 requests over 8 connections, each with its response."""
    async with serving() as server:
        client = make_client(max_connections=8, pool=2, reuse=reuse)
        responses = await asyncio.gather(*(client.get(server.url) for _ in range(200)))
        assert {response.body for response in responses} == {b"ok"}
        assert server.connections <= 8 if reuse else server.connections == 200
        await client.close()


# --- requests -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("size", [0, 2, 70_000])
async def test_methods_and_bodies(method: str, size: int) -> None:
    """The body arrives exactly, with its length, and its connection is kept."""
    async with serving() as server:
        client = make_client()
        for _ in range(2):
            response = await client.request(
                method, server.url + "/x", headers={"content-type": "application/json"}, body=b"x" * size
            )
            assert response.body == b"ok"
        assert server.connections == 1
        assert server.heads[0].startswith(method.encode() + b" /x HTTP/1.1\r\n")
        assert b"\r\ncontent-type: application/json\r\n" in server.heads[0]
        assert server.bodies == [b"x" * size] * 2
        assert b"transfer-encoding" not in server.heads[0].lower()
        await client.close()


async def test_a_response_before_the_body_was_read() -> None:
    """413 from a server that closes without reading the body is a response; its connection is not kept."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno"
    client_closed = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await writer.drain()
        writer.transport.pause_reading()
        await client_closed.wait()
        writer.transport.abort()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listener:
        client = make_client()
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        response = await client.request("POST", url, body=b"x" * 30_000_000)
        assert (response.status, response.body) == (413, b"no")
        client_closed.set()
        await client.close()
        await asyncio.sleep(0.05)


async def test_a_post_that_got_no_response_is_reported_as_such() -> None:
    """`retriable` is true because no byte was received. The client does not resend the request."""
    async with serving((CLOSE,)) as server:
        client = make_client()
        assert await fails(client.request("POST", server.url, body=b"{}")) == ("reset", True)
        assert len(server.heads) == 1
        await client.close()


async def test_a_kept_connection_that_the_server_closed_meanwhile_is_not_retried() -> None:
    """The server closes while the request is on its way: a failed attempt like any other."""
    async with serving((OK,), (CLOSE,)) as server:
        client = make_client()
        await client.get(server.url)
        assert await fails(client.get(server.url)) == ("reset", True)
        assert len(server.heads) == 2
        await client.close()


async def test_a_redirect_is_a_response() -> None:
    """Its target gets no request."""
    async with serving() as target:
        moved = f"HTTP/1.1 302 Found\r\nlocation: {target.url}/\r\ncontent-length: 0\r\n\r\n".encode()
        async with serving((moved,)) as server:
            assert (await make_client().get(server.url)).status == 302
        assert target.connections == 0


async def test_cookies_are_not_kept() -> None:
    """A session of one caller is never another's."""
    async with serving((b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 2\r\n\r\nok",)) as server:
        client = make_client()
        for _ in range(2):
            await client.get(server.url)
        assert not any(b"cookie" in head.lower() for head in server.heads)
        await client.close()


async def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go directly to the service, also if the environment has proxy variables."""
    async with serving() as proxy, serving() as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        assert (await make_client().get(server.url)).body == b"ok"
        assert (server.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://example.com/\r\nx: y", "//example.com/", ""])
async def test_not_a_url(url: str) -> None:
    """Nothing is connected."""
    assert await fails(make_client().get(url)) == ("protocol", False)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\n", "\x00", "ü"])
async def test_a_header_cannot_end_its_line(value: str) -> None:
    """A value that is not printable ASCII reaches no server."""
    async with serving() as server:
        client = make_client()
        assert await fails(client.get(server.url, headers={"x-request-id": value})) == ("protocol", False)
        assert server.heads == []
        assert (await client.get(server.url)).body == b"ok"
        await client.close()


async def test_drops_count_against_the_total_limit() -> None:
    """A byte every 50 ms never meets the read limit; the total limit ends the request."""
    async with serving((b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", *[PAUSE, b"x"] * 90)) as server:
        assert await fails(make_client(total=0.3).get(server.url)) == ("slow", False)
        await until(lambda: server.open == 0)


async def test_the_deadline_of_the_caller_comes_first() -> None:
    """`within` shortens the total limit."""
    async with serving((PAUSE,)) as server:
        client = make_client(read=5, total=5)
        async with asyncio.timeout(1):
            assert await fails(client.get(server.url, within=0.1)) == ("slow", False)
        await client.close()


# --- another transport of httpx ------------------------------------------------

FAILURES: dict[type[httpx.TransportError], tuple[str, bool]] = {
    httpx.PoolTimeout: ("pool", False),
    httpx.ConnectTimeout: ("timeout", True),
    httpx.ReadTimeout: ("timeout", False),
    httpx.WriteTimeout: ("timeout", False),
    httpx.ConnectError: ("refused", True),
    httpx.ReadError: ("reset", True),
    httpx.RemoteProtocolError: ("protocol", False),
    httpx.UnsupportedProtocol: ("protocol", False),
}


@pytest.mark.parametrize("raised", FAILURES)
async def test_any_transport_of_httpx_can_replace_the_network(raised: type[httpx.TransportError]) -> None:
    """Its failures get the same reasons."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise raised("x", request=request)

    seconds = Timeouts(connect=1, read=1, pool=1, total=1)
    client = HttpClient(seconds, LIMIT, transport=httpx.MockTransport(refuse))
    assert await fails(client.get("http://billing/")) == FAILURES[raised]
    await client.close()


async def test_a_transport_in_place_of_the_network_meets_the_same_limits() -> None:
    """Size and content coding."""

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1000

    seconds = Timeouts(connect=1, read=1, pool=1, total=1)
    endless = HttpClient(seconds, LIMIT, transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless())))
    assert await fails(endless.get("http://billing/")) == ("too_large", False)
    coded = {"content-encoding": "br"}
    client = HttpClient(
        seconds, LIMIT, transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=coded, stream=Endless()))
    )
    assert await fails(client.get("http://billing/")) == ("content_type", False)
