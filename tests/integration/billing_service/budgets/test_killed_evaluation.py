"""kill -9 of the worker at random points between the state of a budget and the delivery of its notification.

State, alert and outbox row are one transaction: each alert is sent once, nothing is lost, and a message that is
received twice has the same id and the same events.
"""

import asyncio
import json
import os
import random
import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from billing_service.database import Connection, connect
from tests.integration.billing_service.budgets.kit import World, actual
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.ledger_kit import found
from tests.integration.billing_service.notifications.conftest import SEALER, SECRET
from tests.integration.billing_service.notifications.receivers import Receiver, receiving
from tests.integration.billing_service.notifications.test_killed_delivery import DUE_NOW, PENDING, a_moment
from tests.integration.billing_service.process import ROOT

BUDGETS = 3
HOURS = 700  # each reaches one threshold
ALERTS = "SELECT budget::text, threshold FROM budget_alerts"
FIRING = "SELECT budget::text, threshold FROM budget_states WHERE state = 'firing'"
CHANNEL = """
    INSERT INTO channels (organization, id, name, kind, enabled, target, sealed)
    VALUES ('acme', %(id)s, %(id)s::text, 'webhook', true, %(target)s, %(sealed)s)
"""


async def process(url: str, port: int, how: str) -> Any:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, Path(__file__).with_name("killed_worker.py"), str(port), how),
        env={"DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout
    assert await started.stdout.readline() == b"begin\n"
    return started


@pytest.fixture
async def world(database_url: str, registry: None, load: Load) -> AsyncIterator[World]:  # noqa: ARG001 - the rows
    async with connect(database_url) as connection:
        made = World(connection, load)
        await made.begin()
        yield made


async def prepare(world: World, port: int) -> None:
    """Three budgets with a channel each; the thresholds take turns, hour by hour."""
    for number in range(BUDGETS):
        channel = UUID(int=number + 1)
        sealed = SEALER.seal("acme", str(channel), {"secret": SECRET})
        target = json.dumps({"url": f"http://127.0.0.1:{port}/"})
        await world.connection.execute(CHANNEL, {"id": channel, "target": target, "sealed": sealed})
        thresholds = [actual(percent) for percent in range(number + 1, HOURS, BUDGETS)]
        await world.budget(*thresholds, name=str(number), channels=[channel])


async def kill_at_random_points(url: str, world: World, points: int) -> str:
    """The result in words."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # pytest shows it if the test fails
    chance = random.Random(seed)
    async with receiving(a_moment) as receiver:
        await prepare(world, receiver.port)
        for _ in range(points):
            working = await process(url, receiver.port, "grows")
            await asyncio.sleep(chance.uniform(0, 2.5))
            working.kill()
            await working.wait()
            await world.connection.execute(DUE_NOW)
        working = await process(url, receiver.port, "stays")
        async with asyncio.timeout(180):
            await asyncio.sleep(2)  # it evaluates the last hour
            while await found(world.connection, PENDING):
                await world.connection.execute(DUE_NOW.replace("WHERE", "WHERE attempts = 0 AND"))
                await asyncio.sleep(0.5)
        working.kill()
        await working.wait()
    return await _check(world.connection, receiver, points)


async def _check(connection: Connection, receiver: Receiver, points: int) -> str:
    messages: dict[str, list[tuple[tuple[str, str], ...]]] = defaultdict(list)
    for request in receiver.requests:
        content = Webhook(SECRET).verify(request.body, request.headers)["data"]
        events = tuple((event["labels"]["budget"], event["labels"]["threshold"]) for event in content["events"])
        assert content["number"] == len(events)
        messages[request.headers["webhook-id"]].append(events)
    assert all(len(set(received)) == 1 for received in messages.values()), "one id, two contents"
    said = [event for received in messages.values() for event in received[0]]
    assert len(said) == len(set(said)), "a threshold fired twice"
    fired = await found(connection, ALERTS)
    assert sorted(said) == sorted(fired) == sorted(await found(connection, FIRING))
    assert len(fired) >= points, "the worker was killed before it did anything"
    again = sum(len(received) - 1 for received in messages.values())
    return (
        f"kill -9 at {points} random points: {len(fired)} thresholds fired once in {len(messages)} messages, "
        "none lost; "
        f"{again} messages twice, with the same id"
    )


@pytest.mark.slow_fault
async def test_a_kill_at_four_random_points_loses_no_alert(database_url: str, world: World) -> None:
    """`make test-faults` has 50 points."""
    print(await kill_at_random_points(database_url, world, 4))


@pytest.mark.slow_fault
async def test_a_kill_at_fifty_random_points_loses_no_alert(
    database_url: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """While usage is booked, budgets are evaluated, states are written, and messages are sent."""
    result = await kill_at_random_points(database_url, world, 50)
    with capsys.disabled():
        print(f"\n{result}")
