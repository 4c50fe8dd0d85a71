"""The function `live` as in its image, a real billing service and a real PostgreSQL."""

import asyncio
import inspect
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from dev.functions import START
from dev.settings import ROOT
from tests.integration.billing_service.conftest import TOKEN, Load
from tests.integration.billing_service.process import served
from tests.kit.identity import IdentityServer
from tests.kit.process import FunctionProcess
from tests.kit.websocket import Client

QUICK = {"SOCKET_CHECK_SECONDS": "1"}
PRICES = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.5,2025-01-01T00:00:00Z\n"


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def usage(*namespaces: str, quantity: int = 2, hours_ago: int = 1) -> str:
    hour = f"{this_hour() - timedelta(hours=hours_ago):%Y-%m-%dT%H:00:00Z}"
    lines = [f"{name},{hour},cpu_core_hour,-,{quantity}\n" for name in namespaces]
    return "namespace,hour,sku,workload,quantity\n" + "".join(lines)


@pytest.fixture(scope="session")
def identity() -> Iterator[IdentityServer]:
    server = IdentityServer()
    server.server.start()
    with closing(server.server):
        yield server


@contextmanager
def live_function(identity: IdentityServer, billing_url: str, **settings: str) -> Iterator[FunctionProcess]:
    environment = {
        "KEYCLOAK_URL": identity.url,
        "BILLING_API_URL": billing_url,
        "BILLING_API_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    with FunctionProcess(environment, name="live", command=[sys.executable, str(START)]) as function:
        yield function


def wait_ready(url: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            if httpx2.get(f"{url}/api/health").status_code == 200:
                return
        except httpx2.TransportError:
            assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
async def ledger(registry: None, load: Load) -> Load:
    """acme-web and acme-data with usage of the last hour."""
    del registry
    await load(PRICES)
    await load(usage("acme-web", "acme-data", "acme-prod-web"))
    return load


@pytest.fixture
def billing(database_url: str, ledger: Load) -> Iterator[str]:
    del ledger
    with served(database_url) as (url, _):
        wait_ready(url)
        yield url


@pytest.fixture
def function(identity: IdentityServer, billing: str) -> Iterator[FunctionProcess]:
    with live_function(identity, billing, **QUICK) as function:
        yield function


@asynccontextmanager
async def connected(function: FunctionProcess, token: str, **options: Any) -> AsyncIterator[Client]:
    client = await Client.open(function.port, token, **options)
    try:
        yield client
    finally:
        await client.close()


async def settled(condition: Any, seconds: float = 5) -> None:
    """`condition`: a function or a coroutine function without arguments."""
    until = time.monotonic() + seconds
    while not (await found if inspect.isawaitable(found := condition()) else found):
        assert time.monotonic() < until, "it did not happen in time"
        await asyncio.sleep(0.05)
