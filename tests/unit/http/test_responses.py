"""Statuses, headers and streams that an endpoint returns."""

import asyncio
import contextlib
import json
import resource
from collections.abc import AsyncGenerator
from typing import Any

import httpx2 as httpx
import pytest

from common.endpoint import Call
from common.http.response import Response, Result
from common.model import BodyModel
from tests.kit.envelopes import assert_common_headers, assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log
from tests.kit.things import AS_OF, Raw, Thing, admin, endpoint, function, head, send, served, wait_until

CSV = b"text/csv"


async def create(_: Call[Any, Any]) -> Result[Thing]:
    """A thing."""
    return Result(Thing(name="x"), AS_OF, etag='"1"', headers={"Location": "/api/billing/things/1"})


async def test_201_with_location_and_tag() -> None:
    """The envelope as of any success."""
    response = await send(function(endpoint("POST", handle=create, status=201)), "POST")
    assert assert_success_envelope(response, 201)["data"] == {"name": "x"}
    assert response.headers["location"] == "/api/billing/things/1"
    assert response.headers["etag"].startswith('"1.')


async def test_204_has_no_body() -> None:
    """Neither length nor type (RFC 9110 section 8.6), and every other header."""
    app = function(endpoint("DELETE", handle=create, data=None, status=204))
    response = await send(app, "DELETE", headers=[("if-match", '"1"')])
    assert (response.status_code, response.content) == (204, b"")
    assert not {"content-type", "content-length"} & set(response.headers)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize("value", ["a\r\nset-cookie: x=1", "a\nb", "a\x00b", "\xe4", "a\ud800"], ids=repr)
async def test_a_header_that_would_begin_another_one_is_a_bug(value: str) -> None:
    """It is not sent."""

    async def handle(_: Call[Any, Any]) -> Result[Thing]:
        """A thing."""
        return Result(Thing(name="x"), AS_OF, headers={"Location": value})

    with captured_log() as lines:
        response = await send(function(endpoint(handle=handle)), "GET")
    assert_error_envelope(response, 500)
    assert "location" not in response.headers
    assert lines.text.count('"message": "bug"') == 1


async def test_a_response_of_the_endpoint_is_sent_as_it_is() -> None:
    """With the security headers of all."""

    async def handle(_: Call[Any, Any]) -> Response:
        """A file."""
        return Response(200, b"a,b\n", [(b"content-disposition", b'attachment; filename="a.csv"')], CSV)

    response = await send(function(endpoint(handle=handle, data=None, media_type="text/csv", head=True)), "GET")
    assert (response.content, response.headers["content-type"]) == (b"a,b\n", "text/csv")
    assert response.headers["content-length"] == "4"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"] == 'attachment; filename="a.csv"'


@pytest.mark.parametrize(
    "bug", [ValueError, KeyError, SystemExit, asyncio.CancelledError, RecursionError, BaseException]
)
async def test_a_bug_is_500_without_its_text(bug: type[BaseException]) -> None:
    """Whatever is raised; the log has its frames once, and not its text."""

    async def handle(_: Call[Any, Any]) -> Result[Thing]:
        """A thing."""
        raise bug("secret")

    if bug is BaseException:
        with pytest.raises(BaseException, match="secret"):  # KeyboardInterrupt and the like end the process
            await send(function(endpoint(handle=handle)), "GET")
        return
    with captured_log() as lines:
        response = await send(function(endpoint(handle=handle)), "GET")
    body = assert_error_envelope(response, 500, "Internal server error")
    assert (body["code"], body["details"]) == ("internal_error", {})
    assert "secret" not in response.text + lines.text
    assert lines.text.count('"exception"') == 1


# --- streams ------------------------------------------------------------------


class Producer:
    """Makes a chunk when a test allows one."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.allowed = asyncio.Semaphore(0)
        self.made = 0
        self.ended = False
        self.fails_after = fails_after

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                await self.allowed.acquire()
                if self.made == self.fails_after:
                    raise ValueError("secret")
                self.made += 1
                yield b"row %d\n" % self.made
                if self.made == 3 and self.fails_after is None:
                    return
        finally:
            self.ended = True

    async def handle(self, _: Call[Any, Any]) -> Response:
        """Rows."""
        return Response(200, self.chunks(), media_type=CSV)

    def function(self, **changes: Any) -> Any:
        return function(endpoint(handle=self.handle, data=None, media_type="text/csv", **changes))


async def stream(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("GET"))
    received = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert received.startswith(b"http/1.1 200")
    assert b"transfer-encoding: chunked" in received
    assert b"content-length" not in received
    assert b"content-type: text/csv" in received
    assert b"cache-control: no-store" in received
    return reader, writer


async def test_the_chunks_of_a_stream_arrive_one_by_one() -> None:
    """Each when it is made, and the end when all are."""
    producer = Producer()
    async with served(producer.function()) as port, asyncio.timeout(5):
        reader, writer = await stream(port)
        for n in (1, 2, 3):
            producer.allowed.release()
            assert await reader.readuntil(b"row %d\n\r\n" % n) == b"6\r\nrow %d\n\r\n" % n
            assert producer.made == n
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        writer.close()
    assert producer.ended


async def test_a_bug_in_a_stream_breaks_the_connection() -> None:
    """The last chunk is missing, so no client takes the part for all; the bug is logged once, without its text."""
    producer = Producer(fails_after=2)
    with captured_log() as lines:
        async with served(producer.function()) as port, asyncio.timeout(5):
            reader, writer = await stream(port)
            for _ in range(3):
                producer.allowed.release()
            assert await reader.read() == b"6\r\nrow 1\n\r\n6\r\nrow 2\n\r\n"
            writer.close()
            await wait_until(lines.requests)
    bugs = [json.loads(line) for line in lines.text.splitlines() if "exception" in line]
    assert [(bug["level"], bug["message"]) for bug in bugs] == [("ERROR", "bug in a stream")]
    assert "secret" not in lines.text
    (line,) = lines.requests()
    assert (line["status"], line["reason"]) == (200, "bug")


async def test_a_client_that_leaves_stops_the_producer() -> None:
    """The producer is cancelled within a second, while it waits for its next chunk. It is not logged as an error."""
    producer = Producer()
    with captured_log() as lines:
        async with served(producer.function()) as port:
            reader, writer = await stream(port)
            producer.allowed.release()
            await reader.readuntil(b"row 1\n\r\n")
            assert not producer.ended
            writer.transport.abort()
            await wait_until(lambda: producer.ended, 1)
            await wait_until(lines.requests)
    assert producer.made == 1
    assert '"ERROR"' not in lines.text


async def test_a_client_that_reads_nothing_holds_the_producer() -> None:
    """Chunks are not made in advance: what the sockets cannot take is not in memory."""
    made = 0
    ended = asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        nonlocal made
        try:
            for _ in range(1000):
                made += 1
                yield b"x" * 100_000
        finally:
            ended.set()

    async def handle(_: Call[Any, Any]) -> Response:
        """Rows."""
        return Response(200, chunks(), media_type=CSV)

    app = function(endpoint(handle=handle, data=None, media_type="text/csv"))
    async with served(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(head("GET"))
        await wait_until(lambda: made > 0)
        await asyncio.sleep(0.3)
        assert made < 200
        writer.transport.abort()
        async with asyncio.timeout(2):
            await ended.wait()


async def test_head_of_a_stream_makes_no_chunk() -> None:
    """The head of the GET, and nothing is produced."""
    producer = Producer()
    response = await Raw("HEAD").to(producer.function(head=True))
    assert (response.status_code, response.content, producer.made) == (200, b"", 0)
    assert response.headers["content-type"] == "text/csv"


async def test_an_error_before_a_stream_is_an_envelope() -> None:
    """The status is not sent yet."""
    response = await send(Producer().function(), "GET", line="")
    assert_error_envelope(response, 401)
    assert_common_headers(response)


# --- sockets ------------------------------------------------------------------


async def test_a_body_without_end_is_not_kept() -> None:
    """Over a real socket: 413 after the limit, and what the client sends after that is dropped."""

    class Named(BodyModel):
        name: str

    app = function(endpoint("POST", handle=create, body=Named))
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    async with served(app) as port, asyncio.timeout(10):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            head("POST", "/api/billing/things", "Content-Type: application/json", "Transfer-Encoding: chunked")
        )
        response = asyncio.create_task(reader.read(10_000))
        with contextlib.suppress(ConnectionError):  # the server closes the connection, and takes no more
            for _ in range(1000):  # 64 MiB
                writer.write(piece)
                await writer.drain()
        received = await response
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"body_too_large" in received
        assert b"\r\nconnection: close\r\n" in received
        writer.close()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024  # KiB


async def test_the_connection_serves_on_after_a_rejected_body() -> None:
    """A body that nobody read is not the next request."""
    app = function(endpoint(), endpoint("POST", handle=create))
    async with served(app) as port, httpx.AsyncClient(trust_env=False) as client:
        url, headers = f"http://127.0.0.1:{port}/api/billing/things", {"authorization": admin()}
        for _ in range(2):
            smuggled = b"GET /api/billing/things HTTP/1.1\r\nhost: b\r\n\r\n"
            assert_error_envelope(await client.post(url, content=smuggled, headers=headers), 400)
            assert_success_envelope(await client.get(url, headers=headers))
