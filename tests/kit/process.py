"""The one way to start a function: a process as it is deployed, with requests over HTTP, its log lines and metrics."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from dev.functions import MANIFESTS, read_function
from dev.settings import ROOT
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope

ORIGIN: Final = "https://console.example.com"
LAUNCHERS: Final[Mapping[str, Sequence[str]]] = {
    "functions-framework": ("-m", "functions_framework"),
    "uvicorn": ("-m", "uvicorn", "functions_framework.aio:app", "--no-access-log", "--log-level=warning"),
}


@dataclass(frozen=True, repr=False)
class Asked:
    """One response, its duration and its request id."""

    response: httpx2.Response
    seconds: float
    request_id: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(repr=False)
class FunctionProcess:
    """With the manifest's environment, and `settings` over it; None takes a variable out.

    Nothing of the test's own environment reaches the process but PATH.
    """

    settings: Mapping[str, str | None]
    name: str = "overview"
    launcher: str = "functions-framework"
    command: Sequence[str] = ()  # in the place of the launcher's
    folder: Path = ROOT
    stdout: int | None = None  # a file descriptor that stands in for the pipe we read
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)  # 0: it has none
    lines: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    killed: bool = False

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            self.command or [sys.executable, *LAUNCHERS[self.launcher]],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE if self.stdout is None else self.stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a separate process group, which is killed together
        )
        self._readers = [threading.Thread(target=self._read_errors, daemon=True)]
        if self.stdout is None:
            self._readers.append(threading.Thread(target=self._read_lines, daemon=True))
        for reader in self._readers:
            reader.start()

    def _environment(self) -> dict[str, str]:
        wired = {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "UVICORN_PORT": str(self.port),
            "METRICS_PORT": str(self.metrics_port),
            "CORS_ALLOWED_ORIGINS": ORIGIN,
            "OIDC_AUDIENCE": "",
        }
        deployed = read_function(MANIFESTS / f"{self.name}.yaml").environment
        return {name: value for name, value in {**wired, **deployed, **self.settings}.items() if value is not None}

    def __enter__(self) -> Self:
        try:
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # and whatever it may have started
        self.process.wait(5)
        for reader in self._readers:
            reader.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        # Every process of every row: no token (each begins with the JSON of its header), whatever went wrong.
        assert not [line for line in (*self.lines, *self.errors) if "eyJ" in str(line)]

    def _read_lines(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if self.killed and not line.endswith("\n"):
                return  # cut off in the middle of a write by close()
            self.lines.append(json.loads(line))  # every line is one JSON object, or the reader dies and the test fails

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors.append(line)

    # --- the process ----------------------------------------------------------

    def wait_until_ready(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.send("GET", "/healthz").response.status_code == 200 and self._counts():
                    return
            time.sleep(0.05)
        raise AssertionError(f"the function did not start: {''.join(self.errors)}")

    def wait_until_listening(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)
        raise AssertionError(f"the function does not listen: {''.join(self.errors)}")

    def _counts(self) -> bool:
        """Whether the listener of the metrics, which starts with the first request, is there."""
        return not self.metrics_port or self.metric("build_info") == 1

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self, seconds: float = 15) -> int:
        """The exit code after SIGTERM."""
        self.terminate()
        return self.process.wait(seconds)

    # --- requests ---------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        timeout_seconds: float = 20,
    ) -> Asked:
        """Sends exactly these bytes. No client library corrects them."""
        request_id = uuid.uuid4().hex
        own = [("Host", "billing"), ("Origin", ORIGIN), ("X-Request-Id", request_id), ("Connection", "close")]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*own, *headers])]
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), timeout_seconds) as connection:
            with contextlib.suppress(ConnectionError):  # it may respond and close before it has read everything
                connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            return Asked(read_response(connection, method), time.monotonic() - started, request_id)

    def get(self, path: str, token: str | None = None) -> httpx2.Response:
        return self.send("GET", path, [("Authorization", f"Bearer {token}")] if token else []).response

    def ask(self, namespace: str, token: str, *headers: tuple[str, str]) -> Asked:
        path = f"/api/billing/project/{namespace}/overview"
        return self.send("GET", path, [("Authorization", f"Bearer {token}"), *headers])

    # --- watching -------------------------------------------------------------

    def line_of(self, asked: Asked) -> dict[str, Any]:
        """The one log line of a request."""
        until = time.monotonic() + 3
        while not (found := self._lines_of(asked)) and time.monotonic() < until:
            time.sleep(0.01)
        [line] = found
        return line

    def _lines_of(self, asked: Asked) -> list[dict[str, Any]]:
        return [line for line in list(self.lines) if line.get("request_id") == asked.request_id]

    def wait_for_line(self, seconds: float = 3, **members: Any) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in list(self.lines):
                if members.items() <= line.items():
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no log line with {members} among {self.lines[-20:]}")

    def count_lines(self, **members: Any) -> int:
        time.sleep(0.1)  # lines are written in batches, 20 ms apart
        return sum(members.items() <= line.items() for line in list(self.lines))

    def metric(self, name: str, **labels: str) -> float:
        """0 for a series that does not exist yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as reply:
            text = reply.read().decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def wait_until(true: Callable[[], Any], seconds: float) -> float:
    """How long it took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - begun


def read_response(connection: socket.socket, method: str = "GET") -> httpx2.Response:
    raw = http.client.HTTPResponse(connection, method=method)
    raw.begin()
    return httpx2.Response(raw.status, headers=raw.getheaders(), content=raw.read())


def assert_refused(asked: Asked, status: int, error: str | None = None) -> dict[str, Any]:
    """The error envelope with CORS, `no-store` and the client's own request id."""
    headers = asked.response.headers
    assert headers["x-request-id"] == asked.request_id
    assert headers["access-control-allow-origin"] == ORIGIN
    assert headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in headers["access-control-expose-headers"]
    return assert_error_envelope(asked.response, status, error)


def assert_unreachable(asked: Asked, error: str = "Billing service unreachable") -> None:
    """503 whose details tell nothing of what is behind us."""
    assert assert_refused(asked, 503, error)["details"] == {}


def assert_answered(asked: Asked, *, stale: bool = False) -> dict[str, Any]:
    body = assert_success_envelope(asked.response)
    assert body["meta"]["stale"] is stale
    data: dict[str, Any] = body["data"]
    return data
