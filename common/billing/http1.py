"""GET over HTTP/1.1: asyncio's sockets, uvicorn's parser, and connections that serve one exchange after the other.

Strict about where an answer ends, because what one caller's answer leaves behind must not become another's: bytes that
nobody asked for end the connection, and so does everything that leaves its state in doubt. No redirects, no proxies, no
compression, no cookies. What is sent is sent once. Why not a library: docs/decisions/0009-what-a-warm-answer-costs.md.
"""

import asyncio
import re
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

IDLE_SECONDS: Final = 3.0  # less than any server's keep-alive (uvicorn: 5 s)
MAX_AGE_SECONDS: Final = 60.0  # then a connection is made anew: new pods of a service get their share
MAX_HEAD_BYTES: Final = 65_536
INTERIM: Final = range(100, 200)
WITHOUT_BODY: Final = frozenset({204, 304})  # RFC 9112 section 6.3
VISIBLE: Final = re.compile(r"[!-~]+")
FIELD_VALUE: Final = re.compile(r"[ -~]*")


class TransportFailure(Exception):
    """`reason` for logs and metrics; `retriable` when nothing of an answer was seen and a GET may be sent again."""

    def __init__(self, reason: str, *, retriable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retriable = retriable


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` bounds the silence between two chunks, `total` everything together."""

    connect: float
    read: float
    pool: float
    total: float


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` by lower-case name; what came several times is joined with commas (RFC 9110 section 5.3)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return media_type == "application/json"


class Target(NamedTuple):
    """Where a URL leads, and what its request begins with."""

    host: str
    port: int
    tls: bool
    start: bytes


@lru_cache(maxsize=1024)  # taking an address apart is a tenth of a request
def _target(url: str) -> Target:
    """Raises TransportFailure(protocol) for what is no http or https URL, or has to be escaped first."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not VISIBLE.fullmatch(url):
        raise TransportFailure("protocol")
    tls = parts.scheme == "https"
    asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    start = f"GET {asked} HTTP/1.1\r\nhost: {parts.netloc.rpartition('@')[2]}\r\n"
    return Target(parts.hostname, parts.port or (443 if tls else 80), tls, start.encode("ascii"))


class Http1:
    """The connections of one client. `reuse` keeps one that is idle for IDLE_SECONDS, and MAX_AGE_SECONDS in all."""

    def __init__(
        self,
        timeouts: Timeouts,
        max_bytes: int,
        max_connections: int,
        tls: Callable[[], ssl.SSLContext],
        *,
        reuse: bool,
    ) -> None:
        self._timeouts = timeouts
        self._max_bytes = max_bytes
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._reuse = reuse
        self._permits = asyncio.Semaphore(max_connections)
        self._idle: dict[tuple[str, int, bool], list[Connection]] = {}

    async def get(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Raises TransportFailure."""
        target = _target(url)
        head = target.start + _fields(headers if self._reuse else {**headers, "connection": "close"})
        await self._enter()
        try:
            connection = self._take(target) or await self._connect(target)
            exchange = await connection.ask(head, self._timeouts.read)
            try:
                return await self._read(exchange)
            finally:
                self._leave(target, exchange)
        finally:
            self._permits.release()

    async def _read(self, exchange: "Exchange") -> Reply:
        headers: dict[str, str] = {}
        for raw_name, raw_value in exchange.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Reply(exchange.status, headers, await read_bounded(headers, exchange.read_body(), self._max_bytes))

    async def _enter(self) -> None:
        if not self._permits.locked():
            await self._permits.acquire()
            return
        try:
            async with asyncio.timeout(self._timeouts.pool):
                await self._permits.acquire()
        except TimeoutError:
            raise TransportFailure("pool") from None

    async def _connect(self, target: Target) -> "Connection":
        if target.tls and self._tls is None:
            self._tls = self._make_tls()
        try:
            async with asyncio.timeout(self._timeouts.connect):
                loop = asyncio.get_running_loop()
                tls = self._tls if target.tls else None
                return (await loop.create_connection(Connection, target.host, target.port, ssl=tls))[1]
        except TimeoutError as exc:
            raise TransportFailure("timeout", retriable=True) from exc
        except (socket.gaierror, UnicodeError) as exc:  # a label of more than 63 letters is a UnicodeError
            raise TransportFailure("dns") from exc
        except ssl.SSLError as exc:
            raise TransportFailure("tls") from exc
        except OSError as exc:
            raise TransportFailure("refused", retriable=True) from exc

    def _take(self, target: Target) -> "Connection | None":
        """The kept connection that was used last, if it is good for another exchange."""
        now = asyncio.get_running_loop().time()
        idle = self._idle.get(target[:3], [])
        while idle:
            connection = idle.pop()
            if connection.is_good(now):
                return connection
            connection.abort()
        return None

    def _leave(self, target: Target, exchange: "Exchange") -> None:
        """The exchange is over: its connection is kept or closed."""
        connection = exchange.close(keep=self._reuse)
        if connection is None:
            return
        idle = self._idle.setdefault(target[:3], [])
        while idle and not idle[0].is_good(connection.idle_since):
            idle.pop(0).abort()
        idle.append(connection)

    async def close(self) -> None:
        for connection in chain.from_iterable(self._idle.values()):
            connection.abort()
        self._idle.clear()


async def read_bounded(headers: Mapping[str, str], chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    """Raises TransportFailure: content_type for a coding, which was not asked for and is a way around the limit."""
    if headers.get("content-encoding", "identity") != "identity":
        raise TransportFailure("content_type")
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TransportFailure("too_large")
        parts.append(chunk)
    return b"".join(parts)


def _fields(headers: Mapping[str, str]) -> bytes:
    """RFC 9112 section 5. Raises TransportFailure for a value that would end its line."""
    lines = []
    for name, value in headers.items():
        if not FIELD_VALUE.fullmatch(value):
            raise TransportFailure("protocol")
        lines.append(f"{name}: {value}\r\n")
    return "".join((*lines, "\r\n")).encode("ascii")


class Connection(asyncio.Protocol):
    """Times are the event loop's clock."""

    def __init__(self) -> None:
        self.idle_since = self._opened = asyncio.get_running_loop().time()
        self._closed = False
        self._exchange: Exchange | None = None
        self._transport: asyncio.Transport | None = None

    async def ask(self, head: bytes, silence: float) -> "Exchange":
        """Send a request and wait for the head of its answer; `silence` seconds are allowed before and within it.

        The exchange has to be closed. Raises TransportFailure, and then closes the connection itself.
        """
        self._exchange = exchange = Exchange(self, silence)
        try:
            if self._transport is not None:
                self._transport.write(head)
            await exchange.read_head()
        except BaseException:
            exchange.close(keep=False)
            raise
        return exchange

    def is_good(self, now: float) -> bool:
        """For one more exchange."""
        return not self._closed and now - self.idle_since < IDLE_SECONDS and now - self._opened < MAX_AGE_SECONDS

    def finish(self, *, keep: bool) -> bool:
        """The exchange is over. True when another may follow."""
        self._exchange = None
        self.idle_since = asyncio.get_running_loop().time()
        if not keep:
            self.abort()
        return not self._closed

    def abort(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio's side -------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # of a stream, as it was asked for

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self.abort()  # nobody asked
        else:
            self._exchange.feed(data)

    def eof_received(self) -> None:
        self._closed = True
        if self._exchange is not None:
            self._exchange.end(broken=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        if self._exchange is not None:
            self._exchange.end(broken=exc is not None)


class Exchange:
    """A request that was sent, and the answer as it comes."""

    def __init__(self, connection: Connection, silence: float) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._silence = silence
        self._last = self._loop.time()
        self._timer = self._loop.call_later(silence, self._check_silence)
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._has_head = False
        self._until_eof = False
        self._done = False
        self._keep_alive = False
        self._surplus = False
        self._failure: TransportFailure | None = None
        self._waiter: asyncio.Future[None] | None = None

    # --- for who asked --------------------------------------------------------

    async def read_head(self) -> None:
        """Fills `status` and `headers`. Raises TransportFailure."""
        while not self._has_head:
            await self._wait()

    async def read_body(self) -> AsyncIterator[bytes]:
        """Chunks as they come. Raises TransportFailure."""
        while True:
            while self._chunks:
                yield self._chunks.popleft()
            if self._done and self._failure is None:
                return
            await self._wait()

    def close(self, *, keep: bool) -> Connection | None:
        """To be called once, whatever happened. The connection, when it can serve the next exchange."""
        self._timer.cancel()
        del self._parser  # which knows this exchange in turn: nothing is left for the garbage collector
        whole = self._done and not self._surplus and self._failure is None
        kept = self._connection.finish(keep=keep and whole and self._keep_alive)
        return self._connection if kept else None

    async def _wait(self) -> None:
        """Until something came."""
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        await self._waiter

    # --- for the connection ---------------------------------------------------

    def feed(self, data: bytes) -> None:
        self._last = self._loop.time()
        self._bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._surplus = True
            self._break()
        if not self._has_head and self._bytes > MAX_HEAD_BYTES:
            self._break()
        self._wake()

    def end(self, *, broken: bool) -> None:
        """No more will come."""
        if self._until_eof and not broken:
            self._done = True
        elif self._bytes:
            self._break()
        else:
            self._fail(TransportFailure("reset", retriable=True))
        self._wake()

    def _break(self) -> None:
        self._fail(TransportFailure("truncated" if self._has_head else "protocol"))

    def _fail(self, failure: TransportFailure) -> None:
        if not self._done and self._failure is None:
            self._failure = failure

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _check_silence(self) -> None:
        quiet = self._loop.time() - self._last
        if quiet < self._silence:
            self._timer = self._loop.call_later(self._silence - quiet, self._check_silence)
        else:
            self._fail(TransportFailure("slow" if self._has_head else "timeout"))
            self._wake()

    # --- for the parser -------------------------------------------------------

    def on_message_begin(self) -> None:
        self._surplus = self._done  # a second answer to one question

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # trailers (RFC 9110 section 6.5) are not looked at
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._done:
            return
        status = self._parser.get_status_code()
        if status in INTERIM:
            self.headers.clear()
            return
        self.status = status
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            self._break()
        framed = codings or any(name == b"content-length" for name, _ in self.headers)
        self._until_eof = not framed and status not in WITHOUT_BODY
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        if not self._surplus:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        if self._has_head and not self._done:
            self._done = True
            self._keep_alive = self._parser.should_keep_alive()  # the parser knows it only now
