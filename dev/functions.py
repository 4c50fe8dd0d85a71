"""The functions with the environment of knative/functions/*.yaml, each in a separate functions-framework process."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from common.process.settings import Settings as FunctionSettings
from dev.provider import AUDIENCE, answers
from dev.settings import ROOT, Settings, metrics_variable, port_variable
from dev.supervisor import Part

START = ROOT / "knative" / "image" / "start.py"
MANIFESTS = ROOT / "knative" / "functions"


@dataclass(frozen=True)
class Function:
    name: str
    host: str  # the cluster-local name that the route sends to
    environment: Mapping[str, str]
    probe: str  # path
    has_sockets: bool = False


def read_functions(folder: Path = MANIFESTS) -> list[Function]:
    return [read_function(path) for path in sorted(folder.glob("*.yaml")) if path.stem != "kustomization"]


def read_function(path: Path) -> Function:
    service = yaml.safe_load(path.read_text())
    metadata = service["metadata"]
    revision = service["spec"]["template"]["spec"]
    [container] = revision["containers"]
    return Function(
        name=path.stem,
        host=f"{metadata['name']}.{metadata['namespace']}.svc.cluster.local",
        # Values from a Secret or a ConfigMap in the cluster are local settings here.
        environment={entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry},
        probe=container["readinessProbe"]["httpGet"]["path"],
        has_sockets="responseStartTimeoutSeconds" in revision,
    )


def part(function: Function, settings: Settings, billing_token: str | None) -> Part:
    local = {
        "HOST": settings.host,
        "PORT": str(settings.ports[port_variable(function.name)]),
        "METRICS_PORT": str(settings.ports[metrics_variable(function.name)]),
        "KEYCLOAK_URL": settings.provider_url,
        "OIDC_AUDIENCE": AUDIENCE,
        "BILLING_API_URL": settings.billing_url,
        "CORS_ALLOWED_ORIGINS": ",".join(settings.allowed_origins),
        "LOG_FORMAT": "console",
        "PYTHONPATH": str(ROOT),  # `make run` installs the packages of this project, and not the project
        **({"BILLING_API_TOKEN": billing_token} if billing_token else {}),
    }
    environment = {**function.environment, **local, **chosen(settings)}
    source, target = environment["FUNCTION_SOURCE"], environment["FUNCTION_TARGET"]
    return Part(
        name=function.name,
        command=command(function, source, target),
        environment=environment,
        ready=lambda: answers(settings.url(port_variable(function.name)) + function.probe),
        follow=True,
        sources=((ROOT / source).parent, ROOT / "common"),
    )


def command(function: Function, source: str, target: str) -> list[str]:
    """functions-framework's server has no WebSockets: a function with them is started as in its image."""
    if function.has_sockets:
        return [sys.executable, str(START)]
    return [sys.executable, "-m", "functions_framework", "--source", source, "--target", target]


def chosen(settings: Settings) -> dict[str, str]:
    """The settings from the environment of `make run`, for every function. The addresses set here are excluded."""
    wired = {"METRICS_PORT", "KEYCLOAK_URL", "BILLING_API_URL", "BILLING_API_TOKEN"}
    names = {field.upper() for field in FunctionSettings.model_fields} - wired
    return {name: value for name, value in settings.environment.items() if name in names}
