"""The overlay `test`: `local` with the cluster's values, and the settings that a step changes."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
NAMESPACE, BILLING = "kube-dc-billing-test", "billing-test"
REGISTRY, KUBERNETES = "registry", "kubernetes"
REAL_SERVICE = f"http://billing-dashboard-svc.{BILLING}.svc.cluster.local:5000"
ENV, ANNOTATIONS = "/spec/template/spec/containers/0/env/-", "/spec/template/metadata/annotations"
Json = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """What a step changes in the functions. Each change is another revision of the same image."""

    settings: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    billing_api_url: str = REAL_SERVICE
    ownership: str = REGISTRY


@dataclass(frozen=True)
class Cluster:
    """What the overlay is made for. `monitored`: the cluster has the Prometheus operator."""

    variables: Mapping[str, str]
    service_image: str
    monitored: bool


def write(folder: Path, cluster: Cluster, variant: Variant) -> Path:
    """`folder` becomes a copy of knative/. Returns the overlay."""
    if not folder.exists():
        shutil.copytree(REPOSITORY / "knative", folder, symlinks=True)
        for file in (folder / "components").rglob("*.yaml"):
            file.write_text(file.read_text().replace("kube-dc-billing-projects", f"{NAMESPACE}-projects"))
    local, overlay = folder / "overlays" / "local", folder / "overlays" / "test"
    values = yaml.safe_load((local / "install" / "values.yaml").read_text())
    values["data"] |= _values(cluster.variables)
    written = {
        "install/values.yaml": values,
        "install/kustomization.yaml": yaml.safe_load((local / "install/kustomization.yaml").read_text()),
        "kustomization.yaml": _shared(cluster, variant),
        "functions/kustomization.yaml": _functions(cluster.variables, variant),
    }
    for name, content in written.items():
        path = overlay / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    return overlay


def _values(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        "namespace": NAMESPACE,
        "billingNamespace": BILLING,
        "host": variables["CLUSTER_HOST"],
        "gateway": variables.get("GATEWAY") or "eg",
        "gatewayNamespace": variables.get("GATEWAY_NAMESPACE") or "envoy-gateway-system",
    }


def _shared(cluster: Cluster, variant: Variant) -> Json:
    names = ["billing-service", "postgresql"]
    names += ["ownership-kubernetes"] if variant.ownership == KUBERNETES else []
    names += ["monitoring", "monitoring-billing-service", "monitoring-billing-worker"] if cluster.monitored else []
    port = int(cluster.variables.get("KEYCLOAK_PORT") or "443")
    anywhere = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": port}]}
    policy = [{"op": "add", "path": "/spec/egress/-", "value": anywhere}]
    patches = [_patch({"kind": "NetworkPolicy", "name": "kube-dc-billing-access"}, policy)]
    key, _, value = cluster.variables.get("MONITOR_LABEL", "").partition("=")
    if cluster.monitored and key:
        label = [{"op": "add", "path": f"/metadata/labels/{key.replace('/', '~1')}", "value": value}]
        patches += [_patch({"kind": kind}, label) for kind in ("PodMonitor", "PrometheusRule")]
    repository, _, digest = cluster.service_image.partition("@")
    return {
        "resources": ["install", "../../base"],
        "components": [f"../../components/{name}" for name in (*names, "install")],
        "images": [{"name": "billing-service", "newName": repository, "digest": digest}],
        "patches": patches,
    }


def _functions(variables: Mapping[str, str], variant: Variant) -> Json:
    secret = {"secretKeyRef": {"name": "billing-api", "key": "BILLING_API_TOKEN"}}
    texts = {"KEYCLOAK_URL": variables["KEYCLOAK_URL"], "BILLING_API_URL": variant.billing_api_url}
    texts |= {"OIDC_JWKS_BASE_URL": variables["JWKS_BASE_URL"]} if variables.get("JWKS_BASE_URL") else {}
    settings: list[Json] = [{"name": "BILLING_API_TOKEN", "valueFrom": secret}]
    settings += [{"name": name, "value": value} for name, value in {**texts, **variant.settings}.items()]
    operations = [{"op": "add", "path": ENV, "value": setting} for setting in settings]
    operations += [
        {"op": "add", "path": f"{ANNOTATIONS}/{name.replace('/', '~1')}", "value": value}
        for name, value in variant.annotations.items()
    ]
    names = ["ownership-kubernetes-functions"] if variant.ownership == KUBERNETES else []
    return {
        "resources": ["../install", "../../../functions"],
        "components": [f"../../../components/{name}" for name in (*names, "install")],
        "patches": [_patch({"group": "serving.knative.dev", "kind": "Service"}, operations)],
    }


def _patch(target: dict[str, str], operations: list[Json]) -> Json:
    return {"target": target, "patch": json.dumps(operations)}
