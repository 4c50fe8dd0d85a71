"""The provider issues what Keycloak would: the console's client, Keycloak's paths and claims."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx2
import jwt
import pytest

from dev.platform import Platform
from dev.provider import CLIENT_ID, REDIRECT_URI, authorization_request, demo_users, follow, form_action

NAMESPACES = {"bob": ["acme-web", "acme-data"]}
GROUPS = {"alice": ["org-admin"], "bob": ["user"], "carol": [], "dave": ["org-admin"], "erin": ["org-admin"]}


def issuer(platform: Platform, username: str) -> str:
    return f"{platform.settings.provider_url}/realms/{demo_users()[username].realm}"


def endpoint(platform: Platform, username: str, name: str) -> str:
    return f"{issuer(platform, username)}/protocol/openid-connect/{name}"


def verified(platform: Platform, username: str, token: str, audience: str = "kube-dc-billing") -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(httpx2.get(endpoint(platform, username, "certs")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=issuer(platform, username)
    )
    return claims


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client() as opened:
        yield opened


@pytest.mark.parametrize("username", sorted(demo_users()))
def test_an_access_token_has_keycloaks_claims(platform: Platform, username: str) -> None:
    """Signed with the realm's published key; only bob's names namespaces."""
    token = platform.token(username)
    claims = verified(platform, username, token)
    assert claims["org"] == demo_users()[username].realm
    assert claims["aud"] == ["kube-dc-billing", "account"]
    assert (claims["typ"], claims["azp"]) == ("Bearer", CLIENT_ID)
    assert claims["preferred_username"] == username
    assert claims["email"].startswith(f"{username}@")
    assert claims["groups"] == GROUPS[username]
    assert claims.get("namespaces") == NAMESPACES.get(username)
    assert claims["exp"] - claims["iat"] == 300
    assert jwt.get_unverified_header(token)["alg"] == "RS256"


def test_an_id_token_is_for_the_console_only(platform: Platform) -> None:
    """An ID token is signed with the same key, its audience is the client, and it is not a bearer token."""
    claims = verified(platform, "bob", platform.tokens("bob")["id_token"], audience=CLIENT_ID)
    assert "typ" not in claims
    assert claims["preferred_username"] == "bob"


def test_discovery_names_keycloaks_paths(platform: Platform) -> None:
    """Every address lies under the realm's issuer."""
    document = httpx2.get(f"{issuer(platform, 'erin')}/.well-known/openid-configuration").json()
    assert document["issuer"] == issuer(platform, "erin")
    assert document["authorization_endpoint"] == endpoint(platform, "erin", "auth")
    assert document["token_endpoint"] == endpoint(platform, "erin", "token")
    assert document["jwks_uri"] == endpoint(platform, "erin", "certs")
    assert document["end_session_endpoint"] == endpoint(platform, "erin", "logout")
    assert document["userinfo_endpoint"] == endpoint(platform, "erin", "userinfo")
    assert document["code_challenge_methods_supported"] == ["S256"]


def test_published_keys_are_public(platform: Platform) -> None:
    """The key set has no private part."""
    [key] = httpx2.get(endpoint(platform, "bob", "certs")).json()["keys"]
    assert {"kid", "n", "e"} <= key.keys()
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


def test_an_unknown_realm_is_404(platform: Platform) -> None:
    """As Keycloak responds to a request for the key set."""
    url = f"{platform.settings.provider_url}/realms/initech/protocol/openid-connect/certs"
    assert httpx2.get(url).status_code == 404


def test_a_wrong_password_says_so_and_the_right_one_still_works(platform: Platform, client: httpx2.Client) -> None:
    """The form has an alert and the entered name. A user of another realm cannot sign in."""
    page = follow(client, client.get(endpoint(platform, "bob", "auth"), params=authorization_request("v" * 43)))
    for credentials in ({"username": "bob", "password": "x"}, {"username": "dave", "password": "dave"}):
        refused = client.post(form_action(page), data=credentials)
        assert refused.status_code == 401
        assert '<p role="alert">Invalid username or password.</p>' in refused.text
    done = follow(client, client.post(form_action(page), data={"username": "bob", "password": "bob"}))
    assert done.headers["location"].startswith(f"{REDIRECT_URI}?code=")


def test_what_was_typed_is_not_markup(platform: Platform, client: httpx2.Client) -> None:
    """A name with angle brackets comes back escaped."""
    page = follow(client, client.get(endpoint(platform, "bob", "auth"), params=authorization_request("v" * 43)))
    refused = client.post(form_action(page), data={"username": '"><script>', "password": "x"})
    assert "<script>" not in refused.text
    assert "&quot;&gt;&lt;script&gt;" in refused.text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"redirect_uri": "http://evil.example/"}, "redirect_uri"),
        ({"client_id": "other"}, "client"),
    ],
)
def test_an_authorization_request_that_is_not_the_consoles_is_refused(
    platform: Platform, change: dict[str, str], text: str
) -> None:
    """Nothing is sent to an address that is not registered."""
    answer = httpx2.get(endpoint(platform, "bob", "auth"), params=authorization_request("v" * 43) | change)
    assert answer.status_code == 400
    assert text in answer.text


def test_a_code_without_pkce_is_refused(platform: Platform) -> None:
    """A public client has no other proof."""
    request = authorization_request("v" * 43)
    del request["code_challenge"], request["code_challenge_method"]
    answer = httpx2.get(endpoint(platform, "bob", "auth"), params=request)
    assert "error=invalid_request" in answer.headers["location"]


def test_a_code_needs_its_verifier(platform: Platform, client: httpx2.Client) -> None:
    """Another verifier than the one that was challenged gets no token."""
    verifier = base64.urlsafe_b64encode(hashlib.sha256(b"one").digest()).rstrip(b"=").decode()
    page = follow(client, client.get(endpoint(platform, "bob", "auth"), params=authorization_request(verifier)))
    done = follow(client, client.post(form_action(page), data={"username": "bob", "password": "bob"}))
    request = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "code": httpx2.URL(done.headers["location"]).params["code"],
        "code_verifier": "w" * 43,
    }
    answer = client.post(endpoint(platform, "bob", "token"), data=request)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_refresh_tokens_rotate(platform: Platform) -> None:
    """Each gives one new pair; a used one ends them all (RFC 9700, section 4.14.2)."""
    refresh = platform.tokens("alice")["refresh_token"]
    url = endpoint(platform, "alice", "token")
    request = {"grant_type": "refresh_token", "client_id": CLIENT_ID}
    renewed = httpx2.post(url, data={**request, "refresh_token": refresh}).json()
    assert verified(platform, "alice", renewed["access_token"])["groups"] == ["org-admin"]
    assert renewed["refresh_token"] != refresh
    for spent in (refresh, renewed["refresh_token"]):
        answer = httpx2.post(url, data={**request, "refresh_token": spent})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_page_may_ask_across_origins_and_others_may_not(platform: Platform) -> None:
    """Token and userinfo allow only the origin of the page. Key set and discovery are public."""
    page = platform.settings.page_origin
    bearer = {"Authorization": f"Bearer {platform.token('bob')}"}
    for origin, allowed in ((page, page), ("http://evil.example", None)):
        userinfo = httpx2.get(endpoint(platform, "bob", "userinfo"), headers={**bearer, "Origin": origin})
        assert userinfo.headers.get("access-control-allow-origin") == allowed
        token = httpx2.post(
            endpoint(platform, "bob", "token"),
            data={"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": "x"},
            headers={"Origin": origin},
        )
        assert token.headers.get("access-control-allow-origin") == allowed
    preflight = {"Origin": page, "Access-Control-Request-Method": "GET"}
    assert httpx2.options(endpoint(platform, "bob", "userinfo"), headers=preflight).status_code == 204
    certs = httpx2.get(endpoint(platform, "bob", "certs"), headers={"Origin": page})
    assert certs.headers["access-control-allow-origin"] == page


def test_userinfo_wants_an_access_token(platform: Platform) -> None:
    """An ID token and a token of another realm are not one."""
    url = endpoint(platform, "bob", "userinfo")
    tokens = platform.tokens("bob")
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.json()["preferred_username"] == "bob"
    for wrong in (tokens["id_token"], platform.token("dave"), "x"):
        assert httpx2.get(url, headers={"Authorization": f"Bearer {wrong}"}).status_code == 401


def test_signing_out_asks_for_the_password_again(platform: Platform, client: httpx2.Client) -> None:
    """A session signs in silently until it is ended."""
    url, request = endpoint(platform, "bob", "auth"), authorization_request("v" * 43)
    form = follow(client, client.get(url, params=request))
    follow(client, client.post(form_action(form), data={"username": "bob", "password": "bob"}))
    silent = {**request, "prompt": "none"}
    assert "code=" in client.get(url, params=silent).headers["location"]
    confirm = client.get(endpoint(platform, "bob", "logout"), params={"client_id": CLIENT_ID})
    xsrf = confirm.text.partition('name="xsrf" value="')[2].partition('"')[0]
    done = follow(client, client.post(form_action(confirm), data={"xsrf": xsrf, "logout": "yes"}))
    assert "You have signed out." in done.text
    assert "error=login_required" in client.get(url, params=silent).headers["location"]


def test_a_restart_keeps_the_keys(platform: Platform) -> None:
    """A token issued before verifies after."""
    token = platform.token("bob")
    platform.stop_part("provider")
    platform.start_part("provider")
    assert verified(platform, "bob", token)["org"] == "acme"
    keys = platform.settings.data / "provider-keys.json"
    assert keys.stat().st_mode & 0o777 == 0o600
