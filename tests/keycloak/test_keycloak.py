"""The functions against a real Keycloak: the realms of dev/keycloak/realms, users signed in as the console does it."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dev.declarations import function_names
from dev.provider import AUDIENCE, User, demo_users, sign_in
from tests.keycloak.server import REALMS, Keycloak
from tests.kit.billing import BillingService, serving
from tests.kit.process import FunctionProcess

# Shorter than by default, so that the bounds can be waited for; the relations between them are the real ones.
JWKS_TTL_SECONDS = 4
TOKEN_CACHE_SECONDS = 6
UNKNOWN_REALM_SECONDS = 2
SHORT_LIFE_SECONDS = 10
LEEWAY_SECONDS = 1


@dataclass
class World:
    keycloak: Keycloak
    functions: dict[str, FunctionProcess]  # every declared one

    @property
    def overview(self) -> FunctionProcess:
        return self.functions["overview"]

    def sign_in(self, username: str, realm: str | None = None) -> dict[str, Any]:
        user = User(username, realm, "") if realm else demo_users()[username]
        return sign_in(self.keycloak.url, user)

    def token(self, username: str) -> str:
        token: str = self.sign_in(username)["access_token"]
        return token

    def get_overview(self, token: str, namespace: str) -> httpx2.Response:
        return self.overview.get(f"/api/billing/project/{namespace}/overview", token)

    def get_projects(self, token: str) -> httpx2.Response:
        return self.functions["projects"].get("/api/billing/projects", token)

    def get_health(self, token: str) -> httpx2.Response:
        return self.functions["health"].get("/api/billing/health", token)


@pytest.fixture(scope="module")
def world(keycloak: Keycloak) -> Iterator[World]:
    billing = serving(BillingService())
    environment = {
        "KEYCLOAK_URL": keycloak.url,
        "OIDC_AUDIENCE": AUDIENCE,
        "BILLING_API_URL": billing.url,
        "JWKS_TTL_SECONDS": str(JWKS_TTL_SECONDS),
        "JWKS_TIMEOUT_SECONDS": "5",  # Keycloak shares this machine with everything else
        "JWKS_UNKNOWN_REALM_SECONDS": str(UNKNOWN_REALM_SECONDS),
        "TOKEN_CACHE_SECONDS": str(TOKEN_CACHE_SECONDS),
        "TOKEN_LEEWAY_SECONDS": str(LEEWAY_SECONDS),
    }
    with ExitStack() as processes:
        functions = {name: processes.enter_context(FunctionProcess(environment, name)) for name in function_names()}
        yield World(keycloak, functions)
    billing.close()


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand, unverified."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "===")) for part in token.split(".")[:2])
    return header, claims


def assert_refused(answer: httpx2.Response, text: str = "Invalid authentication token") -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, text)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="billing", error="invalid_token"')


def last_reason(function: FunctionProcess) -> str | None:
    function.count_lines()  # what was written so far is read
    reason: str | None = function.lines[-1]["reason"]
    return reason


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.1)


# --- which tokens -------------------------------------------------------------


def test_an_access_token_is_accepted(world: World) -> None:
    """An org-admin whose token names no namespace sees every project of the organization."""
    token = world.token("alice")
    _, claims = read(token)
    assert (claims["org"], claims["groups"], claims["aud"]) == ("acme", ["org-admin"], AUDIENCE)
    assert "namespaces" not in claims
    assert world.get_health(token).status_code == 200
    assert world.get_overview(token, "acme-web").status_code == 200
    listed = world.get_projects(token).json()["data"]["projects"]
    assert [entry["namespace"] for entry in listed] == ["acme-data", "acme-web"]


def test_namespaces_of_all_groups_are_a_json_array(world: World) -> None:
    """Bob's two groups carry one namespace each; the token has both, and that is what he sees."""
    token = world.token("bob")
    _, claims = read(token)
    assert sorted(claims["namespaces"]) == ["acme-data", "acme-web"]
    assert world.get_overview(token, "acme-data").status_code == 200
    refused = world.get_overview(token, "acme-none")
    assert refused.status_code == 403
    assert refused.json()["details"]["availableNamespaces"] == ["acme-data", "acme-web"]


def test_an_id_token_is_refused(world: World) -> None:
    """Signed by the same key and with the same org, but `typ` is ID."""
    token = world.sign_in("alice")["id_token"]
    header, claims = read(token)
    assert (header["alg"], claims["typ"], claims["org"]) == ("RS256", "ID", "acme")
    assert_refused(world.get_overview(token, "acme-web"))
    assert last_reason(world.overview) == "token_type"


def test_an_id_token_with_our_audience_is_refused(world: World) -> None:
    """Also where an administrator's mapper writes the billing audience into ID tokens."""
    console = world.keycloak.console("globex")
    [mapper] = [m for m in console["protocolMappers"] if m["name"] == "billing audience"]
    path = f"/globex/clients/{console['id']}/protocol-mappers/models/{mapper['id']}"
    widened = {**mapper, "config": {**mapper["config"], "id.token.claim": "true"}}
    world.keycloak.change("PUT", path, widened)
    token = world.sign_in("dave")["id_token"]
    world.keycloak.change("PUT", path, mapper)
    assert AUDIENCE in read(token)[1]["aud"]
    assert_refused(world.get_overview(token, "globex-shop"))
    assert last_reason(world.overview) == "token_type"


def test_a_refresh_token_is_refused(world: World) -> None:
    """HS512: rejected by its algorithm, without a request for a key."""
    token = world.sign_in("alice")["refresh_token"]
    assert read(token)[0]["alg"] == "HS512"
    assert_refused(world.get_overview(token, "acme-web"))
    assert last_reason(world.overview) == "algorithm"


def test_a_token_of_an_administrators_client_is_refused(world: World) -> None:
    """Keycloak's own admin-cli issues tokens of the same realm and key: without `org` and audience they are nothing."""
    token = world.keycloak.get_token("acme", "bob", "bob")
    assert read(token)[1]["iss"].endswith("/realms/acme")
    assert_refused(world.get_overview(token, "acme-web"))


def test_the_master_realms_token_is_refused(world: World) -> None:
    """The administrator of the platform does not belong to an organization."""
    assert_refused(world.get_health(world.keycloak._admin_token()))


# --- who may see what ---------------------------------------------------------


def test_a_user_without_projects_is_a_guest(world: World) -> None:
    """No `namespaces` claim at all: health works, billing is denied."""
    token = world.token("carol")
    assert "namespaces" not in read(token)[1]
    assert world.get_health(token).status_code == 200
    for answer in (world.get_overview(token, "acme-web"), world.get_projects(token)):
        assert (answer.status_code, answer.json()["error"]) == (403, "Billing access denied")


def test_realms_whose_names_extend_each_other_stay_apart(world: World) -> None:
    """acme-prod-web is acme-prod's: acme's org-admin is refused, and the other way round."""
    alice, erin, dave = (world.token(name) for name in ("alice", "erin", "dave"))
    assert world.get_overview(erin, "acme-prod-web").status_code == 200
    for token, namespace in ((alice, "acme-prod-web"), (erin, "acme-web"), (dave, "acme-web"), (alice, "globex-shop")):
        answer = world.get_overview(token, namespace)
        assert (answer.status_code, answer.json()["error"]) == (403, "Access denied to namespace")
    assert [entry["namespace"] for entry in world.get_projects(erin).json()["data"]["projects"]] == ["acme-prod-web"]


def test_a_change_of_groups_is_in_the_next_token(world: World) -> None:
    """Carol joins a team and leaves it. The old token keeps its groups; the refreshed one has the current groups."""
    keycloak = world.keycloak
    membership = f"/acme/users/{keycloak.user_id('acme', 'carol')}/groups/{keycloak.group_id('acme', 'web-team')}"
    tokens = world.sign_in("carol")
    keycloak.change("PUT", membership)
    assert world.get_overview(tokens["access_token"], "acme-web").status_code == 403
    joined = keycloak.refresh("acme", tokens["refresh_token"]).json()
    assert world.get_overview(joined["access_token"], "acme-web").status_code == 200
    assert world.get_overview(joined["access_token"], "acme-data").status_code == 403
    keycloak.change("DELETE", membership)
    left = keycloak.refresh("acme", joined["refresh_token"]).json()
    assert world.get_overview(left["access_token"], "acme-web").json()["error"] == "Billing access denied"


# --- a tenant who administers his own realm -----------------------------------


@pytest.fixture
def mallory(world: World) -> Iterator[str]:
    """Administrator of the realm acme and of nothing else; the name of a user whose password is the same."""
    keycloak = world.keycloak
    user = {"username": "mallory", "enabled": True, "email": "m@acme.example", "emailVerified": True}
    credentials = [{"type": "password", "value": "mallory"}]
    keycloak.change("POST", "/acme/users", {**user, "firstName": "M", "lastName": "M", "credentials": credentials})
    [client] = keycloak.change("GET", "/acme/clients?clientId=realm-management").json()
    role = keycloak.change("GET", f"/acme/clients/{client['id']}/roles/realm-admin").json()
    user_id = keycloak.user_id("acme", "mallory")
    keycloak.change("POST", f"/acme/users/{user_id}/role-mappings/clients/{client['id']}", [role])
    yield "mallory"
    keycloak.change("DELETE", f"/acme/users/{user_id}")


def as_mallory(world: World, method: str, path: str, body: Any = None) -> httpx2.Response:
    token = world.keycloak.get_token("acme", "mallory", "mallory")
    return world.keycloak.change(method, path, body, token)


@pytest.fixture
def console(world: World) -> Iterator[dict[str, Any]]:
    """acme's console client, put back afterwards."""
    before = world.keycloak.console("acme")
    yield before
    models = f"/acme/clients/{before['id']}/protocol-mappers/models"
    for mapper in world.keycloak.change("GET", models).json():
        world.keycloak.change("DELETE", f"{models}/{mapper['id']}")
    world.keycloak.change("POST", models.replace("/models", "/add-models"), before["protocolMappers"])


@pytest.mark.usefixtures("mallory")
def test_a_realm_admin_can_not_be_another_organization(world: World, console: dict[str, Any]) -> None:
    """acme's administrator lets the realm write `org: globex`. The issuer is still acme, so the status is 401."""
    [mapper] = [m for m in console["protocolMappers"] if m["name"] == "org"]
    path = f"/acme/clients/{console['id']}/protocol-mappers/models/{mapper['id']}"
    as_mallory(world, "PUT", path, {**mapper, "config": {**mapper["config"], "claim.value": "globex"}})
    token = world.token("alice")
    assert read(token)[1]["org"] == "globex"
    assert_refused(world.get_overview(token, "globex-shop"))
    assert_refused(world.get_projects(token))
    assert last_reason(world.overview) == "issuer"


@pytest.mark.usefixtures("mallory")
def test_a_realm_admin_can_not_see_another_organizations_namespaces(world: World, console: dict[str, Any]) -> None:
    """acme's tokens name globex' and acme-prod's namespaces: the billing service's registry does not follow."""
    [mapper] = [m for m in console["protocolMappers"] if m["name"] == "namespaces"]
    models = f"/acme/clients/{console['id']}/protocol-mappers/models"
    as_mallory(world, "DELETE", f"{models}/{mapper['id']}")
    claims = {"claim.name": "namespaces", "jsonType.label": "JSON", "access.token.claim": "true"}
    value = json.dumps(["globex-shop", "acme-prod-web", "acme-web"])
    kind = {"protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper"}
    as_mallory(world, "POST", models, {"name": "all", **kind, "config": {**claims, "claim.value": value}})
    token = world.token("carol")
    assert read(token)[1]["namespaces"] == ["globex-shop", "acme-prod-web", "acme-web"]
    assert world.get_overview(token, "acme-web").status_code == 200
    for namespace in ("globex-shop", "acme-prod-web"):
        assert world.get_overview(token, namespace).status_code == 403
    listed = {entry["namespace"]: entry for entry in world.get_projects(token).json()["data"]["projects"]}
    assert [name for name, entry in listed.items() if entry["billing_summary"]] == ["acme-web"]
    for namespace in ("globex-shop", "acme-prod-web"):  # as a namespace that does not exist
        assert (listed[namespace]["code"], listed[namespace]["billing_summary"]) == ("not_started", None)


@pytest.mark.usefixtures("mallory")
def test_a_realm_admin_can_not_change_the_issuer(world: World, console: dict[str, Any]) -> None:
    """If a realm has another front-end address, its tokens have an issuer that is not configured."""
    as_mallory(world, "PUT", f"/acme/clients/{console['id']}", {**console, "directAccessGrantsEnabled": True})
    before = world.keycloak.change("GET", "/acme").json()
    grants = []
    for url in ("https://keycloak.example.com", f"{world.keycloak.url}/realms/globex", ""):
        as_mallory(world, "PUT", "/acme", {**before, "attributes": {**before["attributes"], "frontendUrl": url}})
        grants.append(world.keycloak.get_token("acme", "alice", "alice", client="kube-dc-console"))
    world.keycloak.change("PUT", f"/acme/clients/{console['id']}", console)
    foreign, nested, own = grants
    assert read(foreign)[1]["iss"] == "https://keycloak.example.com/realms/acme"
    assert read(nested)[1]["iss"] == f"{world.keycloak.url}/realms/globex/realms/acme"
    for token in (foreign, nested):
        assert read(token)[1]["org"] == "acme"
        assert_refused(world.get_overview(token, "acme-web"))
        assert last_reason(world.overview) == "issuer"
    assert world.get_overview(own, "acme-web").status_code == 200


@pytest.mark.usefixtures("mallory")
def test_a_realm_admin_with_the_private_key_can_sign_only_for_the_own_realm(world: World) -> None:
    """A key that the tenant brought along signs anything for acme, and nothing for globex."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    kid = add_key(world, "acme", "rsa", {"privateKey": pem, "priority": ["-1"]}, as_mallory)
    now = int(time.time())

    def forge(**claims: Any) -> str:
        usual = {"typ": "Bearer", "aud": AUDIENCE, "iat": now, "exp": now + 60, "groups": ["org-admin"]}
        return jwt.encode({**usual, **claims}, key, "RS256", headers={"kid": kid})

    own = forge(iss=f"{world.keycloak.url}/realms/acme", org="acme")
    assert (
        world.get_overview(own, "acme-web").status_code == 200
    )  # the key works, so the rejections below have another cause
    assert world.get_overview(own, "globex-shop").status_code == 403
    assert_refused(world.get_overview(forge(iss=f"{world.keycloak.url}/realms/globex", org="globex"), "globex-shop"))
    assert_refused(world.get_overview(forge(iss=f"{world.keycloak.url}/realms/acme", org="globex"), "globex-shop"))
    assert_refused(world.get_overview(forge(iss=f"{world.keycloak.url}/realms/globex", org="acme"), "globex-shop"))


# --- the end of a token -------------------------------------------------------


def test_a_token_outlives_the_logout_until_it_expires(world: World) -> None:
    """Access tokens are verified locally: after logout 200 until `exp`, then 401. The refresh token is rejected."""
    world.keycloak.change("PUT", "/globex", {"accessTokenLifespan": SHORT_LIFE_SECONDS})
    tokens = world.sign_in("dave")
    token, expires = tokens["access_token"], read(tokens["access_token"])[1]["exp"]
    assert world.get_overview(token, "globex-shop").status_code == 200
    world.keycloak.log_out("globex", tokens["refresh_token"])
    assert world.keycloak.refresh("globex", tokens["refresh_token"]).status_code == 400
    assert world.get_overview(token, "globex-shop").status_code == 200
    assert time.time() < expires
    wait_until(lambda: world.get_overview(token, "globex-shop").status_code != 200, SHORT_LIFE_SECONDS + 5)
    assert expires <= time.time() <= expires + LEEWAY_SECONDS + 3
    assert_refused(world.get_overview(token, "globex-shop"), "Authentication token expired")
    world.keycloak.change("PUT", "/globex", {"accessTokenLifespan": 300})


def test_a_realm_that_is_gone_is_unknown(world: World) -> None:
    """Keycloak returns 404 for its keys: 401, not 503, and one fetch per JWKS_UNKNOWN_REALM_SECONDS."""
    realm = json.loads((REALMS / "globex.json").read_text().replace("globex", "initech"))
    world.keycloak.import_realm(realm)
    token = world.sign_in("dave", "initech")["access_token"]
    world.keycloak.change("DELETE", "/initech")
    assert_refused(world.get_health(token))
    assert last_reason(world.functions["health"]) == "unknown_realm"


def test_a_realm_that_appears_is_known_after_a_while(world: World) -> None:
    """A realm that was requested before it existed is rejected for at most JWKS_UNKNOWN_REALM_SECONDS."""
    realm = json.loads((REALMS / "globex.json").read_text().replace("globex", "umbrella"))
    world.keycloak.import_realm(realm)
    early = world.sign_in("dave", "umbrella")["access_token"]
    world.keycloak.change("DELETE", "/umbrella")
    assert_refused(world.get_health(early))
    world.keycloak.import_realm(realm)
    token = world.sign_in("dave", "umbrella")["access_token"]
    wait_until(lambda: world.get_health(token).status_code == 200, UNKNOWN_REALM_SECONDS + 1)
    assert_refused(world.get_health(early))  # of the old realm's key


# --- keys ---------------------------------------------------------------------

Change = Callable[[World, str, str, Any], httpx2.Response]


def as_administrator(world: World, method: str, path: str, body: Any) -> httpx2.Response:
    return world.keycloak.change(method, path, body)


def add_key(world: World, realm: str, provider: str, config: dict[str, Any], change: Change = as_administrator) -> str:
    """A key provider of the realm; returns the kid of its signature key."""
    before = key_ids(world, realm)
    settings = {name: value if isinstance(value, list) else [value] for name, value in config.items()}
    component = {
        "name": f"added-{time.time_ns()}",
        "providerId": provider,
        "providerType": "org.keycloak.keys.KeyProvider",
        "parentId": world.keycloak.realm_id(realm),
        "config": {"algorithm": ["RS256"], "enabled": ["true"], "active": ["true"], **settings},
    }
    change(world, "POST", f"/{realm}/components", component)
    [added] = key_ids(world, realm).keys() - before.keys()
    return added


def key_ids(world: World, realm: str) -> dict[str, str]:
    """kid to the id of its provider."""
    keys = world.keycloak.change("GET", f"/{realm}/keys").json()["keys"]
    return {key["kid"]: key["providerId"] for key in keys}


@dataclass
class Load:
    """What a steady load saw; `kids` are those of the tokens that were accepted."""

    statuses: dict[int, int]
    kids: set[str]
    seconds: list[float]
    lasted: float = 0.0


async def hold_load(world: World, tokens: list[str], load: Load, stop: asyncio.Event, rps: int) -> None:
    started = time.monotonic()
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{world.overview.port}", timeout=20, trust_env=False
    ) as client:

        async def one(token: str) -> None:
            asked = time.monotonic()
            path = "/api/billing/project/acme-web/overview"
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            load.seconds.append(time.monotonic() - asked)
            load.statuses[answer.status_code] = load.statuses.get(answer.status_code, 0) + 1
            if answer.is_success:
                load.kids.add(read(token)[0]["kid"])

        async with asyncio.TaskGroup() as requests:
            sent = 0
            while not stop.is_set():
                requests.create_task(one(tokens[sent % len(tokens)]))
                sent += 1
                await asyncio.sleep(max(0.0, started + sent / rps - time.monotonic()))
    load.lasted = time.monotonic() - started


async def test_a_key_rotation_under_load_refuses_no_good_token(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Old tokens, and tokens of each of three new keys from their first moment on: not one 401."""
    first = await asyncio.to_thread(world.sign_in, "bob")
    tokens, refresh_token = [first["access_token"]], first["refresh_token"]
    load, stop = Load({}, set(), []), asyncio.Event()
    added = []
    async with asyncio.TaskGroup() as group:
        group.create_task(hold_load(world, tokens, load, stop, rps=50))
        await asyncio.sleep(1)
        for priority in (200, 201, 202):
            config = {"priority": str(priority), "keySize": "2048"}
            added.append(await asyncio.to_thread(add_key, world, "acme", "rsa-generated", config))
            renewed = (await asyncio.to_thread(world.keycloak.refresh, "acme", refresh_token)).json()
            refresh_token = renewed["refresh_token"]
            assert read(renewed["access_token"])[0]["kid"] == added[-1]
            tokens.insert(0, renewed["access_token"])
            await asyncio.sleep(11)  # unknown kids are looked for every 10 s
        stop.set()
    with capsys.disabled():
        slowest = sorted(load.seconds)[int(len(load.seconds) * 0.99)]
        rps = sum(load.statuses.values()) / load.lasted
        sys.stdout.write(f"\nrotation under load: {load.statuses}, {rps:.0f} rps, p99 {slowest * 1000:.0f} ms\n")
    assert load.statuses.keys() == {200}
    assert load.kids >= {*added, read(first["access_token"])[0]["kid"]}
    keys = key_ids(world, "acme")
    for kid in added:
        await asyncio.to_thread(world.keycloak.change, "DELETE", f"/acme/components/{keys[kid]}")


def test_a_disabled_key_is_refused_within_the_bound(world: World) -> None:
    """JWKS_TTL_SECONDS + 60 s by default; the 60 are the longest TOKEN_CACHE_SECONDS, and 6 here."""
    kid = add_key(world, "acme-prod", "rsa-generated", {"priority": "200", "keySize": "2048"})
    token = world.token("erin")
    assert read(token)[0]["kid"] == kid
    assert world.get_overview(token, "acme-prod-web").status_code == 200
    disable_key(world, "acme-prod", kid)
    wait_until(
        lambda: world.get_overview(token, "acme-prod-web").status_code == 401,
        JWKS_TTL_SECONDS + TOKEN_CACHE_SECONDS,
    )
    assert_refused(world.get_overview(token, "acme-prod-web"))
    assert world.get_overview(world.token("erin"), "acme-prod-web").status_code == 200


def test_a_realms_only_key_is_refused_too_when_it_is_disabled(world: World) -> None:
    """A key set without a signature key is valid. It is not an outage, so the old keys are not used."""
    world.keycloak.import_realm(json.loads((REALMS / "globex.json").read_text().replace("globex", "hooli")))
    token = world.sign_in("dave", "hooli")["access_token"]
    assert world.get_health(token).status_code == 200
    disable_key(world, "hooli", read(token)[0]["kid"])
    wait_until(lambda: world.get_health(token).status_code != 200, JWKS_TTL_SECONDS + TOKEN_CACHE_SECONDS)
    assert world.get_health(token).status_code == 503  # nothing verifies anything until there is a key again
    renewed = world.sign_in("dave", "hooli")["access_token"]  # Keycloak makes a key when it needs one
    wait_until(lambda: world.get_health(renewed).status_code == 200, 3)
    assert_refused(world.get_health(token))


def disable_key(world: World, realm: str, kid: str) -> None:
    path = f"/{realm}/components/{key_ids(world, realm)[kid]}"
    component = world.keycloak.change("GET", path).json()
    component["config"].update(enabled=["false"], active=["false"])
    world.keycloak.change("PUT", path, component)


def test_no_token_and_no_email_is_in_a_log(world: World) -> None:
    """What was logged above holds nothing of what was sent."""
    tokens = world.sign_in("bob")
    world.get_overview(tokens["access_token"], "acme-web")
    for function in world.functions.values():
        function.count_lines()  # what was written so far is read
        text = str(function.lines) + str(function.errors)
        assert "eyJ" not in text  # how every token begins
        assert "@acme.example" not in text
