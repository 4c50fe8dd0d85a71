"""What goes wrong behind and before open connections: nobody is cut off, nothing is lost, no figure is invented."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from billing_service.database import connect
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.live.conftest import (
    QUICK,
    connected,
    live_function,
    usage,
    wait_ready,
)
from tests.integration.billing_service.process import free_port, served
from tests.kit.billing import BillingService, serving
from tests.kit.identity import IdentityServer
from tests.kit.ingress import Ingress
from tests.kit.process import FunctionProcess
from tests.kit.websocket import Client, Refused


async def test_the_billing_service_is_killed(identity: IdentityServer, database_url: str, ledger: Load) -> None:
    """The connection stays. A change during the outage arrives after the restart, with a resync before it."""
    port = str(free_port())
    with live_function(identity, f"http://127.0.0.1:{port}", **QUICK) as function:
        with served(database_url, PORT=port) as (_, service):
            wait_ready(f"http://127.0.0.1:{port}")
            client = await Client.open(function.port, identity.token())
            await client.subscribe("acme-web", organization=True)
            await client.state()
            service.kill()
            service.wait(5)
        await ledger(usage("acme-web", quantity=6))
        await asyncio.sleep(1)
        with served(database_url, PORT=port):
            newer = await client.state()
            assert [message["type"] for message in newer] == ["resync", "cost", "cost", "complete_through"]
            assert newer[2]["month_to_date"] == 3.0
            await client.close()


@pytest.mark.slow_fault
async def test_the_stream_goes_silent(identity: IdentityServer, database_url: str, ledger: Load) -> None:
    """The service is frozen: without a heartbeat the stream is lost after 12 s, and opened again when it lives on."""
    with served(database_url) as (url, service):
        wait_ready(url)
        with live_function(identity, url, **QUICK) as function:
            async with connected(function, identity.token()) as client:
                await client.subscribe("acme-web")
                await client.state()
                service.send_signal(signal.SIGSTOP)
                await asyncio.to_thread(
                    function.wait_for_line, 20, message="the stream of the billing service was lost", reason="slow"
                )
                service.send_signal(signal.SIGCONT)
                await ledger(usage("acme-web", quantity=6))
                assert (await client.next("cost", 15))["month_to_date"] == 3.0


async def test_a_service_that_is_away_ends_a_new_subscription(identity: IdentityServer) -> None:
    """Close 4503: the client comes back, or falls back to requests, which say the same."""
    with live_function(identity, f"http://127.0.0.1:{free_port()}", **QUICK) as function:
        async with connected(function, identity.token()) as client:
            await client.subscribe("acme-web")
            code, reason = await client.end()
            assert (code, reason) == (4503, "Billing service unreachable")


async def test_a_foreign_billing_service_without_the_resource_is_4501(identity: IdentityServer) -> None:
    """The page then reads every minute."""
    service = BillingService()
    service.fail = lambda target: (404, {"detail": "Not Found"}) if target.endswith(("/live", "changes")) else None
    server = serving(service)
    server.start()
    try:
        with live_function(identity, server.url, **QUICK) as function:
            async with connected(function, identity.token()) as client:
                await client.subscribe(organization=True)
                assert (await client.end())[0] == 4501
    finally:
        server.close()


async def test_a_foreign_billing_service_without_the_stream_is_4501(identity: IdentityServer) -> None:
    """It has the figures, but does not announce their changes."""
    server = serving(BillingService())
    server.start()
    try:
        with live_function(identity, server.url, **QUICK) as function:
            async with connected(function, identity.token()) as client:
                await client.subscribe("acme-web")
                assert (await client.end())[0] == 4501
    finally:
        server.close()


async def test_a_reply_for_another_organization_is_never_sent(identity: IdentityServer) -> None:
    """The owner of each reply is proved: close 4503, and no figure."""
    service = BillingService()
    reply = service.reply("/api/organization/globex/live")
    service.fail = lambda target: reply if "/live" in target else None
    server = serving(service)
    server.start()
    try:
        with live_function(identity, server.url, **QUICK) as function:
            async with connected(function, identity.token()) as client:
                await client.subscribe(organization=True)
                assert (await client.end())[0] == 4503
                assert client.heard == []
    finally:
        server.close()


@pytest.mark.slow_fault
async def test_a_planned_move_is_noticed_without_a_change(
    function: FunctionProcess, identity: IdentityServer, database_url: str
) -> None:
    """The end of an ownership is a time, and no event: access is checked again within a minute."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-data")
        await client.state()
        async with connect(database_url) as connection:
            await connection.execute("ALTER TABLE ownership DISABLE TRIGGER USER")
            end = "UPDATE ownership SET validity = tstzrange(lower(validity), now()) WHERE namespace = 'acme-data'"
            await connection.execute(end)
            await connection.execute("ALTER TABLE ownership ENABLE TRIGGER USER")
        started = time.monotonic()
        assert (await client.end(60))[0] == 4403
        assert time.monotonic() - started < 60


@pytest.mark.slow_fault
async def test_through_the_ingress(
    function: FunctionProcess, identity: IdentityServer, ledger: Load, tmp_path: Path
) -> None:
    """Envoy upgrades, passes refusals on, and does not end a connection at the time limit of requests."""
    ingress = Ingress([function], tmp_path)
    try:
        client = await Client.open(ingress.port, identity.token())
        await client.subscribe("acme-web")
        await client.state()
        await asyncio.sleep(32)  # the route's limit for a request is 30 s
        await ledger(usage("acme-web", quantity=6))
        assert (await client.next("cost"))["month_to_date"] == 3.0
        await client.close()
        with pytest.raises(Refused) as refused:
            await Client.open(ingress.port, "no-token")
        assert refused.value.response.status_code == 401
    finally:
        ingress.close()


async def test_a_full_pod_and_a_caller_with_many_connections_are_503(identity: IdentityServer, billing: str) -> None:
    """With Retry-After. A place is free again when a connection ends."""
    with live_function(identity, billing, SOCKET_MAX_CONNECTIONS="2") as function:
        token = identity.token()
        one, two = await Client.open(function.port, token), await Client.open(function.port, token)
        with pytest.raises(Refused) as refused:
            await Client.open(function.port, token)
        response = refused.value.response
        assert (response.status_code, response.json()["code"]) == (503, "too_many_connections")
        assert response.headers["retry-after"]
        await one.close()
        await asyncio.sleep(0.5)
        await (await Client.open(function.port, token)).close()
        await two.close()
