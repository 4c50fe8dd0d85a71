"""Which realms are fetched, when a realm is gone, and that invented realms keep no real one from its keys."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from common.billing.transport import HttpClient, Timeouts
from common.http.errors import ApiError, TokenInvalid
from common.http.server_errors import IdentityUnreachable
from common.identity.authenticator import Authenticator
from common.identity.caller import Caller, Role
from common.identity.key_sets import KeySets
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.identity import IdentityProvider
from tests.kit.in_process import Double, captured_log, settings
from tests.kit.things import Raw, admin, endpoint, function, send
from tests.kit.tokens import AUDIENCE, claims, header, key_set, realm_signer, token

KEYCLOAKS_404 = httpx.Response(404, json={"error": "Realm does not exist"})


class World:
    """An identity provider, the key sets, and one clock for Unix and monotonic time."""

    def __init__(self, is_registered: Any = None, **changes: Any) -> None:
        self.now = time.time()
        self.provider = IdentityProvider()
        s = settings(**changes)
        http = HttpClient(Timeouts(1, 1, 1, 1), s.jwks_max_bytes, transport=Double(self.provider))
        more = {} if is_registered is None else {"is_registered": is_registered}
        self.key_sets = KeySets(s, http, lambda: self.now, **more)
        self.authenticator = Authenticator(s, self.key_sets, lambda: self.now)

    async def authenticate(self, realm: str = "acme", **changes: Any) -> Caller:
        signed = token(payload=claims(realm, **changes), signer=realm_signer(realm))
        return await self.authenticator.authenticate(signed.encode())

    async def refresh(self) -> None:
        """An unknown kid has the key set fetched again."""
        self.now += 11
        with pytest.raises(ApiError):
            await self.authenticator.authenticate(token(header(kid="nobody's")).encode())


# --- a realm that is gone -----------------------------------------------------


NOT_KEYCLOAKS: dict[str, httpx.Response] = {
    "text": httpx.Response(404, text="404 page not found"),
    "HTML": httpx.Response(404, html="<h1>Realm does not exist</h1>"),
    "empty": httpx.Response(404),
    "JSON of a proxy": httpx.Response(404, json={"message": "no Route matched with those values"}),
    "JSON of our ingress": httpx.Response(404, json={"success": False, "error": "Not found", "code": "not_found"}),
    "JSON of Keycloak about another path": httpx.Response(
        404, json={"error": "Unable to find matching target resource"}
    ),
    "a list": httpx.Response(404, json=["Realm does not exist"]),
    "as text": httpx.Response(404, text=json.dumps({"error": "Realm does not exist"})),
    "no JSON": httpx.Response(404, content=b"{", headers={"content-type": "application/json"}),
    "410": httpx.Response(410, json={"error": "Realm does not exist"}),
}


@pytest.mark.parametrize("what", NOT_KEYCLOAKS)
async def test_another_404_keeps_the_keys(what: str) -> None:
    """Something in front of Keycloak replied: good tokens stay good, cached or not."""
    world = World()
    await world.authenticate()
    world.provider.key_sets["acme"] = lambda _: NOT_KEYCLOAKS[what]
    with captured_log() as lines:
        await world.refresh()
    assert "key set not refreshed, the old keys stay" in lines.text
    assert (await world.authenticate(sub="another")).organization == "acme"


@pytest.mark.parametrize("what", NOT_KEYCLOAKS)
async def test_another_404_decides_nothing_about_a_realm_without_keys(what: str) -> None:
    """503, not 401: whether the realm exists is not known."""
    world = World()
    world.provider.key_sets["acme"] = lambda _: NOT_KEYCLOAKS[what]
    with pytest.raises(IdentityUnreachable):
        await world.authenticate()
    world.provider.key_sets.clear()
    world.now += 1
    assert (await world.authenticate()).organization == "acme"


async def test_a_realm_is_gone_when_keycloak_says_so_twice() -> None:
    """One 404 of Keycloak in between is not enough; the second fetch follows at once."""
    world = World()
    await world.authenticate()
    replies = iter([KEYCLOAKS_404, httpx.Response(200, content=key_set("acme"))])
    world.provider.key_sets["acme"] = lambda _: next(replies)
    await world.refresh()
    assert (await world.authenticate(sub="another")).organization == "acme"
    world.provider.key_sets["acme"] = lambda _: KEYCLOAKS_404
    world.provider.requests.clear()
    await world.refresh()
    assert len(world.provider.requests) == 2
    with pytest.raises(TokenInvalid, match="unknown_realm"):
        await world.authenticate()


async def test_a_realm_that_never_had_keys_is_unknown_after_one_404() -> None:
    """There is nothing to lose, and it is remembered."""
    world = World()
    for _ in range(3):
        with pytest.raises(TokenInvalid, match="unknown_realm"):
            await world.authenticate("nowhere")
    assert len(world.provider.requests) == 1


@pytest.mark.parametrize("text", ["Realm does not exist", "Realm not found", "realm_not_found"])
async def test_keycloaks_text_may_change(text: str) -> None:
    """It names the realm in every release."""
    world = World()
    world.provider.key_sets["nowhere"] = lambda _: httpx.Response(404, json={"error": text, "error_description": "x"})
    with pytest.raises(TokenInvalid, match="unknown_realm"):
        await world.authenticate("nowhere")


# --- invented realms ----------------------------------------------------------


def invented(number: int) -> bytes:
    """Well-formed up to the signature, which nobody can check without keys."""
    return token(payload=claims(f"invented-{number}"), signature=b"x" * 256).encode()


async def flood(authenticate: Callable[[bytes], Any], per_second: int, seconds: float) -> dict[str, int]:
    """Invented realms at a steady rate; how often each rejection came."""
    found: dict[str, int] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        try:
            await authenticate(invented(number))
        except ApiError as error:
            found[error.reason] = found.get(error.reason, 0) + 1

    started = time.monotonic()
    for number in itertools.count():
        if number / per_second >= seconds:
            break
        await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
        tasks.add(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return found


@pytest.mark.parametrize("registry", ["has a list", "has no list"])
async def test_500_invented_realms_a_second_keep_no_real_tenant_waiting(registry: str) -> None:
    """A cold function under a flood: the first request of every real tenant is 200 within 2 s."""
    billing = BillingService(registry=registry == "has a list")
    app = function(endpoint(), billing=billing)
    flooding = asyncio.create_task(flood(app.authenticator.authenticate, 500, 3))
    await asyncio.sleep(1)
    for realm in ("acme", "acme-prod", "globex"):
        started = time.monotonic()
        assert_success_envelope(await Raw(line=admin(realm)).to(app))
        assert time.monotonic() - started < 2
    found = await flooding
    assert sum(found.values()) == 1500
    assert set(found) <= {"unknown_realm", "jwks_rate_limited"}
    if registry == "has a list":
        assert found["unknown_realm"] <= 45
        assert len([target for target in billing.requests if target == "/api/organizations"]) <= 1


async def test_a_realm_of_the_registry_is_fetched_beyond_the_limit() -> None:
    """And one that the registry does not have is not, until the limit allows it; that is 503, no denial."""
    known, requests = {"acme"}, []

    async def knows(name: str) -> bool:
        requests.append(name)
        return name in known

    world = World(knows, jwks_fetches_per_second=1)
    with pytest.raises(TokenInvalid, match="unknown_realm"):
        await world.authenticate("nowhere")
    assert requests == []
    assert (await world.authenticate("acme")).organization == "acme"
    with pytest.raises(IdentityUnreachable, match="jwks_rate_limited"):
        await world.authenticate("globex")
    assert requests == ["acme", "globex"]
    world.now += 1
    assert (await world.authenticate("globex")).organization == "globex"


async def test_without_a_list_few_fetches_run_beyond_the_limit_at_once() -> None:
    """A slow identity provider receives no more than these requests at the same time."""
    running = peak = 0

    class Slow(Double):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0.05)
            running -= 1
            return await super().handle_async_request(request)

    async def cannot_tell(_: str) -> None:
        return None

    s = settings(jwks_fetches_per_second=1)
    http = HttpClient(Timeouts(1, 1, 1, 1), s.jwks_max_bytes, transport=Slow(IdentityProvider()))
    authenticator = Authenticator(s, KeySets(s, http, is_registered=cannot_tell))
    found = await asyncio.gather(*(authenticator.authenticate(invented(n)) for n in range(100)), return_exceptions=True)
    assert {type(error) for error in found} == {TokenInvalid, IdentityUnreachable}
    assert 1 < peak <= 9
    good = token().encode()
    flooding = [asyncio.create_task(authenticator.authenticate(invented(n))) for n in range(200, 300)]
    await asyncio.sleep(0)
    with pytest.raises(IdentityUnreachable):
        await authenticator.authenticate(good)
    assert (await authenticator.authenticate(good)).organization == "acme"
    await asyncio.gather(*flooding, return_exceptions=True)


async def test_a_flood_does_not_push_out_a_realm_that_is_being_fetched() -> None:
    """The token that waited for it proves the realm, though a thousand others came meanwhile."""
    world = World()
    release = asyncio.Event()

    class Held(Double):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "/acme/" in str(request.url):
                await release.wait()
            return await super().handle_async_request(request)

    s = settings(jwks_fetches_per_second=1000)
    http = HttpClient(Timeouts(9, 9, 9, 9), s.jwks_max_bytes, transport=Held(world.provider))
    key_sets = KeySets(s, http)
    authenticator = Authenticator(s, key_sets)
    good = token().encode()
    waiting = asyncio.create_task(authenticator.authenticate(good))
    await asyncio.sleep(0)
    await asyncio.gather(*(authenticator.authenticate(invented(n)) for n in range(1100)), return_exceptions=True)
    release.set()
    caller = await waiting
    assert authenticator.get_caller(good) is caller


async def test_a_rejected_fetch_is_logged_once_a_second() -> None:
    """A flood does not fill the log with errors."""
    app = function(endpoint(), jwks_fetches_per_second=1)
    with captured_log() as lines:
        for number in range(20):
            line = "Bearer " + invented(number).decode()
            response = await send(app, "GET", line=line)
    assert_error_envelope(response, 503, "Identity provider unreachable")
    assert {line["level"] for line in lines.requests() if line["status"] == 503} == {"INFO"}
    assert 1 <= lines.text.count("key-set fetches") <= 3
    assert_success_envelope(await send(app, "GET", line=admin()))


# --- legal input --------------------------------------------------------------


LEFT_OUT: dict[str, dict[str, Any]] = {
    "a group of 300 letters": {"groups": ["org-admin", "/" + "g" * 300]},
    "a group with a lone surrogate": {"groups": ["org-admin", "\ud800"]},
    "a group with a control character": {"groups": ["org-admin", "a\x00b"]},
    "an empty group": {"groups": ["", "org-admin"]},
    "2 000 groups": {"groups": [f"g{n}" for n in range(1000)] + ["org-admin"]},
    "a namespace with a lone surrogate": {"groups": ["org-admin"], "namespaces": ["acme-web", "\udfff"]},
    "an audience of 300 letters": {"groups": ["org-admin"], "aud": [AUDIENCE, "https://" + "a" * 300]},
    "an audience with a lone surrogate": {"groups": ["org-admin"], "aud": ["\ud800", AUDIENCE]},
}


@pytest.mark.parametrize("what", LEFT_OUT)
async def test_an_entry_that_cannot_be_ours_is_left_out(what: str) -> None:
    """It does not make the token invalid."""
    caller = await World().authenticate(**LEFT_OUT[what])
    assert caller.role is Role.ORG_ADMIN
    assert caller.namespaces == {"acme-web"}


async def test_a_token_that_is_too_large_says_what_to_do() -> None:
    """A new login does not help: 401 with its own code and the cure."""
    line = "Bearer " + token(payload=claims(namespaces=[f"acme-{n}" for n in range(3000)]))
    body = assert_error_envelope(await send(function(endpoint()), "GET", line=line), 401)
    assert body["code"] == "token_too_large"
    assert "administrator" in body["error"]
    assert "groups or namespaces" in body["error"]
