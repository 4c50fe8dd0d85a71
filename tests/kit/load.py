"""Load on a function over kept-alive connections. The status and the time of every response are recorded."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

BROKEN = 0  # the status of a request without a response


@dataclass
class Load:
    port: int
    answers: list[tuple[int, float, float]] = field(default_factory=list)  # status, seconds, monotonic time of the end
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    _all: list[asyncio.StreamWriter] = field(default_factory=list)

    async def ask(self, path: str, token: str) -> int:
        started = time.monotonic()
        request = f"GET {path} HTTP/1.1\r\nHost: billing\r\nAuthorization: Bearer {token}\r\n\r\n".encode("latin-1")
        status = BROKEN
        while (
            self._idle and status == BROKEN
        ):  # a kept connection may just have been closed: retry, as every client does
            status = await self._exchange(*self._idle.pop(), request)
        if status == BROKEN:
            with contextlib.suppress(OSError):
                status = await self._exchange(*await self._connect(), request)
        now = time.monotonic()
        self.answers.append((status, now - started, now))
        return status

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
        try:
            writer.write(request)
            status = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            return BROKEN
        self._idle.append((reader, writer))
        return status

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._all.append(writer)
        return reader, writer

    async def at_once(self, requests: Iterable[tuple[str, str]]) -> None:
        await asyncio.gather(*(self.ask(path, token) for path, token in requests))
        await self.close()

    async def in_turn(self, requests: Iterable[tuple[str, str]], workers: int) -> None:
        """Closed loop: each worker sends its next request after it has received its response."""
        shared: Iterator[tuple[str, str]] = iter(requests)

        async def work() -> None:
            for path, token in shared:
                await self.ask(path, token)

        await asyncio.gather(*(work() for _ in range(workers)))
        await self.close()

    async def at_rate(self, rate: float, seconds: float, request: Callable[[int], tuple[str, str]]) -> None:
        """Open loop: request n starts at n/rate seconds, whatever became of the others."""
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for n in range(int(rate * seconds)):
                await asyncio.sleep(started + n / rate - time.monotonic())
                group.create_task(self.ask(*request(n)))
        await self.close()

    async def close(self) -> None:
        for writer in self._all:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._all), return_exceptions=True)
        self._all.clear()
        self._idle.clear()

    # --- what came of it ------------------------------------------------------

    def statuses(self) -> Counter[int]:
        return Counter(status for status, _, _ in self.answers)

    def percentile(self, share: float, status: int | None = None) -> float:
        """Seconds."""
        times = sorted(seconds for said, seconds, _ in self.answers if status in {None, said})
        return times[min(len(times) - 1, int(share * len(times)))]

    def summary(self, seconds: float) -> str:
        return f"{len(self.answers) / seconds:.0f} rps, p99 {self.percentile(0.99) * 1000:.0f} ms"


async def read_answer(reader: asyncio.StreamReader) -> int:
    """Reads a response to the end of its body and returns its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(head.split(b" ", 2)[1])


def overview_path(namespace: str) -> str:
    return f"/api/billing/project/{namespace}/overview"
