"""Peers without HTTP's manners: a server that sends scripted bytes, and an address that drops packets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
PAUSE = b""  # in a script: time for the client to read


class End(Enum):
    CLOSE = "FIN"
    RESET = "RST"


CLOSE, RESET = End.CLOSE, End.RESET
Script = Sequence[bytes | End]


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
                    if isinstance(piece, End):
                        if piece is RESET:
                            linger = struct.pack("ii", 1, 0)  # close sends RST in place of FIN
                            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        return
                    writer.write(piece)
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


@contextmanager
def dropping(address: str, port: int) -> Iterator[None]:
    """A full accept queue: the kernel drops every further SYN, as a lost node's network does."""
    with ExitStack() as stack:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        full = stack.enter_context(socket.socket(family))
        full.bind((address, port))
        full.listen(0)
        for _ in range(2):
            filler = stack.enter_context(socket.socket(family))
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield
