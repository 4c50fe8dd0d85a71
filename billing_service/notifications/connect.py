"""One request to an address that the guard has checked. The response is its status: nothing else of it is read."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore2

from billing_service.notifications.addresses import Address, AddressRefused, Guard
from billing_service.notifications.failure import NotDelivered


class _Checked(httpcore2.AsyncNetworkBackend):
    """Connects to these addresses, whatever the host of the request is. The host stays the name of TLS."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._addresses = tuple(addresses)
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - its addresses are known
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises httpcore's ConnectError of the last address."""
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failure = error
        raise failure


@dataclass(frozen=True)
class Post:
    """What a channel with a URL is sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Sender:
    """`seconds` are for everything: resolving, connecting, TLS, sending, and the head of the response.

    Redirects are not followed, proxies of the environment are not used, and no connection is used twice.
    """

    guard: Guard
    tls: ssl.SSLContext
    seconds: float = 10

    async def send(self, post: Post) -> int:
        """The status, 200 to 299. Raises NotDelivered."""
        try:
            async with asyncio.timeout(self.seconds):
                status = await self._send(post)
        except AddressRefused as error:
            raise NotDelivered("address") from error
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise NotDelivered("timeout") from error
        except httpcore2.ProtocolError as error:
            raise NotDelivered("protocol") from error
        except (httpcore2.NetworkError, OSError) as error:
            raise NotDelivered("tls" if _is_tls(error) else "connection") from error
        if status not in range(200, 300):
            raise NotDelivered("status", status)
        return status

    async def _send(self, post: Post) -> int:
        destination = self.guard.read(post.url)
        backend = _Checked(await self.guard.addresses(destination))
        url = httpcore2.URL(
            scheme=destination.scheme.encode(),
            host=destination.host.encode(),
            port=destination.port,
            target=destination.target.encode(),
        )
        headers = {
            "host": destination.authority,
            "user-agent": "kube-dc-billing",
            "accept-encoding": "identity",
            "connection": "close",
            "content-length": str(len(post.body)),
            **post.headers,
        }
        limits: dict[str, Any] = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)}
        async with (
            httpcore2.AsyncConnectionPool(ssl_context=self.tls, network_backend=backend, max_connections=1) as pool,
            pool.stream(
                "POST",
                url,
                headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
                content=post.body,
                extensions=limits,
            ) as response,
        ):
            return int(response.status)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
