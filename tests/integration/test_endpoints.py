"""The three endpoints through the real ingress, provider, billing service and PostgreSQL."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import jwt
import pytest

from common.endpoint import Access
from dev.platform import Platform
from dev.provider import AUDIENCE
from tests.kit.declared import CASES, Case
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope

OVERVIEW = "/api/billing/project/{}/overview"
OVERVIEW_OF_BOB = OVERVIEW.format("acme-web")
PROJECTS = "/api/billing/projects"
HEALTH = "/api/billing/health"
ENDPOINTS = [case.path() for case in CASES if case.endpoint.method == "GET"]
ACME = ["acme-ci", "acme-data", "acme-mail", "acme-ml", "acme-staging", "acme-web"]


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=platform.settings.api_url, timeout=15) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(platform: Platform) -> dict[str, str]:
    return {user: platform.token(user) for user in ("alice", "bob", "carol", "dave", "erin")}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# --- who may see what -----------------------------------------------------------


@pytest.mark.parametrize("path", ENDPOINTS)
def test_no_token_is_401(api: httpx2.Client, path: str) -> None:
    """A request without a token is 401, for every path."""
    assert_error_envelope(api.get(path), 401, "Authentication token required")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_guest_sees_what_needs_a_token_and_nothing_else(
    api: httpx2.Client, tokens: dict[str, str], case: Case
) -> None:
    """carol is neither org-admin nor has a project in her token."""
    headers = case.headers | bearer(tokens["carol"])
    response = api.request(case.endpoint.method, case.path(), headers=headers, content=case.content)
    if case.endpoint.access is Access.TOKEN:
        assert_success_envelope(response)
    else:
        assert_error_envelope(response, 403, "Billing access denied")


@pytest.mark.parametrize("namespace", ["globex-shop", "no-such-project", "acme-prod-web"])
def test_a_foreign_and_an_unknown_namespace_look_the_same(
    api: httpx2.Client, tokens: dict[str, str], namespace: str
) -> None:
    """The 403 lists only the namespaces in bob's token, and nothing about the requested one."""
    response = api.get(OVERVIEW.format(namespace), headers=bearer(tokens["bob"]))
    body = assert_error_envelope(response, 403, "Access denied to namespace")
    assert body["details"] == {"namespace": namespace, "availableNamespaces": ["acme-data", "acme-web"]}


@pytest.mark.parametrize("namespace", ACME)
def test_an_org_admin_sees_every_project_of_the_organization(
    api: httpx2.Client, tokens: dict[str, str], namespace: str
) -> None:
    """alice's token names no namespace. The registry defines the namespaces of acme."""
    body = assert_success_envelope(api.get(OVERVIEW.format(namespace), headers=bearer(tokens["alice"])))
    assert body["data"]["namespace"] == namespace


@pytest.mark.parametrize(
    ("user", "namespace"),
    [("alice", "acme-prod-web"), ("alice", "globex-shop"), ("alice", "no-such-project")]
    + [("dave", namespace) for namespace in [*ACME, "acme-prod-web"]]
    + [("erin", namespace) for namespace in ACME],
)
def test_an_org_admin_sees_nothing_of_another_organization(
    api: httpx2.Client, tokens: dict[str, str], user: str, namespace: str
) -> None:
    """acme-prod-web looks like a project of acme, and is acme-prod's."""
    response = api.get(OVERVIEW.format(namespace), headers=bearer(tokens[user]))
    body = assert_error_envelope(response, 403, "Access denied to namespace")
    assert body["details"] == {"namespace": namespace}


def test_each_organization_lists_its_own_projects(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """bob's list holds what his token names; erin's is acme-prod's."""
    seen = {}
    for user in ("alice", "bob", "dave", "erin"):
        data = assert_success_envelope(api.get(PROJECTS, headers=bearer(tokens[user])))["data"]
        seen[user] = [project["namespace"] for project in data["projects"]]
        assert data["total"] == len(seen[user])
    assert seen["alice"] == ACME
    assert seen["bob"] == ["acme-data", "acme-web"]
    assert "acme-prod-web" in seen["erin"]
    assert "globex-shop" in seen["dave"]
    assert not set(seen["erin"]) & set(ACME) and not set(seen["dave"]) & set(ACME)  # noqa: PT018 - one fact


# --- the numbers ------------------------------------------------------------------


def exact(response: httpx2.Response) -> Any:
    return json.loads(response.content, parse_float=Decimal)["data"]


def test_the_breakdown_adds_up_to_the_total(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """The parts add up exactly, for every project. The list has the same figures as the overview."""
    listed = {p["namespace"]: p for p in exact(api.get(PROJECTS, headers=bearer(tokens["alice"])))["projects"]}
    for namespace in ACME:
        data = exact(api.get(OVERVIEW.format(namespace), headers=bearer(tokens["alice"])))
        names = {"namespace", "billing_summary", "compute_instances", "cost_breakdown", "cost_shares", "adjustments"}
        assert data.keys() == names
        assert sum(data["cost_breakdown"].values()) == data["billing_summary"]["current_month_total"]
        assert listed[namespace]["billing_summary"] == data["billing_summary"]
        assert data["billing_summary"]["last_day_spend"] > 0


def test_totals_are_the_decimal_sums_of_the_matching_projects(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """Over all pages, whatever the page shows. The month is rounded once from the exact sum; `rounding` is the rest."""
    whole = exact(api.get(PROJECTS, headers=bearer(tokens["alice"])))
    page = exact(api.get(PROJECTS + "?limit=1&offset=1&sort=-current_month_total", headers=bearer(tokens["alice"])))
    assert page["totals"] == whole["totals"]
    assert page["total"] == whole["total"] == len(ACME)
    assert len(page["projects"]) == 1
    [totals] = whole["totals"]
    sums = {
        name: sum(p["billing_summary"][name] for p in whole["projects"])
        for name in ("current_month_total", "last_day_spend", "total_cost_per_hour")
    }
    sums["current_month_total"] += totals["rounding"] + totals["former_projects"]
    assert {name: totals[name] for name in sums} == sums
    assert totals["currency"] == "EUR"
    assert whole["unpriced"] == 0


def test_the_list_can_be_searched_and_sorted(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """A substring of the name; descending with a minus."""
    found = exact(api.get(PROJECTS + "?search=m", headers=bearer(tokens["alice"])))
    assert [p["namespace"] for p in found["projects"]] == [name for name in ACME if "m" in name]
    for key in ("current_month_total", "last_day_spend", "total_cost_per_hour"):
        rising = exact(api.get(f"{PROJECTS}?sort={key}", headers=bearer(tokens["alice"])))["projects"]
        falling = exact(api.get(f"{PROJECTS}?sort=-{key}", headers=bearer(tokens["alice"])))["projects"]
        amounts = [p["billing_summary"][key] for p in rising]
        assert amounts == sorted(amounts)
        assert [p["billing_summary"][key] for p in falling] == sorted(amounts, reverse=True)


# --- tokens -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def signing_keys(platform: Platform) -> dict[str, Any]:
    """The provider's own private keys: what a hostile realm administrator has of his realm."""
    stored = json.loads((platform.settings.data / "provider-keys.json").read_text())["realms"]
    return {realm: jwt.PyJWK(jwk, algorithm="RS256") for realm, jwk in stored.items()}


def forge(token: str, key: jwt.PyJWK, **claims: Any) -> str:
    """The token's own claims with some changed, signed with `key`."""
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, key.key, algorithm="RS256", headers={"kid": key.key_id})


def assert_refused(api: httpx2.Client, token: str, text: str = "Invalid authentication token") -> None:
    for path in ENDPOINTS:
        assert_error_envelope(api.get(path, headers=bearer(token)), 401, text)


def test_a_token_signed_by_its_realm_is_accepted(
    api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]
) -> None:
    """The forgeries below fail for what they change and for nothing else."""
    token = forge(tokens["bob"], signing_keys["acme"], jti="another")
    assert_success_envelope(api.get(OVERVIEW_OF_BOB, headers=bearer(token)))


def test_a_tampered_signature_is_refused(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """One character of the signature, in its middle."""
    head, payload, signature = tokens["bob"].split(".")
    tampered = signature[:40] + ("A" if signature[40] != "A" else "B") + signature[41:]
    assert_refused(api, f"{head}.{payload}.{tampered}")


def test_a_tampered_payload_is_refused(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """bob's signature does not cover alice's claims."""
    head, _, signature = tokens["bob"].split(".")
    assert_refused(api, f"{head}.{tokens['alice'].split('.')[1]}.{signature}")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_an_unsigned_token_is_refused(api: httpx2.Client, tokens: dict[str, str], name: str) -> None:
    """RFC 8725 section 3.2, in every case of the word."""
    payload = tokens["bob"].split(".")[1]
    head = jwt.utils.base64url_encode(json.dumps({"alg": name, "typ": "JWT"}).encode()).decode()
    assert_refused(api, f"{head}.{payload}.")


def test_a_token_signed_with_the_public_key_as_secret_is_refused(
    api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]
) -> None:
    """RFC 8725 section 2.1: HS256 with the realm's public key as the shared secret."""
    from cryptography.hazmat.primitives import hashes, hmac, serialization  # noqa: PLC0415 - only this attack needs it

    public = signing_keys["acme"].key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": signing_keys["acme"].key_id}
    head = jwt.utils.base64url_encode(json.dumps(header).encode()).decode()
    signed = f"{head}.{tokens['bob'].split('.')[1]}"
    mac = hmac.HMAC(pem, hashes.SHA256())
    mac.update(signed.encode())
    assert_refused(api, f"{signed}.{jwt.utils.base64url_encode(mac.finalize()).decode()}")


def test_an_expired_token_says_so(api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]) -> None:
    """Beyond the 30 s of leeway; the page then renews it."""
    expired = forge(tokens["bob"], signing_keys["acme"], exp=int(time.time()) - 31)
    assert_refused(api, expired, "Authentication token expired")


def test_a_realm_speaks_for_no_other_organization(
    api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]
) -> None:
    """A token signed by globex is never accepted as a token of acme."""
    assert_refused(api, forge(tokens["dave"], signing_keys["globex"], org="acme"))
    issuer = jwt.decode(tokens["bob"], options={"verify_signature": False})["iss"]
    assert_refused(api, forge(tokens["dave"], signing_keys["globex"], org="acme", iss=issuer))


def test_a_realm_that_names_foreign_namespaces_gains_nothing(
    api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]
) -> None:
    """globex's own valid token that claims acme-web is refused by the registry, not by the token."""
    token = forge(tokens["dave"], signing_keys["globex"], groups=["user"], namespaces=["acme-web"])
    response = api.get(OVERVIEW_OF_BOB, headers=bearer(token))
    assert_error_envelope(response, 403, "Access denied to namespace")
    data = assert_success_envelope(api.get(PROJECTS, headers=bearer(token)))["data"]
    entry = {
        "namespace": "acme-web",
        "billing_summary": None,
        "error": "Billing has not started",
        "code": "not_started",
    }
    assert data["projects"] == [entry]  # the token's own word, as for a namespace that does not exist
    assert data["totals"] == []


def test_an_id_token_is_refused(api: httpx2.Client, platform: Platform) -> None:
    """Signed by the same key, for another purpose."""
    id_token = platform.tokens("bob")["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["iss"].endswith("/realms/acme")
    assert_refused(api, id_token)


def test_a_token_for_another_audience_is_refused(
    api: httpx2.Client, tokens: dict[str, str], signing_keys: dict[str, Any]
) -> None:
    """`account` alone is in every Keycloak token."""
    assert AUDIENCE in jwt.decode(tokens["bob"], options={"verify_signature": False})["aud"]
    assert_refused(api, forge(tokens["bob"], signing_keys["acme"], aud=["account"]))


# --- HTTP -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def overview(platform: Platform) -> Iterator[httpx2.Client]:
    """The function itself, without the ingress."""
    port = platform.settings.ports["OVERVIEW_PORT"]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=15) as client:
        yield client


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405(overview: httpx2.Client, method: str) -> None:
    """405 before the token is checked; also for HEAD, whose response has no body."""
    response = overview.request(method, OVERVIEW_OF_BOB)
    if method == "HEAD":
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, OPTIONS"
    else:
        assert_error_envelope(response, 405, "Method not allowed")


@pytest.mark.parametrize("path", ["/", "/api/billing/overview", OVERVIEW_OF_BOB + "/", "/api/billing//projects"])
def test_unknown_paths_are_404(overview: httpx2.Client, path: str) -> None:
    """The function serves only its exact path."""
    assert_error_envelope(overview.get(path), 404, "Not found")


@pytest.mark.parametrize("name", ["Acme-web", "acme%2Dweb", "acme_web", "-acme", "acme-", "a" * 64, "%C3%A4", "..", ""])
def test_a_malformed_namespace_is_400(overview: httpx2.Client, tokens: dict[str, str], name: str) -> None:
    """The name is checked without decoding. The response has the allowed characters."""
    request = overview.build_request("GET", "/", headers=bearer(tokens["bob"]))
    request.extensions["target"] = OVERVIEW.format(name).encode()
    body = assert_error_envelope(overview.send(request), 400)
    assert "1 to 63 lower-case letters, digits and hyphens" in body["error"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=-1", "must be a whole number from 1 to 1000"),
        ("limit=0", "must be a whole number from 1 to 1000"),
        ("limit=1001", "must be a whole number from 1 to 1000"),
        ("limit=1.5", "must be a whole number from 1 to 1000"),
        ("limit=", "must be a whole number from 1 to 1000"),
        ("offset=-1", "must be a whole number from 0 to 1000000"),
        ("sort=cost", "'current_month_total'"),
        ("page=2", "allowed: period, format, search, sort, limit, offset"),
        ("limit=1&limit=2", "once is allowed"),
        ("search=%ff", "UTF-8"),
        ("search=" + "a" * 64, "at most 63"),
    ],
)
def test_a_wrong_query_is_400_and_says_what_is_allowed(
    api: httpx2.Client, tokens: dict[str, str], query: str, says: str
) -> None:
    """Unknown and invalid parameters are rejected, not ignored."""
    body = assert_error_envelope(api.get(f"{PROJECTS}?{query}", headers=bearer(tokens["alice"])), 400)
    assert says in body["error"]


def test_a_body_on_get_is_400(api: httpx2.Client, tokens: dict[str, str]) -> None:
    """RFC 9110 section 9.3.1: content in a GET request has no meaning."""
    response = api.request("GET", PROJECTS, headers=bearer(tokens["alice"]), content=b"{}")
    assert_error_envelope(response, 400, "A GET request must not have a body")


def test_probes_need_no_token_and_are_not_routed(overview: httpx2.Client, api: httpx2.Client) -> None:
    """/healthz is for the platform, not for the world."""
    assert overview.get("/healthz").status_code == 200
    for method in ("HEAD", "POST"):
        assert overview.request(method, "/healthz").status_code == 405
    assert api.get("/healthz").status_code == 404


def test_a_preflight_of_the_console_passes_without_a_token(api: httpx2.Client, platform: Platform) -> None:
    """The exact origin, with credentials, for two hours."""
    origin = platform.settings.page_origin
    headers = {"origin": origin, "access-control-request-method": "GET"}
    response = api.options(PROJECTS, headers=headers | {"access-control-request-headers": "authorization"})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-headers"] == "Authorization, Content-Type, traceparent, If-None-Match"
    assert response.headers["access-control-max-age"] == "7200"
    assert response.headers["vary"] == "Authorization, Origin"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8080.evil.example"])
def test_another_origin_gets_no_cors_headers(api: httpx2.Client, origin: str) -> None:
    """Never * and never the origin that happens to ask."""
    asked = {"origin": origin, "access-control-request-method": "GET"}
    for response in (api.options(PROJECTS, headers=asked), api.get(PROJECTS, headers={"origin": origin})):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_errors_carry_cors_headers(api: httpx2.Client, platform: Platform, tokens: dict[str, str]) -> None:
    """Else a browser shows every 401 and 403 as a network error."""
    origin = platform.settings.page_origin
    for headers, status in (({}, 401), (bearer(tokens["carol"]), 403)):
        response = api.get(PROJECTS, headers={"origin": origin, **headers})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == origin
        exposed = response.headers["access-control-expose-headers"]
        assert exposed == "X-Request-Id, Retry-After, Age, WWW-Authenticate, ETag"


def test_the_clients_request_id_comes_back(overview: httpx2.Client, tokens: dict[str, str]) -> None:
    """When it is one; anything else is replaced."""
    for given, kept in (("abc-123", True), ("a" * 65, False), ("a b", False), ("a\u00e4".encode("latin-1"), False)):
        response = overview.get(OVERVIEW_OF_BOB, headers={**bearer(tokens["bob"]), "x-request-id": given})
        assert (response.headers["x-request-id"] == given) is kept


def test_the_metrics_of_the_contract_are_there(platform: Platform, api: httpx2.Client, tokens: dict[str, str]) -> None:
    """The metrics are on a separate port, with the names that the dashboards use."""
    api.get(OVERVIEW_OF_BOB, headers=bearer(tokens["bob"]))
    api.get(OVERVIEW_OF_BOB)
    text = httpx2.get(f"http://127.0.0.1:{platform.settings.ports['OVERVIEW_METRICS_PORT']}/metrics").text
    for line in (
        'http_requests_total{function="overview",status="200"}',
        'auth_failures_total{reason="missing"}',
        'http_request_duration_seconds_bucket{function="overview",le="+Inf",route="/api/billing/project/{namespace}/',
        "upstream_breaker_state 0.0",
        "upstream_shed_total 0.0",
        'jwks_fetch_total{result="ok"}',
        "jwks_age_seconds ",
        "event_loop_lag_seconds ",
        "cold_start_seconds ",
        "build_info{",
    ):
        assert line in text, line


# --- when the billing service is away -----------------------------------------------


def test_an_outage_serves_what_is_known_and_says_so(
    platform: Platform, api: httpx2.Client, tokens: dict[str, str]
) -> None:
    """Cached requests: 200, stale, with the age. All others: 503 within the deadline. After the recovery: 200."""
    alice = bearer(tokens["alice"])
    fresh = assert_success_envelope(api.get(OVERVIEW.format("acme-ml"), headers=alice))
    assert_success_envelope(api.get(PROJECTS, headers=alice))
    time.sleep(10.5)  # until it is no longer fresh
    platform.stop_part("billing")
    try:
        stale = api.get(OVERVIEW.format("acme-ml"), headers=alice)
        body = assert_success_envelope(stale)
        assert body["meta"]["stale"] is True
        assert body["data"] == fresh["data"]
        assert int(stale.headers["age"]) >= 10
        assert assert_success_envelope(api.get(PROJECTS, headers=alice))["meta"]["stale"] is True
        started = time.monotonic()
        erin = bearer(tokens["erin"])
        for path in (OVERVIEW.format("acme-prod-web"), OVERVIEW.format("acme-prod-api")):
            assert_error_envelope(api.get(path, headers=erin), 503, "Billing service unreachable")
        assert time.monotonic() - started < 16  # two deadlines
        time.sleep(5.1)  # the health result is cached for 5 s
        assert_error_envelope(api.get(HEALTH, headers=alice), 503, "Billing service unreachable")
        refused = api.get(OVERVIEW.format("acme-ml"), headers=erin)
        assert refused.status_code == 503, "a cached result of another organization must not be served"
    finally:
        platform.start_part("billing")
    again = assert_success_envelope(api.get(OVERVIEW.format("acme-prod-web"), headers=erin))
    assert again["meta"]["stale"] is False
    assert assert_success_envelope(api.get(OVERVIEW.format("acme-ml"), headers=alice))["meta"]["stale"] is False
