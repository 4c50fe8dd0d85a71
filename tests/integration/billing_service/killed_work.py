"""The process that test_killed.py kills: one piece of work on the ledger, at a given time.

python killed_work.py import|meter|close NOW [FILE]: it prints a line when it begins, and one when it ends.
"""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing_service.database import Connection, connect
from billing_service.importer import import_file
from billing_service.ledger.ingest import QUANTITY_BOUND, UsageLine
from billing_service.metering.store import LedgerStore
from billing_service.metering.usage import Reading
from billing_service.periods.close import close

PROVISIONAL_DAYS = 3


async def main(work: str, now: datetime, file: str) -> None:
    async with connect(os.environ["DATABASE_URL"]) as connection:
        print("begin", flush=True)
        match work:
            case "import":
                await import_file(connection, Path(file), now=now)
            case "meter":
                await _meter(connection, json.loads(Path(file).read_text()))  # noqa: ASYNC240 - a small file
            case "close":
                await close(connection, PROVISIONAL_DAYS, now)
        print("end", flush=True)


async def _meter(connection: Connection, read: dict[str, Any]) -> None:
    """Each hour is a transaction: its lines, and how many samples there were."""
    store = LedgerStore(connection, QUANTITY_BOUND)
    for number in range(read["hours"]):
        hour = datetime.fromisoformat(read["first"]) + timedelta(hours=number)
        lines = tuple(
            UsageLine(name, hour, "cpu_core_hour", "Deployment/api", Decimal(read["quantity"]), "prometheus")
            for name in read["namespaces"]
        )
        await store.store("prometheus", hour, Reading(lines, None, 12, 12, ()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), sys.argv[3]))
