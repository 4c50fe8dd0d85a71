"""The wrong billing services of the cluster test: each is wrong in its way, and a function notices what it can."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from dev.settings import ROOT
from tests.cluster import bad_service, candidates, wakes
from tests.cluster.overlay import BILLING, NAMESPACE
from tests.kit.billing import BillingService, serving
from tests.kit.identity import IdentityServer
from tests.kit.process import FunctionProcess, free_port, wait_until
from tests.manifests import properties

OVERVIEW = "/api/project/acme-web/overview?organization=acme"
IMAGE = f"registry.example.com/billing-service@sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    server = serving(BillingService())
    yield server.url
    server.close()


@pytest.fixture
def bad(request: pytest.FixtureRequest, real: str) -> Iterator[str]:
    """The address of a wrong service, started as the pod starts it."""
    port = free_port()
    code = ROOT / "tests/cluster/bad_service.py"
    command = [sys.executable, "-I", "-S", str(code), request.param, real, str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/") as process:
        wait_until(lambda: answers(port), 10)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/api/health", timeout=5).status_code > 0
    except httpx2.ConnectError:
        return False


def through_a_function(url: str, **settings: str) -> tuple[int, float]:
    """Status of an overview, and its seconds."""
    identity = IdentityServer()
    environment = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": url, **settings}
    with FunctionProcess(environment) as function:
        headers = {"Authorization": f"Bearer {identity.token()}"}
        began = time.monotonic()
        path = f"http://127.0.0.1:{function.port}/api/billing/project/acme-web/overview"
        status = httpx2.get(path, headers=headers, timeout=30).status_code
        seconds = time.monotonic() - began
    identity.server.close()
    return status, seconds


@pytest.mark.parametrize("bad", ["unavailable"], indirect=True)
def test_unavailable_is_503(bad: str) -> None:
    """Every path, and the function's response too."""
    assert httpx2.get(bad + OVERVIEW).status_code == 503
    assert through_a_function(bad)[0] == 503


@pytest.mark.parametrize("bad", ["foreign"], indirect=True)
def test_foreign_is_of_another_owner(bad: str, real: str) -> None:
    """The real figures under another name: the function rejects them."""
    wrong, right = httpx2.get(bad + OVERVIEW).json(), httpx2.get(real + OVERVIEW).json()
    assert (wrong.pop("organization"), wrong.pop("namespace")) == ("somebody", "somebody-else")
    assert (right.pop("organization"), right.pop("namespace")) == ("acme", "acme-web")
    assert wrong == right
    assert through_a_function(bad)[0] == 503


@pytest.mark.parametrize("bad", ["slow"], indirect=True)
def test_slow_is_right_after_a_second(bad: str, real: str) -> None:
    """The same reply, errors included. The function waits for it."""
    assert httpx2.get(bad + OVERVIEW).json() == httpx2.get(real + OVERVIEW).json()
    foreign = httpx2.get(f"{bad}/api/project/globex-shop/overview?organization=acme")
    assert foreign.status_code == 404
    status, seconds = through_a_function(bad)
    assert status == 200
    assert seconds >= bad_service.SLOW_SECONDS


@pytest.mark.parametrize("kind", ["unavailable", "foreign", "slow"])
def test_its_objects_fit_the_cluster(kind: str) -> None:
    """Kubernetes' own schemas, and Pod Security `restricted`, which the namespace enforces."""
    objects = in_namespace(candidates.objects(kind, IMAGE), BILLING)
    assert list(properties.kubernetes_objects_fit_their_schemas(objects)) == []
    assert list(properties.pods_fit_pod_security_restricted(objects)) == []


def test_the_objects_of_hello_fit_the_cluster() -> None:
    """The same for the Knative Service that the wakes are compared with."""
    objects = in_namespace(wakes.objects(IMAGE), NAMESPACE)
    for holds in (
        properties.kubernetes_objects_fit_their_schemas,
        properties.revisions_fit_the_schema_of_a_pod,
        properties.services_need_no_feature_flag,
    ):
        assert list(holds(objects)) == []


def test_hello_is_a_function_that_the_stock_command_serves(tmp_path: Path) -> None:
    """The code that the ConfigMap has."""
    port = free_port()
    (tmp_path / "main.py").write_text(wakes.CODE)
    command = [sys.executable, "-m", "functions_framework", "--source", "main.py", "--target", "hello"]
    environment = {"PORT": str(port), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: answers(port), 20)
        assert httpx2.get(f"http://127.0.0.1:{port}/").text == "hello"
        process.terminate()


def in_namespace(objects: list[dict[str, object]], namespace: str) -> list[dict[str, object]]:
    for o in objects:
        metadata = o["metadata"]
        assert isinstance(metadata, dict)
        metadata["namespace"] = namespace
    return objects
