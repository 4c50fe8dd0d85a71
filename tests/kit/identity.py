"""The one double of the identity provider: key sets at Keycloak's paths, in the process or behind a port."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2 as httpx

from tests.kit.server import Behaviour, Exchange, Server, answer
from tests.kit.tokens import ABSENT, Signer, claims, header, key_set, keys, rsa_jwk, rsa_key, token

KeySet = bytes | Callable[[httpx.Request], httpx.Response]
REALMS: Final = ("acme", "acme-prod", "globex", "master", "sso")
PREFIX, SUFFIX = "/realms/", "/protocol/openid-connect/certs"


class IdentityProvider:
    """In the process, as a transport. Another realm than REALMS and those in `key_sets` is 404."""

    def __init__(self, key_sets: Mapping[str, KeySet] | None = None) -> None:
        self.key_sets = dict(key_sets or {})
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        realm = request.url.path.removeprefix(PREFIX).removesuffix(SUFFIX)
        found = self.key_sets.get(realm) or (key_set(realm) if realm in REALMS else None)
        if found is None:
            return httpx.Response(404, json={"error": "Realm does not exist"})
        return httpx.Response(200, content=found) if isinstance(found, bytes) else found(request)


class IdentityServer(IdentityProvider):
    """Behind a port; signs tokens. `behaviour` is what it does with a fetch, `up` what it usually does."""

    def __init__(self) -> None:
        super().__init__()
        self.kid = "rsa"
        self.behaviour: Behaviour = self.up
        self.server = Server(self._behave)

    async def _behave(self, exchange: Exchange) -> bool:
        return await self.behaviour(exchange)

    async def up(self, exchange: Exchange) -> bool:
        response = self(httpx.Request("GET", f"{self.url}{exchange.target}"))
        return await answer(response.status_code, response.content)(exchange)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def fetches(self) -> int:
        return self.server.counts.requests

    def rotate(self) -> None:
        """acme gets a key that signs from now on; the old ones stay in the set, as Keycloak's passive keys do."""
        self.kid = "rotated"
        self.key_sets["acme"] = keys(*json.loads(key_set("acme"))["keys"], rsa_jwk(self.kid, rsa_key(self.kid)))

    def token(self, realm: str = "acme", *, kid: str | None = None, skew_seconds: float = 0.0, **changes: Any) -> str:
        """An org-admin's access token, valid for five minutes by a clock that is `skew_seconds` ahead of ours."""
        now = int(time.time() + skew_seconds)
        usual = {"iss": f"{self.url}/realms/{realm}", "iat": now, "exp": now + 300}
        usual |= {"groups": ["org-admin"], "namespaces": ABSENT}
        signer = Signer("RS256", rsa_key(realm if self.kid == "rsa" else self.kid))
        return token(header(kid=kid or self.kid), claims(realm, **{**usual, **changes}), signer)
