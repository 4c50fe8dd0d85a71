"""The cluster test as far as it goes without a cluster: its refusals, and the overlay it would apply."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.installation import BILLING, NAMESPACE, REQUIRED, Installation, MissingError, Variables
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
    """Knows which resources a cluster has, and asks none."""

    by_kubernetes = False


class OnKubeDc(Installation):
    by_kubernetes = True


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_variable_is_named(missing: str, tmp_path: Path) -> None:
    """Without a variable nothing is asked of any cluster, and the message says what it is for."""
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
