"""Writing to the ledger: an hour, a day, both again, a late day, and an hour of the meter."""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from billing_service.database import Connection
from billing_service.ledger.ingest import QUANTITY_BOUND, UsageLine, ingest
from billing_service.metering.store import LedgerStore
from billing_service.metering.usage import Instances, Reading
from tests.benchmarks.ledger_world import NOW, Size, lines_of

_HOUR = timedelta(hours=1)


class Adds(Protocol):
    def add(self, what: str, figure: str, floor: str = "") -> None: ...


async def measure(connection: Connection, size: Size, report: Adds, *, stage: bool) -> None:
    """`stage`: the first of two. Each has its own hours and days, so that every line is new."""
    big = [f"b-{n}" for n in range(1, size.big + 1)]
    first = NOW - (8 if stage else 5) * _HOUR
    hours = [lines_of(big, first + n * _HOUR) for n in range(3 if stage else 4)]
    rates = [await _rate(connection, lines) for lines in hours]
    report.add(f"ingest, hours of {len(hours[0]):,} lines", _shown(rates), ">= 15 000 lines/s")
    report.add("the same hour again", _shown([await _rate(connection, hours[-1])]))
    projects = [f"p-2-{n}" for n in range(1, size.projects + 1)]
    day = NOW.replace(day=3 if stage else 8)
    days = [lines_of(projects, day + timedelta(days=n), 24) for n in range(3)]
    rates = [await _rate(connection, lines) for lines in days]
    report.add(f"ingest, days of {len(days[0]):,} lines", _shown(rates), ">= 40 000 lines/s")
    for name, changed in (("project", projects[:1]), ("organization", projects)):
        lines = lines_of(changed, day, 24, "2.5")
        started = time.perf_counter()
        await ingest(connection, lines, now=NOW)
        seconds = time.perf_counter() - started
        floor = "<= 1 s" if name == "project" else ""
        report.add(f"one late day: {name}, {len(lines):,} lines change", f"{seconds * 1e3:.0f} ms", floor)
    if not stage:
        await _meter(connection, big, report)


async def _rate(connection: Connection, lines: list[UsageLine]) -> float:
    started = time.perf_counter()
    await ingest(connection, lines, now=NOW)
    return len(lines) / (time.perf_counter() - started)


def _shown(rates: list[float]) -> str:
    return f"best {max(rates):,.0f}, worst {min(rates):,.0f} lines/s"


async def _meter(connection: Connection, namespaces: list[str], report: Adds) -> None:
    """What happens after Prometheus has been read: lines, sums, instances, coverage, data versions."""
    hour: datetime = NOW - _HOUR
    instances = tuple(Instances(name, 3, 1, Decimal(2), Decimal(8)) for name in namespaces)
    reading = Reading(tuple(lines_of(namespaces, hour)), instances, 12, 12, ())
    started = time.perf_counter()
    await LedgerStore(connection, QUANTITY_BOUND).store("prometheus", hour, reading)
    seconds = time.perf_counter() - started
    report.add(f"storing a metered hour of {len(namespaces):,} projects", f"{seconds:.1f} s", "<= 30 s")
