"""Candidates that must not be promoted, and the gate: steps of the cluster test.

A bad candidate is the same image with the address of a billing service that is wrong in one way (bad_service.py).
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cluster.load import Load
from tests.cluster.overlay import BILLING, REAL_SERVICE, Variant
from tests.cluster.run import NotRunError, Run, StepError, revision_in

PART = {"app.kubernetes.io/part-of": "kube-dc-billing", "app.kubernetes.io/component": "bad-service"}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def address(kind: str) -> str:
    return f"http://bad-{kind}.{BILLING}.svc.cluster.local:5000"


def objects(kind: str, image: str) -> list[dict[str, Any]]:
    """The wrong billing service. The real one admits it, because it passes requests on."""
    name = f"bad-{kind}"
    labels = {**PART, "app.kubernetes.io/name": name}
    code = Path(__file__).with_name("bad_service.py").read_text()
    container = {
        "name": "bad-service",
        "image": image,
        "command": ["python", "/bad/bad_service.py", kind, REAL_SERVICE],
        "ports": [{"containerPort": 5000}],
        "readinessProbe": {"tcpSocket": {"port": 5000}},
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "code", "mountPath": "/bad"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "code", "configMap": {"name": name}}]}
    template = {"metadata": {"labels": labels}, "spec": pod | {"automountServiceAccountToken": False}}
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"port": 5000, "targetPort": 5000}]}
    admitted = {"from": [{"podSelector": {"matchLabels": PART}}], "ports": [{"protocol": "TCP", "port": 5000}]}
    billing = {"matchLabels": {"app.kubernetes.io/name": "billing-dashboard"}}
    policy = {"podSelector": billing, "policyTypes": ["Ingress"], "ingress": [admitted]}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"bad_service.py": code}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": service},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": policy},
    ]


@contextmanager
def no_figures() -> Iterator[str]:
    """Stands for Prometheus where a candidate must fail before any figure is read: it only responds."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = b'{"data": {"result": [{"value": [0, "1"]}]}}'
            body = here if "vector" in self.path else b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@dataclass(frozen=True)
class Candidates:
    run: Run

    def that_cannot_be_pulled(self) -> str:
        run = self.run
        broken = f"{run.installation.image('overview').partition('@')[0]}@sha256:{'0' * 64}"
        said = run.rollout("deploy", "overview", "--image", broken, "--wait-seconds", "60", succeeds=False)
        refused = run.rollout("canary", "overview", "--percent", "10", succeeds=False)
        statuses = Counter(run.ask(run.overview).status_code for _ in range(50))
        run.rollout("rollback", "overview")
        found = run.expect_only({200}, statuses, "50 requests")
        return f"{said.splitlines()[-1]}; {refused.splitlines()[-1]}; {found}"

    def that_answers_503(self) -> str:
        return self._refused_by_the_probe("unavailable")

    def with_foreign_figures(self) -> str:
        """The reply names another owner, which the function rejects: 503."""
        return self._refused_by_the_probe("foreign")

    def that_is_slow(self) -> str:
        """Without a cache, so that each request is slow. Its responses are right, so that the probe passes."""
        prometheus = self._prometheus()
        self._start("slow")
        said, load, share = self._roll_out("slow", prometheus, {"CACHE_FRESH_SECONDS": "0"}, succeeds=False)
        if "rolled back: " not in said or "p95: " not in said:
            raise StepError(f"not rolled back for its p95: {said}")
        found = self.run.expect_only({200}, load.statuses, f"the slow candidate had {share} requests")
        return f"{said.splitlines()[-1]}; {found}"

    def that_is_good(self) -> str:
        """The complete rollout with the cluster's Prometheus, then back."""
        prometheus = self._prometheus()
        said, load, share = self._roll_out("", prometheus, {"LOG_LEVEL": "DEBUG"}, succeeds=True)
        self.run.rollout("rollback", "overview")
        found = self.run.expect_only({200}, load.statuses, f"the candidate had {share} requests")
        return f"{said.count('gate passed')} steps passed; {found}"

    def _prometheus(self) -> str:
        url = self.run.variables.get("PROM_URL", "")
        if not url:
            raise NotRunError("PROM_URL is not set: without the cluster's Prometheus there is no gate")
        return url

    def _refused_by_the_probe(self, kind: str) -> str:
        self._start(kind)
        with no_figures() as prometheus:
            said, load, share = self._roll_out(kind, prometheus, {}, succeeds=False)
        if "rolled back: probe of " not in said:
            raise StepError(f"not refused by the probe: {said}")
        if share:
            raise StepError(f"{share} requests of clients reached the candidate")
        found = self.run.expect_only({200}, load.statuses, "none of the requests reached it")
        return f"{said.splitlines()[-1]}; {found}"

    def _start(self, kind: str) -> None:
        installation = self.run.installation
        for manifest in objects(kind, installation.image("billing-service")):
            text = json.dumps(manifest)
            installation.kubectl("apply", "--namespace", BILLING, "--filename", "-", text=text)
        installation.kubectl("rollout", "status", f"deployment/bad-{kind}", "-n", BILLING, "--timeout=120s")

    def _roll_out(
        self, kind: str, prometheus: str, settings: dict[str, str], *, succeeds: bool
    ) -> tuple[str, Load, int]:
        """What the command printed, the requests meanwhile, and how many of them the candidate had."""
        run = self.run
        run.installation.write_overlay(
            Variant(settings=settings, billing_api_url=address(kind) if kind else REAL_SERVICE)
        )
        prefix = f"candidate-{int(time.time())}-"
        with Load(run.variables, run.overview, prefix) as load:
            said = run.rollout_with_gate(prometheus, succeeds=succeeds)
        return said, load, run.revisions_of(prefix)[revision_in(said)]
