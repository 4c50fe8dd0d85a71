"""The process that test_killed_evaluation.py kills: it evaluates budgets, and delivers the notifications about them.

python killed_worker.py PORT grows|stays: prints a line when it begins. A round adds an hour of usage if it `grows`, and
one threshold is reached in it.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from billing_service.budgets.evaluate import evaluate
from billing_service.database import connect
from billing_service.ledger.ingest import ingest
from billing_service.notifications.deliver import Carrier, Deliverer
from tests.integration.billing_service.ledger_kit import line
from tests.integration.billing_service.notifications.conftest import SEALER
from tests.integration.billing_service.notifications.receivers import sender

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NEWEST = "SELECT as_of FROM organization_state WHERE organization = 'acme'"
HOURS = 700


async def main(port: int, *, grows: bool) -> None:
    url = os.environ["DATABASE_URL"]
    running = asyncio.create_task(Deliverer(url, Carrier(SEALER, sender(port), None), lambda *_: None).run())
    async with connect(url) as connection:
        print("begin", flush=True)
        while True:
            rows = await (await connection.execute(NEWEST)).fetchall()
            hour = rows[0]["as_of"] if rows else FIRST
            if grows and hour < FIRST + HOURS * timedelta(hours=1):
                await ingest(connection, [line(hour, "1")], now=hour + timedelta(hours=2))
            await evaluate(connection, hour + timedelta(hours=2))
            await asyncio.sleep(0.01)
            if running.done():
                running.result()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), grows=sys.argv[2] == "grows"))
