"""A WebSocket client over plain sockets: every byte of the handshake is the test's choice (frames are wsproto's)."""

import asyncio
import base64
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx2
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

from tests.kit.process import ORIGIN

PROTOCOL: Final = "v1.live.billing.kube-dc.com"
PREFIX: Final = "base64url.bearer.authorization.k8s.io."
PATH: Final = "/api/billing/live"


def in_subprotocol(token: str) -> str:
    return PREFIX + base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


def protocols(token: str) -> str:
    return f"{PROTOCOL}, {in_subprotocol(token)}"


def handshake(path: str, headers: Sequence[tuple[str, str]]) -> bytes:
    own = {
        "Host": "billing",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    given = {name.lower() for name, _ in headers}
    lines = [(name, value) for name, value in own.items() if name.lower() not in given]
    text = "\r\n".join([f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*lines, *headers]), "", ""])
    return text.encode("latin-1")


class Refused(Exception):
    """The upgrade was refused: the HTTP response."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(response.status_code, response.text)
        self.response = response


@dataclass(repr=False)
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: dict[str, str]
    connection: Connection = field(default_factory=lambda: Connection(ConnectionType.CLIENT))
    closed: CloseConnection | None = None
    heard: list[dict[str, Any]] = field(default_factory=list)
    _text: str = ""
    _events: list[Event] = field(default_factory=list)

    @classmethod
    async def open(
        cls,
        port: int,
        token: str,
        *,
        path: str = PATH,
        headers: Sequence[tuple[str, str]] | None = None,
        host: str = "127.0.0.1",
    ) -> Self:
        """Raises Refused."""
        given = [("Origin", ORIGIN), ("Sec-WebSocket-Protocol", protocols(token))] if headers is None else headers
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(handshake(path, given))
        async with asyncio.timeout(20):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        fields = {name.lower(): value for name, value in pairs}
        if status != 101:
            length = int(fields.get("content-length", "0"))
            body = await reader.readexactly(length)
            writer.close()
            raise Refused(httpx2.Response(status, headers=fields, content=body))
        return cls(reader, writer, fields)

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.writer.write(self.connection.send(TextMessage(data=text)))
        await self.writer.drain()

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(self.connection.send(BytesMessage(data=data)))
        await self.writer.drain()

    async def subscribe(self, *namespaces: str, organization: bool = False, **more: Any) -> None:
        await self.send({"type": "subscribe", "namespaces": list(namespaces), "organization": organization, **more})

    async def message(self, seconds: float = 10) -> dict[str, Any]:
        """The next message. Raises EOFError with `closed` set when the connection ends."""
        async with asyncio.timeout(seconds):
            while True:
                while self._events:
                    if (found := self._take(self._events.pop(0))) is not None:
                        self.heard.append(found)
                        return found
                if self.closed is not None:
                    raise EOFError(self.closed)
                data = await self.reader.read(65_536)
                if not data:
                    self.closed = self.closed or CloseConnection(code=CloseReason.ABNORMAL_CLOSURE)
                    continue
                self.connection.receive_data(data)
                self._events += list(self.connection.events())

    def _take(self, event: Event) -> dict[str, Any] | None:
        if isinstance(event, Ping):
            self.writer.write(self.connection.send(event.response()))
        elif isinstance(event, CloseConnection):
            self.closed = event
            with suppress(Exception):
                self.writer.write(self.connection.send(event.response()))
        elif isinstance(event, TextMessage):
            self._text += event.data
            if event.message_finished:
                text, self._text = self._text, ""
                return dict(json.loads(text))
        else:
            assert isinstance(event, Pong), event
        return None

    async def next(self, kind: str, seconds: float = 10, **members: Any) -> dict[str, Any]:
        """The next message of this type with these members."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.message(seconds)
                if found["type"] == kind and members.items() <= found.items():
                    return found

    async def state(self) -> list[dict[str, Any]]:
        """The messages up to the end of a data version."""
        found = [await self.message()]
        while found[-1]["type"] != "complete_through":
            found.append(await self.message())
        return found

    async def end(self, seconds: float = 10) -> tuple[int, str]:
        """The close code and its reason."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.message(seconds)
        except EOFError:
            assert self.closed
            return int(self.closed.code), self.closed.reason or ""

    async def close(self) -> None:
        with suppress(Exception):
            self.writer.write(self.connection.send(CloseConnection(code=1000)))
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()
