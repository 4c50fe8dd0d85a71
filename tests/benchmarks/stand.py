"""What the benchmarks measure with: a function's process beside an identity provider and a billing service of ours.

Figures of two runs or two machines say nothing about each other; ratios within one run do.
"""

import http.client
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.identity import IdentityProvider
from tests.faults.load import Load, overview_path
from tests.faults.process import free_port
from tests.faults.upstream import Exchange, Upstream, answer, good_body, overview

ROOT: Final = Path(__file__).parents[2]
LAUNCHERS: Final[Mapping[str, Sequence[str]]] = {
    "functions-framework": (sys.executable, "-m", "functions_framework"),
    "container": (sys.executable, "-B", "knative/image/start.py"),
}
START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Warm:
    """What a warm function gave; times in milliseconds, memory in MiB."""

    rate: float
    p50: float
    p99: float
    memory: float


class Stand:
    """`projects` is how many the organization has, in its project list and in its callers' tokens."""

    def __init__(self, projects: int = 10) -> None:
        self.names = [f"acme-team-{n}" for n in range(projects)]
        self.identity = IdentityProvider()
        self.billing = Upstream(answer(200, self._body))
        claims = {"groups": ["user"], "namespaces": self.names, "aud": ["billing"], "exp": int(time.time()) + 3600}
        self.tokens = [self.identity.token(sub=str(n), **claims) for n in range(16)]

    def _body(self, exchange: Exchange) -> bytes:
        if not exchange.target.startswith("/api/organization/"):
            return good_body(exchange)
        listed = [{"namespace": n, "billing_summary": overview(n, "acme")["billing_summary"]} for n in self.names]
        return json.dumps({"organization": "acme", "projects": listed}).encode()

    def close(self) -> None:
        self.billing.close()
        self.identity.server.close()

    @contextmanager
    def running(
        self,
        launcher: str = "container",
        function: str = "overview",
        *,
        command: Sequence[str] | None = None,
        **settings: str,
    ) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
        """A function's port and process, started and not yet listening."""
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "METRICS_PORT": "0",
            "FUNCTION_TARGET": function,
            "FUNCTION_SOURCE": f"functions/{function}/main.py",
            "KEYCLOAK_URL": self.identity.url,
            "BILLING_API_URL": self.billing.url,
            "OIDC_AUDIENCE": "billing",
            **settings,
        }
        process = subprocess.Popen(
            command or LAUNCHERS[launcher], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            yield port, process
        finally:
            process.terminate()
            if process.stderr and not process.stderr.closed:
                process.communicate(timeout=30)

    def path(self, function: str = "overview", n: int = 0) -> str:
        return overview_path(self.names[n % len(self.names)]) if function == "overview" else f"/api/billing/{function}"

    def first_answer(self, port: int, process: subprocess.Popen[bytes], function: str = "overview") -> None:
        """Ask until it answers 200. Raises AssertionError with what the process said."""
        until = time.monotonic() + START_SECONDS
        while (status := ask(port, self.path(function), self.tokens[0])) != http.client.OK:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise AssertionError(f"no 200, last status {status}:\n{process.communicate()[1].decode()}")
            time.sleep(0.001)

    def cold_start(self, launcher: str) -> tuple[float, float]:
        """Seconds from the process's start to its first 200, and the CPU seconds of its whole life."""
        before = _children_cpu()
        started = time.monotonic()
        with self.running(launcher) as (port, process):
            self.first_answer(port, process)
            seconds = time.monotonic() - started
        return seconds, _children_cpu() - before

    async def load(self, function: str = "overview", workers: int = 16, requests: int = 3000, **settings: str) -> Warm:
        with self.running("container", function, **settings) as (port, process):
            self.first_answer(port, process, function)
            asks = [(self.path(function, n), self.tokens[n % len(self.tokens)]) for n in range(requests)]
            await Load(port).in_turn(asks[: requests // 5], workers)  # warm
            load = Load(port)
            started = time.monotonic()
            await load.in_turn(asks, workers)
            seconds = time.monotonic() - started
            assert set(load.statuses()) == {200}, load.statuses()
            p50, p99 = load.percentile(0.5) * 1000, load.percentile(0.99) * 1000
            return Warm(requests / seconds, p50, p99, _memory(process.pid))


def ask(port: int, path: str, token: str) -> int:
    """The status, 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        reply.read()
    except (ConnectionError, http.client.HTTPException):
        return 0
    else:
        return reply.status
    finally:
        connection.close()


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(pid: int) -> float:
    """Resident set, MiB."""
    line: Any = next(text for text in Path(f"/proc/{pid}/status").read_text().splitlines() if text.startswith("VmRSS"))
    return float(line.split()[1]) / 1024
