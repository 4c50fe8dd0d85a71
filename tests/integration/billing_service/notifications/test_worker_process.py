"""The worker's own process delivers, counts, and ends in time."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from billing_service.database import Connection
from tests.integration.billing_service.ledger_kit import found
from tests.integration.billing_service.worker.process import working

from .conftest import ACME, SEALER, SECRET, Api, body
from .receivers import Receiver, receiving

LISTED = "SELECT state, attempts > 0, reason FROM deliveries ORDER BY created_at"


def settings(port: int) -> dict[str, str]:
    return {
        "NOTIFICATIONS_KEYS": ",".join(SEALER.keys),
        "NOTIFICATIONS_SCHEMES": "https,http",
        "NOTIFICATIONS_PORTS": f"443,{port}",
        "NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8",
    }


async def message(api: Api, owner: Connection, port: int, name: str) -> None:
    """A channel with this receiver, and a test message to it."""
    channel = (await api.create(body(name=name)))["id"]
    url = f'{{"url": "http://127.0.0.1:{port}/"}}'
    await owner.execute(f"UPDATE channels SET target = target || '{url}' WHERE id = '{channel}'")
    await api.send("POST", f"{ACME}/channels/{channel}/test")


@pytest.mark.slow_fault
async def test_the_worker_delivers_and_counts(api: Api, owner: Connection, database_url: str, tmp_path: Path) -> None:
    """One that arrives and one that is refused: the metrics have both, and nothing is overdue."""
    async with receiving() as good, receiving(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n") as bad:
        await message(api, owner, good.port, "good")
        await message(api, owner, bad.port, "bad")
        environment = settings(good.port) | {"NOTIFICATIONS_PORTS": f"{good.port},{bad.port}"}
        with working(database_url, tmp_path, **environment) as [worker]:
            counted = 'notifications_total{channel="webhook",result="%s"}'
            await until(lambda: {counted % "delivered", counted % "failed"} <= worker.metrics().keys())
            await until(lambda: worker.metrics().get("notifications_oldest_seconds") == 0)
            assert (await asyncio.to_thread(worker.stop))[0] == 0
    assert Webhook(SECRET).verify(good.requests[0].body, good.requests[0].headers)["type"] == "test"
    assert await found(owner, LISTED) == [("delivered", True, None), ("pending", True, "status")]
    assert SECRET not in worker.log
    assert "127.0.0.1" not in worker.log, "an address of a tenant is in the log"


async def test_sigterm_while_a_receiver_hangs(api: Api, owner: Connection, database_url: str, tmp_path: Path) -> None:
    """It ends with 0 within 5 seconds. The message is sent again after its lease, with the same id."""

    async def hang(receiver: Receiver, _: Any) -> None:
        del receiver
        await asyncio.sleep(20)

    async with receiving(hang) as receiver:
        await message(api, owner, receiver.port, "hangs")
        with working(database_url, tmp_path, **settings(receiver.port)) as [worker]:
            await until(lambda: receiver.requests)
            code, seconds = await asyncio.to_thread(worker.stop)
        assert (code, seconds < 5) == (0, True), worker.log
        assert await found(owner, LISTED) == [("pending", True, None)]
        await owner.execute("UPDATE deliveries SET next_attempt_at = now()")
        receiver.reply = b"HTTP/1.1 204 No Content\r\n\r\n"
        with working(database_url, tmp_path, **settings(receiver.port)) as [worker]:
            await until(lambda: len(receiver.requests) == 2)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


async def until(condition: Any, seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.1)
