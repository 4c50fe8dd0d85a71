"""NAMESPACE_OWNERSHIP=kubernetes end to end: real function processes, an API server, a billing service of two paths."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.functions.overview.replies import overview
from tests.kit.billing import OWNERS, BillingService, serving
from tests.kit.identity import IdentityServer
from tests.kit.kubernetes_api import ApiServer, project, status_object
from tests.kit.process import FunctionProcess
from tests.kit.server import Exchange, Server
from tests.kit.tokens import ABSENT, AUDIENCE, key_set

AMOUNTS = {"acme-web": 8, "acme-data": 9}
FRESH_SECONDS = 0.2


@dataclass
class World:
    api: ApiServer
    billing: BillingService
    server: Server
    identity: IdentityServer
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
    billing = BillingService({**OWNERS, "hooli-web": "hooli"}, registry=False, amounts=AMOUNTS)
    server = serving(billing)
    identity = IdentityServer()
    identity.key_sets |= {realm: key_set(realm) for realm in ("hooli", "initech")}
    environment = {
        "KEYCLOAK_URL": identity.url,
        "OIDC_AUDIENCE": AUDIENCE,
        "BILLING_API_URL": server.url,
        "NAMESPACE_OWNERSHIP": "kubernetes",
        "KUBERNETES_API_URL": api.url,
        "KUBERNETES_CREDENTIALS": str(api.credentials),
        "OWNERSHIP_FRESH_SECONDS": str(FRESH_SECONDS),
        "OWNERSHIP_STALE_SECONDS": "2.5",
        "CACHE_FRESH_SECONDS": "0",
        "BREAKER_MINIMUM_CALLS": "1000",
    }
    with (
        FunctionProcess(environment, "overview") as overview_function,
        FunctionProcess(environment, "projects") as projects_function,
    ):
        yield World(api, billing, server, identity, overview_function, projects_function)
    api.stop()
    server.close()
    identity.server.close()


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
    return world.identity.token(organization)


def user(world: World, organization: str, *namespaces: str) -> str:
    """A project-user; a guest where no namespace is named."""
    return world.identity.token(organization, namespaces=list(namespaces) or ABSENT, groups=[])


def test_an_org_admin_sees_the_projects_of_the_organization(world: World) -> None:
    """Listed by the API server, priced one overview each, summed as decimals."""
    answer = world.get_projects(admin(world, "acme"))
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-data", "acme-web"]
    assert data["unpriced"] == 0
    assert data["totals"][0]["current_month_total"] == AMOUNTS["acme-data"] + AMOUNTS["acme-web"]


def test_an_org_admin_sees_an_overview_of_the_organization(world: World) -> None:
    """The billing service of two paths does not say whose numbers they are: the API server did."""
    answer = world.get_overview(admin(world, "acme"), "acme-web")
    assert answer.status_code == 200
    assert answer.json()["data"]["billing_summary"]["current_month_total"] == AMOUNTS["acme-web"]


def test_a_foreign_and_an_unknown_namespace_are_refused_alike(world: World) -> None:
    """acme-prod-web belongs to acme-prod, although it begins with acme-. No request is sent upstream for it."""
    token = admin(world, "acme")
    world.billing.requests.clear()
    foreign, unknown = (world.get_overview(token, name) for name in ("acme-prod-web", "acme-none-web"))
    for answer, name in ((foreign, "acme-prod-web"), (unknown, "acme-none-web")):
        assert answer.status_code == 403
        assert answer.json()["error"] == "Access denied to namespace"
        assert answer.json()["details"] == {"namespace": name}
    assert world.billing.requests == []
    assert world.get_overview(admin(world, "acme-prod"), "acme-prod-web").status_code == 200


def test_a_realm_that_mints_foreign_namespaces_gains_nothing(world: World) -> None:
    """globex writes acme-web into its token: neither the overview nor the list follows."""
    token = user(world, "globex", "acme-web", "globex-shop")
    assert world.get_overview(token, "acme-web").status_code == 403
    data = world.get_projects(token).json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["globex-shop"]


def test_a_project_user_sees_what_both_token_and_cluster_name(world: World) -> None:
    """The organization's acme-data is not in the token; the token's acme-old is not in the cluster."""
    token = user(world, "acme", "acme-web", "acme-old")
    data = world.get_projects(token).json()["data"]
    assert [entry["namespace"] for entry in data["projects"]] == ["acme-web"]
    assert world.get_overview(token, "acme-web").status_code == 200
    assert world.get_overview(token, "acme-data").status_code == 403
    assert world.get_overview(token, "acme-old").status_code == 403


def test_a_guest_is_refused_without_asking_the_cluster(world: World) -> None:
    """No project in the token and no org-admin: 403 at once."""
    world.api.requests.clear()
    token = user(world, "acme")
    for answer in (world.get_overview(token, "acme-web"), world.get_projects(token)):
        assert (answer.status_code, answer.json()["error"]) == (403, "Billing access denied")
    assert world.api.requests == []


def test_an_api_server_that_fails_is_bridged_and_then_503(world: World) -> None:
    """What was listed decides for OWNERSHIP_STALE_SECONDS; then it is 503 for both, never an empty list."""
    token = admin(world, "hooli")  # a separate organization, because the pauses after its failures continue
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
    assert world.projects.wait_for_line(status=503, reason="ownership_unknown")
    assert "secret-upstream-text" not in str(world.projects.lines)


def test_an_organization_unknown_to_the_cluster_is_503(world: World) -> None:
    """A realm without an organization in the cluster: neither an empty list nor a denial."""
    token = admin(world, "initech")
    assert world.get_projects(token).status_code == 503
    assert world.get_overview(token, "acme-web").status_code == 503


def test_a_project_without_namespace_is_not_started_and_owns_nothing(world: World) -> None:
    """The list shows it without a figure. Its future namespace is 403, as foreign and unknown ones, without ERROR."""
    world.api.projects["acme"].append(project("acme", "prod-web", None))  # acme-prod-web is acme-prod's
    token = admin(world, "acme")
    data = world.get_projects(token).json()["data"]
    assert [(entry["namespace"], entry["code"]) for entry in data["projects"]] == [
        ("acme-data", None),
        ("acme-prod-web", "not_started"),
        ("acme-web", None),
    ]
    assert data["projects"][1]["billing_summary"] is None
    assert data["totals"][0]["current_month_total"] == AMOUNTS["acme-data"] + AMOUNTS["acme-web"]
    errors = world.overview.count_lines(level="ERROR")
    for namespace in ("acme-prod-web", "globex-shop", "no-such-project"):
        answer = world.get_overview(token, namespace)
        assert (answer.status_code, answer.json()["details"]) == (403, {"namespace": namespace})
    assert world.get_overview(token, "acme-web").status_code == 200
    assert world.overview.count_lines(level="ERROR") == errors


def test_a_project_user_sees_only_the_new_projects_of_the_token(world: World) -> None:
    """Other namespaces of the token are not in the list: the cluster does not name them."""
    world.api.projects["acme"] += [project("acme", "new", None), project("acme", "other", "")]
    data = world.get_projects(user(world, "acme", "acme-web", "acme-new", "globex-shop")).json()["data"]
    assert [(entry["namespace"], entry["code"]) for entry in data["projects"]] == [
        ("acme-new", "not_started"),
        ("acme-web", None),
    ]


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
    assert data["totals"][0]["current_month_total"] == AMOUNTS["acme-web"]


def test_no_project_that_can_be_priced_is_503(world: World) -> None:
    """A list without a single figure is an outage."""
    world.billing.fail = lambda _: (500, {})
    answer = world.get_projects(admin(world, "acme"))
    assert (answer.status_code, answer.json()["error"]) == (503, "Billing service unreachable")


def test_the_fan_out_is_bounded(world: World) -> None:
    """For 40 projects, at most 8 overviews run at the same time. Each is requested once, and all are in the list."""
    names = [f"acme-p{n:02}" for n in range(40)]
    world.api.projects["acme"] = [project("acme", name.removeprefix("acme-"), name) for name in names]
    world.billing.owners |= dict.fromkeys(names, "acme")
    usual = world.server.behaviour

    async def slowly(exchange: Exchange) -> bool:
        await asyncio.sleep(0.05)
        return await usual(exchange)

    world.server.behaviour = slowly
    world.server.reset_counts()
    data = world.get_projects(admin(world, "acme")).json()["data"]
    world.server.behaviour = usual
    assert [entry["namespace"] for entry in data["projects"]] == names
    assert data["unpriced"] == 0
    assert world.server.counts.requests == 40
    assert 2 <= world.server.counts.peak <= 8


@pytest.mark.parametrize(("owner", "namespace"), [("globex", "acme-web"), ("acme", "acme-data")])
def test_a_reply_about_somebody_else_is_503(world: World, owner: str, namespace: str) -> None:
    """A billing service that does name an owner or a namespace has to name the right one, in this mode too."""
    reply = {"organization": owner, "namespace": namespace} | overview(999_999)
    world.billing.fail = lambda _: (200, reply)
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
        function.count_lines()  # what was written so far is read
        text = str(function.lines) + str(function.errors)
        assert "token-1" not in text
        assert token not in text
