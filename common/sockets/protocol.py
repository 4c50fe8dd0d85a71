"""uvicorn's protocols for a function with WebSockets: wsproto, with limits for what one client costs.

start.py of the image uses them. docs/decisions/0028-live-connections.md compares wsproto with websockets.
"""

import asyncio
from functools import lru_cache
from typing import Any, Final

from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Ping

from common.http.protocol import LimitedProtocol

MAX_MESSAGE_BYTES: Final = 16_384
WRITE_BUFFER_BYTES: Final = 16_384  # then the sender waits until the client has read
LINGER_SECONDS: Final = 6.0  # for the closing handshake; then the connection is cut
KEY_BYTES: Final = 24
TEXT: Final = 0x81  # final fragment, text
SHORT_FRAME, TWO_BYTES, EIGHT_BYTES = 126, 126, 127


@lru_cache(maxsize=256)
def text_frame(text: str) -> bytes:
    """RFC 6455 section 5.2. A server's frame has no mask, so it is the same for all clients, and is made once."""
    data = text.encode()
    if len(data) < SHORT_FRAME:
        return bytes((TEXT, len(data))) + data
    size = (TWO_BYTES, 2) if len(data) < 1 << 16 else (EIGHT_BYTES, 8)
    return bytes((TEXT, size[0])) + len(data).to_bytes(size[1], "big") + data


class UpgradeProtocol(LimitedProtocol):
    """A malformed upgrade request stays an HTTP request, so that its response is the function's own (426)."""

    def _should_upgrade(self) -> bool:
        if not super()._should_upgrade() or self.parser.get_method() != b"GET":
            return False
        values = {name: value for name, value in self.headers if name.startswith(b"sec-websocket-")}
        keys = [value for name, value in self.headers if name == b"sec-websocket-key"]
        return values.get(b"sec-websocket-version") == b"13" and len(keys) == 1 and len(keys[0]) == KEY_BYTES


class SocketProtocol(WSProtocol):
    """Memory per client is bounded: a small write buffer, no pongs for a client that does not read, no lingering."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.frames: list[bytes] = []
        self.close_timeout = LINGER_SECONDS - 1
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def handle_ping(self, event: Ping) -> None:
        if self.writable.is_set():
            super().handle_ping(event)
        else:
            self.transport.abort()

    def handle_close(self, event: CloseConnection) -> None:
        if self.conn.state is ConnectionState.OPEN:  # not a frame was received; uvicorn would close without a code
            self.transport.write(self.conn.send(event))
        super().handle_close(event)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        super().on_task_complete(task)
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def flush(self) -> None:
        """All messages that were sent in one step of the event loop are one write."""
        frames, self.frames = self.frames, []
        if frames and self.conn.state is ConnectionState.OPEN and not (self.close_sent or self.transport.is_closing()):
            self.transport.write(b"".join(frames))

    async def send(self, message: ASGISendEvent) -> None:
        text = message.get("text")
        if isinstance(text, str) and self.handshake_complete and not self.close_sent:
            await self.writable.wait()
            if self.disconnected:
                raise ClientDisconnected
            if not self.frames:
                self.loop.call_soon(self.flush)
            self.frames.append(text_frame(text))
            return
        self.flush()
        await super().send(message)
        if message["type"] == "websocket.accept":  # the handshake holds the token
            self.scope["headers"], self.scope["subprotocols"] = [], []
            self.conn.handshake._initiating_request = None  # noqa: SLF001 - it is not needed after it was accepted


def server_options(http: ASGI3Application, sockets: ASGI3Application) -> dict[str, Any]:
    """Of uvicorn's Config. functions-framework's app has no WebSockets: they go to the function itself."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (sockets if scope["type"] == "websocket" else http)(scope, receive, send)

    return {
        "app": app,
        "http": UpgradeProtocol,
        "ws": SocketProtocol,
        "ws_max_size": MAX_MESSAGE_BYTES,
        "ws_per_message_deflate": False,  # its windows are 300 KB per client
    }
