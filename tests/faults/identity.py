"""An identity provider that can be up, down, slow or wrong; it holds the realms' keys and signs tokens."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.faults.upstream import Behaviour, Exchange, Upstream, answer

Keys = dict[str, rsa.RSAPrivateKey]  # by kid


class IdentityProvider:
    """All realms share the keys; `behaviour` is what it does with a fetch, `up` what it normally does."""

    def __init__(self) -> None:
        self.keys: Keys = {"key-1": new_key()}
        self.current = "key-1"
        self.up: Behaviour = answer(200, lambda _: self.key_set())
        self.server = Upstream(self._behave)
        self.behaviour = self.up

    async def _behave(self, exchange: Exchange) -> bool:
        return await self.behaviour(exchange)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def fetches(self) -> int:
        return self.server.counts.requests

    def key_set(self) -> bytes:
        public = [
            RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}
            for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": public}).encode()

    def rotate(self) -> None:
        """A new key signs from now on; the old one stays in the set, as Keycloak's passive keys do."""
        self.current = f"key-{len(self.keys) + 1}"
        self.keys[self.current] = new_key()

    def token(
        self, *, kid: str | None = None, organization: str = "acme", skew_seconds: float = 0.0, **claims: Any
    ) -> str:
        """An org-admin's access token, valid for five minutes by a clock that is `skew_seconds` ahead of ours."""
        now = time.time() + skew_seconds
        payload = {
            "iss": f"{self.url}/realms/{organization}",
            "org": organization,
            "typ": "Bearer",
            "iat": int(now),
            "exp": int(now) + 300,
            "sub": "00000000-0000-4000-8000-000000000001",
            "groups": ["org-admin"],
            **claims,
        }
        return jwt.encode(payload, self.keys[self.current], algorithm="RS256", headers={"kid": kid or self.current})


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
