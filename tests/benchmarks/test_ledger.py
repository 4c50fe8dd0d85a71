"""The benchmark of the ledger, small: all of its parts run, and all sums agree with the lines."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from tests.benchmarks.ledger import benchmark
from tests.benchmarks.ledger_metering import WHAT
from tests.benchmarks.ledger_world import Size
from tests.kit.postgres import Server


@pytest.mark.slow_fault
def test_the_sums_of_a_small_run_agree_with_its_lines(tmp_path: Path) -> None:
    """It raises if `reconcile` finds a difference, or if the plain way has other figures."""
    server = Server(Path(tempfile.mkdtemp(prefix="pg-")))
    try:
        server.start()
        report = asyncio.run(benchmark(server.url, Size(100_000, projects=10, big=50), 8, tmp_path))
    finally:
        server.stop()
        server.remove()
    [metered] = [figure for what, figure, _, _ in report.rows if what.startswith(WHAT)]
    assert metered.startswith("NOT MEASURED") or metered.endswith("of them reading")
    figures = {what: figure for what, figure, _, _ in report.rows}
    assert figures["overview, 32 clients, 8 connections"].endswith(" 0 errors")
    assert figures["reconcile: sums that differ from their lines"].startswith("0 in")
