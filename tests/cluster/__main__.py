"""Everything on a real cluster: `make test-cluster CONTEXT=... CLUSTER_HOST=... IMAGE_PREFIX=... KEYCLOAK_URL=...`.

Installs into separate namespaces (kube-dc-billing-test, billing-test), sends requests through the ingress, rolls out,
causes faults, and removes everything that it created. Each step prints one line. The report is
.build/cluster-report.md.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from dev.declarations import function_names, read_functions
from knative.rollout.probe import Caller, checks
from tests.cluster.installation import BILLING, NAMESPACE, REPOSITORY, Installation, MissingError, Variables
from tests.cluster.load import REQUEST_SECONDS, Load, client_of

CANARY_REQUESTS = 1000
CANARY_PERCENT = 10
CANARY_POINTS = 3
SCALE_DOWN_SECONDS = 240


class StepError(AssertionError):
    """What the cluster did is not what it should."""


def split_is_right(shares: list[int]) -> bool:
    """Every request is counted once, and the candidate's share is at most 3 points away from the wanted one."""
    wanted, allowed = CANARY_REQUESTS * CANARY_PERCENT // 100, CANARY_REQUESTS * CANARY_POINTS // 100
    return len(shares) == 2 and sum(shares) == CANARY_REQUESTS and abs(shares[0] - wanted) <= allowed


@dataclass
class Run:
    installation: Installation
    variables: Variables
    report: Path = REPOSITORY / ".build" / "cluster-report.md"
    lines: list[str] = field(default_factory=list)

    def step(self, what: str, act: Callable[[], str]) -> None:
        began = time.monotonic()
        print(f"... {what}", flush=True)
        try:
            found, mark = act(), "ok"
        except (StepError, MissingError) as exc:
            found, mark = str(exc), "FAILED"
        except Exception as exc:  # noqa: BLE001 - a refused connection or a bug too is a line of the report
            found, mark = f"{type(exc).__name__}: {exc}", "FAILED"
        seconds = time.monotonic() - began
        self.lines.append(f"| {what} | {mark} | {seconds:.1f} s | {found.replace(chr(10), '; ').replace('|', '/')} |")
        print(f"{mark:>6} {what}: {found}", flush=True)
        if mark == "FAILED":
            raise StepError(what)

    # Requests

    def ask(self, path: str, *, token: bool = True, request_id: str = "") -> httpx2.Response:
        headers = {"Host": self.variables["CLUSTER_HOST"]}
        headers |= {"Authorization": f"Bearer {self.variables['TOKEN']}"} if token else {}
        headers |= {"X-Request-Id": request_id} if request_id else {}
        return httpx2.get(f"{self.variables.ingress}{path}", headers=headers, timeout=REQUEST_SECONDS)

    @property
    def overview(self) -> str:
        return f"/api/billing/project/{self.variables['NAMESPACE']}/overview"

    def rollout(self, command: str, function: str, *more: str, succeeds: bool = True) -> str:
        line = [sys.executable, "-m", "knative.rollout", command, "--function", function]
        line += ["--overlay", str(self.installation.overlay), "--context", self.variables["CONTEXT"], *more]
        ran = subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if (ran.returncode == 0) is not succeeds:
            raise StepError(f"{command} {function} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        return (ran.stdout + ran.stderr).strip()

    # Steps

    def remove(self) -> str:
        self.installation.remove()
        return "namespaces, grant and roles are gone"

    def install(self) -> str:
        self.installation.write_overlay()
        overlay = str(self.installation.overlay)
        for name in (NAMESPACE, BILLING):
            self.installation.kubectl("create", "namespace", name, "--save-config")  # as `apply` expects it
        self.installation.create_secrets()
        self.installation.kubectl("apply", "--kustomize", overlay)
        self.installation.kubectl("rollout", "status", "statefulset/postgresql", "-n", BILLING, "--timeout=300s")
        self.installation.kubectl("rollout", "status", "deployment/billing-dashboard", "-n", BILLING, "--timeout=300s")
        demo = ["exec", "deployment/billing-dashboard", "-n", BILLING, "--", "python", "-m", "billing_service", "demo"]
        return self.installation.kubectl(*demo).strip()

    def deploy(self) -> str:
        return "; ".join(
            self.rollout("deploy", f, "--image", self.installation.image(f)).splitlines()[-1] for f in function_names()
        )

    def ask_everything(self) -> str:
        caller = Caller(*(self.variables[name] for name in ("TOKEN", "NAMESPACE", "FOREIGN_NAMESPACE")))
        declared = [check for function in read_functions() for check in checks(function, caller)]
        table = [(check.path, check.with_token, check.expected) for check in declared]
        table += [("/api/billing/nothing", True, {404}), ("/healthz", False, {404})]
        for path, token, expected in table:
            status = self.ask(path, token=token).status_code
            if status not in expected:
                raise StepError(f"{path} {'with' if token else 'without'} token: {status}, expected {sorted(expected)}")
        return f"{len(table)} responses as expected"

    def scale_to_zero(self) -> str:
        began = time.monotonic()
        while pods := self.installation.get("pods", "--namespace", NAMESPACE)["items"]:
            if time.monotonic() - began > SCALE_DOWN_SECONDS:
                raise StepError(f"{len(pods)} pods are still there (blocked: autoscaler to activator?)")
            time.sleep(2)
        return f"no pods {time.monotonic() - began:.0f} s after the last request"

    def wake_up(self) -> str:
        began = time.monotonic()
        status = self.ask(self.overview).status_code
        cold = time.monotonic() - began
        if status != httpx2.codes.OK:
            raise StepError(f"the first request after zero is {status}")
        warm = []
        with client_of(self.variables) as client:
            client.get(self.overview)  # opens the connection
            for _ in range(20):
                began = time.monotonic()
                client.get(self.overview)
                warm.append(time.monotonic() - began)
        return f"first response after {cold:.2f} s, then {statistics.median(warm) * 1000:.0f} ms"

    def canary(self) -> str:
        self.installation.write_overlay(log_level="DEBUG")
        self.rollout("deploy", "overview", "--image", self.installation.image("overview"))
        self.rollout("canary", "overview", "--percent", str(CANARY_PERCENT))
        prefix = f"split-{int(time.time())}-"
        statuses = Counter(
            self.ask(self.overview, request_id=f"{prefix}{i}").status_code for i in range(CANARY_REQUESTS)
        )
        if set(statuses) != {200}:
            raise StepError(f"during the canary: {dict(statuses)}")
        split = Counter(self._revisions_of(prefix))
        if not split_is_right(sorted(split.values())):
            raise StepError(f"{CANARY_PERCENT} % was set, the logs count {dict(split)}")
        return f"{CANARY_REQUESTS} requests at {CANARY_PERCENT} %: {dict(split)}"

    def _revisions_of(self, prefix: str) -> list[str]:
        selector = "serving.knative.dev/service=billing-overview"
        logs = ["logs", "--namespace", NAMESPACE, "--selector", selector, "--container", "user-container", "--tail=-1"]
        found = []
        for line in self.installation.kubectl(*logs, "--max-log-requests=20").splitlines():
            if prefix in line and line.startswith("{"):
                entry = json.loads(line)
                if str(entry.get("request_id", "")).startswith(prefix) and "status" in entry:
                    found.append(str(entry["revision"]))
        return found

    def promote_and_roll_back(self) -> str:
        said = [self.rollout(command, "overview").splitlines()[-1] for command in ("promote", "rollback", "rollback")]
        if self.ask(self.overview).status_code != httpx2.codes.OK:
            raise StepError("no 200 after the rollback")
        return "; ".join(said)

    def broken_candidate(self) -> str:
        broken = f"{self.installation.image('overview').partition('@')[0]}@sha256:{'0' * 64}"
        said = self.rollout("deploy", "overview", "--image", broken, "--wait-seconds", "60", succeeds=False)
        refused = self.rollout("canary", "overview", "--percent", "10", succeeds=False)
        statuses = Counter(self.ask(self.overview).status_code for _ in range(50))
        self.rollout("rollback", "overview")
        if set(statuses) != {200}:
            raise StepError(f"with a broken candidate: {dict(statuses)}")
        return f"{said.splitlines()[-1]}; {refused.splitlines()[-1]}; 50 requests: {dict(statuses)}"

    def restarts_under_load(self) -> str:
        """During a restart, each response is a correct 200 or a 503, never a wrong figure."""
        found = []
        for what in ("statefulset/postgresql", "deployment/billing-dashboard"):
            with Load(self.variables, self.overview) as load:
                self.installation.kubectl("rollout", "restart", what, "-n", BILLING)
                self.installation.kubectl("rollout", "status", what, "-n", BILLING, "--timeout=300s")
                time.sleep(10)
            statuses = load.statuses
            if set(statuses) - {200, 503} or self.ask(self.overview).status_code != httpx2.codes.OK:
                raise StepError(f"restart of {what}: {dict(statuses)}")
            found.append(f"{what}: {dict(statuses)}")
        return "; ".join(found)


def main() -> None:
    try:
        variables = Variables.read()
    except MissingError as exc:
        sys.exit(str(exc))
    with tempfile.TemporaryDirectory(prefix="kube-dc-billing-cluster-") as folder:
        installation = Installation(variables, Path(folder) / "knative")
        try:
            installation.check_prerequisites()
        except MissingError as exc:
            sys.exit(f"missing: {exc}")
        run = Run(installation, variables)
        sys.exit(all_steps(run))


def all_steps(run: Run) -> int:
    steps: dict[str, Callable[[], str]] = {
        "install the billing service and what the functions share": run.install,
        "deploy the functions": run.deploy,
        "ask every endpoint through the ingress": run.ask_everything,
        "scale to zero": run.scale_to_zero,
        "wake up": run.wake_up,
        "canary": run.canary,
        "promote, roll back, roll back again": run.promote_and_roll_back,
        "broken candidate": run.broken_candidate,
        "restart PostgreSQL and the billing service under load": run.restarts_under_load,
    }
    failed = 0
    try:
        for what, act in steps.items():
            run.step(what, act)
    except StepError:
        failed = 1
    finally:
        not_run = len(steps) - len(run.lines)
        try:
            run.step("remove everything", run.remove)
        except StepError:
            failed += 1
        _write_report(run)
    print(f"{len(run.lines) - failed} passed, {failed} failed, {not_run} not run")
    return min(failed, 1)


def _write_report(run: Run) -> None:
    run.report.parent.mkdir(exist_ok=True)
    table = "| step | result | took | found |\n| --- | --- | --- | --- |\n"
    head = f"# Cluster test, context {run.variables['CONTEXT']}\n\n{table}"
    run.report.write_text(head + "\n".join(run.lines) + "\n")
    print(f"report: {run.report}")


if __name__ == "__main__":
    main()
