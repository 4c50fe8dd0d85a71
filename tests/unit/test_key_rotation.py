"""The first token of a new key finds that key, however fresh the key set is."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from common.billing.transport import HttpClient, Timeouts, UpstreamResponse
from common.http.errors import TokenInvalid
from common.http.server_errors import IdentityUnreachable
from common.identity.key_sets import KeySets
from common.process.settings import Settings


class Provider(HttpClient):
    """Serves the keys that it is given, and counts."""

    def __init__(self) -> None:
        super().__init__(Timeouts(1, 1, 1, 1), 10_000)
        self.keys: list[dict[str, Any]] = []
        self.fetches = 0

    def add(self, kid: str) -> None:
        public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        self.keys.append({**ECAlgorithm.to_jwk(public_key, as_dict=True), "kid": kid})

    async def get(
        self, url: str, *, within: float | None = None, headers: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        del url, within, headers
        self.fetches += 1
        return UpstreamResponse(200, {"content-type": "application/json"}, json.dumps({"keys": self.keys}).encode())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_key_added_right_after_a_fetch_is_found_at_once() -> None:
    """The pause between fetches for unknown kids counts from the last such fetch, not from any fetch."""
    provider, clock = Provider(), Clock()
    key_sets = KeySets(Settings(keycloak_url="https://keycloak.example.com"), provider, clock)
    provider.add("old")
    await key_sets.fetch_key("acme", "old")
    provider.add("new")
    clock.now += 2
    assert (await key_sets.fetch_key("acme", "new")).kid == "new"
    assert provider.fetches == 2


async def test_further_unknown_kids_wait_for_the_pause() -> None:
    """At most one fetch per realm in JWKS_UNKNOWN_KID_SECONDS (10 s), whatever comes."""
    provider, clock = Provider(), Clock()
    key_sets = KeySets(Settings(keycloak_url="https://keycloak.example.com"), provider, clock)
    provider.add("old")
    await key_sets.fetch_key("acme", "old")
    for n in range(100):
        with pytest.raises(TokenInvalid, match="unknown_kid"):
            await key_sets.fetch_key("acme", f"random-{n}")
        clock.now += 0.0999
    assert provider.fetches == 2
    clock.now += 0.02
    with pytest.raises(TokenInvalid):
        await key_sets.fetch_key("acme", "random")
    assert provider.fetches == 3


async def test_a_key_set_of_encryption_keys_alone_withdraws_the_old_keys() -> None:
    """If a realm's only signature key is disabled, Keycloak still lists its encryption key: this key set is valid."""
    provider, clock = Provider(), Clock()
    key_sets = KeySets(Settings(keycloak_url="https://keycloak.example.com"), provider, clock)
    provider.add("old")
    await key_sets.fetch_key("acme", "old")
    provider.keys = [{**provider.keys[0], "kid": "for-encryption", "use": "enc"}]
    for kid in ("any", "old"):
        with pytest.raises(IdentityUnreachable):
            await key_sets.fetch_key("acme", kid)
    assert key_sets.get_key("acme", "old") is None


@pytest.mark.parametrize("keys", [[], [None], [{"kty": "RSA"}], [{"kty": "EC", "crv": "P-256", "x": 1, "kid": "old"}]])
async def test_a_broken_key_set_withdraws_nothing(keys: list[Any]) -> None:
    """An invalid key set does not remove the cached keys."""
    provider, clock = Provider(), Clock()
    key_sets = KeySets(Settings(keycloak_url="https://keycloak.example.com"), provider, clock)
    provider.add("old")
    await key_sets.fetch_key("acme", "old")
    provider.keys = keys
    with pytest.raises(IdentityUnreachable):
        await key_sets.fetch_key("acme", "any")
    assert (await key_sets.fetch_key("acme", "old")).kid == "old"
