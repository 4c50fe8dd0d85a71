"""The cluster test from its first step to its last, with the fake cluster and a real HTTP server as the ingress.

The server responds as the functions of the chosen revision would, and logs each request as a pod does.
"""

import fcntl
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dev.declarations import read_functions
from knative.image.build_rootfs import components
from tests.cluster import wakes
from tests.cluster.__main__ import all_steps, steps_of
from tests.cluster.installation import Installation as OfTheTest
from tests.cluster.installation import Variables, image_variable
from tests.cluster.overlay import BILLING, NAMESPACE
from tests.cluster.run import Run
from tests.cluster.steps import Steps
from tests.integration.rollout.conftest import TOKEN, Installation, image, route

Serve = Callable[[Callable[[str, dict[str, str]], tuple[int, Any]]], int]
CRDS = ("services.serving.knative.dev", "httproutes.gateway.networking.k8s.io", "projects.kube-dc.com")
HOST = "billing.localhost"
ROUTES = {endpoint.route for function in read_functions() for endpoint in function.app.endpoints}
SOCKETS = {socket.route for function in read_functions() for socket in function.app.sockets}
KNOWN = re.compile("|".join(re.sub(r"\{\w+\}", "[^/]+", route) for route in sorted(ROUTES)))
OVERVIEW = "billing-overview"


@dataclass
class World:
    """What the functions respond. A test changes it: `to_candidate` moves a share, `statuses` replaces a status."""

    state_file: Path
    log: Path
    to_candidate: float = 1.0  # times the share that the route has
    statuses: dict[str, int] = field(default_factory=dict)  # by what BILLING_API_URL contains
    slow: float = 1.2  # p95 of the slow candidate, in seconds
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> dict[str, Any]:
        with self.state_file.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return dict(json.load(file))

    def ingress(self, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        host, with_token = headers["Host"], headers.get("Authorization") == f"Bearer {TOKEN}"
        if host.startswith("hello."):
            return 200, {}
        if path in SOCKETS:
            return 426, {}
        if not KNOWN.fullmatch(path):
            return 404, {}
        revision, status = "", 401 if not with_token else 403 if "globex-shop" in path else 200
        if path.endswith("/overview"):
            revision, url = self.revision(tagged=host.startswith("candidate-"))
            if status == 200:
                status = next((self.statuses[part] for part in self.statuses if part in url), 200)
        with self.lock, self.log.open("a") as log:
            request_id = headers.get("X-Request-Id", "")
            log.write(json.dumps({"request_id": request_id, "status": status, "revision": revision}) + "\n")
        return status, {}

    def revision(self, *, tagged: bool) -> tuple[str, str]:
        """The revision of a request, and its BILLING_API_URL. Each hundred requests has the exact shares."""
        objects = self.state()["objects"]
        targets = objects[f"services.serving.knative.dev/{NAMESPACE}"][OVERVIEW]["status"]["traffic"]
        by_tag = {target["tag"]: target for target in targets}
        with self.lock:
            self.count += 1
            share = by_tag.get("candidate", {}).get("percent", 0) * self.to_candidate
            chosen = "candidate" if tagged or self.count % 100 < share else "stable"
        name = by_tag[chosen]["revisionName"]
        template = objects[f"revisions.serving.knative.dev/{NAMESPACE}"][name]["template"]
        return name, setting(template, "BILLING_API_URL")

    def prometheus(self, path: str, _: Mapping[str, str]) -> tuple[int, Any]:
        query = parse_qs(urlsplit(path).query)["query"][0]
        value = 0.0 if re.search('status|reason="', query) else 500.0
        if named := re.search(r'revision="([^"]+)"', query):
            template = self.state()["objects"][f"revisions.serving.knative.dev/{NAMESPACE}"][named[1]]["template"]
            if "quantile" in query:
                value = self.slow if "bad-slow" in setting(template, "BILLING_API_URL") else 0.1
        return 200, {"data": {"result": [{"value": [0, str(value)]}]}}


def setting(template: dict[str, Any], name: str) -> str:
    return str({v["name"]: v.get("value") for v in template["spec"]["containers"][0]["env"]}[name])


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "state.json", tmp_path / "requests.log")
    made.statuses = {"bad-unavailable": 503, "bad-foreign": 503}
    made.log.write_text("")
    return made


@pytest.fixture
def run(installation: Installation, world: World, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    port, prom_url = serve(world.ingress), f"http://127.0.0.1:{serve(world.prometheus)}"
    objects = {
        "crd": {name: {} for name in CRDS},
        "projects.kube-dc.com": {"web": {"status": {"namespace": "acme-web"}}},
        f"serviceaccount/{NAMESPACE}": {"kube-dc-billing": {}},
        f"secret/{NAMESPACE}": {"billing-api": {}},
        f"httproute/{NAMESPACE}": {"billing": in_the_test_s_namespace(route())},
    }
    state = {"objects": objects, "writes": [], "pods": [], "gateway_port": port, "logs": str(world.log)}
    installation.state_file.write_text(json.dumps(state))
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    values = {
        "CONTEXT": "kind-test",
        "CLUSTER_HOST": HOST,
        "INGRESS_URL": f"http://127.0.0.1:{port}",
        "IMAGE_PREFIX": "registry.invalid/billing",
        "KEYCLOAK_URL": "https://keycloak.example.org",
        "TOKEN": TOKEN,
        "NAMESPACE": "acme-web",
        "FOREIGN_NAMESPACE": "globex-shop",
        "PROM_URL": prom_url,
    } | {image_variable(name): image("v1", name) for name in components()}
    variables = Variables(values)
    pace = ("--observe-seconds", "0", "--hold-seconds", "1", "--interval-seconds", "0.05")
    return Run(OfTheTest(variables, tmp_path / "knative"), variables, tmp_path / "report.md", 0.3, pace)


def in_the_test_s_namespace(found: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(found).replace("kube-dc-billing.svc", f"{NAMESPACE}.svc")))


@pytest.mark.slow_fault
def test_every_step_passes_on_a_cluster_that_works(run: Run, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step is one line of the report with what was found; nothing of it is left in the cluster."""
    assert all_steps(run) == 0, run.lines
    wanted = len(steps_of(run)) + 1
    assert f"{wanted} passed, 0 failed, 0 not run" in capsys.readouterr().out
    report = run.report.read_text()
    assert report.count("| ok |") == wanted
    assert "1000 requests at 10 %" in report
    assert re.search(r"billing-overview: p50 \d\.\d\d s, p95 \d\.\d\d s of 10; hello: p50", report)
    assert report.count("none of the requests reached it") == 2
    assert "rolled back: p95: 1.200 s" in report
    assert "4 steps passed" in report
    assert re.search(r"kubernetes: (\d+) responses as expected; registry: \1 responses as expected", report)
    assert {NAMESPACE, BILLING}.isdisjoint(world.state()["objects"]["namespace"])


def test_what_the_cluster_lacks_is_a_line_and_no_failure(run: Run, world: World) -> None:
    """Without Prometheus the gate is not run, without Projects one ownership is not run. The line has the reason."""
    state = world.state()
    del state["objects"]["crd"]["projects.kube-dc.com"]
    world.state_file.write_text(json.dumps(state))
    run.variables = Variables({**run.variables.values, "PROM_URL": ""})
    found = steps_of(run)
    for what in (
        "slow candidate",
        "good candidate through the gate",
        "ownership by Kubernetes, and by the registry again",
    ):
        assert run.step(what, found[what])
    assert [line.split(" | ")[1] for line in run.lines] == ["not run"] * 3
    assert "PROM_URL is not set" in run.lines[0]
    assert "no projects.kube-dc.com" in run.lines[2]


Change = Callable[[World], object]
BROKEN: dict[str, tuple[Change, str, str]] = {
    "the canary gets twice its share": (
        lambda world: setattr(world, "to_candidate", 2.0),
        "canary",
        "10 % was set, the logs count",
    ),
    "a candidate that returns 503 passes": (
        lambda world: world.statuses.pop("bad-unavailable"),
        "candidate that returns 503",
        "not refused by the probe",
    ),
    "foreign figures pass": (
        lambda world: world.statuses.pop("bad-foreign"),
        "candidate with the figures of another owner",
        "not refused by the probe",
    ),
    "a slow candidate is promoted": (
        lambda world: setattr(world, "slow", 0.1),
        "slow candidate",
        "rollout overview ended",
    ),
    "a request fails during a rollout": (
        lambda world: world.statuses.update({"billing-dashboard-svc": 500}),
        "restart PostgreSQL and the billing service under load",
        "{500:",
    ),
}


@pytest.mark.slow_fault
@pytest.mark.parametrize("what", BROKEN)
def test_a_cluster_that_does_it_wrong_fails_the_step(what: str, run: Run, world: World) -> None:
    """The step's line has the reason."""
    change, step, reason = BROKEN[what]
    steps = steps_of(run)
    assert run.step("install", Steps(run).install), run.lines
    assert run.step("deploy", lambda: run.deploy("overview")), run.lines
    change(world)
    assert not run.step(step, steps[step])
    assert reason in run.lines[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ([0.1 * n for n in range(1, 11)], "p50 0.55 s, p95 1.00 s"),
        ([float(n) for n in range(1, 21)], "p50 10.50 s, p95 19.00 s"),
        ([2.0], "p50 2.00 s, p95 2.00 s"),
    ],
)
def test_percentiles_are_measured_values(seconds: list[float], text: str) -> None:
    """p95 is the nearest rank; p50 is the median."""
    assert wakes.percentiles(seconds) == text
