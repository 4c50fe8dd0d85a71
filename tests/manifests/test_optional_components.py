"""The components that no overlay includes: a pull secret, External Secrets, monitoring, the quotas of the platform."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.manifests.conftest import KNATIVE
from tests.manifests.properties import PROPERTIES, Objects, environment, of, pod_templates

OPTIONAL = ("quota-usage", "pull-secret", "external-secrets", "monitoring-billing-service", "monitoring-billing-worker")


@pytest.fixture(scope="module")
def objects(build_with: Callable[[Sequence[str], dict[str, str]], Objects]) -> Objects:
    """The overlay `local` with all of them, as docs/operations.md describes."""
    return build_with([*OPTIONAL, "monitoring"], {"namespace": "elsewhere"})


def test_they_hold_every_property(objects: Objects) -> None:
    """In another namespace than the default one too."""
    assert [problem for holds in PROPERTIES for problem in holds(objects)] == []


def test_every_pod_of_our_images_pulls_with_the_secret(objects: Objects) -> None:
    """Each of our images runs under a service account that has it."""
    accounts = {
        (a["metadata"]["namespace"], a["metadata"]["name"])
        for a in of(objects, "ServiceAccount")
        if a.get("imagePullSecrets") == [{"name": "registry"}]
    }
    ours = [(o, t["spec"]) for o, t in pod_templates(objects) if t["spec"]["containers"][0]["image"].startswith("bill")]
    assert len(ours) == len([o for o, _ in pod_templates(objects)]) - 1  # PostgreSQL's image is public
    assert {(o["metadata"]["namespace"], spec["serviceAccountName"]) for o, spec in ours} <= accounts


def test_the_external_secrets_have_every_key_that_a_pod_needs(objects: Objects) -> None:
    """All but the password of the small PostgreSQL, and the token that exists only during a rotation."""
    made = {
        (e["metadata"]["namespace"], e["spec"]["target"]["name"], item["secretKey"])
        for e in of(objects, "ExternalSecret", "external-secrets.io/v1")
        for item in e["spec"]["data"]
    }
    needed = {
        (o["metadata"]["namespace"], *(variable["valueFrom"]["secretKeyRef"][part] for part in ("name", "key")))
        for o, template in pod_templates(objects)
        for variable in template["spec"]["containers"][0].get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    }
    others = {"POSTGRES_PASSWORD", "BILLING_API_TOKEN_PREVIOUS"}
    assert needed - made == {("billing", "billing-service", name) for name in others}
    assert made <= needed


def test_nothing_is_filled_in_by_the_operator(objects: Objects) -> None:
    """Each reference has the operator's defaults: Argo CD compares the complete list."""
    defaults = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
    for secret in of(objects, "ExternalSecret"):
        assert all(defaults.items() <= item["remoteRef"].items() for item in secret["spec"]["data"])


def test_the_folder_is_the_documented_one() -> None:
    """docs/operations.md names all of them."""
    page = (KNATIVE.parent / "docs" / "operations.md").read_text()
    assert all(Path(KNATIVE / "components" / name).is_dir() and name in page for name in OPTIONAL)


def test_only_the_worker_can_read_the_quotas(objects: Objects) -> None:
    """With a separate account, whose token is mounted. The pods that serve requests have none."""
    [worker] = [d for d in of(objects, "Deployment") if d["metadata"]["name"] == "billing-worker"]
    spec = worker["spec"]["template"]["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("billing-worker", True)
    assert environment(worker)["KUBERNETES_API_URL"] == "https://kubernetes.default.svc"
    bound = [subject for b in of(objects, "ClusterRoleBinding") for subject in b["subjects"]]
    assert bound == [{"kind": "ServiceAccount", "name": "billing-worker", "namespace": worker["metadata"]["namespace"]}]
    others = [t["spec"] for o, t in pod_templates(objects) if o is not worker]
    assert others
    assert all(spec.get("automountServiceAccountToken") is False for spec in others)
