"""A function as it is deployed: its own functions-framework process with the manifest's environment."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx2

from dev.functions import MANIFESTS, read_function
from dev.settings import ROOT
from dev.supervisor import INHERITED

START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class FunctionProcess:
    """`with FunctionProcess("overview", {...}, folder) as overview: overview.get(path, token)`."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path) -> None:
        self._deployed = read_function(MANIFESTS / f"{name}.yaml")
        self._environment = environment
        self.log = folder / f"{name}.log"
        self.url = f"http://127.0.0.1:{free_port()}"

    def __enter__(self) -> Self:
        wired = {"HOST": "127.0.0.1", "PORT": self.url.rpartition(":")[2], "METRICS_PORT": "0"}
        inherited = {name: value for name, value in os.environ.items() if name in INHERITED}
        environment = {**inherited, **self._deployed.environment, **wired, **self._environment}
        source, target = environment["FUNCTION_SOURCE"], environment["FUNCTION_TARGET"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "functions_framework", "--source", source, "--target", target],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._client = httpx2.Client(base_url=self.url, timeout=20, trust_env=False)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self._client.get(self._deployed.probe).is_success:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the function did not start:\n{self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def get(self, path: str, token: str | None = None) -> httpx2.Response:
        return self._client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})

    def lines(self) -> list[dict[str, Any]]:
        """The structured log lines so far; they are written within a few milliseconds of an answer."""
        time.sleep(0.1)
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
