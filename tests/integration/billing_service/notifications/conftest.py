"""The billing API with a key and a mail server, and its outbox."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import Connection, connect, open_database
from billing_service.notifications.addresses import Guard
from billing_service.notifications.channels import Channels
from billing_service.notifications.seal import Sealer
from tests.integration.billing_service.conftest import TOKEN

SEALER = Sealer([base64.urlsafe_b64encode(b"k" * 32).decode()])
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
ACME = "/api/organization/acme"


def webhook(**changes: Any) -> dict[str, Any]:
    return {"kind": "webhook", "url": "https://hooks.example.com/a", "secret": SECRET, **changes}


def mail(*recipients: str) -> dict[str, Any]:
    return {"kind": "email", "recipients": list(recipients or ["ops@example.org"])}


def body(target: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {"name": "ops", "target": target or webhook(), **changes}


class Api:
    """As a function calls it, for alice."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def send(self, method: str, path: str, content: Any = None, **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {TOKEN}", "x-actor": "alice%20%C3%A4"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=content, headers=sent)

    async def create(self, content: dict[str, Any] | None = None, organization: str = "acme") -> dict[str, Any]:
        response = await self.send("POST", f"/api/organization/{organization}/channels", content or body())
        assert response.status_code == 201, response.text
        return dict(response.json())


def channels_of(database: Any, sealer: Sealer = SEALER, *, offers_mail: bool = True) -> Channels:
    return Channels(database, sealer, Guard(), offers_mail=offers_mail)


@pytest.fixture
async def api(database_url: str, registry: None) -> AsyncIterator[Api]:  # noqa: ARG001 - the rows must be there
    async with open_database(database_url) as database:
        transport = httpx2.ASGITransport(app=create_app(database, TOKEN, channels=channels_of(database)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
            yield Api(client)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        yield connection
