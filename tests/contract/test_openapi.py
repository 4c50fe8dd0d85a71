"""docs/openapi.yaml is what the functions do: generated, and tried against the running ones."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dev.openapi import DOCUMENT
from dev.platform import Platform
from dev.settings import port_variable

ROOT = Path(__file__).parents[2]


def test_the_api_page_is_generated_from_the_code() -> None:
    """`make openapi` changes nothing: models, errors and functions are as the page says."""
    before = DOCUMENT.read_text()
    program = "import dev.openapi, sys; sys.stdout.write(dev.openapi.render())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == before, "run `make openapi`"


def test_every_function_is_on_the_page() -> None:
    """A new folder under functions/ is a new path."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    operations = {operation["get"]["operationId"] for operation in paths.values()}
    assert operations == {main.parent.name for main in ROOT.glob("functions/*/main.py")}


@pytest.mark.parametrize("function", ["health", "projects", "overview"])
def test_the_running_functions_keep_the_page(platform: Platform, tmp_path: Path, function: str) -> None:
    """Every generated request gets a documented status, a valid body, the declared headers; never a 500.

    Straight to the function: a gateway's own 404 (for paths that it normalises) has no envelope.
    """
    url = f"http://127.0.0.1:{platform.settings.ports[port_variable(function)]}"
    asked = ["run", str(DOCUMENT), "--url", url, "--include-operation-id", function]
    checks = ["--checks", "all", "--max-examples", "40", "--warnings", "off"]
    token = ["-H", f"Authorization: Bearer {platform.token('alice')}"]
    command = [sys.executable, "-m", "schemathesis.cli", "--no-color", *asked, *checks, *token]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "Tested: 1" in done.stdout
