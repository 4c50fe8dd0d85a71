"""A TCP server whose behaviour a test defines, with all kinds of faults. It counts connections and requests."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

RST_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER with a time of 0: close sends RST instead of FIN


@dataclass(slots=True)
class Exchange:
    """One received request. The response is sent as bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    method: str
    target: str
    headers: dict[str, str]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        reset(self.writer)


Behaviour = Callable[[Exchange], Awaitable[bool]]
"""Sends the response, and returns whether the connection can be used again."""


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
    writer.transport.abort()


@dataclass(slots=True)
class Counts:
    connections: int = 0
    targets: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    left: int = 0  # connections that the client closed before the response was complete

    @property
    def requests(self) -> int:
        return len(self.targets)


class Server:
    """Listens on a separate port, in a thread. After `stop`, connections are refused until `start`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.on_accept: Callable[[asyncio.StreamWriter], None] | None = None
        self.counts = Counts()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())

    def close(self) -> None:
        self.stop()
        self._run(self._end_exchanges())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def reset_counts(self) -> None:
        self.counts = Counts()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=2048)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            reset(writer)

    async def _end_exchanges(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.connections += 1
        self._writers.add(writer)
        try:
            if self.on_accept:
                self.on_accept(writer)
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side is gone, which it may be
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        counts = self.counts
        counts.targets.append(target)
        counts.headers.append(headers)
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)
        try:
            return await self.behaviour(Exchange(reader, writer, method, target, headers))
        except ConnectionError:
            counts.left += 1
            raise
        finally:
            counts.in_flight -= 1


# --- behaviours of an upstream -------------------------------------------------


def head(status: int, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """Status line and headers; a keyword `retry_after` becomes Retry-After, an empty value leaves the header out."""
    named = {"content-type": content_type, "content-length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in named.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status} Reason", *lines, "", ""]).encode("latin-1")


def answer(
    status: int,
    body: bytes | Callable[[Exchange], bytes],
    *,
    content_type: str = "application/json",
    after: float = 0.0,
    **headers: str,
) -> Behaviour:
    async def behaviour(exchange: Exchange) -> bool:
        if after:
            await asyncio.sleep(after)
        said = body(exchange) if callable(body) else body
        await exchange.send(head(status, said, content_type, **headers) + said)
        return True

    return behaviour


def raw(data: bytes | Callable[[Exchange], bytes], *, then_reset: bool = False, keep: bool = False) -> Behaviour:
    """Exactly these bytes, then FIN (or RST, or nothing)."""

    async def behaviour(exchange: Exchange) -> bool:
        await exchange.send(data(exchange) if callable(data) else data)
        if then_reset:
            await asyncio.sleep(0.05)  # RST overtakes what was not read yet
            exchange.reset()
        return keep

    return behaviour


async def hang(exchange: Exchange) -> bool:
    """Sends nothing until the client closes the connection. It reads a body."""
    while await exchange.reader.read(65_536):
        pass
    raise ConnectionError


async def reset_unanswered(exchange: Exchange) -> bool:
    exchange.reset()
    return False


def drip(data: Callable[[Exchange], bytes], interval_seconds: float, *, at_once: int = 0) -> Behaviour:
    """One byte at a time, after the first `at_once`."""

    async def behaviour(exchange: Exchange) -> bool:
        said = data(exchange)
        await exchange.send(said[:at_once])
        for n in range(at_once, len(said)):
            await asyncio.sleep(interval_seconds)
            await exchange.send(said[n : n + 1])
        return True

    return behaviour


def first(behaviours: list[Behaviour], then: Behaviour) -> Behaviour:
    """Each of `behaviours` once, in order, and `then` from there on."""
    left = list(behaviours)

    async def behaviour(exchange: Exchange) -> bool:
        return await (left.pop(0) if left else then)(exchange)

    return behaviour
