"""The ledger at scale: `python -m tests.benchmarks.ledger [--lines 20000000]`, on its own PostgreSQL.

A quarter of the lines is measured first, and then all of them. The server waits for the disk (fsync and
synchronous_commit are on). Floors are those of a quiet machine: each figure has the load average beside it.
"""

import argparse
import asyncio
import os
import platform
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from billing_service.database import Connection, connect, open_database
from billing_service.forecasts.unusual_work import refresh_unusual_days
from billing_service.ledger.commands import differences
from billing_service.migrate import migrate, shipped
from billing_service.periods.close import fetching
from billing_service.serve import freeze_imports
from tests.benchmarks import ledger_metering, ledger_reads, ledger_writes
from tests.benchmarks.ledger_world import FIRST_DAY, NOW, Size, write_facts, write_past
from tests.kit.postgres import Server

SETTINGS: Final = {
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
}
GIB_FOR_A_MILLION: Final = 0.5  # of disk, with the log of changes


@dataclass
class Report:
    rows: list[tuple[str, str, str, float]] = field(default_factory=list)

    def add(self, what: str, figure: str, floor: str = "") -> None:
        load = os.getloadavg()[0]
        self.rows.append((what, figure, floor, load))
        print(f"  {what:58} {figure:34} {floor:22} load {load:.1f}", flush=True)

    def markdown(self) -> str:
        rows = [f"| {what} | {floor} | {figure} | {load:.1f} |" for what, figure, floor, load in self.rows]
        return "\n".join(["| what | floor | measured | load |", "| --- | --- | --- | --- |", *rows])


async def benchmark(url: str, size: Size, repeats: int, folder: Path) -> Report:
    report = Report()
    freeze_imports()
    async with connect(url) as connection:
        await migrate(connection, shipped())
        await write_facts(connection, size)
        lines, p50 = 0, 0.0
        for first, until in ((size.quarter_since, NOW), (FIRST_DAY, size.quarter_since)):
            lines_before, lines = lines, await _load(connection, size, first, until, report)
            await ledger_writes.measure(connection, size, report, stage=until == NOW)
            await refresh_unusual_days(connection, fetching(connection), "o-1", NOW)  # as the worker does
            await connection.execute("VACUUM ANALYZE")
            async with open_database(url, pool_size=8, timeout_seconds=60) as database:
                now_p50 = await ledger_reads.measure(database, size, repeats, report)
            if p50:
                what = f"overview, p50 with {lines / lines_before:.1f} times the lines"
                report.add(what, f"{now_p50 / p50:.2f} x", "<= 1.3 x for 4")
            p50 = now_p50
        await ledger_metering.measure(connection, size, report, folder)
        async with open_database(url, timeout_seconds=60) as database:
            await ledger_reads.measure_plain(connection, database, size, repeats, report)
        started = time.perf_counter()
        found = await differences(connection)
        report.add(
            "reconcile: sums that differ from their lines",
            f"{len(found)} in {time.perf_counter() - started:.0f} s",
            "0",
        )
        if found:
            raise AssertionError(found[:10])
    return report


async def _load(connection: Connection, size: Size, first: datetime, until: datetime, report: Report) -> int:
    started = time.perf_counter()
    await write_past(connection, size, first, until)
    seconds = time.perf_counter() - started
    await connection.execute("VACUUM ANALYZE")
    [row] = await (await connection.execute(_SIZES)).fetchall()
    report.add(f"lines {row['lines']:,}, sums by day {row['days']:,}", f"{row['size']}, loaded in {seconds:.0f} s")
    return int(row["lines"])


_SIZES = """
    SELECT (SELECT count(*) FROM usage_lines) AS lines, (SELECT count(*) FROM rollup_daily) AS days,
           pg_size_pretty(pg_database_size(current_database())) AS size
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="The ledger at scale")
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=400, help="number of overviews; lists are fewer")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="for the database")
    given = parser.parse_args()
    needed = GIB_FOR_A_MILLION * given.lines / 1e6 + 8
    free = shutil.disk_usage(given.folder).free / 2**30
    if free < needed:
        parser.error(f"{given.folder} has {free:.0f} GiB free, and {needed:.0f} are needed: name another --folder")
    server = Server(Path(tempfile.mkdtemp(prefix="pg-", dir=given.folder)), **SETTINGS)
    try:
        server.start()
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, PostgreSQL with {SETTINGS}, fsync and synchronous_commit on"
        )
        report = asyncio.run(benchmark(server.url, Size(given.lines), given.repeats, given.folder))
        print(report.markdown())
    finally:
        server.stop()
        server.remove()


if __name__ == "__main__":
    main()
