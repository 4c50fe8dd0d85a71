"""kill -9 at random points between a change of state and the delivery of its notification: nothing is lost.

A message may be received twice: then both have the same id and the same events.
"""

import asyncio
import json
import os
import random
import secrets
import sys
from asyncio import StreamWriter
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from billing_service.database import Connection
from tests.integration.billing_service.ledger_kit import found
from tests.integration.billing_service.process import ROOT

from .conftest import SECRET, Api, body
from .receivers import OK, Receiver, receiving

CHANNELS = 3
DUE_NOW = "UPDATE deliveries SET next_attempt_at = now() WHERE state = 'pending'"  # instead of waiting for the leases
PENDING = "SELECT FROM deliveries WHERE state <> 'delivered'"
CHANGED = "SELECT id FROM audit WHERE domain = 'state'"


async def a_moment(_: Receiver, writer: StreamWriter) -> None:
    await asyncio.sleep(random.uniform(0, 0.3))
    writer.write(OK)
    await writer.drain()


async def process(url: str, *arguments: object) -> Any:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, Path(__file__).with_name("killed_notify.py"), *map(str, arguments)),
        env={"DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout
    assert await started.stdout.readline() == b"begin\n"
    return started


async def kill_at_random_points(url: str, api: Api, owner: Connection, points: int) -> str:
    """The result in words."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # pytest shows it if the test fails
    chance = random.Random(seed)
    async with receiving(a_moment) as receiver:
        channels = [(await api.create(body(name=str(number))))["id"] for number in range(CHANNELS)]
        hook = json.dumps({"url": f"http://127.0.0.1:{receiver.port}/"})
        await owner.execute(f"UPDATE channels SET target = target || '{hook}'")
        for point in range(points):
            working = await process(url, receiver.port, point * 100, *channels)
            await asyncio.sleep(chance.uniform(0, 2.5))
            working.kill()
            await working.wait()
            await owner.execute(DUE_NOW)
        working = await process(url, receiver.port, -1, *channels)
        async with asyncio.timeout(120):
            while await found(owner, PENDING):
                await owner.execute(DUE_NOW.replace("WHERE", "WHERE attempts = 0 AND"))
                await asyncio.sleep(0.5)
        working.kill()
        await working.wait()
    return _check({str(name) for (name,) in await found(owner, CHANGED)}, receiver, points)


def _check(changed: set[str], receiver: Receiver, points: int) -> str:
    messages: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for request in receiver.requests:
        content = Webhook(SECRET).verify(request.body, request.headers)
        titles = tuple(event["title"] for event in content["data"]["events"])
        assert content["data"]["number"] == len(titles)
        messages[request.headers["webhook-id"]].append(titles)
    assert all(len(set(received)) == 1 for received in messages.values()), "one id, two contents"
    delivered = [title for received in messages.values() for title in received[0]]
    assert len(delivered) == len(set(delivered)), "one notification, two ids"
    assert set(delivered) == changed
    again = sum(len(received) - 1 for received in messages.values())
    assert len(changed) >= points
    return (
        f"kill -9 at {points} random points: {len(changed)} notifications in {len(messages)} messages, none lost; "
        f"{again} messages twice, with the same id"
    )


@pytest.mark.slow_fault
async def test_a_kill_at_four_random_points_loses_no_notification(
    database_url: str, api: Api, owner: Connection
) -> None:
    """`make test-faults` has 50 points."""
    print(await kill_at_random_points(database_url, api, owner, 4))


@pytest.mark.slow_fault
async def test_a_kill_at_fifty_random_points_loses_no_notification(
    database_url: str, api: Api, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the writer's transaction, before and after a claim, while it is sent, before it is settled."""
    result = await kill_at_random_points(database_url, api, owner, 50)
    with capsys.disabled():
        print(f"\n{result}")
