"""Verifies a bearer token. Only this module creates a Caller.

A token that can be rejected without the realm's keys is rejected before they are fetched.
"""

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, NewType

import jwt
from jwt.types import Options

from common.billing.resilience import Clock
from common.http.errors import ApiError, TokenExpired, TokenInvalid, TokenTooLarge, Unauthenticated
from common.identity.caller import Caller, Role
from common.identity.jwks import Key
from common.identity.key_sets import KeySets
from common.identity.token import UnverifiedClaims, check_claims, check_header, split_token
from common.model import NAMESPACE_PATTERN
from common.process.settings import Settings

LABEL: Final = re.compile(NAMESPACE_PATTERN[1:-1])
CACHE_WEIGHT: Final = 8 * 1024 * 1024

SignedClaims = NewType("SignedClaims", UnverifiedClaims)
"""Claims whose signature was verified with a key of the realm that they name."""

# All options of PyJWT's decoder, including its defaults, so that a new release cannot change them.
DECODE_OPTIONS: Final[Options] = {
    "verify_signature": True,
    "verify_exp": True,
    "verify_nbf": True,
    "verify_iat": True,
    "verify_iss": True,
    "verify_sub": True,
    "verify_jti": True,
    "strict_aud": False,  # RFC 9068 section 4: the audience may be one of several
    "enforce_minimum_key_length": True,
    "require": ["exp", "iat", "iss"],
}


@dataclass(frozen=True, slots=True)
class _Known:
    """A cached verified token. Valid while its key is in the key set, and at most until `until` (Unix time)."""

    caller: Caller
    realm: str
    key: Key
    until: float
    weight: int


class Authenticator:
    def __init__(self, settings: Settings, key_sets: KeySets, clock: Clock = time.time) -> None:
        self._settings = settings
        self._key_sets = key_sets
        self._clock = clock
        self._excluded = frozenset(settings.oidc_excluded_realms)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._weight = 0

    def get_caller(self, unverified_token: bytes) -> Caller | None:
        """The caller of a cached token. Makes no network call."""
        digest = hashlib.sha256(unverified_token).digest()
        known = self._known.get(digest)
        if known is None:
            return None
        if self._clock() < known.until and self._key_sets.get_key(known.realm, known.key.kid) is known.key:
            self._known.move_to_end(digest)
            return known.caller
        self._forget(digest)
        return None

    async def authenticate(self, unverified_token: bytes) -> Caller:
        """Raises TokenTooLarge, TokenInvalid, TokenExpired or IdentityUnreachable."""
        if len(unverified_token) > self._settings.token_max_bytes:
            raise TokenTooLarge("too_large")
        unverified_header, unverified_payload, unverified_signature = split_token(unverified_token)
        algorithm, kid = check_header(unverified_header)
        if not unverified_signature:
            raise TokenInvalid("signature")
        unverified_claims = check_claims(unverified_payload)
        realm = self._check_issuer(unverified_claims)
        self._check_purpose(unverified_claims)
        key = await self._key_sets.fetch_key(realm, kid)
        claims = self._verify(unverified_token, unverified_claims, algorithm, key)
        self._key_sets.prove(realm)
        caller = self._caller(claims)
        self._remember(unverified_token, caller, realm, key, claims.exp)
        return caller

    # --- before the signature -------------------------------------------------

    def _check_issuer(self, unverified: UnverifiedClaims) -> str:
        """The realm. The issuer is built from the organization's name and compared. It is never parsed."""
        if unverified.org in self._excluded:
            raise TokenInvalid("excluded_realm")
        if unverified.iss != f"{self._settings.keycloak_url}/realms/{unverified.org}":
            raise TokenInvalid("issuer")
        return unverified.org

    def _check_purpose(self, unverified: UnverifiedClaims) -> None:
        """Rejects other token types (Keycloak's `typ`: Bearer, ID, Refresh), audiences and authorized parties."""
        s = self._settings
        if unverified.typ != "Bearer":
            raise TokenInvalid("token_type")
        audiences = [unverified.aud] if isinstance(unverified.aud, str) else unverified.aud or []
        if s.oidc_audience is not None and s.oidc_audience not in audiences:
            raise TokenInvalid("audience")
        if s.oidc_authorized_parties and unverified.azp not in s.oidc_authorized_parties:
            raise TokenInvalid("authorized_party")

    # --- the signature --------------------------------------------------------

    def _verify(self, token: bytes, unverified: UnverifiedClaims, algorithm: str, key: Key) -> SignedClaims:
        if algorithm not in key.algorithms:
            raise TokenInvalid("algorithm_of_key")
        s = self._settings
        try:
            jwt.decode(
                token,
                key.public_key,
                algorithms=[algorithm],
                audience=s.oidc_audience,
                issuer=unverified.iss,
                leeway=s.token_leeway_seconds,
                options={**DECODE_OPTIONS, "verify_aud": s.oidc_audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired("time", log=self._skew(unverified)) from None
        except jwt.ImmatureSignatureError:
            raise TokenInvalid("time", log=self._skew(unverified)) from None
        except jwt.InvalidSignatureError:
            raise TokenInvalid("signature") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise TokenInvalid("claims") from None
        return SignedClaims(unverified)

    def _skew(self, claims: UnverifiedClaims) -> dict[str, Any]:
        """How far our clock is past `exp` (positive), or before `nbf` or `iat` (negative), in seconds."""
        now = self._clock()
        begin = max(claims.iat, claims.nbf or claims.iat)
        return {"skew_seconds": round(now - claims.exp if now > claims.exp else now - begin, 1)}

    def _caller(self, claims: SignedClaims) -> Caller:
        group = self._settings.org_admin_group
        namespaces = frozenset(name for name in claims.namespaces if LABEL.fullmatch(name))
        if not {group, f"/{group}", f"{claims.org}:{group}"}.isdisjoint(claims.groups):
            role = Role.ORG_ADMIN
        else:
            role = Role.PROJECT_USER if namespaces else Role.GUEST
        return Caller(claims.org, claims.sub, role, namespaces, claims.exp)

    # --- cached tokens --------------------------------------------------------

    def _remember(self, token: bytes, caller: Caller, realm: str, key: Key, expires: float) -> None:
        now = self._clock()
        until = min(expires, now + self._settings.token_cache_seconds)
        if until <= now:
            return
        digest = hashlib.sha256(token).digest()
        self._forget(digest)
        known = _Known(caller, realm, key, until, 600 + 120 * len(caller.namespaces))
        self._known[digest] = known
        self._weight += known.weight
        while self._weight > CACHE_WEIGHT:
            self._weight -= self._known.popitem(last=False)[1].weight

    def _forget(self, digest: bytes) -> None:
        known = self._known.pop(digest, None)
        if known is not None:
            self._weight -= known.weight


def failure_metric(error: ApiError) -> str | None:
    """The label of auth_failures_total, or None if the failure is not about a token."""
    return error.reason if isinstance(error, Unauthenticated) else None
