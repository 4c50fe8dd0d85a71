"""Access to the cluster by `kubectl` and `kn`. This module translates their output."""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml

from knative.rollout.overlay import KNATIVE, PAGE, references
from knative.rollout.traffic import RolloutError, Traffic

POLL_SECONDS: Final = 1.0
INSTALL: Final = {
    "kn": "install the Knative client: https://knative.dev/docs/client/install-kn/",
    "kubectl": "install it: https://kubernetes.io/docs/tasks/tools/",
}
REVISION_LABEL: Final = "serving.knative.dev/revision"
STUCK: Final = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
}
KLOG: Final = re.compile(r"[EWI]\d{4} \d\d:\d\d:")
OUT_OF_REACH: Final = ("connection to the server", "Unable to connect", "does not exist", "no configuration has been")
Json = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """The Knative Service of one function, or of the page, in one installation. `context` None: the current context."""

    function: str
    overlay: Path
    context: str | None
    wait_seconds: float
    say: Callable[[str], None]

    @property
    def name(self) -> str:
        return f"billing-{self.function}"

    # Commands

    def run(self, tool: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Raises RolloutError with the tool's output if it fails and `check` is on."""
        command = self.command(tool, *arguments)
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
        if check and ran.returncode:
            raise RolloutError(f"{' '.join([tool, *arguments])} failed: {self._said(ran)}")
        return ran

    def command(self, tool: str, *arguments: str) -> list[str]:
        path = shutil.which(tool)
        if path is None:
            raise RolloutError(f"{tool} was not found on PATH: {INSTALL[tool]}")
        context = ["--context", self.context] if self.context else []
        return [path, *arguments, *context]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """The object, or None if it does not exist. Raises RolloutError if the cluster does not respond."""
        where = ["--namespace", namespace] if namespace else []
        ran = self.run("kubectl", "get", kind, name, *where, "--output", "json", check=False)
        if ran.returncode == 0:
            return dict(json.loads(ran.stdout))
        if "NotFound" in ran.stderr:
            return None
        if "the server doesn't have a resource type" in ran.stderr:
            return None
        raise RolloutError(f"kubectl get {kind} {name} failed: {self._said(ran)}")

    def _said(self, ran: subprocess.CompletedProcess[str]) -> str:
        """The tool's output without klog's repetitions, and what to do if the cluster is unreachable."""
        words = [line for line in (ran.stderr or ran.stdout).strip().splitlines() if not KLOG.match(line)]
        said = "\n".join(words) or "it printed nothing"
        if any(sign in said for sign in OUT_OF_REACH):
            named = f"the context {self.context}" if self.context else "kubectl's current context"
            said += f"\n{named} does not lead to a cluster: set CONTEXT= (kubectl config get-contexts lists them)"
        return said

    # The wanted state

    def manifest(self) -> Json:
        """The Knative Service from the overlay, without image digest, revision name and traffic."""
        built = self.run("kubectl", "kustomize", str(self.overlay / "functions"))
        objects = [o for o in yaml.safe_load_all(built.stdout) if o["metadata"]["name"] == self.name]
        if len(objects) != 1:
            raise RolloutError(f"{self.overlay} builds {len(objects)} services named {self.name}, not one")
        return dict(objects[0])

    def rendered(self, image: str) -> Json:
        """With the image, and a hash of the template as revision name, so that the same input is the same revision."""
        manifest = self.manifest()
        template = manifest["spec"]["template"]
        template["spec"]["containers"][0]["image"] = image
        content = json.dumps(template, sort_keys=True).encode()
        template["metadata"]["name"] = f"{self.name}-{hashlib.sha256(content).hexdigest()[:10]}"
        return manifest

    # The state of the cluster

    def check_prerequisites(self) -> str:
        """Returns the namespace. Raises RolloutError with what is missing and the command that creates it."""
        for tool in INSTALL:
            self.command(tool)
        manifest = self.manifest()
        namespace = str(manifest["metadata"]["namespace"])
        apply = f"kubectl apply -k {self._shown(self.overlay)}"
        if self.get("crd", "services.serving.knative.dev") is None:
            context = self.context or "the current context"
            raise RolloutError(f"{context} has no Knative Serving: choose another with CONTEXT=, or install it")
        if self.get("namespace", namespace) is None:
            raise RolloutError(f"namespace {namespace} is missing: {apply}")
        for kind, name in references(manifest):
            if self.get(kind, name, namespace) is None:
                hint = apply if kind == "serviceaccount" else f"kubectl create {kind} ... (docs/operations.md)"
                raise RolloutError(f"{kind} {name} is missing in namespace {namespace}: {hint}")
        self._check_route(namespace, apply)
        return namespace

    def _check_route(self, namespace: str, apply: str) -> None:
        if self.get("crd", "httproutes.gateway.networking.k8s.io") is None:
            raise RolloutError(
                "the cluster has no Gateway API (HTTPRoute): install a controller, such as Envoy Gateway"
            )
        host = f"{self.name}.{namespace}.svc.cluster.local"
        routes = self._routes(namespace, apply)
        route_name = next((name for name, route in routes.items() if host in _rewritten(route)), None)
        if route_name is None:
            raise RolloutError(f"HTTPRoute {' and '.join(routes)} has no rule for {self.name}: {apply}")
        for parent in routes[route_name].get("status", {}).get("parents", []):
            for condition in parent["conditions"]:
                if condition["status"] == "False":
                    grant = condition["reason"] == "RefNotPermitted"
                    what = "the ReferenceGrant in kourier-system is missing" if grant else condition["message"]
                    raise RolloutError(
                        f"the gateway rejects HTTPRoute {route_name} ({condition['reason']}): {what}: {apply}"
                    )

    def _routes(self, namespace: str, apply: str) -> dict[str, Json]:
        """By name. The functions have `billing`, and `billing-2` and so on if one has no room for all rules."""
        first = self.name if self.function == PAGE else "billing"
        found: dict[str, Json] = {}
        for number in count(1):
            name = first if number == 1 else f"{first}-{number}"
            route = self.get("httproute", name, namespace)
            if route is None:
                break
            found[name] = route
        if not found:
            raise RolloutError(f"the route (HTTPRoute {first}) is missing: {apply}")
        return found

    def service(self, namespace: str) -> Json | None:
        return self.get("services.serving.knative.dev", self.name, namespace)

    def existing(self, namespace: str) -> Json:
        service = self.service(namespace)
        if service is None:
            raise RolloutError(
                f"{self.name} is not deployed: make deploy FUNCTION={self.function} IMAGE=...@sha256:..."
            )
        return service

    def problem_of(self, revision: str, namespace: str) -> str | None:
        """The reason why a revision is not ready. None if it is ready."""
        found = self.get("revisions.serving.knative.dev", revision, namespace)
        if found is None:
            return "it does not exist"
        conditions = {c["type"]: c for c in found.get("status", {}).get("conditions", [])}
        ready = conditions.get("Ready", {"status": "Unknown"})
        if ready["status"] == "True":
            return None
        said = [f"{c['type']}: {c.get('reason', '')} {c.get('message', '')}".strip() for c in conditions.values()]
        return f"Ready is {ready['status']} ({'; '.join(said) or 'no condition yet'})"

    def failed(self, revision: str, namespace: str) -> bool:
        found = self.get("revisions.serving.knative.dev", revision, namespace) or {}
        conditions = {c["type"]: c["status"] for c in found.get("status", {}).get("conditions", [])}
        return conditions.get("Ready") == "False"

    # Changes

    def apply(self, manifest: Json) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="kube-dc-billing-") as file:
            json.dump(manifest, file)
            file.flush()
            namespace = manifest["metadata"]["namespace"]
            arguments = ["--filename", file.name, "--namespace", namespace, "--no-wait"]
            self.run("kn", "service", "apply", self.name, *arguments)

    def move(self, traffic: Traffic, namespace: str) -> None:
        """Sets the traffic and waits until the route has it. Raises RolloutError after `wait_seconds`."""
        flags = traffic.flags_from(self.existing(namespace))
        self.run("kn", "service", "update", self.name, *flags, "--namespace", namespace, "--no-wait")
        deadline = time.monotonic() + self.wait_seconds
        while self._serving(namespace) != traffic.shares():
            if time.monotonic() > deadline:
                raise RolloutError(f"{self.name} was set to {traffic}, but serves {self._serving(namespace)}")
            time.sleep(POLL_SECONDS)

    def _serving(self, namespace: str) -> dict[str, int]:
        shares: dict[str, int] = {}
        for target in self.existing(namespace).get("status", {}).get("traffic", []):
            revision = target["revisionName"]
            shares[revision] = shares.get(revision, 0) + (target.get("percent") or 0)
        return {revision: percent for revision, percent in shares.items() if percent}

    def wait_ready(self, revision: str, namespace: str) -> None:
        deadline = time.monotonic() + self.wait_seconds
        while (problem := self.problem_of(revision, namespace)) is not None:
            stuck = self._stuck(revision, namespace)
            if stuck or self.failed(revision, namespace) or time.monotonic() > deadline:
                raise RolloutError(f"{revision} is not ready: {'; '.join([problem, *stuck])}")
            time.sleep(POLL_SECONDS)

    def _stuck(self, revision: str, namespace: str) -> list[str]:
        """Errors of the containers that do not go away by waiting. Knative reports them only after ten minutes."""
        pods = [p for p in self.pods(namespace) if p["metadata"]["labels"].get(REVISION_LABEL) == revision]
        states = [c["state"].get("waiting", {}) for p in pods for c in p.get("status", {}).get("containerStatuses", [])]
        return sorted({f"{s['reason']}: {s.get('message', '')}" for s in states if s.get("reason") in STUCK})

    def pods(self, namespace: str) -> list[Json]:
        label = f"serving.knative.dev/service={self.name}"
        ran = self.run("kubectl", "get", "pods", "--selector", label, "--namespace", namespace, "--output", "json")
        return list(json.loads(ran.stdout)["items"])

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(KNATIVE.parent)) if path.is_relative_to(KNATIVE.parent) else str(path)


def _rewritten(route: Json) -> set[str]:
    """The hosts that a route sends requests to."""
    filters = [entry for rule in route["spec"]["rules"] for entry in rule["filters"]]
    return {entry["urlRewrite"]["hostname"] for entry in filters if "urlRewrite" in entry}
