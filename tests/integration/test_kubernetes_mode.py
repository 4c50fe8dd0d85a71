"""NAMESPACE_OWNERSHIP=kubernetes end to end: real function processes, an API server, a billing service of two paths."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.billing_service import BillingService, overview
from tests.function_process import FunctionProcess
from tests.kubernetes_api import ApiServer, project, status_object

OWNERS = {
    "acme-web": "acme",
    "acme-data": "acme",
    "acme-prod-web": "acme-prod",
    "globex-shop": "globex",
    "hooli-web": "hooli",
}
FRESH_SECONDS = 0.2


class IdentityProvider:
    """Key sets of the realms, each with a key of its own."""

    def __init__(self, realms: list[str]) -> None:
        self._keys = {realm: ec.generate_private_key(ec.SECP256R1()) for realm in realms}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = json.dumps({"keys": [provider._jwk(self.path.split("/")[2])]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _jwk(self, realm: str) -> dict[str, Any]:
        jwk = ECAlgorithm.to_jwk(self._keys[realm].public_key(), as_dict=True)
        return {**jwk, "kid": realm, "use": "sig", "alg": "ES256"}

    def token(self, organization: str, namespaces: list[str], groups: list[str]) -> str:
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/realms/{organization}",
            "sub": "somebody",
            "org": organization,
            "typ": "Bearer",
            "aud": "kube-dc-billing",
            "iat": now,
            "exp": now + 300,
            "namespaces": namespaces,
            "groups": groups,
        }
        return jwt.encode(claims, self._keys[organization], "ES256", headers={"kid": organization})

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class World:
    api: ApiServer
    billing: BillingService
    identity: IdentityProvider
    overview: FunctionProcess
    projects: FunctionProcess

    def get_overview(self, token: str, namespace: str) -> httpx2.Response:
        return self.overview.get(f"/api/billing/project/{namespace}/overview", token)

    def get_projects(self, token: str) -> httpx2.Response:
        return self.projects.get("/api/billing/projects", token)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("kubernetes-mode")
    api = ApiServer(folder)
    billing = BillingService(dict(OWNERS), registry=False)
    identity = IdentityProvider(["acme", "acme-prod", "globex", "hooli", "initech"])
    environment = {
        "KEYCLOAK_URL": identity.url,
        "OIDC_AUDIENCE": "kube-dc-billing",
        "BILLING_API_URL": billing.url,
        "NAMESPACE_OWNERSHIP": "kubernetes",
        "KUBERNETES_API_URL": api.url,
        "KUBERNETES_CREDENTIALS": str(api.credentials),
        "OWNERSHIP_FRESH_SECONDS": str(FRESH_SECONDS),
        "OWNERSHIP_STALE_SECONDS": "2.5",
        "CACHE_FRESH_SECONDS": "0",
        "BREAKER_MINIMUM_CALLS": "1000",
    }
    with (
        FunctionProcess("overview", environment, folder) as overview_function,
        FunctionProcess("projects", environment, folder) as projects_function,
    ):
        yield World(api, billing, identity, overview_function, projects_function)
    for part in (api, billing, identity):
        part.stop()


@pytest.fixture
def world(running: World) -> World:
    """Everything works, and nothing that an earlier test saw is fresh any more."""
    running.api.fail = lambda _: None
    running.billing.fail = lambda _: None
    running.api.projects = {
        "acme": [project("acme", "web", "acme-web"), project("acme", "data", "acme-data")],
        "acme-prod": [project("acme-prod", "web", "acme-prod-web")],
        "globex": [project("globex", "shop", "globex-shop")],
        "hooli": [project("hooli", "web", "hooli-web")],
    }
    time.sleep(FRESH_SECONDS + 0.05)
    return running


def admin(world: World, organization: str) -> str:
    return world.identity.token(organization, [], ["org-admin"])


def test_an_org_admin_sees_the_projects_of_the_organization(world: World) -> None:
    """Listed by the API server, priced one overview each, summed as decimals."""
    answer = world.get_projects(admin(world, "acme"))
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-data", "acme-web"]
    assert data["unpriced"] == 0
    assert data["totals"][0]["current_month_total"] == len("acme-data") + len("acme-web")


def test_an_org_admin_sees_an_overview_of_the_organization(world: World) -> None:
    """The billing service of two paths does not say whose numbers they are: the API server did."""
    answer = world.get_overview(admin(world, "acme"), "acme-web")
    assert answer.status_code == 200
    assert answer.json()["data"]["billing_summary"]["current_month_total"] == len("acme-web")


def test_a_foreign_and_an_unknown_namespace_are_refused_alike(world: World) -> None:
    """acme-prod-web begins with acme-, belongs to acme-prod, and nothing is asked about it."""
    token = admin(world, "acme")
    world.billing.requests.clear()
    foreign, unknown = (world.get_overview(token, name) for name in ("acme-prod-web", "acme-none-web"))
    for answer, name in ((foreign, "acme-prod-web"), (unknown, "acme-none-web")):
        assert answer.status_code == 403
        assert answer.json()["error"] == "Access denied to namespace"
        assert answer.json()["details"] == {"namespace": name, "availableNamespaces": []}
    assert world.billing.requests == []
    assert world.get_overview(admin(world, "acme-prod"), "acme-prod-web").status_code == 200


def test_a_realm_that_mints_foreign_namespaces_gains_nothing(world: World) -> None:
    """globex writes acme-web into its token: neither the overview nor the list follows."""
    token = world.identity.token("globex", ["acme-web", "globex-shop"], [])
    assert world.get_overview(token, "acme-web").status_code == 403
    data = world.get_projects(token).json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["globex-shop"]


def test_a_project_user_sees_what_both_token_and_cluster_name(world: World) -> None:
    """The organization's acme-data is not in the token; the token's acme-old is not in the cluster."""
    token = world.identity.token("acme", ["acme-web", "acme-old"], [])
    data = world.get_projects(token).json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-web"]
    assert world.get_overview(token, "acme-web").status_code == 200
    assert world.get_overview(token, "acme-data").status_code == 403
    assert world.get_overview(token, "acme-old").status_code == 403


def test_a_guest_is_refused_without_asking_the_cluster(world: World) -> None:
    """No project in the token and no org-admin: 403 at once."""
    world.api.requests.clear()
    token = world.identity.token("acme", [], [])
    for answer in (world.get_overview(token, "acme-web"), world.get_projects(token)):
        assert (answer.status_code, answer.json()["error"]) == (403, "Billing access denied")
    assert world.api.requests == []


def test_an_api_server_that_fails_is_bridged_and_then_503(world: World) -> None:
    """What was listed decides for OWNERSHIP_STALE_SECONDS; then it is 503 for both, never an empty list."""
    token = admin(world, "hooli")  # of its own, since the pauses after its failures go on
    assert world.get_overview(token, "hooli-web").status_code == world.get_projects(token).status_code == 200
    world.api.fail = lambda _: (500, status_object(500, "InternalError"))
    time.sleep(FRESH_SECONDS + 0.05)
    assert world.get_overview(token, "hooli-web").status_code == world.get_projects(token).status_code == 200
    assert world.get_overview(token, "acme-prod-web").status_code == 403
    time.sleep(2.6)
    for answer in (world.get_overview(token, "hooli-web"), world.get_projects(token)):
        assert (answer.status_code, answer.json()["error"]) == (503, "Billing service unreachable")
        assert "secret-upstream-text" not in answer.text
        assert int(answer.headers["Retry-After"]) >= 1
    last = world.projects.lines()[-1]
    assert (last["status"], last["reason"]) == (503, "ownership_unknown")
    assert "secret-upstream-text" not in world.projects.log.read_text()


def test_an_organization_unknown_to_the_cluster_is_503(world: World) -> None:
    """A realm without an organization in the cluster: neither an empty list nor a denial."""
    token = admin(world, "initech")
    assert world.get_projects(token).status_code == 503
    assert world.get_overview(token, "acme-web").status_code == 503


def test_one_project_that_cannot_be_priced_does_not_fail_the_list(world: World) -> None:
    """Its figure is null with a reason, it is counted as unpriced, and the totals leave it out."""
    world.billing.fail = lambda target: (500, {}) if "/acme-data/" in target else None
    data = world.get_projects(admin(world, "acme")).json()["data"]
    assert [(entry["namespace"], entry["error"]) for entry in data["projects"]] == [
        ("acme-data", "Billing service unreachable"),
        ("acme-web", None),
    ]
    assert data["projects"][0]["billing_summary"] is None
    assert data["unpriced"] == 1
    assert data["totals"][0]["current_month_total"] == len("acme-web")


def test_no_project_that_can_be_priced_is_503(world: World) -> None:
    """A list without a single figure is an outage."""
    world.billing.fail = lambda _: (500, {})
    answer = world.get_projects(admin(world, "acme"))
    assert (answer.status_code, answer.json()["error"]) == (503, "Billing service unreachable")


def test_the_fan_out_is_bounded(world: World) -> None:
    """Forty projects: never more than eight overviews at a time, each asked for once, all in the list."""
    lock, under_way, most = threading.Lock(), 0, 0

    def slow(_: str) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1

    names = [f"acme-p{n:02}" for n in range(40)]
    world.api.projects["acme"] = [project("acme", name.removeprefix("acme-"), name) for name in names]
    world.billing.owners.update(dict.fromkeys(names, "acme"))
    world.billing.fail = slow
    world.billing.requests.clear()
    data = world.get_projects(admin(world, "acme")).json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == names
    assert data["unpriced"] == 0
    assert len(world.billing.requests) == 40
    assert 2 <= most <= 8


@pytest.mark.parametrize(("owner", "namespace"), [("globex", "acme-web"), ("acme", "acme-data")])
def test_a_reply_about_somebody_else_is_503(world: World, owner: str, namespace: str) -> None:
    """A billing service that does name an owner or a namespace has to name the right one, in this mode too."""
    world.billing.fail = lambda _: (200, overview(owner, namespace, 999_999))
    answer = world.get_overview(admin(world, "acme"), "acme-web")
    assert answer.status_code == 503
    assert "999999" not in answer.text


def test_the_projects_of_a_removed_project_are_gone_with_the_next_listing(world: World) -> None:
    """A namespace moved to another organization follows within OWNERSHIP_FRESH_SECONDS."""
    token, other = admin(world, "acme"), admin(world, "globex")
    assert world.get_overview(token, "acme-data").status_code == 200
    assert world.get_overview(other, "acme-data").status_code == 403
    world.api.projects["globex"].append(project("globex", "bought", "acme-data"))
    del world.api.projects["acme"][1]
    time.sleep(FRESH_SECONDS + 0.05)
    assert world.get_overview(token, "acme-data").status_code == 403
    assert world.get_overview(other, "acme-data").status_code == 200


def test_the_pods_token_is_in_no_log(world: World) -> None:
    """Neither the pod's token nor a caller's."""
    token = admin(world, "acme")
    world.get_projects(token)
    for function in (world.overview, world.projects):
        function.lines()
        text = Path(function.log).read_text()
        assert "token-1" not in text
        assert token not in text
