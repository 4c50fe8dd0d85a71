"""A token verified before is not verified again, and is forgotten with its key, its realm and its time."""

import time

import httpx2 as httpx
import pytest

from common.billing.transport import HttpClient, Timeouts
from common.http.errors import ApiError, TokenInvalid
from common.http.server_errors import IdentityUnreachable
from common.identity.authenticator import Authenticator
from common.identity.key_sets import KeySets
from tests.kit import in_process
from tests.kit.identity import IdentityProvider
from tests.kit.tokens import claims, header, key_set, keys, rsa_jwk, rsa_key, token


class World:
    """An identity provider, an authenticator, and one clock for Unix and monotonic time."""

    def __init__(self) -> None:
        self.now = time.time()
        self.provider = IdentityProvider()
        s = in_process.settings(token_cache_seconds=60)
        http = HttpClient(
            Timeouts(connect=1, read=1, pool=1, total=1), s.jwks_max_bytes, transport=in_process.Double(self.provider)
        )
        self.authenticator = Authenticator(s, KeySets(s, http, lambda: self.now), lambda: self.now)

    async def refresh(self) -> None:
        """A token with an unknown kid makes the authenticator fetch the key set again."""
        self.now += 11
        with pytest.raises(TokenInvalid):
            await self.authenticator.authenticate(token(header(kid="nobody's")).encode())


@pytest.fixture
def world() -> World:
    return World()


async def test_a_token_is_verified_once(world: World) -> None:
    """Known from then on, as the same caller, and for the very same bytes only."""
    good = token().encode()
    assert world.authenticator.get_caller(good) is None
    caller = await world.authenticator.authenticate(good)
    assert world.authenticator.get_caller(good) is caller
    assert world.authenticator.get_caller(good[:-1]) is None
    await world.refresh()
    assert world.authenticator.get_caller(good) is caller


async def test_a_removed_key_takes_its_tokens_along(world: World) -> None:
    """A key disabled in Keycloak verifies nothing, not even what it verified before."""
    good = token().encode()
    await world.authenticator.authenticate(good)
    world.provider.key_sets["acme"] = keys(rsa_jwk("other", rsa_key("any")))
    await world.refresh()
    assert world.authenticator.get_caller(good) is None
    with pytest.raises(TokenInvalid, match="unknown_kid"):
        await world.authenticator.authenticate(good)


async def test_another_key_under_the_same_kid_is_another_key(world: World) -> None:
    """The kid is a name, no proof."""
    good = token().encode()
    await world.authenticator.authenticate(good)
    world.provider.key_sets["acme"] = keys(rsa_jwk("rsa", rsa_key("any")))
    await world.refresh()
    assert world.authenticator.get_caller(good) is None
    with pytest.raises(TokenInvalid, match="signature"):
        await world.authenticator.authenticate(good)


async def test_a_realm_that_is_gone_takes_its_tokens_along(world: World) -> None:
    """A 404 for the key set: the organization was deleted."""
    good = token().encode()
    await world.authenticator.authenticate(good)
    world.provider.key_sets["acme"] = lambda _: httpx.Response(404, json={"error": "Realm does not exist"})
    await world.refresh()
    assert world.authenticator.get_caller(good) is None
    with pytest.raises(TokenInvalid, match="unknown_realm"):
        await world.authenticator.authenticate(good)


async def test_a_failing_provider_takes_nothing_away(world: World) -> None:
    """Keys and what they verified survive an outage."""
    good = token().encode()
    await world.authenticator.authenticate(good)
    world.provider.key_sets["acme"] = lambda _: httpx.Response(500, content=key_set())
    world.now += 11
    with pytest.raises(IdentityUnreachable):
        await world.authenticator.authenticate(token(header(kid="new")).encode())
    assert len(world.provider.requests) == 2
    assert world.authenticator.get_caller(good)
    assert await world.authenticator.authenticate(good)


@pytest.mark.parametrize(("lifetime", "known_for"), [(20, 20), (300, 60)], ids=["its exp", "TOKEN_CACHE_SECONDS"])
async def test_a_known_token_has_its_time(world: World, lifetime: int, known_for: int) -> None:
    """Never beyond exp, and never longer than configured."""
    good = token(payload=claims(exp=int(world.now) + lifetime)).encode()
    await world.authenticator.authenticate(good)
    started = int(world.now) if lifetime < 60 else world.now
    world.now = started + known_for - 0.1
    assert world.authenticator.get_caller(good)
    world.now = started + known_for
    assert world.authenticator.get_caller(good) is None


async def test_a_refused_token_is_never_known(world: World) -> None:
    """Only what was verified is remembered."""
    for bad in (token(payload=claims(exp=1)), token(signature=b"x" * 256), token(payload=claims(aud="other"))):
        with pytest.raises(ApiError, match=r"time|signature|audience"):
            await world.authenticator.authenticate(bad.encode())
        assert world.authenticator.get_caller(bad.encode()) is None
