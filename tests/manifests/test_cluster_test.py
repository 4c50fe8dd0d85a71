"""The cluster test as far as it goes without a cluster: its refusals, and the overlay it would apply."""

import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dev.declarations import read_functions
from dev.settings import free_ports
from tests.cluster.__main__ import all_steps, steps_of
from tests.cluster.installation import REQUIRED, Installation, MissingError, Variables, image_variable
from tests.cluster.load import CONNECTIONS, PER_SECOND, Load
from tests.cluster.overlay import BILLING, KUBERNETES, NAMESPACE, REGISTRY, Variant
from tests.cluster.run import Run
from tests.cluster.steps import split_is_right
from tests.manifests.conftest import KNATIVE, build
from tests.manifests.properties import PROPERTIES

VALUES = {
    "CONTEXT": "kind-test",
    "CLUSTER_HOST": "billing.localhost",
    "IMAGE_PREFIX": "registry.invalid/billing",
    "KEYCLOAK_URL": "https://keycloak.example.org",
    "TOKEN": "a.b.c",
    "NAMESPACE": "acme-web",
    "FOREIGN_NAMESPACE": "globex-shop",
    "JWKS_BASE_URL": "http://keycloak.keycloak.svc.cluster.local:8080",
    "KEYCLOAK_PORT": "8080",
} | {f"IMAGE_{name}": f"registry.invalid/{name.lower()}@sha256:{'0' * 64}" for name in ("OVERVIEW", "BILLING_SERVICE")}


class WithCrds(Installation):
    """An installation on a cluster that is not there: it has every resource that is looked for."""

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        del text, check
        return str(arguments)


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_variable_is_named(missing: str, tmp_path: Path) -> None:
    """Without a variable, no request is sent to a cluster. The message contains the meaning of the variable."""
    env = {name: value for name, value in VALUES.items() if name != missing} | {"PATH": str(tmp_path)}
    command = [sys.executable, "-m", "tests.cluster"]
    ran = subprocess.run(command, cwd=KNATIVE.parent, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert f"{missing}: {REQUIRED[missing]}" in ran.stderr


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    """Without kubectl the message is one line."""
    env = VALUES | {"PATH": str(tmp_path)}
    command = [sys.executable, "-m", "tests.cluster"]
    ran = subprocess.run(command, cwd=KNATIVE.parent, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert "missing: kubectl was not found on PATH" in ran.stderr


@pytest.mark.parametrize("more", [{}, {"PROM_URL": "http://localhost:9090", "MONITOR_LABEL": "example.com/of=prom"}])
@pytest.mark.parametrize("ownership", [REGISTRY, KUBERNETES])
def test_the_overlay_it_applies_is_right(ownership: str, more: dict[str, str], tmp_path: Path) -> None:
    """Its manifests hold every property, and nothing of theirs is outside its own namespaces but the grant."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    installation = WithCrds(Variables(VALUES | more), tmp_path / "knative")
    installation.write_overlay(Variant(ownership=ownership))
    objects = build(installation.overlay) + build(installation.overlay / "functions")
    for holds in PROPERTIES:
        assert list(holds(objects)) == [], holds.__name__
    namespaces = {o["metadata"].get("namespace") for o in objects}
    assert namespaces == {None, NAMESPACE, BILLING, "kourier-system"}
    names = {o["metadata"]["name"] for o in objects if o["metadata"].get("namespace") in {None, "kourier-system"}}
    assert all(name.endswith("-test") or "-test-" in name for name in names), names
    monitoring = [o for o in objects if o["kind"] in {"PodMonitor", "PrometheusRule"}]
    assert len(monitoring) == (6 if more else 0)
    assert {o["metadata"]["labels"]["example.com/of"] for o in monitoring} <= {"prom"}


@pytest.mark.parametrize(
    "variant",
    [
        Variant(settings={"LOG_LEVEL": "DEBUG"}),
        Variant(annotations={"autoscaling.knative.dev/window": "6s"}),
        Variant(billing_api_url="http://elsewhere:5000"),
    ],
    ids=str,
)
def test_a_variant_is_another_revision(variant: Variant, tmp_path: Path) -> None:
    """Another candidate needs no second image. Without the change, the overlay is the first one again."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    installation = WithCrds(Variables(VALUES), tmp_path / "knative")
    installation.write_overlay()
    before = build(installation.overlay / "functions")
    installation.write_overlay(variant)
    assert build(installation.overlay / "functions") != before
    installation.write_overlay()
    assert build(installation.overlay / "functions") == before


def test_a_registry_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    """The message names the variable that takes its place."""
    for component, variable in (("health", "IMAGE_HEALTH"), ("unit-costs", "IMAGE_UNIT_COSTS")):
        with pytest.raises(MissingError, match=f"set {variable}$"):
            WithCrds(Variables(VALUES), tmp_path).image(component)


def test_the_image_of_a_function_with_a_hyphen_is_in_its_variable(tmp_path: Path) -> None:
    """A shell has no hyphens in a variable's name."""
    given = f"registry.invalid/billing-unit-costs@sha256:{'0' * 64}"
    values = VALUES | {"IMAGE_UNIT_COSTS": given}
    assert WithCrds(Variables(values), tmp_path).image("unit-costs") == given


class Unreachable(Run):
    """Its cluster accepts every object and rollout, and nothing listens at its ingress."""

    def rollout(self, command: str, function: str, *more: str, succeeds: bool = True) -> str:
        del command, more, succeeds
        return f"deployed billing-{function}-0123456789"


class Silent(WithCrds):
    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        del arguments, text, check
        return ""


class Stuck(WithCrds):
    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        del text, check
        raise MissingError(f"kubectl {arguments[0]} failed: timed out waiting for the condition")


@pytest.mark.parametrize("kind", [Silent, Stuck])
def test_every_failure_is_a_line_of_the_report(
    kind: type[Installation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused connection and a removal that hangs: no traceback, a summary, and a failing exit code."""
    images = {image_variable(f.name): f"registry.invalid/{f.name}@sha256:1" for f in read_functions()}
    variables = Variables(VALUES | images | {"INGRESS_URL": f"http://127.0.0.1:{free_ports({})['POSTGRES_PORT']}"})
    run = Unreachable(kind(variables, tmp_path / "knative"), variables, tmp_path / "report.md")
    assert all_steps(run) == 1
    said = capsys.readouterr().out
    passed, failed, why = (0, 2, "timed out waiting") if kind is Stuck else (3, 1, "ConnectError")
    assert f"{passed} passed, {failed} failed, {len(steps_of(run)) + 1 - passed - failed} not run" in said
    report = run.report.read_text()
    assert report.count("| FAILED |") == report.count(why) == failed


@pytest.mark.parametrize(
    ("shares", "right"),
    [
        ([100, 900], True),
        ([70, 930], True),
        ([130, 870], True),
        ([69, 931], False),
        ([131, 869], False),
        ([100, 899], False),
        ([1000], False),
        ([50, 50, 900], False),
    ],
)
def test_a_canary_s_share_is_within_three_points(shares: list[int], right: bool) -> None:
    """5 % and 20 % are wrong for 10 %. A request that no log counts is also an error."""
    assert split_is_right(shares) is right


def test_the_load_keeps_ten_connections() -> None:
    """Each sends at most 5 requests per second, and a request without a response is counted as status 0."""
    connections: Counter[int] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections[self.client_address[1]] += 1
            if self.path == "/ok":
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    variables = Variables(VALUES | {"INGRESS_URL": f"http://127.0.0.1:{server.server_address[1]}"})
    began = time.monotonic()
    with Load(variables, "/ok") as load:
        while (len(connections) < CONNECTIONS or min(connections.values()) < 3) and time.monotonic() - began < 60:
            time.sleep(0.05)
    assert set(load.statuses) == {200}
    assert len(connections) == CONNECTIONS
    assert max(connections.values()) <= (time.monotonic() - began) * PER_SECOND / CONNECTIONS
    with Load(variables, "/nothing") as broken:
        while not broken.statuses and time.monotonic() - began < 60:
            time.sleep(0.05)
    assert set(broken.statuses) == {0}
    server.shutdown()
    server.server_close()
