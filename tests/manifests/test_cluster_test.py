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

from dev.settings import free_ports
from tests.cluster.__main__ import Run, all_steps, split_is_right
from tests.cluster.installation import BILLING, NAMESPACE, REQUIRED, Installation, MissingError, Variables
from tests.cluster.load import CONNECTIONS, PER_SECOND, Load
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
    """An installation with a fixed list of resources, which does not need a cluster."""

    by_kubernetes = False


class OnKubeDc(Installation):
    by_kubernetes = True


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


@pytest.mark.parametrize("kind", [WithCrds, OnKubeDc])
def test_the_overlay_it_applies_is_right(kind: type[Installation], tmp_path: Path) -> None:
    """Its manifests hold every property, and nothing of theirs is outside its own namespaces but the grant."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    installation = kind(Variables(VALUES), tmp_path / "knative")
    installation.write_overlay()
    objects = build(installation.overlay) + build(installation.overlay / "functions")
    for holds in PROPERTIES:
        assert list(holds(objects)) == [], holds.__name__
    namespaces = {o["metadata"].get("namespace") for o in objects}
    assert namespaces == {None, NAMESPACE, BILLING, "kourier-system"}
    names = {o["metadata"]["name"] for o in objects if o["metadata"].get("namespace") in {None, "kourier-system"}}
    assert all(name.endswith("-test") or "-test-" in name for name in names), names


def test_another_log_level_is_another_revision(tmp_path: Path) -> None:
    """The canary's second revision needs no second image."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    installation = WithCrds(Variables(VALUES), tmp_path / "knative")
    installation.write_overlay()
    before = build(installation.overlay / "functions")
    installation.write_overlay(log_level="DEBUG")
    assert build(installation.overlay / "functions") != before


def test_a_registry_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    """The message names the variable that takes its place."""
    with pytest.raises(MissingError, match="set IMAGE_HEALTH"):
        WithCrds(Variables(VALUES), tmp_path).image("health")


class Unreachable(Run):
    """Its cluster accepts every object, and nothing listens at its ingress."""

    def install(self) -> str:
        return "installed"

    def deploy(self) -> str:
        return "deployed"


class Silent(WithCrds):
    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        del arguments, text, check
        return ""


class Stuck(WithCrds):
    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        del text, check
        raise MissingError(f"kubectl {arguments[0]} failed: timed out waiting for the condition")


@pytest.mark.parametrize(("kind", "failed"), [(Silent, 1), (Stuck, 2)])
def test_every_failure_is_a_line_of_the_report(
    kind: type[Installation], failed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused connection and a removal that hangs: no traceback, a summary, and a failing exit code."""
    variables = Variables(VALUES | {"INGRESS_URL": f"http://127.0.0.1:{free_ports({})['POSTGRES_PORT']}"})
    run = Unreachable(kind(variables, tmp_path / "knative"), variables, tmp_path / "report.md")
    assert all_steps(run) == 1
    said = capsys.readouterr().out
    assert f"{4 - failed} passed, {failed} failed, 6 not run" in said
    report = run.report.read_text()
    assert "| ask every endpoint through the ingress | FAILED |" in report
    assert "ConnectError" in report
    assert ("timed out waiting" in report) is (failed == 2)


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
