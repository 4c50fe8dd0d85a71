"""A server that sends scripted bytes for each request, whatever the request was."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
PAUSE = b""  # in a script: time for the client to read
CLOSE = None  # in a script: FIN

Script = Sequence[bytes | None]


@dataclass
class RawServer:
    """Sends the next script for each request, and OK when none is left. Counts what reaches it."""

    scripts: list[Script]
    before_request: bytes = b""
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    port: int = 0
    url: str = ""
    tasks: set[Any] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.tasks.add(asyncio.current_task())
        try:
            writer.write(self.before_request)
            while True:
                await self._read_request(reader)
                for piece in self.scripts.pop(0) if self.scripts else (OK,):
                    if piece is CLOSE:
                        return
                    writer.write(piece or b"")
                    await writer.drain()
                    if not piece:
                        await asyncio.sleep(0.03)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client closed, or the test is over
        finally:
            self.open -= 1
            writer.close()
            self.tasks.discard(asyncio.current_task())

    async def _read_request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(int(length or 0)))


@asynccontextmanager
async def serving(
    *scripts: Script, tls: ssl.SSLContext | None = None, before_request: bytes = b""
) -> AsyncIterator[RawServer]:
    server = RawServer(list(scripts), before_request)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)
