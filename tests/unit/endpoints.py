"""The three endpoints, made around doubles at their two ports: the identity provider and the billing service."""

import importlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx2 as httpx

from common.function import Function
from common.process import log
from common.process.settings import Settings
from tests.unit.tokens import AUDIENCE, KEYCLOAK, key_set

ROOT = Path(__file__).parents[2]
PATHS = {
    "health": "/api/billing/health",
    "projects": "/api/billing/projects",
    "overview": "/api/billing/project/acme-web/overview",
}
KeySetAnswer = Callable[[httpx.Request], httpx.Response]


def load(name: str) -> Function:
    """The function's own app, as every process that does not serve it loads it."""
    app: Function = importlib.import_module(f"functions.{name.replace('-', '_')}.main").app
    return app


class Double(httpx.AsyncBaseTransport):
    """Answers as `handle` says, unread as from a wire (a MockTransport's response was read before it is sent)."""

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


class IdentityProvider:
    """Serves key sets at Keycloak's paths and remembers what was asked; realms it does not have are 404."""

    def __init__(self, answers: dict[str, bytes | KeySetAnswer] | None = None) -> None:
        usual: dict[str, bytes | KeySetAnswer] = {
            realm: key_set(realm) for realm in ("acme", "acme-prod", "globex", "master", "sso")
        }
        self.answers = {**usual, **(answers or {})}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        realm = request.url.path.removeprefix("/realms/").removesuffix("/protocol/openid-connect/certs")
        answer = self.answers.get(realm)
        if answer is None:
            return httpx.Response(404, json={"error": "Realm does not exist"})
        return httpx.Response(200, content=answer) if isinstance(answer, bytes) else answer(request)


def healthy(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/api/health"
    return httpx.Response(200, json={"status": "ok"})


def settings(**changes: Any) -> Settings:
    usual = {"keycloak_url": KEYCLOAK, "oidc_audience": AUDIENCE, "metrics_port": 0, "log_level": "DEBUG"}
    return Settings.model_validate({**usual, **changes})


def make(
    name: str,
    identity: Callable[[httpx.Request], httpx.Response] | None = None,
    billing: Callable[[httpx.Request], httpx.Response] = healthy,
    **changes: Any,
) -> Function:
    """A fresh endpoint: nothing cached, nobody known."""
    declared = load(name)
    return Function(name, port=declared.port, endpoints=declared.endpoints).configure(
        settings(**changes),
        billing_transport=Double(billing),
        identity_transport=Double(identity or IdentityProvider()),
    )


async def get(app: Any, path: str, *lines: bytes, **headers: str) -> httpx.Response:
    """GET with these Authorization lines, each as it stands."""
    sent = [(b"authorization", line) for line in lines]
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing.example.com") as client:
        return await client.get(path, headers=sent)


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
    """The lines that are logged meanwhile, at DEBUG. A process has one log, so its queue is patched."""
    lines = Lines()
    with mock.patch.object(log._handler, "enqueue", lines.add):
        yield lines
