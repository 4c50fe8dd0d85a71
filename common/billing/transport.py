"""The HTTP client: httpx, bounded in time and size. No other module names httpx (docs/decisions/0001-http-client.md).

Requests go to httpx's transport directly. Redirects, cookies and the proxy variables of the environment belong to
httpx's `AsyncClient`, which is not used. Every failure becomes a TransportFailure with a reason of the fault matrix.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpcore2
import httpx2 as httpx
from httpx2 import AsyncBaseTransport

from common.billing.connections import Connection, Connector, TransportFailure

__all__ = ["AsyncBaseTransport", "HttpClient", "Timeouts", "TransportFailure", "UpstreamResponse"]

MAX_LINE_BYTES: Final = 65_536
IDLE_SECONDS: Final = 3.0  # less than any server's keep-alive (uvicorn: 5 s)

_parse_url = lru_cache(maxsize=1024)(httpx.URL)  # parsing costs a tenth of a request


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect` includes TLS, `read` is the limit for silence between two chunks, `total` for everything."""

    connect: float
    read: float
    pool: float
    total: float


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """Header names are case-insensitive; values of a repeated header are joined with commas (RFC 9110 section 5.3)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return media_type == "application/json"


class HttpClient:
    """Sends a request once, and reads at most `max_bytes` of the response body.

    `reuse`: connections are kept for further requests. Only for responses that name their owner. Otherwise each
    connection carries one request. `transport` replaces the network in tests.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        max_bytes: int,
        *,
        max_connections: int = 16,
        ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None,
        transport: AsyncBaseTransport | None = None,
        reuse: bool = False,
    ) -> None:
        self._total = timeouts.total
        self._max_bytes = max_bytes
        self._max_connections = max_connections
        self._ca_file = ca_file
        self._reuse = reuse
        self._headers = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
        if not reuse:
            self._headers["connection"] = "close"
        limits = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.read, "pool": timeouts.pool}
        self._extensions = {"timeout": limits}
        self._double = transport
        self._opened: dict[str, _PoolTransport] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        within: float | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> UpstreamResponse:
        """`within`: seconds until the caller's deadline. Raises TransportFailure."""
        try:
            async with asyncio.timeout(self._total if within is None else min(within, self._total)):
                return await self._request(method, url, {**self._headers, **(headers or {})}, body)
        except TimeoutError:
            raise TransportFailure("slow") from None

    async def get(
        self, url: str, *, within: float | None = None, headers: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        return await self.request("GET", url, within=within, headers=headers)

    async def stream(
        self, url: str, silent_seconds: float, check: Callable[[UpstreamResponse], None]
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a response without end. `check` gets its head, and the body too if the status is not 200.

        Raises TransportFailure: slow for `silent_seconds` without a byte, too_large for a line of more than 64 KiB.
        """
        transport = self._open(url)
        limits = {**self._extensions["timeout"], "read": silent_seconds}
        headers = {**self._headers, "accept": "application/x-ndjson", "connection": "close"}
        responded = False
        try:
            request = httpx.Request("GET", _parse_url(url), headers=headers, extensions={"timeout": limits})
            response = await transport.handle_async_request(request)
            responded = True
            try:
                if response.status_code != httpx.codes.OK:
                    check(await self._read(response))
                check(UpstreamResponse(response.status_code, response.headers, b""))
                async for line in _lines(response):
                    yield line
            finally:
                await response.aclose()
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as exc:
            raise _failure(exc, responded=responded) from exc

    def retire_connections(self) -> None:
        """No connection that is open now is used for another request; requests in flight finish."""
        for transport in self._opened.values():
            transport.connector.retire()

    async def close(self) -> None:
        for transport in (self._double, *self._opened.values()):
            if transport is not None:
                await transport.aclose()
        self._opened.clear()

    def _open(self, url: str) -> AsyncBaseTransport:
        """Created with the first request, in the process and event loop that use it (a server may fork before).

        Certificate authorities are read for https only: 20 ms.
        """
        if self._double is not None:
            return self._double
        scheme = url.partition(":")[0]
        if scheme not in self._opened:
            tls = ssl.create_default_context(cafile=self._ca_file) if scheme == "https" else None
            self._opened[scheme] = _PoolTransport(self._max_connections, tls)
        return self._opened[scheme]

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> UpstreamResponse:
        transport = self._open(url)
        responded = False
        try:
            request = httpx.Request(method, _parse_url(url), headers=headers, content=body, extensions=self._extensions)
            response = await transport.handle_async_request(request)
            responded = True
            try:
                return await self._read(response)
            finally:
                await response.aclose()
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as exc:
            raise _failure(exc, responded=responded) from exc

    async def _read(self, response: httpx.Response) -> UpstreamResponse:
        """Raises TransportFailure: content_type for a content coding, because it is a way around the size limit."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise TransportFailure("content_type")
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise TypeError("a transport's response has to be asynchronous")
        chunks, size = [], 0
        async for chunk in response.stream:
            size += len(chunk)
            if size > self._max_bytes:
                raise TransportFailure("too_large")
            chunks.append(chunk)
        connection = response.extensions.get("network_stream")
        if self._reuse and isinstance(connection, Connection):
            connection.end_exchange(size)
        return UpstreamResponse(response.status_code, response.headers, b"".join(chunks))


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """A last line without a line break is dropped: it is not complete."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("a transport's response has to be asynchronous")
    rest = b""
    async for chunk in response.stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MAX_LINE_BYTES:
            raise TransportFailure("too_large")


def _failure(exc: Exception, *, responded: bool) -> TransportFailure:
    """`responded`: the head of a response was received."""
    match exc:
        case httpx.PoolTimeout():
            return TransportFailure("pool")
        case httpx.ConnectTimeout():
            return TransportFailure("timeout", retriable=True)
        case httpx.TimeoutException():
            return TransportFailure("slow" if responded else "timeout")
        case httpx.ConnectError():
            return TransportFailure("refused", retriable=True)
        case httpx.NetworkError() if not responded:
            return TransportFailure("reset", retriable=True)
    return TransportFailure("truncated" if responded else "protocol")


class _PoolTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over our connections. httpx has no parameter for the network backend, httpcore's pool has."""

    def __init__(self, max_connections: int, tls: ssl.SSLContext | None) -> None:
        self.connector = Connector()
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self.connector,
        )
