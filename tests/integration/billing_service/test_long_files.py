"""A file of millions of lines: bounded memory, and progress on a terminal. Tested with fewer lines."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from billing_service.database import connect

from .conftest import Load
from .ledger_kit import found, sums
from .process import ROOT, run

HEADER = "namespace,hour,sku,workload,quantity,labels\n"
PRICE = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"


def usage(path: Path, lines: int) -> Path:
    """Of 500 workloads in each hour since October."""
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(lines):
            hour = number // 500
            day, workload = hour // 24, number % 500
            file.write(f"acme-web,2026-10-{1 + day:02}T{hour % 24:02}:00:00Z,cpu_core_hour,Pod/{workload},1,team=web\n")
    return path


def peak_kib(database_url: str, path: Path) -> int:
    """The largest memory of an import, in KiB."""
    environ = {"DATABASE_URL": database_url, "PATH": os.environ["PATH"]}
    code = (
        "import resource, sys; from billing_service.__main__ import main; main();"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, "import", str(path)]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.usefixtures("registry")
@pytest.mark.slow_fault
async def test_the_memory_of_an_import_does_not_grow_with_the_file(
    load: Load, database_url: str, tmp_path: Path
) -> None:
    """150 000 lines need as much as 1 000. The test fails if the file were held: it has 9 MB, as objects far more."""
    await load(PRICE)
    small = peak_kib(database_url, usage(tmp_path / "small.csv", 1_000))
    large = peak_kib(database_url, usage(tmp_path / "large.csv", 150_000))
    assert large - small < 6 * 1024, (small, large)
    async with connect(database_url) as connection:
        assert await sums(connection) == (150_000, 7_500, 150_000)
        assert await found(connection, "SELECT count(*) FROM workload_labels") == [(500,)]


@pytest.mark.usefixtures("registry")
@pytest.mark.slow_fault
async def test_a_long_import_has_progress_on_a_terminal(database_url: str, tmp_path: Path) -> None:
    """One line that is written over, and nothing if the output is not a terminal."""
    path = usage(tmp_path / "long.csv", 100_000)
    master, terminal = pty.openpty()
    environ = {"DATABASE_URL": database_url, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "billing_service", "import", str(path)]
    subprocess.run(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, timeout=120, check=True)  # noqa: ASYNC221 - the terminal holds the few bytes
    os.close(terminal)
    shown = os.read(master, 10_000).decode()
    os.close(master)
    assert shown == "\rlong.csv: 50,000 lines read\rlong.csv: 100,000 lines read\r\033[K"
    assert run(database_url, "import", str(path)).stderr == ""
