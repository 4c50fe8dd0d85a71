"""The process that test_killed_delivery.py kills: it changes a state, and delivers the notifications about it.

python killed_notify.py PORT FIRST CHANNEL...: a state is a row of the trail of changes. Prints a line when it begins.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from billing_service.database import connect
from billing_service.notifications.deliver import Carrier, Deliverer
from billing_service.notifications.event import Event
from billing_service.notifications.outbox import enqueue
from tests.integration.billing_service.notifications.conftest import SEALER
from tests.integration.billing_service.notifications.receivers import sender

STATE = "INSERT INTO audit (organization, domain, id, action, actor, after) VALUES ('acme', 'state', %s, 'x', 'x', %s)"


async def main(port: int, first: int, channels: list[UUID]) -> None:
    url = os.environ["DATABASE_URL"]
    deliverer = Deliverer(url, Carrier(SEALER, sender(port), None), lambda *_: None)
    running = asyncio.create_task(deliverer.run())
    async with connect(url) as connection:
        print("begin", flush=True)
        for number in range(first, first + 100) if first >= 0 else ():
            event = Event("state", "firing", str(number), "changed", datetime.now(UTC))
            async with connection.transaction():
                await connection.execute(STATE, [str(number), Jsonb({})])
                await enqueue(connection, "acme", event, [channels[number % len(channels)]])
            await asyncio.sleep(0.05)
    await running


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), [UUID(channel) for channel in sys.argv[3:]]))
