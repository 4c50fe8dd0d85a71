"""docs/openapi.yaml and the manifests are generated from the declarations, and the running functions keep the page."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from dev.declarations import ROOT, read_functions
from dev.generate.openapi import DOCUMENT
from dev.platform import Platform
from dev.settings import port_variable

# A request that fits the schema can be a 400 or 422: a range that ends before it begins or has no end, a manifest that
# Kubernetes refuses, a URL whose address is not public, two equal thresholds. An id that fits the schema can be a 404.
BEYOND_THE_SCHEMA = {
    "explain_project",
    "explain_organization",
    "get_project_trend",
    "get_organization_trend",
    "quote",
    "create_channel",
    "change_channel",
    "delete_channel",
    "get_channel",
    "test_channel",
    "retry_delivery",
    "create_budget",
    "get_budget",
    "change_budget",
    "delete_budget",
    "get_budget_history",
    "preview_budget",
    "change_budget_settings",
}
# Without If-Match, a change is 428 (RFC 6585).
CONFIGURATION = """
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 406, 415, 422, 428]
"""


def test_what_is_generated_has_not_drifted() -> None:
    """`make generate` changes nothing: page, manifests, route and canaries are as the functions declare."""
    command = [sys.executable, "-m", "dev.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), f"run `make generate`:\n{done.stdout}{done.stderr}"


def test_every_endpoint_is_on_the_page() -> None:
    """Each endpoint has its method, its route and a unique operation id. So has HEAD, where it is served."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    endpoints = [(e, f.operation_id(e)) for f in read_functions() for e in f.app.endpoints]
    declared = {(e.route, e.method.lower()): name for e, name in endpoints}
    declared |= {(e.route, "head"): f"{name}_head" for e, name in endpoints if e.head}
    written = {(route, method): o["operationId"] for route, methods in paths.items() for method, o in methods.items()}
    assert written == declared
    assert len(set(written.values())) == len(written)


@pytest.mark.slow_fault
@pytest.mark.parametrize("function", [function.name for function in read_functions() if function.app.endpoints])
def test_the_running_functions_keep_the_page(platform: Platform, tmp_path: Path, function: str) -> None:
    """Every generated request gets a documented status, a valid body, the declared headers; never a 500."""
    [declared] = [f for f in read_functions() if f.name == function]
    operations = [declared.operation_id(endpoint) for endpoint in declared.app.endpoints]
    url = f"http://127.0.0.1:{platform.settings.ports[port_variable(function)]}"
    said = run_schemathesis(url, platform.token("alice"), tmp_path, operations)
    assert f"Tested: {len(operations)}" in said


@pytest.mark.slow_fault
def test_the_ingress_keeps_the_page(platform: Platform, tmp_path: Path) -> None:
    """The same through Envoy, as clients reach them. What Envoy itself responds is an error of the page too."""
    every = [f.operation_id(endpoint) for f in read_functions() for endpoint in f.app.endpoints]
    for operations in ([name for name in every if (name in BEYOND_THE_SCHEMA) == beyond] for beyond in (False, True)):
        said = run_schemathesis(platform.settings.api_url, platform.token("alice"), tmp_path, operations)
        assert f"Tested: {len(operations)}" in said


def run_schemathesis(url: str, token: str, folder: Path, operations: Sequence[str]) -> str:
    """All checks of schemathesis. Returns what it prints."""
    included = [word for operation in operations for word in ("--include-operation-id", operation)]
    options = ["--checks", "all", "--max-examples", "40", "--warnings", "off", "-H", f"Authorization: Bearer {token}"]
    program = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", str(DOCUMENT), "--url", url]
    if BEYOND_THE_SCHEMA.intersection(operations):
        options += ["--exclude-checks", "positive_data_acceptance"]
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    command = [*program, *included, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    return done.stdout
