"""One bounded GET for everything a function asks, and the one place that names httpx.

Every way in which asking can fail becomes a TransportFailure with a reason code of the fault matrix.
"""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from common.billing.http1 import Http1, Reply, Timeouts, TransportFailure, read_bounded

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport as AsyncBaseTransport  # noqa: PLC0414 - its type is named here for all

__all__ = ["HttpClient", "Reply", "Timeouts", "TransportFailure"]


class HttpClient:
    """GET without redirects, proxies from the environment, cookies or compression; bounded in time and size.

    `transport` is any of httpx's, in the place of our own connections. `reuse` is for answers that say themselves what
    they are about: a connection then serves one exchange after the other.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        max_bytes: int,
        *,
        max_connections: int = 16,
        ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None,
        transport: "AsyncBaseTransport | None" = None,
        reuse: bool = False,
    ) -> None:
        self._timeouts = timeouts
        self._max_bytes = max_bytes
        self._max_connections = max_connections
        self._ca_file = ca_file
        self._reuse = reuse
        self._headers = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
        self._via: Http1 | Httpx | None = Httpx(transport, timeouts, max_bytes) if transport else None

    def _open(self) -> "Http1 | Httpx":
        """Made at the first request, in the process and event loop that use it (a server may fork before)."""
        if self._via is None:
            self._via = Http1(self._timeouts, self._max_bytes, self._max_connections, self._tls, reuse=self._reuse)
        return self._via

    def _tls(self) -> ssl.SSLContext:
        """Reading the certificate authorities costs 20 ms: only where the service speaks TLS."""
        return ssl.create_default_context(cafile=self._ca_file)

    async def get(self, url: str, *, within: float | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """`within` seconds are left of the caller's deadline. Raises TransportFailure."""
        total = self._timeouts.total if within is None else min(within, self._timeouts.total)
        try:
            async with asyncio.timeout(total):
                return await self._open().get(url, {**self._headers, **(headers or {})})
        except TimeoutError:
            raise TransportFailure("slow") from None

    async def close(self) -> None:
        if self._via is not None:
            await self._via.close()
            self._via = None


class Httpx:
    """The same over a transport of httpx, which is imported only then: 15 ms that no function pays."""

    def __init__(self, transport: "AsyncBaseTransport", timeouts: Timeouts, max_bytes: int) -> None:
        self._transport = transport
        self._max_bytes = max_bytes
        t = timeouts
        self._extensions = {"timeout": {"connect": t.connect, "read": t.read, "write": t.read, "pool": t.pool}}

    async def get(self, url: str, headers: Mapping[str, str]) -> Reply:
        import httpx2 as httpx  # noqa: PLC0415 - see above

        answered = False
        try:
            request = httpx.Request("GET", url, headers=headers, extensions=self._extensions)
            response = await self._transport.handle_async_request(request)
            answered = True
            try:
                body = await read_bounded(response.headers, response.aiter_raw(), self._max_bytes)
                return Reply(response.status_code, response.headers, body)
            finally:
                await response.aclose()
        except (httpx.PoolTimeout, httpx.InvalidURL) as exc:
            raise TransportFailure("pool" if isinstance(exc, httpx.PoolTimeout) else "protocol") from exc
        except httpx.TimeoutException as exc:
            retriable = isinstance(exc, httpx.ConnectTimeout)
            raise TransportFailure("slow" if answered else "timeout", retriable=retriable) from exc
        except httpx.ConnectError as exc:
            raise TransportFailure("refused", retriable=True) from exc
        except httpx.TransportError as exc:
            gone = isinstance(exc, httpx.NetworkError) and not answered
            lost = "reset" if gone else "protocol"
            raise TransportFailure("truncated" if answered else lost, retriable=gone) from exc

    async def close(self) -> None:
        await self._transport.aclose()
