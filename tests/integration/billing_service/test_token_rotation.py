"""The documented rotation of the service token, with real processes of the billing service."""

import httpx2
import pytest

from common.function import Function
from tests.kit.identity import IdentityProvider
from tests.kit.in_process import Double, get, load, settings
from tests.kit.tenants import admin

from .process import served, wait_for

OLD, NEW = "a-service-token-of-yesterday", "a-service-token-of-today"
PATH = "/api/billing/project/acme-web/overview"
pytestmark = pytest.mark.usefixtures("registry")


def function_with(token: str, url: str, **changes: object) -> Function:
    """A pod that started with this token."""
    declared = load("overview")
    return Function("overview", port=declared.port, endpoints=declared.endpoints).configure(
        settings(billing_api_url=url, billing_api_token=token, **changes),
        identity_transport=Double(IdentityProvider()),
    )


async def status(function: Function) -> int:
    return (await get(function, PATH, admin("acme"))).status_code


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ({"BILLING_API_TOKEN": OLD}, {OLD: 200, NEW: 503}),
        ({"BILLING_API_TOKEN": NEW, "BILLING_API_TOKEN_PREVIOUS": OLD}, {OLD: 200, NEW: 200}),
        ({"BILLING_API_TOKEN": NEW, "BILLING_API_TOKEN_PREVIOUS": ""}, {OLD: 503, NEW: 200}),
    ],
    ids=["before", "between", "after"],
)
async def test_each_step_of_a_rotation(database_url: str, accepted: dict[str, str], expected: dict[str, int]) -> None:
    """Between the first and the last step, pods with the old and with the new token are served."""
    with served(database_url, **accepted) as (url, _):
        async with httpx2.AsyncClient() as client:
            await wait_for(client, f"{url}/api/health", 200, 20)
        for token, code in expected.items():
            function = function_with(token, url, cache_fresh_seconds=0)
            assert await status(function) == code
            await function.billing.close()


async def test_a_refused_token_is_bridged_by_older_results(database_url: str) -> None:
    """A pod that was forgotten serves what it has, marked as stale, and calls the service once."""
    with served(database_url, BILLING_API_TOKEN=OLD) as (url, _):
        async with httpx2.AsyncClient() as client:
            await wait_for(client, f"{url}/api/health", 200, 20)
        function = function_with(OLD, url, cache_fresh_seconds=0.1)
        assert await status(function) == 200
    with served(database_url, BILLING_API_TOKEN=NEW, PORT=url.rpartition(":")[2]):
        async with httpx2.AsyncClient() as client:
            await wait_for(client, f"{url}/api/health", 200, 20)
        response = await get(function, PATH, admin("acme"))
        assert (response.status_code, response.json()["meta"]["stale"]) == (200, True)
        assert (await get(function, PATH.replace("acme-web", "acme-data"), admin("acme"))).status_code == 503
    await function.billing.close()
