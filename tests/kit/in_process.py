"""A function in the test's own process, with doubles in place of the identity provider and the billing service."""

import importlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import httpx2 as httpx

from common.function import Function
from common.process import log
from common.process.settings import Settings
from tests.kit.billing import BillingService
from tests.kit.identity import IdentityProvider
from tests.kit.tokens import AUDIENCE, KEYCLOAK


def load(name: str) -> Function:
    """The function's own app, as every process that does not serve it loads it."""
    app: Function = importlib.import_module(f"functions.{name.replace('-', '_')}.main").app
    return app


class Double(httpx.AsyncBaseTransport):
    """Returns the response of `handle` with an unread body, as from a network. A MockTransport reads the body first."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        said = self._handle(request)
        return httpx.Response(said.status_code, headers=said.headers, stream=_Body(said.content))


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def settings(**changes: Any) -> Settings:
    usual = {"keycloak_url": KEYCLOAK, "oidc_audience": AUDIENCE, "metrics_port": 0, "log_level": "DEBUG"}
    return Settings.model_validate({**usual, **changes})


def make(
    name: str,
    identity: Callable[[httpx.Request], httpx.Response] | None = None,
    billing: Callable[[httpx.Request], httpx.Response] | None = None,
    **changes: Any,
) -> Function:
    """A fresh endpoint: nothing cached, nobody known."""
    declared = load(name)
    return Function(name, port=declared.port, endpoints=declared.endpoints).configure(
        settings(**changes),
        billing_transport=Double(billing or BillingService()),
        identity_transport=Double(identity or IdentityProvider()),
    )


async def get(app: Any, path: str, *lines: bytes, **headers: str) -> httpx.Response:
    return await request(app, "GET", path, *lines, **headers)


async def request(
    app: Any, method: str, path: str, *lines: bytes, content: bytes | None = None, **headers: str
) -> httpx.Response:
    """With these Authorization lines, each as it stands."""
    sent = [(b"authorization", line) for line in lines]
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing.example.com") as client:
        return await client.request(method, path, headers=sent, content=content)


class Lines:
    """Keeps the lines that are queued for the log."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, line: str) -> None:
        self.text += line

    def requests(self) -> list[dict[str, Any]]:
        """The lines that say what became of a request."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["message"] == "request"]


@contextmanager
def captured_log() -> Iterator[Lines]:
    """The lines that are logged meanwhile, at DEBUG. A process has one log: its queue and sampling are patched."""
    lines = Lines()
    with mock.patch.object(log._handler, "enqueue", lines.add), mock.patch.dict(log._sampled, clear=True):
        yield lines
