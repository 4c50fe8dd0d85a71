"""A bearer token becomes a verified Caller, or is refused; the only module that makes a Caller.

Everything that can be refused without the realm's keys is refused before they are fetched. What has not been verified
carries `unverified` in its name.
"""

import base64
import binascii
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, NewType

import jwt
from jwt.types import Options
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from common.billing.resilience import Clock
from common.http.errors import ApiError, TokenExpired, TokenInvalid, TokenMissing
from common.identity.key_sets import ALGORITHMS, Key, KeySets
from common.models import NAMESPACE_PATTERN, parse_json
from common.process.settings import Settings

# RFC 6750 section 2.1 (`Bearer` 1*SP b64token) with RFC 9110 section 11.1: the scheme's case does not matter.
CREDENTIALS: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
COMPACT: Final = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")  # RFC 7515 section 7.1
# RFC 8725 sections 3.10 and 3.11: nothing in a token says where its key is, or that rules must be ignored.
FORBIDDEN_HEADERS: Final = frozenset(
    {"crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "cty", "enc"}
)
HEADER_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
LABEL: Final = re.compile(NAMESPACE_PATTERN[1:-1])
LATEST_DATE: Final = 253_402_300_799  # year 9999
CACHE_WEIGHT: Final = 8 * 1024 * 1024

# Every option of PyJWT's decoder stands here, defaults too: what is meant must not change with a release.
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


class Role(StrEnum):
    ORG_ADMIN = "org-admin"
    PROJECT_USER = "project-user"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a verified token says; `namespaces` are what the token names, which is no proof that they exist."""

    organization: str
    subject: str | None
    role: Role
    namespaces: frozenset[str]


def _numeric_date(value: object) -> object:
    """RFC 7519 section 2: a JSON number; a fraction is legal, a boolean, NaN or a date beyond 9999 is not."""
    if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
        number = value
        if 0 <= number <= LATEST_DATE:
            return float(number)
    msg = "no NumericDate"
    raise ValueError(msg)


NumericDate = Annotated[float, BeforeValidator(_numeric_date)]
Name = Annotated[str, StringConstraints(max_length=255)]
Names = Annotated[list[Name], Field(max_length=1000)]


class UnverifiedClaims(BaseModel):
    """Every claim that is looked at; each has one meaning and one type, and the rest is never read."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    iss: Name
    org: Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN)]
    typ: Name
    exp: NumericDate
    iat: NumericDate
    nbf: NumericDate | None = None
    aud: Name | Names | None = None
    azp: Name | None = None
    sub: Name | None = None
    namespaces: Names = []
    groups: Names = []


SignedClaims = NewType("SignedClaims", UnverifiedClaims)
"""Claims whose signature was verified with a key of the realm that they name."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A token verified before: good while its key stays in the key set, and no longer than `until` (Unix time)."""

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
        """The caller of a token that was verified a short while ago; asks nobody."""
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
        """Raises TokenInvalid, TokenExpired or IdentityUnreachable."""
        if len(unverified_token) > self._settings.token_max_bytes:
            raise TokenInvalid("too_large")
        unverified_header, unverified_payload, unverified_signature = _split(unverified_token)
        algorithm, kid = _check_header(unverified_header)
        if not unverified_signature:
            raise TokenInvalid("signature")
        unverified_claims = _check_claims(unverified_payload)
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
        """The realm: the issuer is rebuilt from the organization's name and compared, never taken apart."""
        if unverified.org in self._excluded:
            raise TokenInvalid("excluded_realm")
        if unverified.iss != f"{self._settings.keycloak_url}/realms/{unverified.org}":
            raise TokenInvalid("issuer")
        return unverified.org

    def _check_purpose(self, unverified: UnverifiedClaims) -> None:
        """An access token (Keycloak writes `typ`: Bearer, ID, Refresh), for us, and from a client of ours."""
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
        return Caller(claims.org, claims.sub, role, namespaces)

    # --- tokens verified before -----------------------------------------------

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


def read_credentials(authorization: Sequence[bytes]) -> bytes:
    """The token of the one Authorization header. Raises TokenMissing; two headers are two callers, so none."""
    if not authorization:
        raise TokenMissing("missing")
    if len(authorization) > 1:
        raise TokenMissing("duplicate")
    match = CREDENTIALS.fullmatch(authorization[0])
    if match is None:
        raise TokenMissing("malformed_header")
    return match[1]


def _split(unverified_token: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    match = COMPACT.fullmatch(unverified_token)
    if match is None:
        raise TokenInvalid("malformed")
    header, payload, signature = map(_decode_segment, match.groups())
    return _parse_object(header), _parse_object(payload), signature


def _decode_segment(segment: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2), in the one way to write it (RFC 4648 section 3.5)."""
    try:
        data = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenInvalid("malformed") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment:
        raise TokenInvalid("malformed")
    return data


def _parse_object(text: bytes) -> dict[str, Any]:
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        raise TokenInvalid("malformed") from None
    if not isinstance(value, dict):
        raise TokenInvalid("malformed")
    return value


def _check_header(unverified_header: dict[str, Any]) -> tuple[str, str]:
    """Algorithm and kid. RFC 8725 section 3.1: the algorithm is judged before any key is looked for."""
    algorithm, kid, kind = (
        unverified_header.get("alg"),
        unverified_header.get("kid"),
        unverified_header.get("typ", "JWT"),
    )
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenInvalid("algorithm")
    if not FORBIDDEN_HEADERS.isdisjoint(unverified_header):
        raise TokenInvalid("header")
    if not isinstance(kind, str) or kind.lower() not in HEADER_TYPES:
        raise TokenInvalid("header_type")
    if not isinstance(kid, str) or not 0 < len(kid) <= 255 or not kid.isprintable():  # noqa: PLR2004 - ample for a name
        raise TokenInvalid("kid")
    return algorithm, kid


def _check_claims(unverified_payload: dict[str, Any]) -> UnverifiedClaims:
    for name in UnverifiedClaims.model_fields:
        if unverified_payload.get(name, "absent") is None:
            raise TokenInvalid("claims", log={"claim": name})  # null has no claim's type (RFC 7519 section 4.1)
    try:
        return UnverifiedClaims.model_validate(unverified_payload)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise TokenInvalid("claims", log={"claim": str(first)}) from None


def failure_metric(error: ApiError) -> str | None:
    """The label of auth_failures_total, or None where the failure is not about a token."""
    return error.reason if isinstance(error, TokenMissing | TokenInvalid | TokenExpired) else None
