"""The API server fills in nothing inside a list, by the real schemas of the Gateway API.

Argo CD compares complete lists: a default that is not written out in Git is a permanent difference. Members of an
object outside lists are compared one by one.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.generate import knative
from tests.manifests.conftest import OVERLAYS
from tests.manifests.properties import MOST_RULES, Objects, name, of

WEBHOOK = Path(__file__).parent / "webhook"


@pytest.fixture(scope="session")
def schemas() -> dict[tuple[str, str], Any]:
    """By apiVersion and kind, from the module that webhook/ is compiled with."""
    command = ["go", "mod", "download", "-json", "sigs.k8s.io/gateway-api"]
    try:
        ran = subprocess.run(command, cwd=WEBHOOK, capture_output=True, text=True, timeout=300, check=False)
    except FileNotFoundError:
        pytest.skip("go is not installed: the schemas of the Gateway API are not read")
    assert ran.returncode == 0, ran.stderr
    folder = Path(json.loads(ran.stdout)["Dir"]) / "config" / "crd" / "standard"
    files = folder.glob("gateway.networking.k8s.io_*.yaml")
    found = {}
    for spec in (yaml.safe_load(file.read_text())["spec"] for file in files):
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[key] = version["schema"]["openAPIV3Schema"]
    assert found, ran.stdout
    return found


def filled_in(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """Where the server would add a default inside a list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from filled_in(schema.get("items", {}), item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for member, described in schema.get("properties", {}).items():
            if member in value:
                yield from filled_in(described, value[member], f"{path}.{member}")
            elif "default" in described and "[" in path:
                yield f"{path}.{member}: {described['default']!r}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_filled_in(overlay: str, built: dict[str, Objects], schemas: dict[tuple[str, str], Any]) -> None:
    """Routes, grant and gateway read back as they stand in Git."""
    ours = [o for o in built[overlay] if o["apiVersion"].startswith("gateway.networking.k8s.io/")]
    assert of(ours, "HTTPRoute")
    found = [f"{name(o)}{f}" for o in ours for f in filled_in(schemas[o["apiVersion"], o["kind"]], o, "")]
    assert found == []


def test_a_default_is_noticed(schemas: dict[tuple[str, str], Any]) -> None:
    """The walk finds the weight of a backend that does not name it."""
    backend = {"group": "", "kind": "Service", "name": "a", "port": 80}
    route = {"spec": {"rules": [{"matches": [], "backendRefs": [backend]}]}}
    schema = schemas["gateway.networking.k8s.io/v1", "HTTPRoute"]
    assert list(filled_in(schema, route, "")) == [".spec.rules[0].backendRefs[0].weight: 1"]


def test_a_route_has_at_most_so_many_rules(schemas: dict[tuple[str, str], Any]) -> None:
    """`make generate` begins another HTTPRoute then."""
    route = schemas["gateway.networking.k8s.io/v1", "HTTPRoute"]
    assert route["properties"]["spec"]["properties"]["rules"]["maxItems"] == MOST_RULES == knative.MOST_RULES
