"""One run of the cluster test: its report, requests through the ingress, and the rollout commands."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx2

from tests.cluster.installation import Installation, MissingError, Variables
from tests.cluster.load import REQUEST_SECONDS
from tests.cluster.overlay import NAMESPACE, REPOSITORY

OK, FAILED, NOT_RUN = "ok", "FAILED", "not run"


class StepError(AssertionError):
    """The cluster did something else than the step expects."""


class NotRunError(Exception):
    """The cluster does not have what the step needs. The text names it."""


@dataclass
class Run:
    installation: Installation
    variables: Variables
    report: Path = REPOSITORY / ".build" / "cluster-report.md"
    settle_seconds: float = 10.0  # how long requests are sent after a change
    pace: Sequence[str] = ("--observe-seconds", "60", "--hold-seconds", "600", "--interval-seconds", "15")
    lines: list[str] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)

    def step(self, what: str, act: Callable[[], str]) -> bool:
        """Every failure is a line of the report. Returns whether the step did not fail."""
        began = time.monotonic()
        print(f"... {what}", flush=True)
        try:
            found, mark = act(), OK
        except NotRunError as exc:
            found, mark = str(exc), NOT_RUN
        except (StepError, MissingError) as exc:
            found, mark = str(exc), FAILED
        except Exception as exc:  # noqa: BLE001 - a refused connection or a bug too is a line of the report
            found, mark = f"{type(exc).__name__}: {exc}", FAILED
        seconds = time.monotonic() - began
        self.marks[mark] += 1
        self.lines.append(f"| {what} | {mark} | {seconds:.1f} s | {found.replace(chr(10), '; ').replace('|', '/')} |")
        print(f"{mark:>7} {what}: {found}", flush=True)
        return mark != FAILED

    def write_report(self) -> None:
        self.report.parent.mkdir(exist_ok=True)
        table = "| step | result | took | found |\n| --- | --- | --- | --- |\n"
        head = f"# Cluster test, context {self.variables['CONTEXT']}\n\n{table}"
        self.report.write_text(head + "\n".join(self.lines) + "\n")
        print(f"report: {self.report}")

    # Requests

    @property
    def overview(self) -> str:
        return f"/api/billing/project/{self.variables['NAMESPACE']}/overview"

    def ask(self, path: str, *, token: bool = True, request_id: str = "", method: str = "GET") -> httpx2.Response:
        headers = {"Host": self.variables["CLUSTER_HOST"]}
        headers |= {"Authorization": f"Bearer {self.variables['TOKEN']}"} if token else {}
        headers |= {"X-Request-Id": request_id} if request_id else {}
        return self._client.request(method, f"{self.variables.ingress}{path}", headers=headers)

    @cached_property
    def _client(self) -> httpx2.Client:
        """Each request has its own connection. The client is made once, because that takes longer than a request."""
        return httpx2.Client(timeout=REQUEST_SECONDS, limits=httpx2.Limits(max_keepalive_connections=0))

    def expect_only(self, allowed: set[int], statuses: Counter[int], when: str) -> str:
        """Raises StepError if there is another status, or no request at all. 0 is a request without a response."""
        if not statuses or set(statuses) - allowed:
            raise StepError(f"{when}: {dict(statuses)}")
        return f"{when}: {dict(statuses)}"

    def revisions_of(self, prefix: str) -> Counter[str]:
        """The revision of each logged request of overview whose request id has the prefix."""
        selector = "serving.knative.dev/service=billing-overview"
        logs = ["logs", "--namespace", NAMESPACE, "--selector", selector, "--container", "user-container", "--tail=-1"]
        found: Counter[str] = Counter()
        for line in self.installation.kubectl(*logs, "--max-log-requests=20").splitlines():
            if prefix in line and line.startswith("{"):
                entry = json.loads(line)
                if str(entry.get("request_id", "")).startswith(prefix) and "status" in entry:
                    found[str(entry["revision"])] += 1
        return found

    # Rollouts

    def rollout(self, command: str, function: str, *more: str, succeeds: bool = True) -> str:
        line = [sys.executable, "-m", "knative.rollout", command, "--function", function]
        line += ["--overlay", str(self.installation.overlay), "--context", self.variables["CONTEXT"], *more]
        environment = {**os.environ, "TOKEN": self.variables["TOKEN"]}
        ran = subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        if (ran.returncode == 0) is not succeeds:
            raise StepError(f"{command} {function} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        return (ran.stdout + ran.stderr).strip()

    def deploy(self, function: str) -> str:
        """Deploys what the overlay has now. Returns the name of the revision."""
        said = self.rollout("deploy", function, "--image", self.installation.image(function))
        return revision_in(said)

    def rollout_with_gate(self, prom_url: str, *, succeeds: bool) -> str:
        caller = [
            "--namespace",
            self.variables["NAMESPACE"],
            "--foreign-namespace",
            self.variables["FOREIGN_NAMESPACE"],
        ]
        image = self.installation.image("overview")
        return self.rollout(
            "rollout", "overview", "--image", image, *caller, "--prom-url", prom_url, *self.pace, succeeds=succeeds
        )


def revision_in(said: str) -> str:
    found = re.search(r"\bbilling-[a-z-]+-[0-9a-f]{10}\b", said)
    if found is None:
        raise StepError(f"no revision in: {said}")
    return found[0]
