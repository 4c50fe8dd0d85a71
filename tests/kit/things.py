"""A function that a test declares, and the requests to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
import uvicorn

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.model import WireModel
from tests.kit import tenants
from tests.kit.billing import BillingService
from tests.kit.identity import IdentityProvider
from tests.kit.in_process import Double, settings

AS_OF = datetime(2025, 10, 1, 15, tzinfo=UTC)
Headers = Sequence[tuple[str, str]]


class Thing(WireModel):
    name: str


async def nothing(_: Call[Any, Any]) -> Result[Thing]:
    """A thing."""
    return Result(Thing(name="x"), AS_OF)


def endpoint(method: Any = "GET", route: str = "/api/billing/things", **changes: Any) -> Endpoint[Any, Any]:
    usual: dict[str, Any] = {"access": Access.TOKEN, "handle": nothing, "data": Thing}
    return Endpoint(method=method, route=route, **{**usual, **changes})


def function(
    *endpoints: Endpoint[Any, Any],
    billing: Callable[[httpx.Request], httpx.Response] | None = None,
    identity: Callable[[httpx.Request], httpx.Response] | None = None,
    **changes: Any,
) -> Function:
    return Function("things", port=8199, endpoints=endpoints).configure(
        settings(**changes),
        billing_transport=Double(billing or BillingService()),
        identity_transport=Double(identity or IdentityProvider()),
    )


def on_network(*endpoints: Endpoint[Any, Any], **changes: Any) -> Function:
    """The billing service is reached over real sockets."""
    return Function("things", port=8199, endpoints=endpoints).configure(
        settings(**changes), identity_transport=Double(IdentityProvider())
    )


def bearer(realm: str = "acme", **changes: Any) -> str:
    return tenants.bearer(realm, **changes).decode()


def user(*namespaces: str, realm: str = "acme") -> str:
    return tenants.user(realm, *namespaces).decode()


def admin(realm: str = "acme") -> str:
    return tenants.admin(realm).decode()


def guest(realm: str = "acme") -> str:
    return tenants.guest(realm).decode()


async def send(  # noqa: PLR0917 - a request has this many parts
    app: Any,
    method: str,
    path: str = "/api/billing/things",
    line: str | None = None,
    headers: Headers = (),
    content: Any = None,
) -> httpx.Response:
    """As an org-admin of acme, where no other Authorization header is given; an empty one is left out."""
    line = admin() if line is None else line
    lines = [*headers, *([("authorization", line)] if line else [])]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in lines]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://billing.example.com") as client:
        return await client.request(method, path, headers=raw, content=content)


@asynccontextmanager
async def served(app: Function) -> AsyncIterator[int]:
    """The function behind a real uvicorn, in this event loop; the value is its port."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign] # the test's process keeps its own
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task
        await app.billing.close()


def head(method: str, path: str = "/api/billing/things", *lines: str, line: str | None = None) -> bytes:
    """The head of a request."""
    sent = ["Host: b", f"Authorization: {admin() if line is None else line}", *lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *sent, "", ""]).encode("latin-1")


async def wait_until(true: Callable[[], Any], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the condition is the test's
            await asyncio.sleep(0.005)


@dataclass
class Raw:
    """A request as a server hands it over: the bytes of its path, and the messages of its body one by one."""

    method: str = "GET"
    path: bytes = b"/api/billing/things"
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    line: str | None = None
    messages: Sequence[dict[str, Any]] = ({"type": "http.request", "body": b"", "more_body": False},)
    received: int = 0
    sent: list[Any] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        """After the last message nothing comes any more."""
        if self.received == len(self.messages):
            await asyncio.Event().wait()
        self.received += 1
        return self.messages[self.received - 1]

    async def to(self, app: Function) -> httpx.Response:
        line = admin() if self.line is None else self.line
        scope = {
            "type": "http",
            "method": self.method,
            "path": self.path.decode("latin-1"),
            "raw_path": self.path,
            "query_string": self.query,
            "headers": [*self.headers, *([(b"authorization", line.encode())] if line else [])],
        }

        async def sent(message: Any) -> None:
            self.sent.append(message)

        await app(scope, self.receive, sent)
        start, *parts = self.sent
        return httpx.Response(
            start["status"], headers=start["headers"], content=b"".join(part["body"] for part in parts)
        )
