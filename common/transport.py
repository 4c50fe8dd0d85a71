"""One bounded GET for everything a function asks, and the one place that names the HTTP client.

Every way in which asking can fail becomes a TransportFailure with a reason code of the fault matrix.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpx2 as httpx

AsyncBaseTransport = httpx.AsyncBaseTransport

_url: Final = lru_cache(maxsize=1024)(httpx.URL)  # taking an address apart is a tenth of a request


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
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return media_type == "application/json"


class HttpClient:
    """GET without redirects, proxies from the environment, cookies or compression; bounded in time and size.

    Works on httpx's transport, below its client, whose redirects, cookies and authentication nobody wants here.
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
    ) -> None:
        self._timeouts = timeouts
        self._max_bytes = max_bytes
        self._max_connections = max_connections
        self._ca_file = ca_file
        # One exchange per connection: whatever a broken service sends after an answer is never read as the next one,
        # and no server's keep-alive time-out races with a request.
        own = {"accept": "application/json", "accept-encoding": "identity", "connection": "close"}
        self._headers = {**own, **(headers or {})}
        t = timeouts
        self._extensions = {"timeout": {"connect": t.connect, "read": t.read, "write": t.read, "pool": t.pool}}
        self._transport = transport

    def _open(self, url: str) -> AsyncBaseTransport:
        """Made at the first request, in the process and event loop that use it (a server may fork before)."""
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(
                verify=self._tls(url),
                trust_env=False,
                limits=httpx.Limits(max_connections=self._max_connections),
            )
        return self._transport

    def _tls(self, url: str) -> ssl.SSLContext | bool:
        """Reading the certificate authorities costs 20 ms: only where the service speaks TLS."""
        if not url.startswith("https:"):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: an https URL would fail
        return ssl.create_default_context(cafile=self._ca_file) if self._ca_file else True

    async def get(self, url: str, *, within: float | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """`within` seconds are left of the caller's deadline. Raises TransportFailure."""
        total = self._timeouts.total if within is None else min(within, self._timeouts.total)
        answered = False
        with _translated(lambda: answered):
            request = httpx.Request(
                "GET", _url(url), headers={**self._headers, **(headers or {})}, extensions=self._extensions
            )
            async with asyncio.timeout(total):
                response = await self._open(url).handle_async_request(request)
                answered = True
                try:
                    return Reply(response.status_code, response.headers, await self._read(response))
                finally:
                    await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise TransportFailure("content_type")  # never asked for, and a way around the size limit
        chunks, size = [], 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > self._max_bytes:
                raise TransportFailure("too_large")
            chunks.append(chunk)
        return b"".join(chunks)

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None


def _caused_by(exc: BaseException | None, kind: type[BaseException]) -> bool:
    while exc is not None:
        if isinstance(exc, kind):
            return True
        exc = exc.__cause__ or exc.__context__
    return False


@contextmanager
def _translated(was_answered: Callable[[], bool]) -> Iterator[None]:
    """`was_answered` tells whether the head of an answer had come."""
    try:
        yield
    except (TimeoutError, httpx.TransportError, httpx.InvalidURL) as exc:
        raise _translate(exc, answered=was_answered()) from exc


def _translate(exc: Exception, *, answered: bool) -> TransportFailure:
    if isinstance(exc, httpx.ConnectError):
        by_cause = {socket.gaierror: "dns", ssl.SSLError: "tls"}
        reason = next((name for kind, name in by_cause.items() if _caused_by(exc, kind)), "refused")
        return TransportFailure(reason, retriable=reason == "refused")
    if isinstance(exc, httpx.TransportError) and not isinstance(exc, httpx.TimeoutException):
        if answered:
            return TransportFailure("truncated")
        gone = isinstance(exc, httpx.NetworkError) or "disconnected without" in str(exc)
        return TransportFailure("reset" if gone else "protocol", retriable=gone)
    reasons = {httpx.PoolTimeout: "pool", httpx.ConnectTimeout: "timeout", httpx.InvalidURL: "protocol"}
    silent = "timeout" if isinstance(exc, httpx.TimeoutException) and not answered else "slow"
    return TransportFailure(reasons.get(type(exc), silent), retriable=isinstance(exc, httpx.ConnectTimeout))
