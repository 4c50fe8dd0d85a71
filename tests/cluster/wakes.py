"""Ten wakes from zero, beside a functions-framework hello world in the same image: a step of the cluster test.

Both are requested through a forwarded port of Kourier's internal gateway, so that the two figures can be compared. Both
scale to zero as soon as Knative allows.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from knative.rollout.cluster import Cluster
from knative.rollout.probe import forwarded
from tests.cluster.candidates import RESTRICTED
from tests.cluster.load import REQUEST_SECONDS
from tests.cluster.overlay import NAMESPACE, Variant
from tests.cluster.run import Run, StepError

WAKES = 10
HELLO = "hello"
SHORT_WINDOW = {"autoscaling.knative.dev/window": "6s"}
CODE = """import functions_framework

@functions_framework.http
def hello(request):
    return "hello"
"""


def objects(image: str) -> list[dict[str, Any]]:
    """The stock functions-framework command, with the packages of the functions' image."""
    command = ["python", "-m", "functions_framework", "--source", "/hello/main.py", "--target", "hello"]
    container = {
        "image": image,
        "command": command,
        "env": [{"name": "PYTHONPATH", "value": "/app/packages"}],
        "ports": [{"containerPort": 8080}],
        "securityContext": {name: value for name, value in RESTRICTED.items() if name != "runAsUser"},
        "volumeMounts": [{"name": "code", "mountPath": "/hello"}],
    }
    spec = {"containers": [container], "volumes": [{"name": "code", "configMap": {"name": HELLO}}]}
    labels = {"networking.knative.dev/visibility": "cluster-local"}
    template = {"metadata": {"annotations": SHORT_WINDOW}, "spec": spec}
    metadata = {"name": HELLO, "labels": labels}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": HELLO}, "data": {"main.py": CODE}},
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"template": template},
        },
    ]


def percentiles(seconds: list[float]) -> str:
    """p50 and p95, by the nearest rank."""
    ordered = sorted(seconds)
    rank = -(-95 * len(ordered) // 100) - 1
    return f"p50 {statistics.median(ordered):.2f} s, p95 {ordered[rank]:.2f} s"


@dataclass(frozen=True)
class Wakes:
    run: Run
    wait_for_zero: Callable[[], str]

    def beside_hello(self) -> str:
        run = self.run
        self._start_hello()
        run.installation.write_overlay(Variant(annotations=SHORT_WINDOW))
        run.deploy("overview")
        run.rollout("promote", "overview")
        found = {name: self._wake(name, path) for name, path in (("billing-overview", run.overview), (HELLO, "/"))}
        run.rollout("rollback", "overview")
        return "; ".join(f"{name}: {percentiles(seconds)} of {WAKES}" for name, seconds in found.items())

    def _start_hello(self) -> None:
        kubectl = self.run.installation.kubectl
        for manifest in objects(self.run.installation.image("overview")):
            kubectl("apply", "--namespace", NAMESPACE, "--filename", "-", text=json.dumps(manifest))
        kubectl("wait", f"ksvc/{HELLO}", "--namespace", NAMESPACE, "--for=condition=Ready", "--timeout=120s")

    def _wake(self, name: str, path: str) -> list[float]:
        headers = {"Host": f"{name}.{NAMESPACE}.svc.cluster.local"}
        headers |= {"Authorization": f"Bearer {self.run.variables['TOKEN']}"} if name != HELLO else {}
        overlay, context = self.run.installation.overlay, self.run.variables["CONTEXT"]
        cluster = Cluster("overview", overlay, context, REQUEST_SECONDS, lambda _: None)
        seconds = []
        for _ in range(WAKES):
            self.wait_for_zero()
            with forwarded(cluster) as port, httpx2.Client(headers=headers, timeout=REQUEST_SECONDS) as client:
                began = time.monotonic()
                status = client.get(f"http://127.0.0.1:{port}{path}").status_code
                seconds.append(time.monotonic() - began)
            if status != httpx2.codes.OK:
                raise StepError(f"{name}: {status} after zero")
        return seconds
