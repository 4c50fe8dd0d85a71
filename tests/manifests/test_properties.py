"""The manifests hold every property of properties.py, as files and as each overlay builds them."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from common.process.settings import Settings
from dev.declarations import Declared, function_names, read_functions
from tests.manifests.conftest import KNATIVE, OVERLAYS, build, files
from tests.manifests.properties import PROPERTIES, Objects, Property, environment, functions, of


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda p: p.__name__)
def test_files_hold(holds: Property, plain: Objects) -> None:
    """The plain files are right before kustomize touches them."""
    assert list(holds(plain)) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda p: p.__name__)
def test_overlays_hold(holds: Property, overlay: str, built: dict[str, Objects]) -> None:
    """What is applied to a cluster is right too."""
    assert list(holds(built[overlay])) == []


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(KNATIVE)))
def test_a_file_is_one_object(path: Path) -> None:
    """Each manifest can be found by its kind and given to a command alone."""
    objects = [o for o in yaml.safe_load_all(path.read_text()) if o is not None]
    assert len(objects) == 1
    assert {"apiVersion", "kind", "metadata"} <= objects[0].keys()


def test_each_function_has_a_service() -> None:
    """One folder in functions/ is one Knative Service."""
    services = {path.stem for path in (KNATIVE / "functions").glob("*.yaml")} - {"kustomization"}
    assert services == set(function_names())


@pytest.mark.parametrize("function", read_functions(), ids=lambda function: function.name)
def test_the_route_is_the_function_s_own(function: Declared, plain: Objects) -> None:
    """The HTTPRoute sends to a function exactly the paths that it declares: a segment for each parameter."""
    routes = [r for r in of(plain, "HTTPRoute") if r["metadata"]["name"] != "billing-page"]
    (rule,) = (r for route in routes for r in route["spec"]["rules"] if r["name"] == function.name)
    assert [match["path"] for match in rule["matches"]] == [
        {"type": "RegularExpression" if "{" in r else "Exact", "value": re.sub(r"\{\w+\}", "[^/]+", r)}
        for r in function.routes
    ]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_reach_every_function_and_are_accepted(
    overlay: str, built: dict[str, Objects], tmp_path: Path
) -> None:
    """The settings of an overlay start a function: settings.py takes every value, for each function the same."""
    environments = [environment(f) for f in functions(built[overlay])]
    own = [{k: v for k, v in e.items() if not k.startswith("FUNCTION_")} for e in environments]
    assert all(e == own[0] for e in own)
    for name in ("token", "ca.crt"):  # the kubelet puts them into a pod that has a token
        (tmp_path / name).touch()
    given = {k: v for k, v in own[0].items() if v is not None}
    Settings.from_environment({"KUBERNETES_CREDENTIALS": str(tmp_path), **given})


def test_one_file_changes_host_and_namespaces(tmp_path: Path) -> None:
    """An overlay with other values has none of the old ones left: metadata, route, grant, policies, rules, links."""
    copy = tmp_path / "knative"
    subprocess.run(["cp", "-r", str(KNATIVE), str(copy)], check=True)
    values = copy / "overlays" / "local" / "install" / "values.yaml"
    data = yaml.safe_load(values.read_text())
    data["data"] |= {"namespace": "elsewhere", "billingNamespace": "other", "host": "b.example.org", "gateway": "gw"}
    data["data"] |= {"backendURL": "http://b.example.org", "runbookURL": "https://wiki.example.org/billing"}
    values.write_text(yaml.safe_dump(data))
    shared = copy / "overlays" / "local" / "kustomization.yaml"
    shared.write_text(shared.read_text().replace("components: [", "components: [../../components/monitoring, "))
    objects = build(copy / "overlays" / "local") + build(copy / "overlays" / "local" / "functions")
    for holds in PROPERTIES:
        assert list(holds(objects)) == [], holds.__name__
    text = yaml.safe_dump_all(objects)
    assert "billing.localhost" not in text
    assert "git.example.com" not in text
    namespaces = {o["metadata"].get("namespace") for o in objects}
    assert namespaces == {None, "elsewhere", "other", "kourier-system", "envoy-gateway-system"}


@pytest.fixture(scope="session")
def webhook() -> Path:
    """Knative's own admission code and the API types of the others, compiled (webhook/main.go)."""
    source, binary = Path(__file__).parent / "webhook", KNATIVE.parent / ".build" / "webhook"
    try:
        command = ["go", "build", "-o", str(binary), "."]
        ran = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=600, check=False)
    except FileNotFoundError:
        pytest.skip("go is not installed: Knative's own admission code is not run over the manifests")
    assert ran.returncode == 0, ran.stderr
    return binary


def admit(webhook: Path, objects: Objects) -> str:
    groups = {"serving.knative.dev", "gateway.networking.k8s.io", "monitoring.coreos.com"}
    custom = [o for o in objects if o["apiVersion"].split("/")[0] in groups]
    text = yaml.safe_dump_all(custom)
    ran = subprocess.run([str(webhook)], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert f"{len(custom)} objects checked" in ran.stderr
    return ran.stdout


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.slow_fault
def test_admission_takes_the_overlay(webhook: Path, overlay: str, built: dict[str, Objects]) -> None:
    """Knative Serving 1.23, Gateway API 1.4 and the Prometheus operator find nothing to object to."""
    assert admit(webhook, built[overlay]) == ""


@pytest.mark.slow_fault
def test_admission_is_really_asked(webhook: Path, manifests: Objects) -> None:
    """A misspelt field, a wrong traffic sum and a feature-flag field are each refused by the real code."""
    first, second, third, *_ = functions(manifests)
    first["spec"]["template"]["spec"]["timeoutSecond"] = 60
    second["spec"]["traffic"] = [{"latestRevision": True, "percent": 90}]
    third["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    said = admit(webhook, [first, second, third])
    assert 'unknown field "timeoutSecond"' in said
    assert "Traffic targets sum to 90, want 100" in said
    assert "nodeSelector" in said


def test_the_build_needs_no_cluster() -> None:
    """Building reads files alone: it works with a kubeconfig that names nothing."""
    env = os.environ | {"KUBECONFIG": "/dev/null"}
    command = ["kubectl", "kustomize", str(KNATIVE / "functions")]
    try:
        ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("kubectl is not installed")
    assert ran.returncode == 0, ran.stderr
