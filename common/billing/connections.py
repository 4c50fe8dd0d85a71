"""Network connections for httpcore: choice of address, failures, and reuse of a connection.

httpcore's own backend is replaced for three reasons. It reports every failed name resolution as a connect error. It
keeps bytes that arrived after the end of a response, and reads them as the next response. Its TLS handshake has a
time limit in addition to the connect limit. Interface: https://www.encode.io/httpcore/network-backends/
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable
from typing import Any, Final, cast

import httpcore2
from aiohappyeyeballs import start_connection

NEXT_ADDRESS_SECONDS: Final = 0.25  # RFC 8305 section 5, Connection Attempt Delay
MAX_AGE_SECONDS: Final = 60.0  # then a connection is replaced, so that new pods of a service get requests
MAX_UNREAD_BYTES: Final = 262_144  # then reading from the socket pauses until the response is consumed
END_OF_HEAD: Final = re.compile(rb"\n\r?\n")  # as h11 finds it


class TransportFailure(Exception):
    """No complete response. `reason` is the code for logs and metrics.

    `retriable`: nothing of a response was received, and another attempt may succeed. The caller decides whether the
    method may be sent twice.
    """

    def __init__(self, reason: str, *, retriable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retriable = retriable


class Connection(httpcore2.AsyncNetworkStream, asyncio.Protocol):
    """Carries one request. It carries another one only if `end_exchange` finds no surplus bytes."""

    def __init__(self, open_connections: "set[Connection]", connect_deadline: float) -> None:
        self._open = open_connections
        self._connect_deadline = connect_deadline
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.time()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._unread = bytearray()
        self._head = bytearray()
        self._head_bytes = 0  # up to the first blank line, when it has arrived
        self._received = 0  # bytes since the request
        self._idle = True  # no request waits for its response
        self._kept = False  # idle after a complete exchange
        self._lost = False
        self._broken = False

    def end_exchange(self, body_bytes: int) -> None:
        """Keep the connection if it received exactly one head and a body of this length since the request.

        A chunked or interim response has more bytes, and so has a response that is followed by surplus bytes.
        """
        self._idle = self._kept = not self._lost and self._received == self._head_bytes + body_bytes > 0

    def retire(self) -> None:
        """Close now, or when the running request is done."""
        self._opened = float("-inf")
        if self._idle:
            self._abort()

    # --- for httpcore ---------------------------------------------------------

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - httpcore's interface
        """Never waits: the bytes of a request are already in memory, and the limits apply to the response."""
        if self._idle:
            self._idle = self._kept = False
            self._received = self._head_bytes = 0
            self._head.clear()
        if self._lost or self._transport is None:
            raise httpcore2.WriteError
        self._transport.write(buffer)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        if not self._unread and not self._lost:
            self._waiter = self._loop.create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._waiter
            except TimeoutError:
                raise httpcore2.ReadTimeout from None
        data = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        if self._transport is not None and not self._lost and len(self._unread) < MAX_UNREAD_BYTES:
            self._transport.resume_reading()
        if data or (self._received and not self._broken):
            return data
        raise httpcore2.RemoteProtocolError if self._received else httpcore2.ReadError

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - TCP and TLS share the connect limit
    ) -> "Connection":
        if self._received or self._transport is None:  # a server that sends first does not expect TLS
            raise TransportFailure("tls")
        try:
            async with asyncio.timeout_at(self._connect_deadline):
                self._transport = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except ssl.SSLError as exc:
            raise TransportFailure("tls") from exc
        except OSError as exc:
            raise httpcore2.ConnectError from exc
        return self

    async def aclose(self) -> None:
        self._abort()

    def get_extra_info(self, info: str) -> Any:
        """httpcore reads `is_readable` to decide whether an idle connection must be closed."""
        if info == "is_readable":
            return not self._kept or self._lost or self._loop.time() - self._opened >= MAX_AGE_SECONDS
        return self._transport and self._transport.get_extra_info(info)

    # --- for asyncio ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def data_received(self, data: bytes) -> None:
        before = self._received
        self._received += len(data)
        if self._idle:
            self._abort()  # no request was sent
            return
        self._unread += data
        if not self._head_bytes:
            self._head += data
            end = END_OF_HEAD.search(self._head, max(0, before - 2))
            self._head_bytes = end.end() if end else 0
        if len(self._unread) >= MAX_UNREAD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._lost = True
        self._broken = exc is not None
        self._wake()

    def _abort(self) -> None:
        self._kept = False
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connector(httpcore2.AsyncNetworkBackend):
    """Opens connections. If an address is silent for NEXT_ADDRESS_SECONDS, the next one is tried too (RFC 8305)."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> Connection:
        """Raises TransportFailure(dns) and httpcore's ConnectError and ConnectTimeout."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (timeout or 0)
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                sock = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS)
                _, connection = await loop.create_connection(lambda: Connection(self._open, deadline), sock=sock)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except socket.gaierror as exc:
            raise TransportFailure("dns", retriable=exc.errno == socket.EAI_AGAIN) from exc
        except UnicodeError as exc:  # a label of more than 63 letters
            raise TransportFailure("dns") from exc
        except OSError as exc:
            raise httpcore2.ConnectError from exc
        return connection

    def retire(self) -> None:
        """Do not use any open connection for another request."""
        for connection in list(self._open):
            connection.retire()
