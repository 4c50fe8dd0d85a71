"""The HTTP/1.1 client over real sockets: where an answer ends, which connections are kept, and how asking fails."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.billing import http1
from common.billing.http1 import Http1, Reply, Timeouts, TransportFailure

LIMIT = 100_000
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
OTHER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"
PAUSE = b""  # in a script: time for what was sent to be read
CLOSE = None  # in a script: FIN

Script = Sequence[bytes | None]


@dataclass
class Server:
    """Sends the script's next line of pieces for each request, whatever was asked."""

    scripts: list[Script]
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    url: str = ""
    tasks: set[Any] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.tasks.add(asyncio.current_task())
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                for piece in self.scripts.pop(0) if self.scripts else (OK,):
                    if piece is CLOSE:
                        return
                    writer.write(piece or b"")
                    await writer.drain()
                    if not piece:
                        await asyncio.sleep(0.03)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the other side is gone, or the test is over
        finally:
            self.open -= 1
            writer.close()
            self.tasks.discard(asyncio.current_task())


@asynccontextmanager
async def serving(*scripts: Script) -> AsyncIterator[Server]:
    made = Server(list(scripts))
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listener.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


def client(*, reuse: bool = True, max_connections: int = 4, **seconds: float) -> Http1:
    timeouts = Timeouts(**{"connect": 1, "read": 0.2, "pool": 0.1, "total": 2, **seconds})
    return Http1(timeouts, LIMIT, max_connections, ssl.create_default_context, reuse=reuse)


async def fails(asking: Awaitable[Reply]) -> tuple[str, bool]:
    with pytest.raises(TransportFailure) as caught:
        await asking
    return caught.value.reason, caught.value.retriable


# --- where an answer ends -----------------------------------------------------

WHOLE: dict[str, tuple[Script, bytes]] = {
    "length": ((OK,), b"ok"),
    "length, byte by byte": ([OK[n : n + 1] for n in range(len(OK))], b"ok"),
    "chunks": (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", PAUSE, b"1\r\nk\r\n0\r\n\r\n"),
        b"ok",
    ),
    "trailers": (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n",),
        b"ok",
    ),
    "until the end of the connection": ((b"HTTP/1.1 200 OK\r\n\r\no", PAUSE, b"k", CLOSE), b"ok"),
    "HTTP/1.0": ((b"HTTP/1.0 200 OK\r\n\r\nok", CLOSE), b"ok"),
    "nothing": ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
    "after an interim answer": ((b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", PAUSE, OK), b"ok"),
    "after two interim answers at once": ((b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK,), b"ok"),
}


@pytest.mark.parametrize("case", WHOLE)
async def test_a_whole_answer(case: str) -> None:
    script, body = WHOLE[case]
    async with serving(script) as server:
        reply = await client().get(server.url, {})
        assert (reply.status, reply.body) == (204 if case == "nothing" else 200, body)
        assert "link" not in reply.headers
        assert "x-late" not in reply.headers


BROKEN: dict[str, tuple[Script, str, bool]] = {
    "nothing": ((CLOSE,), "reset", True),
    "a piece of a head": ((b"HTTP/1.1 200 O", CLOSE), "protocol", False),
    "another protocol": ((b"SSH-2.0-OpenSSH_9.2\r\n",), "protocol", False),
    "a length that is short": ((b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", CLOSE), "truncated", False),
    "two lengths": ((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",), "protocol", False),
    "a negative length": ((b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",), "protocol", False),
    "a length and chunks": (
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
        "protocol",
        False,
    ),
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
    "headers without end": ((b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000,), "protocol", False),
    "an interim answer and no more": ((b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE), "protocol", False),
    "silence": ((PAUSE,), "timeout", False),
    "silence within the head": ((b"HTTP/1.1 200 OK\r\n",), "timeout", False),
    "silence within the body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",), "slow", False),
    "too much": ((b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1),), "too_large", False),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_is_no_answer_ends_its_connection(case: str) -> None:
    """And the next question gets its own answer, on another one."""
    script, reason, retriable = BROKEN[case]
    async with serving(script) as server:
        asking = client()
        assert await fails(asking.get(server.url, {})) == (reason, retriable)
        assert (await asking.get(server.url, {})).body == b"ok"
        assert server.connections == 2
        await until(lambda: server.open == 1)
        await asking.close()


async def test_a_coding_that_was_not_asked_for() -> None:
    async with serving((b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok",)) as server:
        assert await fails(client().get(server.url, {})) == ("content_type", False)


async def test_headers_that_come_twice_are_joined() -> None:
    async with serving((b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\ncontent-length: 0\r\n\r\n",)) as server:
        assert (await client().get(server.url, {})).headers["vary"] == "a, b"


# --- connections that are kept ------------------------------------------------


async def test_a_connection_serves_one_exchange_after_the_other() -> None:
    async with serving() as server:
        asking = client()
        for _ in range(5):
            assert (await asking.get(server.url + "/x", {"a": "b"})).body == b"ok"
        assert server.connections == 1
        host = server.url.removeprefix("http://").encode()
        assert server.heads[0] == b"GET /x HTTP/1.1\r\nhost: " + host + b"\r\na: b\r\n\r\n"
        await asking.close()
        await until(lambda: server.open == 0)


async def test_without_reuse_each_exchange_has_a_connection_and_says_so() -> None:
    async with serving() as server:
        asking = client(reuse=False)
        for _ in range(3):
            assert (await asking.get(server.url, {})).body == b"ok"
        assert server.connections == 3
        assert all(b"\r\nconnection: close\r\n" in head for head in server.heads)
        await until(lambda: server.open == 0)


LEFT_OVER: dict[str, Script] = {
    "a second answer at once": (OK + OTHER,),
    "a second answer a moment later": (OK, PAUSE, OTHER),
    "a second answer in pieces": (OK + OTHER[:10], PAUSE, OTHER[10:]),
    "more than its length": (OK + b"more",),
    "more than its length, later": (OK, PAUSE, b"more"),
    "a line break": (OK, PAUSE, b"\r\n"),
    "connection: close, and more": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok" + OTHER,),
    "connection: close, without closing": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",),
    "the end of the connection": (OK, CLOSE),
}


@pytest.mark.parametrize("case", LEFT_OVER)
async def test_what_follows_an_answer_is_never_the_next_one(case: str) -> None:
    async with serving(LEFT_OVER[case]) as server:
        asking = client()
        assert (await asking.get(server.url, {})).body == b"ok"
        await asyncio.sleep(0.1)
        assert (await asking.get(server.url, {})).body == b"ok"
        assert server.connections == 2
        await asking.close()


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patched, because nobody waits for seconds here."""
    monkeypatch.setattr(http1, "IDLE_SECONDS", 0.05)
    async with serving() as server:
        asking = client()
        await asking.get(server.url, {})
        await asyncio.sleep(0.06)
        await asking.get(server.url, {})
        assert server.connections == 2
        await until(lambda: server.open == 1)
        await asking.close()


async def test_a_connection_has_an_age_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_AGE_SECONDS", 0.05)
    async with serving() as server:
        asking = client()
        for _ in range(4):
            await asking.get(server.url, {})
            await asyncio.sleep(0.02)
        assert server.connections == 2
        await asking.close()


async def test_who_stops_waiting_leaves_no_connection_behind() -> None:
    """A cancelled question's answer would be the next one's."""
    async with serving((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", PAUSE, PAUSE, b"no")) as server:
        asking = client(max_connections=1)
        task = asyncio.create_task(asking.get(server.url, {}))
        await until(lambda: bool(server.heads))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asking.get(server.url, {})).body == b"ok"
        assert server.connections == 2
        await asking.close()


async def test_no_more_connections_than_allowed() -> None:
    async with serving((PAUSE, PAUSE, PAUSE, PAUSE, PAUSE, OK)) as server:
        asking = client(max_connections=1, pool=0.05)
        first = asyncio.create_task(asking.get(server.url, {}))
        await until(lambda: bool(server.heads))
        assert await fails(asking.get(server.url, {})) == ("pool", False)
        assert (await first).body == b"ok"
        assert (await asking.get(server.url, {})).body == b"ok"
        assert server.connections == 1
        await asking.close()


async def test_many_at_once_share_the_connections() -> None:
    async with serving() as server:
        asking = client(max_connections=8, pool=2)
        replies = await asyncio.gather(*(asking.get(server.url, {}) for _ in range(200)))
        assert {reply.body for reply in replies} == {b"ok"}
        assert server.connections <= 8
        await asking.close()


# --- what never gets there ----------------------------------------------------


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await fails(client().get(f"http://127.0.0.1:{taken.getsockname()[1]}", {})) == ("refused", True)


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 64}.example"])
async def test_the_name_does_not_resolve(host: str) -> None:
    assert await fails(client(connect=5).get(f"http://{host}/", {})) == ("dns", False)


async def test_the_other_side_does_not_speak_tls() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await fails(client().get(f"https://127.0.0.1:{port}/", {})) == ("tls", False)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "http://", "http://example.com/a b", "http://example.com/\r\nx: y"]
)
async def test_no_url(url: str) -> None:
    assert await fails(client().get(url, {})) == ("protocol", False)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\n", "\x00", "ü"])
async def test_a_header_cannot_end_its_line(value: str) -> None:
    async with serving() as server:
        assert await fails(client().get(server.url, {"x-request-id": value})) == ("protocol", False)
        assert server.heads == []


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - of a server that knows nothing of us
            await asyncio.sleep(0.005)
