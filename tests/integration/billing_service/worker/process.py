"""Workers as their own processes, as an operator starts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from tests.integration.billing_service.process import ROOT, free_port


class Worker:
    def __init__(self, url: str, log: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self._log = log
        environ = {"DATABASE_URL": url, "METRICS_PORT": str(self.port), "PATH": os.environ["PATH"]} | environment
        command = [sys.executable, "-W", "error", "-m", "billing_service", "work"]
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stderr=output)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def metrics(self) -> dict[str, float]:
        """By name with labels, or nothing while it does not listen."""
        with suppress(httpx2.TransportError):
            text = httpx2.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False).text
            lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
            return {name: float(value) for name, _, value in lines}
        return {}

    def stop(self) -> tuple[int, float]:
        """Its exit code and the seconds from SIGTERM to its end."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20), time.monotonic() - started

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


@contextmanager
def working(url: str, folder: Path, number: int = 1, **environment: str) -> Iterator[list[Worker]]:
    workers = [Worker(url, folder / f"worker-{one}.log", environment) for one in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
