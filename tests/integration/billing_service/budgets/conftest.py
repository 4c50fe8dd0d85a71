"""The billing API as a function calls it about budgets: for an org-admin, or for a project-user with some projects."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import Connection, connect, open_database
from tests.integration.billing_service.conftest import TOKEN

ACME = "/api/organization/acme/budgets"
GLOBEX = "/api/organization/globex/budgets"
AN_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OF_ORGANIZATION = {"kind": "organization"}
OF_WEB = {"kind": "project", "namespace": "acme-web"}
OF_TEAM = {"kind": "label", "label": {"key": "team", "value": "payments"}}
OF_TEAM_IN_WEB = OF_TEAM | {"namespace": "acme-web"}


def body(**changes: Any) -> dict[str, Any]:
    return {
        "name": "all",
        "scope": OF_ORGANIZATION,
        "amount": 500,
        "currency": "EUR",
        "thresholds": [
            {"basis": "actual", "percent": 80},
            {"basis": "forecast", "percent": 100, "probability": 0.8},
        ],
        **changes,
    }


class Budgets:
    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def send(
        self, method: str, path: str, content: Any = None, own: str | None = None, **headers: str
    ) -> httpx2.Response:
        """`own`: the namespaces of a project-user. `content`: bytes, or what becomes JSON."""
        sent = {"authorization": f"Bearer {TOKEN}", "x-actor": "alice"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        text = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        parameters = None if own is None else {"namespaces": own}
        return await self.client.request(method, path, content=text, headers=sent, params=parameters)

    async def create(self, content: dict[str, Any] | None = None, path: str = ACME) -> dict[str, Any]:
        response = await self.send("POST", path, content or body())
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def names(self, own: str | None = None) -> list[str]:
        response = await self.send("GET", ACME, own=own)
        assert response.status_code == 200, response.text
        return [budget["name"] for budget in response.json()["budgets"]]


@pytest.fixture
async def budgets(database_url: str, registry: None) -> AsyncIterator[Budgets]:  # noqa: ARG001 - the rows must be there
    async with open_database(database_url) as database:
        transport = httpx2.ASGITransport(app=create_app(database, TOKEN))
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
            yield Budgets(client)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        yield connection


async def channel_of(owner: Connection, organization: str) -> str:
    """The id of a new channel."""
    channel = str(uuid4())
    await owner.execute(
        "INSERT INTO channels (organization, id, name, kind, enabled, target) VALUES (%s, %s, %s, 'email', true, '{}')",
        [organization, channel, channel],
    )
    return channel
