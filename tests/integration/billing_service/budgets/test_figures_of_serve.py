"""Budgets through the API with the role of `serve`: figures, preview, and the deletion of one that fires."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import connect, open_database
from billing_service.grants import grant
from tests.integration.billing_service.budgets.conftest import ACME, Budgets, body
from tests.integration.billing_service.budgets.kit import NOVEMBER, World
from tests.integration.billing_service.conftest import TOKEN, Load
from tests.integration.billing_service.ledger_kit import found

ROLE = "billing_reader_of_figures"


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        made = World(connection, load)
        await made.begin()
        yield made


@pytest.fixture
async def serve(world: World, database_url: str) -> AsyncIterator[Budgets]:
    """As the role that only reads, and changes what its routes change."""
    await world.connection.execute(f"CREATE ROLE {ROLE} LOGIN")
    try:
        await grant(world.connection, ROLE)
        parts = urlsplit(database_url)
        url = parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()
        async with open_database(url) as database:
            transport = httpx2.ASGITransport(app=create_app(database, TOKEN, now=lambda: world.now))
            async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
                yield Budgets(client)
    finally:
        await world.connection.execute(f"DROP OWNED BY {ROLE}")
        await world.connection.execute(f"DROP ROLE {ROLE}")


async def test_a_budget_has_its_figures_and_is_resolved_when_it_is_deleted(world: World, serve: Budgets) -> None:
    """Created at 90 of 100 EUR it is pending, then firing; deleted, its channel gets `resolved`."""
    await world.use(NOVEMBER, 90)
    made = await serve.create(body(amount=100, channels=[str(world.channel)]))
    assert made["current"]["spent"] == 90
    assert [one["state"] for one in made["thresholds"]] == ["pending", "ok"]  # four days have no probability
    assert await world.evaluate() == [("firing", "actual-80")]
    path = f"{ACME}/{made['id']}"
    read = await serve.send("GET", path)
    assert [one["state"] for one in read.json()["thresholds"]] == ["firing", "ok"]
    listed = (await serve.send("GET", ACME)).json()["budgets"]
    assert [one["current"]["spent"] for one in listed] == [90]
    deleted = await serve.send("DELETE", path, if_match=read.headers["etag"])
    assert deleted.status_code == 200, deleted.text
    assert [row[:2] for row in await world.said()] == [("firing", "actual-80"), ("resolved", "actual-80")]
    assert await found(world.connection, "SELECT FROM budget_states") == []
    assert await found(world.connection, "SELECT FROM budget_evaluations") == []


async def test_a_preview_through_the_api(world: World, serve: Budgets) -> None:
    """The same body as for a new budget; nothing is stored."""
    await world.use(NOVEMBER, 90)
    response = await serve.send("POST", f"{ACME}/preview", body(amount=100))
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    assert len(made["periods"]) == 12
    assert [one["fired"] for one in made["summary"]] == [0, 0]
    assert await found(world.connection, "SELECT FROM budgets") == []
