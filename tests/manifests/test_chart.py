"""The Helm chart, rendered by the real helm, is what kustomize builds from the overlays, object by object."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.conftest import KNATIVE, OVERLAYS
from tests.manifests.properties import PROPERTIES, Objects, environment, functions, name, of, pod_templates, services

CHART = KNATIVE / "chart"
PREFIX, DIGEST = "registry.example.com/kube-dc-billing", f"sha256:{'0' * 64}"
KEYCLOAK_INSIDE = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keycloak"}}}],
    "ports": [{"protocol": "TCP", "port": 8080}],
}
OPTIONS: dict[str, dict[str, Any]] = {  # what an overlay has as components and patches, as values
    "kube-dc": {"ownership": "kubernetes", "monitoring": {"enabled": True}, "tokenOptional": True},
    "local": {
        "billingService": {"enabled": True, "replicas": 1},
        "postgresql": {"enabled": True},
        "extraEgress": [KEYCLOAK_INSIDE],
    },
}
ELSEWHERE = {"namespace": "elsewhere", "billingNamespace": "other"}
CASES: dict[str, dict[str, Any]] = {
    "everything, by kubernetes": {
        **ELSEWHERE,
        "ownership": "kubernetes",
        "monitoring": {"enabled": True},
        "billingService": {"enabled": True, "replicas": 2},
        "postgresql": {"enabled": True},
        "imagePullSecrets": [{"name": "registry"}],
    },
    "functions alone, by claims": {"ownership": "claims", "page": {"enabled": False}, "imageTag": "1.2.3"},
    "other hosts": {
        "host": "b.example.org",
        "backendURL": "https://b.example.org",
        "consoleHost": "c.example.org",
        "frontendURL": "https://c.example.org",
        "keycloakURL": "https://k.example.org",
        "monitoring": {"enabled": True},
    },
}


@pytest.fixture(scope="session")
def helm() -> str:
    """The one on PATH, or the one that .ci/run compiles."""
    compiled = KNATIVE.parent / ".build" / "helm" / "helm"
    found = shutil.which("helm") or (str(compiled) if compiled.exists() else None)
    if found is None:
        pytest.skip("helm is not installed: the chart is not rendered (go install helm.sh/helm/v4/cmd/helm@latest)")
    return found


def run(helm: str, *arguments: str, values: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    command = [helm, *arguments, str(CHART), "--values", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def rendered(helm: str, values: dict[str, Any], folder: Path) -> Objects:
    ran = run(helm, "template", "kube-dc-billing", values=values, folder=folder)
    assert ran.returncode == 0, ran.stderr
    return [o for o in yaml.safe_load_all(ran.stdout) if o]


def values_of(overlay: str, built: Objects) -> dict[str, Any]:
    """The overlay's own values, its settings, and a digest for each image."""
    folder = KNATIVE / "overlays" / overlay
    settings = [patch["value"] for patch in yaml.safe_load((folder / "functions" / "settings.yaml").read_text())]
    own = {s["name"]: s["value"] for s in settings if "value" in s}
    images = {c["image"] for _, t in pod_templates(built) for c in t["spec"]["containers"]}
    digests = {image: {"digest": DIGEST} for image in images if image.startswith("billing-")}
    data = yaml.safe_load((folder / "install" / "values.yaml").read_text())["data"]
    return {**data, **OPTIONS[overlay], "settings": own, "imagePrefix": PREFIX, "images": digests}


def comparable(objects: Objects) -> dict[str, Any]:
    """By kind and name, with images by digest, variables by name, and the Job without the number of the release."""
    found = {}
    for o in deepcopy(objects):
        if o["kind"] == "Job":
            o["metadata"]["name"] = re.sub(r"-1$", "", o["metadata"]["name"])
        for container in o.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            if container["image"].startswith("billing-"):
                container["image"] = f"{PREFIX}/{container['image']}@{DIGEST}"
            if "env" in container:
                container["env"] = {variable["name"]: variable for variable in container["env"]}
        found[f"{o['apiVersion']} {name(o)} in {o['metadata'].get('namespace')}"] = o
    return found


def test_the_worker_may_reach_what_is_listed(helm: str, tmp_path: Path) -> None:
    """`workerEgress` adds rules to the policy of the worker, and to no other one."""
    database = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"protocol": "TCP", "port": 6432}]}
    service = {"enabled": True, "replicas": 1}
    plain, listed = (
        {name(o): o["spec"].get("egress", []) for o in of(rendered(helm, values, tmp_path), "NetworkPolicy")}
        for values in (
            {"ownership": "claims", "billingService": service},
            {"ownership": "claims", "billingService": service | {"workerEgress": [database]}},
        )
    )
    changed = {policy for policy, rules in listed.items() if rules != plain[policy]}
    assert changed == {"NetworkPolicy/billing-worker-access"}
    assert listed["NetworkPolicy/billing-worker-access"] == [*plain["NetworkPolicy/billing-worker-access"], database]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_chart_is_the_overlay(overlay: str, built: dict[str, Objects], helm: str, tmp_path: Path) -> None:
    """Every object of one is an equal object of the other. The gateway of a laptop's cluster is not in the chart."""
    wanted = [o for o in built[overlay] if o["kind"] not in {"Gateway", "GatewayClass"}]
    found = comparable(rendered(helm, values_of(overlay, wanted), tmp_path))
    expected = comparable(wanted)
    assert found.keys() == expected.keys()
    for key, o in expected.items():
        assert found[key] == o, key


def test_the_chart_monitors_the_billing_service_as_the_components_do(
    build_with: Callable[[Sequence[str], dict[str, str]], Objects], helm: str, tmp_path: Path
) -> None:
    """In other namespaces than the default ones: each selector of the rules names them."""
    wanted = build_with(["monitoring", "monitoring-billing-service", "monitoring-billing-worker"], ELSEWHERE)
    kinds = {"PodMonitor", "PrometheusRule", "NetworkPolicy"}
    given = values_of("local", wanted) | ELSEWHERE | {"monitoring": {"enabled": True}}
    found = {key: o for key, o in comparable(rendered(helm, given, tmp_path)).items() if o["kind"] in kinds}
    expected = {key: o for key, o in comparable(wanted).items() if o["kind"] in kinds}
    assert found == expected
    assert [key for key, o in found.items() if o["kind"] == "PrometheusRule"] == [
        "monitoring.coreos.com/v1 PrometheusRule/billing-dashboard in other",
        "monitoring.coreos.com/v1 PrometheusRule/billing-worker in other",
        "monitoring.coreos.com/v1 PrometheusRule/kube-dc-billing in elsewhere",
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_chart_holds_every_property(case: str, helm: str, tmp_path: Path) -> None:
    """With other values too, and nothing of the default ones is left."""
    objects = rendered(helm, CASES[case], tmp_path)
    assert [problem for holds in PROPERTIES for problem in holds(objects)] == []
    if "namespace" in CASES[case]:
        namespaces = {o["metadata"].get("namespace") for o in objects}
        assert namespaces == {None, "elsewhere", "other", "kourier-system"}
    if "host" in CASES[case]:
        assert "stage.kube-dc.com" not in yaml.safe_dump_all(objects)


def test_the_functions_find_a_billing_service_in_another_namespace(helm: str, tmp_path: Path) -> None:
    """An overlay sets BILLING_API_URL by hand; a setting of the user's is preferred."""
    objects = rendered(helm, ELSEWHERE, tmp_path)
    urls = {environment(f)["BILLING_API_URL"] for f in functions(objects)}
    assert urls == {"http://billing-dashboard-svc.other.svc.cluster.local:5000"}
    given = {**ELSEWHERE, "settings": {"BILLING_API_URL": "http://mine:1", "CACHE_MAX_ENTRIES": "1000000"}}
    own = [environment(f) for f in functions(rendered(helm, given, tmp_path))]
    assert {(e["BILLING_API_URL"], e["CACHE_MAX_ENTRIES"]) for e in own} == {("http://mine:1", "1000000")}


def test_monitoring_is_where_prometheus_finds_it(helm: str, tmp_path: Path) -> None:
    """In a namespace that is not `monitoring`, by a Prometheus that selects monitors and rules by a label."""
    labels = {"release": "prom", "team": "billing"}
    values = {
        "monitoring": {"enabled": True, "namespace": "prom", "labels": labels},
        "billingService": {"enabled": True},
    }
    objects = rendered(helm, values, tmp_path)
    assert [problem for holds in PROPERTIES for problem in holds(objects)] == []
    found = [o["metadata"]["labels"] for o in objects if o["kind"] in {"PodMonitor", "PrometheusRule"}]
    assert found == [{"app.kubernetes.io/part-of": "kube-dc-billing", **labels}] * 6
    policies = [p for p in of(objects, "NetworkPolicy") if p["metadata"]["name"].endswith("-metrics")]
    peers = [peer["namespaceSelector"] for p in policies for peer in p["spec"]["ingress"][0]["from"]]
    assert peers == [{"matchLabels": {"kubernetes.io/metadata.name": "prom"}}] * 2


def test_parts_can_be_left_out(helm: str, tmp_path: Path) -> None:
    """Functions that `make deploy` owns, namespaces that exist, and pull secrets for every account."""
    values = {"functions": {"enabled": False}, "createNamespaces": False, "imagePullSecrets": [{"name": "registry"}]}
    values["billingService"] = {"enabled": True, "replicas": 3}
    objects = rendered(helm, values, tmp_path)
    assert services(objects) == []
    assert of(objects, "Namespace") == []
    assert len(of(objects, "ServiceAccount")) == 3
    assert all(a["imagePullSecrets"] == [{"name": "registry"}] for a in of(objects, "ServiceAccount"))
    assert {d["metadata"]["name"]: d["spec"]["replicas"] for d in of(objects, "Deployment")} == {
        "billing-dashboard": 3,
        "billing-worker": 1,
    }


def test_the_chart_reads_the_quotas_as_the_component_does(
    build_with: Callable[[Sequence[str], dict[str, str]], Objects], helm: str, tmp_path: Path
) -> None:
    """The worker, its account and its rights, in another namespace than the default one."""
    wanted = build_with(["quota-usage"], ELSEWHERE)
    given = values_of("local", wanted) | ELSEWHERE
    given["billingService"] = {**given["billingService"], "readQuotas": True}
    found = comparable(rendered(helm, given, tmp_path))
    for key, o in comparable(wanted).items():
        if o["metadata"]["name"] in {"billing-worker", "kube-dc-billing-quota"}:
            assert found[key] == o, key


def test_the_worker_gets_its_settings(helm: str, tmp_path: Path) -> None:
    """Beside those of the manifest."""
    given = {"PROMETHEUS_URL": "http://mimir/prometheus", "METERING_DELAY_SECONDS": "600"}
    objects = rendered(helm, {"billingService": {"enabled": True, "workerSettings": given}}, tmp_path)
    [worker] = [d for d in of(objects, "Deployment") if d["metadata"]["name"] == "billing-worker"]
    assert given.items() <= environment(worker).items()
    assert "DATABASE_URL" in environment(worker)


@pytest.mark.parametrize("values", [{}, *CASES.values()], ids=["defaults", *CASES])
def test_helm_s_linter_finds_nothing(values: dict[str, Any], helm: str, tmp_path: Path) -> None:
    """Also in strict mode, where a warning is an error."""
    ran = run(helm, "lint", "--strict", values=values, folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ownership": "nobody"}, "ownership"),
        ({"hosts": "a.example.org"}, "hosts"),
        ({"host": "https://a.example.org"}, "host"),
        ({"backendURL": "a.example.org"}, "backendURL"),
        ({"settings": {"CACHE_MAX_ENTRIES": 1000000}}, "CACHE_MAX_ENTRIES"),
        ({"images": {"billing-overview": {"digest": "latest"}}}, "digest"),
        ({"runbookURL": "docs/operations.md"}, "runbookURL"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_by_name(values: dict[str, Any], named: str, helm: str, tmp_path: Path) -> None:
    """values.schema.json: a number would be written with an exponent, an unknown name would be ignored."""
    ran = run(helm, "template", "kube-dc-billing", values=values, folder=tmp_path)
    assert ran.returncode != 0
    assert named in ran.stderr


def test_every_value_is_in_the_schema() -> None:
    """Values of the overlays have the same names."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(schema["required"]) == values.keys()
    for overlay in OVERLAYS:
        data = yaml.safe_load((KNATIVE / "overlays" / overlay / "install" / "values.yaml").read_text())["data"]
        assert data.keys() <= values.keys()


def test_the_chart_has_the_version_of_the_project() -> None:
    """An image without a tag or a digest has the chart's appVersion."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((KNATIVE.parent / "pyproject.toml").read_text())["project"]
    assert {chart["version"], chart["appVersion"]} == {project["version"]}
