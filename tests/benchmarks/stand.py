"""What the benchmarks measure with: a function's process beside an identity provider and a billing service of ours.

Figures of two runs or two machines say nothing about each other; ratios within one run do.
"""

import contextlib
import http.client
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from dev.declarations import read_functions
from tests.kit.billing import BillingService, serving
from tests.kit.identity import IdentityServer
from tests.kit.load import Load
from tests.kit.process import LAUNCHERS as SERVERS
from tests.kit.process import FunctionProcess

LAUNCHERS: Final[Mapping[str, Sequence[str]]] = {
    "functions-framework": (sys.executable, *SERVERS["functions-framework"]),
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
        self.identity = IdentityServer()
        self.service = BillingService(dict.fromkeys(self.names, "acme"))
        self.billing = serving(self.service)
        claims = {"groups": ["user"], "namespaces": self.names, "aud": ["billing"], "exp": int(time.time()) + 3600}
        self.tokens = [self.identity.token(sub=str(n), **claims) for n in range(16)]

    def close(self) -> None:
        self.billing.close()
        self.identity.server.close()

    @contextmanager
    def running(
        self, launcher: str = "container", name: str = "overview", *, command: Sequence[str] = (), **settings: str
    ) -> Iterator[FunctionProcess]:
        """A function, started and not yet listening; nobody reads its log."""
        wired = {"KEYCLOAK_URL": self.identity.url, "BILLING_API_URL": self.billing.url, "OIDC_AUDIENCE": "billing"}
        started = FunctionProcess(
            {**wired, **settings},
            name,
            command=command or LAUNCHERS[launcher],
            stdout=subprocess.DEVNULL,
            metrics_port=0,
        )
        with contextlib.closing(started) as function:
            yield function

    def path(self, function: str = "overview", n: int = 0) -> str:
        """The first route of a function, for one of the projects."""
        return _first_route(function).replace("{namespace}", self.names[n % len(self.names)])

    def first_answer(self, function: FunctionProcess) -> None:
        """Send requests until one is 200. Raises AssertionError with what the process printed."""
        until = time.monotonic() + START_SECONDS
        path = self.path(function.name)
        while (status := ask(function.port, path, self.tokens[0])) != http.client.OK:
            if function.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no 200, last status {status}:\n{''.join(function.errors)}")
            time.sleep(0.001)

    def cold_start(self, launcher: str) -> tuple[float, float]:
        """Seconds from the start of the process to its first 200, and the CPU seconds until its end."""
        before = _children_cpu()
        started = time.monotonic()
        with self.running(launcher) as function:
            self.first_answer(function)
            seconds = time.monotonic() - started
            function.end()
        return seconds, _children_cpu() - before

    async def load(self, name: str = "overview", workers: int = 16, requests: int = 3000, **settings: str) -> Warm:
        with self.running("container", name, **settings) as function:
            self.first_answer(function)
            paths = [self.path(name, n) for n in range(len(self.names))]
            asks = [(paths[n % len(paths)], self.tokens[n % len(self.tokens)]) for n in range(requests)]
            await Load(function.port).in_turn(asks[: requests // 5], workers)  # warm
            load = Load(function.port)
            started = time.monotonic()
            await load.in_turn(asks, workers)
            seconds = time.monotonic() - started
            assert set(load.statuses()) == {200}, load.statuses()
            p50, p99 = load.percentile(0.5) * 1000, load.percentile(0.99) * 1000
            return Warm(requests / seconds, p50, p99, _memory(function.process.pid))


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


@cache  # the hot path's benchmark calls `path` for each request
def _first_route(function: str) -> str:
    [declared] = [declared for declared in read_functions() if declared.name == function]
    return declared.routes[0]
