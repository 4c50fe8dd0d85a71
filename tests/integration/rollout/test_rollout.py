"""make rollout: probe, steps, gate and automatic rollback, with a real HTTP server as gateway and as Prometheus."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dev.declarations import Declared, read_functions
from knative.rollout import probe as probing
from knative.rollout.gate import MIN_REQUESTS, Figures, Outcome, Prometheus, judge
from knative.rollout.traffic import RolloutError
from tests.integration.rollout.conftest import TOKEN, Installation, Ran, image
from tests.manifests.properties import unselected

Serve = Callable[[Callable[[str, dict[str, str]], tuple[int, Any]]], int]
GOOD = Figures(requests=500, errors=1, unauthorized=10, denied=5, schema_failures=0, p95=0.1)
OUR_PODS = '{namespace="kube-dc-billing",job="kube-dc-billing/kube-dc-billing",revision="'
METRICS = {
    "status=~": "errors",
    'status="401"': "unauthorized",
    'status="403"': "denied",
    'reason="schema"': "schema_failures",
    "histogram_quantile": "p95",
}


@dataclass
class World:
    """The figures of Prometheus for each revision, and the responses of the candidate. A test can change both."""

    stable_revision: str
    stable: Figures = GOOD
    candidate: Figures = GOOD
    answers: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def prometheus(self, path: str, _: dict[str, str]) -> tuple[int, Any]:
        query = parse_qs(urlsplit(path).query)["query"][0]
        if query == "vector(1)":
            return 200, {"data": {"result": [{"value": [0, "1"]}]}}
        figures = self.stable if f'revision="{self.stable_revision}"' in query else self.candidate
        assert unselected(query, {OUR_PODS}) == []
        name = next((figure for part, figure in METRICS.items() if part in query), "requests")
        value = getattr(figures, name)
        return 200, {"data": {"result": [{"value": [0, str(value)]}]}}

    def gateway(self, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        with_token = headers.get("Authorization") == f"Bearer {TOKEN}"
        self.asked.append((headers["Host"], path, with_token))
        expected = 401 if not with_token else 403 if "globex-shop" in path else 200
        return self.answers.get(path, expected), {}


@pytest.fixture
def world(serving: Installation, serve: Serve) -> World:
    installation = serving
    service = next(iter(installation.state["objects"]["services.serving.knative.dev/kube-dc-billing"].values()))
    made = World(service["spec"]["traffic"][0]["revisionName"])
    gateway, prometheus = serve(made.gateway), serve(made.prometheus)
    installation.change(lambda state: state.update(gateway_port=gateway))
    installation.environment |= {"TOKEN": TOKEN, "PROM_URL": f"http://127.0.0.1:{prometheus}"}
    return made


def rollout(installation: Installation, *more: str) -> Ran:
    arguments = ["--image", image("v2"), "--namespace", "acme-web", "--foreign-namespace", "globex-shop"]
    arguments += ["--prom-url", installation.environment.get("PROM_URL", "http://127.0.0.1:9")]
    pace = ["--observe-seconds", "0", "--hold-seconds", "0.2", "--interval-seconds", "0.05"]
    return installation.run("rollout", *arguments, *pace, *more)


def steps(installation: Installation) -> list[list[str]]:
    updates = [write for write in installation.state["writes"] if write[1] == "update"]
    return [re.findall(r"--traffic=\S+=(\d+)", " ".join(write)) for write in updates]


def test_a_good_candidate_goes_all_the_way(installation: Installation, world: World) -> None:
    """Probe, 5, 25, 50, 100 %, promotion. The probe sends its requests to the host of the candidate's tag."""
    ran = rollout(installation)
    assert ran.returncode == 0, ran.stderr
    assert installation.traffic() == {"stable": 100, "previous": 0}
    assert steps(installation)[:4] == [["95", "5"], ["75", "25"], ["50", "50"], ["100"]]
    host = "candidate-billing-overview.kube-dc-billing.svc.cluster.local"
    own, foreign = "/api/billing/project/acme-web/overview", "/api/billing/project/globex-shop/overview"
    assert world.asked == [(host, own, True), (host, own, False), (host, foreign, True)]
    assert ran.stdout.count("gate passed") == 4


@pytest.mark.parametrize(("status", "passes"), [(401, True), (404, False), (405, False), (200, False)])
def test_a_function_without_get_is_probed_with_its_method_and_no_token(
    status: int, passes: bool, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """401 shows that the candidate serves the path, and nothing is changed. 405 is another function's path."""
    asked: list[tuple[str, str, bool]] = []

    def gateway(path: str, headers: dict[str, str]) -> tuple[int, Any]:
        asked.append((headers["method"], path, "Authorization" in headers))
        return status, {}

    port = serve(gateway)
    monkeypatch.setattr(probing, "_candidate_host", lambda *_: "candidate")
    monkeypatch.setattr(probing, "forwarded", lambda _: nullcontext(port))
    cluster: Any = SimpleNamespace(function="quote", say=lambda _: None)
    with nullcontext() if passes else pytest.raises(RolloutError, match=f"{status}, expected 401"):
        probing.probe(cluster, "kube-dc-billing", probing.Caller(TOKEN, "acme-web", "globex-shop"))
    assert asked == [("POST", "/api/billing/quote", False)]


@pytest.mark.parametrize("function", read_functions(), ids=lambda function: function.name)
def test_only_get_is_sent_with_the_token(function: Declared) -> None:
    """Every other method could change something."""
    found = probing.checks(function, probing.Caller(TOKEN, "acme-web", "globex-shop"))
    assert found
    assert [check for check in found if check.with_token and check.method != "GET"] == []
    assert [check for check in found if "{" in check.path] == []


WORSE: dict[str, tuple[Figures, str]] = {
    "errors": (Figures(500, 30, 10, 5, 0, 0.1), "errors: 6.00%"),
    "401s": (Figures(500, 1, 200, 5, 0, 0.1), "401: 40.00%"),
    "schema failures": (Figures(500, 1, 10, 5, 9, 0.1), "schema failures: 1.80%"),
    "latency": (Figures(500, 1, 10, 5, 0, 1.2), "p95: 1.200 s"),
}


SLOW = [pytest.param(what, marks=pytest.mark.slow_fault) for what in WORSE if what != "errors"]


@pytest.mark.parametrize("what", ["errors", *SLOW])
def test_a_worse_candidate_is_rolled_back(what: str, installation: Installation, world: World) -> None:
    """The first bad figure at the first step ends it, and is printed."""
    world.candidate, reason = WORSE[what]
    ran = rollout(installation)
    assert ran.returncode == 1
    assert "rolled back" in ran.stderr
    assert reason in ran.stderr
    assert installation.traffic() == {"stable": 100}
    assert ["75", "25"] not in steps(installation)


@pytest.mark.slow_fault
def test_foreign_namespaces_refused_are_no_errors(installation: Installation, world: World) -> None:
    """Many 403s are shown apart and fail nothing."""
    world.candidate = Figures(500, 1, 10, 300, 0, 0.1)
    assert rollout(installation).returncode == 0


@pytest.mark.slow_fault
def test_too_few_requests_hold_the_step(installation: Installation, world: World) -> None:
    """With too few requests, the step stays. A second run continues from there."""
    world.candidate = Figures(MIN_REQUESTS - 1, 0, 0, 0, 0, 0.1)
    ran = rollout(installation)
    assert ran.returncode == 1
    assert "held after" in ran.stderr
    assert installation.traffic() == {"stable": 95, "candidate": 5}
    world.candidate = GOOD
    ran = rollout(installation)
    assert ran.returncode == 0, ran.stderr
    assert installation.traffic() == {"stable": 100, "previous": 0}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/billing/project/acme-web/overview", 503), ("/api/billing/project/globex-shop/overview", 200)],
)
def test_a_candidate_that_fails_its_probe_gets_no_traffic(
    path: str, status: int, installation: Installation, world: World
) -> None:
    """A wrong response to one of the three probe requests rolls back before the first step."""
    world.answers[path] = status
    ran = rollout(installation)
    assert ran.returncode == 1
    assert f"{status}, expected" in ran.stderr
    assert installation.traffic() == {"stable": 100}
    assert all("5" not in step for step in steps(installation))


def test_the_token_is_never_shown(installation: Installation, world: World) -> None:
    """Neither output nor any command line that was run holds it, in success and in failure."""
    world.answers["/api/billing/project/acme-web/overview"] = 500
    ran = rollout(installation)
    assert TOKEN not in ran.stdout + ran.stderr + str(installation.state)


@pytest.mark.usefixtures("world")
def test_a_missing_token_is_said(installation: Installation) -> None:
    """Nothing is deployed that could not be probed."""
    del installation.environment["TOKEN"]
    writes = len(installation.state["writes"])
    ran = rollout(installation)
    assert "TOKEN is not set" in ran.stderr
    assert len(installation.state["writes"]) == writes


@pytest.mark.usefixtures("world")
def test_no_prometheus_stops_before_anything(installation: Installation) -> None:
    """Without figures there is no rollout, and nothing was deployed."""
    installation.environment["PROM_URL"] = "http://127.0.0.1:9"
    ran = rollout(installation)
    assert "Prometheus at PROM_URL could not be reached" in ran.stderr
    assert installation.traffic() == {"stable": 100}


@pytest.mark.usefixtures("world")
def test_no_gateway_is_said(installation: Installation) -> None:
    """A port-forward that fails takes the candidate back with kubectl's own words."""
    installation.change(lambda state: state.update(gateway_port=0))
    ran = rollout(installation)
    assert "port-forward to kourier-internal failed" in ran.stderr
    assert installation.traffic() == {"stable": 100}


def test_what_is_no_prometheus_is_said(serve: Serve) -> None:
    """Another server's JSON is not read as figures."""
    port = serve(lambda _path, _headers: (200, {"status": "ok"}))
    with Prometheus(f"http://127.0.0.1:{port}") as prometheus, pytest.raises(RolloutError, match="not a Prometheus"):
        prometheus.check()


NAN = float("nan")
JUDGEMENTS: dict[str, tuple[Figures, Figures, Outcome]] = {
    "equal": (GOOD, GOOD, Outcome.PASS),
    "no requests": (Figures(0, 0, 0, 0, 0, NAN), GOOD, Outcome.HOLD),
    "one below the minimum, all failed": (Figures(49, 49, 0, 0, 0, 9), GOOD, Outcome.HOLD),
    "exactly the minimum": (Figures(50, 0, 0, 0, 0, 0.1), GOOD, Outcome.PASS),
    "just as bad as the stable one": (Figures(500, 100, 0, 0, 0, 0.1), Figures(500, 100, 0, 0, 0, 0.1), Outcome.PASS),
    "errors one percent above": (Figures(1000, 12, 0, 0, 0, 0.1), Figures(1000, 1, 0, 0, 0, 0.1), Outcome.FAIL),
    "alone and slow": (Figures(500, 0, 0, 0, 0, 2.6), Figures(0, 0, 0, 0, 0, NAN), Outcome.FAIL),
    "alone with 401s": (Figures(500, 0, 400, 0, 0, 0.1), Figures(0, 0, 0, 0, 0, NAN), Outcome.PASS),
    "alone with errors": (Figures(500, 6, 0, 0, 0, 0.1), Figures(0, 0, 0, 0, 0, NAN), Outcome.FAIL),
    "no duration": (Figures(500, 0, 0, 0, 0, NAN), GOOD, Outcome.HOLD),
    "a little slower": (Figures(500, 0, 0, 0, 0, 0.34), GOOD, Outcome.PASS),
}


@pytest.mark.parametrize("case", JUDGEMENTS)
def test_judgement(case: str) -> None:
    """The gate's decision at its edges."""
    candidate, stable, outcome = JUDGEMENTS[case]
    assert judge(candidate, stable).outcome is outcome
