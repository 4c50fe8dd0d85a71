"""A test installation on a real cluster: its variables, its overlay, its objects, and their removal."""

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.cluster.overlay import BILLING, NAMESPACE, Cluster, Variant, write

REQUIRED = {
    "CONTEXT": "the kube context to use, of `kubectl config get-contexts`; it is never guessed",
    "CLUSTER_HOST": "the host name that the Gateway takes and that leads to it, like billing.localhost",
    "IMAGE_PREFIX": "where the images are, like registry.example.com/kube-dc-billing (make images, then push)",
    "KEYCLOAK_URL": "the Keycloak that issued TOKEN, as it stands in the token's issuer before /realms/",
    "TOKEN": "an access token that may see NAMESPACE, and no guest's",
    "NAMESPACE": "a namespace of the demo that TOKEN may see (acme-web), and of a Project if there are any",
    "FOREIGN_NAMESPACE": "a namespace that TOKEN may not see",
}
OPTIONAL = {
    "INGRESS_URL": "how the Gateway is reached, when CLUSTER_HOST does not lead to it, like http://127.0.0.1:8080",
    "GATEWAY": "name of the Gateway (eg)",
    "GATEWAY_NAMESPACE": "its namespace (envoy-gateway-system)",
    "JWKS_BASE_URL": "Keycloak as the pods reach it, when KEYCLOAK_URL does not lead there from inside",
    "KEYCLOAK_PORT": "its port, when it is not 443",
    "VERSION": "tag of the images (0.1.0)",
    "IMAGE_<FUNCTION>": "its image by digest, when it is not in IMAGE_PREFIX: IMAGE_UNIT_COSTS for unit-costs",
    "PROM_URL": "the cluster's Prometheus as this machine reaches it; without it, the gate is not tried",
    "MONITOR_LABEL": "label by which it selects monitors and rules, like release=prometheus",
}


class MissingError(Exception):
    """A prerequisite is missing. The text names it and what to do."""


def image_variable(component: str) -> str:
    """A shell has no hyphens in the name of a variable."""
    return f"IMAGE_{component.upper().replace('-', '_')}"


@dataclass(frozen=True)
class Variables:
    values: Mapping[str, str]

    @classmethod
    def read(cls) -> "Variables":
        missing = [f"  {name}: {about}" for name, about in REQUIRED.items() if not os.environ.get(name)]
        if missing:
            optional = "".join(f"\n  {name}: {about}" for name, about in OPTIONAL.items())
            raise MissingError("set these variables:\n" + "\n".join(missing) + f"\nand if needed:{optional}")
        return cls(dict(os.environ))

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def get(self, name: str, default: str) -> str:
        return self.values.get(name) or default

    @property
    def ingress(self) -> str:
        return self.get("INGRESS_URL", f"http://{self['CLUSTER_HOST']}").rstrip("/")


@dataclass(frozen=True)
class Installation:
    variables: Variables
    folder: Path  # a copy of knative/ with the overlay `test`

    @property
    def overlay(self) -> Path:
        return self.folder / "overlays" / "test"

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """Raises MissingError with kubectl's own words."""
        command = ["kubectl", "--context", self.variables["CONTEXT"], *arguments]
        ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if check and ran.returncode:
            raise MissingError(f"kubectl {' '.join(arguments)} failed: {ran.stderr.strip()}")
        return ran.stdout if not ran.returncode else ""

    def get(self, *arguments: str) -> dict[str, Any]:
        return dict(json.loads(self.kubectl("get", *arguments, "--output", "json")))

    def check_prerequisites(self) -> None:
        for tool in ("kubectl", "kn"):
            if shutil.which(tool) is None:
                raise MissingError(f"{tool} was not found on PATH")
        contexts = subprocess.run(
            ["kubectl", "config", "get-contexts", "--output", "name"], capture_output=True, text=True, check=False
        ).stdout.split()
        if self.variables["CONTEXT"] not in contexts:
            raise MissingError(f"there is no context {self.variables['CONTEXT']}: choose one of {', '.join(contexts)}")
        wanted = {
            "crd/services.serving.knative.dev": "Knative Serving: https://knative.dev/docs/install/",
            "crd/httproutes.gateway.networking.k8s.io": "the Gateway API and a controller, such as Envoy Gateway",
        }
        for name, what in wanted.items():
            if not self.kubectl("get", name, check=False):
                raise MissingError(f"the cluster has no {name.partition('/')[2]}: install {what}")
        if not self.kubectl("get", "service/kourier-internal", "--namespace", "kourier-system", check=False):
            raise MissingError(
                "the cluster has no kourier-internal in kourier-system: install Kourier as Knative's ingress"
            )
        gateway = self.variables.get("GATEWAY", "eg")
        namespace = self.variables.get("GATEWAY_NAMESPACE", "envoy-gateway-system")
        if not self.kubectl("get", f"gateway/{gateway}", "--namespace", namespace, check=False):
            raise MissingError(f"there is no Gateway {namespace}/{gateway}: set GATEWAY and GATEWAY_NAMESPACE")
        for name in (NAMESPACE, BILLING):
            if self.kubectl("get", f"namespace/{name}", check=False):
                raise MissingError(f"namespace {name} is there already, from a run that was cut off: kubectl delete it")

    @property
    def has_projects(self) -> bool:
        return self._has("crd/projects.kube-dc.com")

    def _has(self, name: str) -> bool:
        return bool(self.kubectl("get", name, check=False))

    def image(self, component: str) -> str:
        """The image by digest: from IMAGE_<COMPONENT>, otherwise from the registry, without credentials."""
        given = self.variables.get(image_variable(component), "")
        if given:
            return given
        name = component if component == "billing-service" else f"billing-{component}"
        registry, _, path = f"{self.variables['IMAGE_PREFIX']}/{name}".partition("/")
        tag = self.variables.get("VERSION", "0.1.0")
        scheme = "http" if re.match(r"(localhost|127\.)", registry) else "https"
        accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
        accept += ", application/vnd.docker.distribution.manifest.v2+json"
        try:
            answer = httpx2.head(f"{scheme}://{registry}/v2/{path}/manifests/{tag}", headers={"Accept": accept})
        except httpx2.HTTPError as exc:
            raise MissingError(
                f"registry {registry} does not respond ({exc}): set {image_variable(component)}"
            ) from exc
        digest = answer.headers.get("Docker-Content-Digest")
        if digest is None:
            text = f"{registry} returns {answer.status_code} for {path}:{tag}"
            raise MissingError(f"{text}: push it, or set {image_variable(component)}")
        return f"{registry}/{path}@{digest}"

    def write_overlay(self, variant: Variant | None = None) -> None:
        monitored = bool(self.variables.get("PROM_URL", "")) and self._has("crd/podmonitors.monitoring.coreos.com")
        cluster = Cluster(self.variables.values, self.image("billing-service"), monitored)
        write(self.folder, cluster, variant or Variant())

    def create_secrets(self) -> None:
        password, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
        url = f"postgresql://billing:{password}@postgresql.{BILLING}.svc.cluster.local:5432/billing"
        self._secret(BILLING, "billing-service", DATABASE_URL=url, BILLING_API_TOKEN=token, POSTGRES_PASSWORD=password)
        reader = f"postgresql://billing_reader:{secrets.token_urlsafe(24)}@{url.rpartition('@')[2]}"
        self._secret(BILLING, "billing-service-reader", DATABASE_URL=reader)
        self._secret(NAMESPACE, "billing-api", BILLING_API_TOKEN=token)

    def _secret(self, namespace: str, name: str, **data: str) -> None:
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
        self.kubectl("apply", "--filename", "-", text=json.dumps(manifest | {"stringData": data}))

    def remove(self) -> None:
        """Waits until the namespaces are gone, so that another run can begin."""
        self.kubectl("delete", "namespace", NAMESPACE, BILLING, "--ignore-not-found", "--timeout=300s")
        grant = ["delete", "referencegrant", NAMESPACE, "--namespace", "kourier-system", "--ignore-not-found"]
        self.kubectl(*grant)
        for kind in ("clusterrolebinding", "clusterrole"):
            self.kubectl("delete", kind, f"{NAMESPACE}-projects", "--ignore-not-found")
