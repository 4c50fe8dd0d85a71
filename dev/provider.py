"""The OpenID provider of the local platform (dev/provider/, Node.js), and a sign-in with the page's flow."""

import base64
import hashlib
import html
import http.client
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from dev.settings import LOOPBACK, ROOT, VITE_ORIGIN, PlatformError, Settings
from dev.supervisor import Part

FOLDER = ROOT / "dev" / "provider"
CLIENT_ID = "kube-dc-console"
REDIRECT_URI = "http://127.0.0.1/token"  # no server listens there: the code is read from the redirect
AUDIENCE = "kube-dc-billing"
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class User:
    username: str
    realm: str
    about: str


def demo_users() -> dict[str, User]:
    rows = json.loads((FOLDER / "users.json").read_text())
    return {row["username"]: User(row["username"], row["realm"], row["about"]) for row in rows}


def part(settings: Settings) -> Part:
    url = f"{settings.provider_url}/realms/acme/.well-known/openid-configuration"
    return Part(
        name="provider",
        command=["node", str(FOLDER / "provider.mjs")],
        environment={
            "HOST": settings.host,
            "PROVIDER_PORT": str(settings.ports["PROVIDER_PORT"]),
            "PROVIDER_URL": settings.provider_url,
            "PROVIDER_KEYS_FILE": str(settings.data / "provider-keys.json"),
            "PAGE_ORIGINS": f"{settings.page_origin},{VITE_ORIGIN}",
            "ACCESS_TOKEN_SECONDS": str(settings.access_token_seconds),
        },
        ready=lambda: answers(url),
    )


def answers(url: str, *, status: int = 200) -> bool:
    """Called 20 times per second while the parts start, so it does not create a client with certificates."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False  # not ready yet; the supervisor notices a part that died
    finally:
        connection.close()


def sign_in(provider_url: str, user: User) -> dict[str, Any]:
    """Authorization code with PKCE (RFC 7636) through the login form; returns the response of the token endpoint.

    Raises PlatformError when the provider is not there or refuses.
    """
    endpoints = f"{provider_url}/realms/{user.realm}/protocol/openid-connect"
    verifier = secrets.token_urlsafe(32)
    try:
        with httpx2.Client(timeout=10, trust_env=False, cookies=browser_cookies(provider_url)) as client:
            form = follow(client, client.get(f"{endpoints}/auth", params=authorization_request(verifier)))
            credentials = {"username": user.username, "password": user.username}
            done = follow(client, client.post(form_action(form), data=credentials))
            answer = client.post(f"{endpoints}/token", data=token_request(done, verifier))
    except httpx2.TransportError as exc:
        raise PlatformError(f"the OpenID provider at {provider_url} cannot be reached: start it with make run") from exc
    tokens: dict[str, Any] = answer.json()
    if answer.status_code != httpx2.codes.OK:
        raise PlatformError(f"the provider refused the code: {tokens.get('error_description', tokens.get('error'))}")
    return tokens


def browser_cookies(provider_url: str) -> CookieJar:
    """Keycloak's cookies are `Secure`. On loopback they are also sent over http (Secure Contexts, 3.1)."""
    on_loopback = urlsplit(provider_url).hostname in {LOOPBACK, "::1", "localhost"}
    return CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http") if on_loopback else ("https",)))


def authorization_request(verifier: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile email",
        "state": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def token_request(redirect: httpx2.Response, verifier: str) -> Mapping[str, str]:
    parameters = parse_qs(urlsplit(redirect.headers.get("location", "")).query)
    if "code" not in parameters:
        raise PlatformError(f"the provider did not sign in (status {redirect.status_code}): see its log")
    return {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "code": parameters["code"][0],
        "code_verifier": verifier,
    }


def follow(client: httpx2.Client, response: httpx2.Response) -> httpx2.Response:
    """Follows redirects until a page, or until the redirect with the code."""
    while response.is_redirect and not response.headers["location"].startswith(REDIRECT_URI):
        response = client.get(urljoin(str(response.url), response.headers["location"]))
    return response


def form_action(page: httpx2.Response) -> str:
    """A form without an action is sent to the address of its page."""
    action = re.search(r'<form[^>]*\saction="([^"]*)"', page.text)
    return urljoin(str(page.url), html.unescape(action[1])) if action else str(page.url)
