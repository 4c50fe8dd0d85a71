"""The steps of the cluster test: install, ask, scale, roll out, restart."""

import statistics
import time
from collections import Counter
from dataclasses import dataclass

import httpx2

from dev.declarations import function_names, read_functions
from knative.rollout.probe import Caller, Check, checks
from tests.cluster.load import Load, client_of
from tests.cluster.overlay import BILLING, KUBERNETES, NAMESPACE, REGISTRY, Variant
from tests.cluster.run import NotRunError, Run, StepError

CANARY_REQUESTS = 1000
CANARY_PERCENT = 10
CANARY_POINTS = 3
SCALE_DOWN_SECONDS = 240
DEPLOYMENT = "deployment/billing-dashboard"
WORKER = "deployment/billing-worker"  # it may write
NO_CACHE = Variant(settings={"CACHE_FRESH_SECONDS": "0"})


def split_is_right(shares: list[int]) -> bool:
    """Every request is counted once, and the candidate's share is at most 3 points away from the wanted one."""
    wanted, allowed = CANARY_REQUESTS * CANARY_PERCENT // 100, CANARY_REQUESTS * CANARY_POINTS // 100
    return len(shares) == 2 and sum(shares) == CANARY_REQUESTS and abs(shares[0] - wanted) <= allowed


@dataclass(frozen=True)
class Steps:
    run: Run

    def remove(self) -> str:
        self.run.installation.remove()
        return "namespaces, grant and roles are gone"

    def install(self) -> str:
        installation = self.run.installation
        installation.write_overlay()
        for name in (NAMESPACE, BILLING):
            installation.kubectl("create", "namespace", name, "--save-config")  # as `apply` expects it
        installation.create_secrets()
        installation.kubectl("apply", "--kustomize", str(installation.overlay))
        installation.kubectl("rollout", "status", "statefulset/postgresql", "-n", BILLING, "--timeout=300s")
        self._billing_service_is_ready()
        installation.kubectl("rollout", "status", WORKER, "-n", BILLING, "--timeout=300s")
        return installation.kubectl("exec", WORKER, "-n", BILLING, "--", "python", "-m", "billing_service", "demo")

    def _billing_service_is_ready(self) -> None:
        self.run.installation.kubectl("rollout", "status", DEPLOYMENT, "-n", BILLING, "--timeout=300s")

    def deploy(self) -> str:
        return "; ".join(self.run.deploy(function) for function in function_names())

    def ask_everything(self) -> str:
        caller = Caller(*(self.run.variables[name] for name in ("TOKEN", "NAMESPACE", "FOREIGN_NAMESPACE")))
        declared = [check for function in read_functions() for check in checks(function, caller)]
        declared += [Check("/api/billing/nothing", True, frozenset({404})), Check("/healthz", False, frozenset({404}))]
        for check in declared:
            status = self.run.ask(check.path, token=check.with_token, method=check.method).status_code
            if status not in check.expected:
                what = f"{check.method} {check.path} {'with' if check.with_token else 'without'} token"
                raise StepError(f"{what}: {status}, expected {sorted(check.expected)}")
        return f"{len(declared)} responses as expected"

    def scale_to_zero(self) -> str:
        began = time.monotonic()
        while pods := self.run.installation.get("pods", "--namespace", NAMESPACE)["items"]:
            if time.monotonic() - began > SCALE_DOWN_SECONDS:
                raise StepError(f"{len(pods)} pods are still there (blocked: autoscaler to activator?)")
            time.sleep(2)
        return f"no pods {time.monotonic() - began:.0f} s after the last request"

    def wake_up(self) -> str:
        self.run.ask("/healthz", token=False)  # has no function: it only makes the client
        began = time.monotonic()
        status = self.run.ask(self.run.overview).status_code
        cold = time.monotonic() - began
        if status != httpx2.codes.OK:
            raise StepError(f"the first request after zero is {status}")
        warm = []
        with client_of(self.run.variables) as client:
            client.get(self.run.overview)  # opens the connection
            for _ in range(20):
                began = time.monotonic()
                client.get(self.run.overview)
                warm.append(time.monotonic() - began)
        return f"first response after {cold:.2f} s, then {statistics.median(warm) * 1000:.0f} ms"

    def canary(self) -> str:
        run = self.run
        run.installation.write_overlay(Variant(settings={"LOG_LEVEL": "DEBUG"}))
        run.deploy("overview")
        run.rollout("canary", "overview", "--percent", str(CANARY_PERCENT))
        prefix = f"split-{int(time.time())}-"
        statuses = Counter(run.ask(run.overview, request_id=f"{prefix}{i}").status_code for i in range(CANARY_REQUESTS))
        run.expect_only({200}, statuses, "during the canary")
        split = run.revisions_of(prefix)
        if not split_is_right(sorted(split.values())):
            raise StepError(f"{CANARY_PERCENT} % was set, the logs count {dict(split)}")
        return f"{CANARY_REQUESTS} requests at {CANARY_PERCENT} %: {dict(split)}"

    def promote_and_roll_back(self) -> str:
        commands = ("promote", "rollback", "rollback")
        said = [self.run.rollout(command, "overview").splitlines()[-1] for command in commands]
        if self.run.ask(self.run.overview).status_code != httpx2.codes.OK:
            raise StepError("no 200 after the rollback")
        return "; ".join(said)

    def restarts_under_load(self) -> str:
        """During a restart, each response is a correct 200 or a 503, never a wrong figure."""
        found = []
        for what in ("statefulset/postgresql", DEPLOYMENT):
            with Load(self.run.variables, self.run.overview) as load:
                self.run.installation.kubectl("rollout", "restart", what, "-n", BILLING)
                self.run.installation.kubectl("rollout", "status", what, "-n", BILLING, "--timeout=300s")
                time.sleep(self.run.settle_seconds)
            found.append(self.run.expect_only({200, 503}, load.statuses, f"restart of {what}"))
            if self.run.ask(self.run.overview).status_code != httpx2.codes.OK:
                raise StepError(f"no 200 after the restart of {what}")
        return "; ".join(found)

    def billing_service_rollout(self) -> str:
        """A new pod template, one whose image does not exist, and back, without the functions' cache: only 200."""
        run, kubectl = self.run, self.run.installation.kubectl
        run.installation.write_overlay(NO_CACHE)
        run.deploy("overview")
        run.rollout("promote", "overview")
        with Load(run.variables, run.overview) as load:
            kubectl("set", "env", DEPLOYMENT, "-n", BILLING, f"RELEASE={int(time.time())}")
            self._billing_service_is_ready()
            time.sleep(run.settle_seconds)
            image = run.installation.image("billing-service").partition("@")[0]
            kubectl("set", "image", DEPLOYMENT, "-n", BILLING, f"billing-service={image}@sha256:{'0' * 64}")
            wait = ["rollout", "status", DEPLOYMENT, "-n", BILLING, "--timeout=30s"]
            if kubectl(*wait, check=False):
                raise StepError("an image that does not exist became ready")
            kubectl("rollout", "undo", DEPLOYMENT, "-n", BILLING)
            self._billing_service_is_ready()
            time.sleep(run.settle_seconds)
        run.rollout("rollback", "overview")
        return run.expect_only({200}, load.statuses, "deployed, a broken image, rolled back; without a cache")

    def ownership_by_kubernetes(self) -> str:
        """The same installation again, with the Project resources as the source. It returns to the registry."""
        installation, namespace = self.run.installation, self.run.variables["NAMESPACE"]
        if not installation.has_projects:
            raise NotRunError("the cluster has no projects.kube-dc.com")
        projects = installation.get("projects.kube-dc.com", "--all-namespaces")["items"]
        if namespace not in {project.get("status", {}).get("namespace") for project in projects}:
            raise NotRunError(f"no Project has the namespace {namespace}")
        said = [self._switch(KUBERNETES), self._switch(REGISTRY)]
        return "; ".join(said)

    def _switch(self, ownership: str) -> str:
        installation = self.run.installation
        installation.write_overlay(Variant(ownership=ownership))
        installation.kubectl("apply", "--kustomize", str(installation.overlay))
        for function in function_names():
            self.run.deploy(function)
            self.run.rollout("promote", function)
        return f"{ownership}: {self.ask_everything()}"
