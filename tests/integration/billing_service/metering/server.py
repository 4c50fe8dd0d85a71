"""A real Prometheus with the samples that a test defines."""

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

if TYPE_CHECKING:
    from .cluster import Cluster

MISSING = "prometheus and promtool are not installed (Debian: prometheus): the meter is not tested with a real server"
BUILD = Path(__file__).parents[4] / ".build"


def find(program: str) -> str:
    """In PATH, or where .ci/run unpacks it."""
    found = shutil.which(program) or shutil.which(program, path=f"{BUILD / program / 'bin'}")
    if found is None:
        pytest.skip(MISSING)
    return found


@contextmanager
def prometheus(cluster: "Cluster", folder: Path) -> Iterator[str]:
    """Its base URL. Everything that the cluster's exporters were scraped for is in its database."""
    find("prometheus")
    (folder / "samples.txt").write_text(cluster.openmetrics())
    load(folder)
    with running(folder) as url:
        yield url


def load(folder: Path) -> None:
    """Writes `samples.txt` into the database in `data`."""
    command = [find("promtool"), "tsdb", "create-blocks-from", "openmetrics", folder / "samples.txt", folder / "data"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Serves the database in `data`."""
    (folder / "prometheus.yml").write_text("global: {}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "storage.tsdb.retention.time": "10y",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [find("prometheus"), *(f"--{name}={value}" for name, value in options.items())], stdout=log, stderr=log
        )
    try:
        _wait(f"http://127.0.0.1:{port}/-/ready", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (URLError, ConnectionError, TimeoutError):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
