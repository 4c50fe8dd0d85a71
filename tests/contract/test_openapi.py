"""docs/openapi.yaml and the manifests are generated from the declarations, and the running functions keep the page."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.endpoint import Endpoint
from dev.declaration_checks import PATH_PARAMETER
from dev.declarations import ROOT, read_functions
from dev.generate.openapi import DOCUMENT
from dev.platform import Platform
from dev.settings import port_variable

# Without If-Match, a change is 428 (RFC 6585). A request with too long parameters is 414 or 431 before they are read.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, 431]

[checks.missing_required_header]
expected-statuses = [400, 401, 403, 406, 415, 422, 428]
"""


def is_beyond_the_schema(endpoint: Endpoint[Any, Any]) -> bool:
    """Whether a request that fits the schema can be refused. Examples: a range that ends before it begins, a URL whose
    address is not public, an id that does not exist.
    """
    ids = {*PATH_PARAMETER.findall(endpoint.route)} - {"namespace"}
    return bool(endpoint.body or ids or endpoint.parameters.__pydantic_decorators__.model_validators)


def operation_ids(*, beyond: bool) -> list[str]:
    endpoints = [(function, endpoint) for function in read_functions() for endpoint in function.app.endpoints]
    return [function.operation_id(e) for function, e in endpoints if is_beyond_the_schema(e) == beyond]


def test_both_kinds_of_operations_are_there() -> None:
    """Each is tested with the checks of its kind."""
    assert {"overview", "projects", "health"} <= {*operation_ids(beyond=False)}
    assert {"quote", "get_project_trend", "explain_project", "delete_budget"} <= {*operation_ids(beyond=True)}


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
    for operations in (operation_ids(beyond=False), operation_ids(beyond=True)):
        said = run_schemathesis(platform.settings.api_url, platform.token("alice"), tmp_path, operations)
        assert f"Tested: {len(operations)}" in said


def run_schemathesis(url: str, token: str, folder: Path, operations: Sequence[str]) -> str:
    """All checks of schemathesis. Returns what it prints."""
    included = [word for operation in operations for word in ("--include-operation-id", operation)]
    options = ["--checks", "all", "--max-examples", "40", "--warnings", "off", "-H", f"Authorization: Bearer {token}"]
    program = [sys.executable, "-m", "schemathesis.cli", "--no-color", "run", str(DOCUMENT), "--url", url]
    if {*operation_ids(beyond=True)}.intersection(operations):
        options += ["--exclude-checks", "positive_data_acceptance"]
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    command = [*program, *included, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    return done.stdout
