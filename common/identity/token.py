"""Parses a bearer token and checks everything that needs no key. The values here are not verified yet.

Names of unverified values start with `unverified`.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from common.http.errors import TokenInvalid, TokenMissing
from common.identity.jwks import ALGORITHMS
from common.model import NAMESPACE_PATTERN
from common.money.strict_json import parse_json

# RFC 6750 section 2.1 (`Bearer` 1*SP b64token) with RFC 9110 section 11.1: the scheme's case does not matter.
CREDENTIALS: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
COMPACT: Final = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")  # RFC 7515 section 7.1
# RFC 8725 sections 3.10 and 3.11: a token must not choose its key or change the rules of verification.
FORBIDDEN_HEADERS: Final = frozenset(
    {"crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "cty", "enc"}
)
HEADER_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
LATEST_DATE: Final = 253_402_300_799  # year 9999
LONGEST_NAME: Final = 255


def _numeric_date(value: object) -> object:
    """RFC 7519 section 2: a JSON number; a fraction is valid, a boolean, NaN or a date after 9999 is not."""
    if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
        number = value
        if 0 <= number <= LATEST_DATE:
            return float(number)
    msg = "not a NumericDate"
    raise ValueError(msg)


NumericDate = Annotated[float, BeforeValidator(_numeric_date)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]


class UnverifiedClaims(BaseModel):
    """All claims that are used. Other claims are never read.

    Entries of `namespaces` and `groups` have no separate limit: the token's size is the limit. Entries that cannot be
    namespaces or groups of this platform are ignored later.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    iss: Name
    org: Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN)]
    typ: Name
    exp: NumericDate
    iat: NumericDate
    nbf: NumericDate | None = None
    aud: str | list[str] | None = None
    azp: Name | None = None
    sub: Name | None = None
    namespaces: list[str] = []
    groups: list[str] = []


def read_credentials(authorization: Sequence[bytes]) -> bytes:
    """The token of the Authorization header. Raises TokenMissing, also for two headers: they may be two callers."""
    if not authorization:
        raise TokenMissing("missing")
    if len(authorization) > 1:
        raise TokenMissing("duplicate")
    match = CREDENTIALS.fullmatch(authorization[0])
    if match is None:
        raise TokenMissing("malformed_header")
    return match[1]


def split_token(unverified_token: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, payload, signature. Raises TokenInvalid."""
    match = COMPACT.fullmatch(unverified_token)
    if match is None:
        raise TokenInvalid("malformed")
    header, payload, signature = map(_decode_segment, match.groups())
    return _parse_object(header), _parse_object(payload), signature


def _decode_segment(segment: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2), in its canonical form (RFC 4648 section 3.5)."""
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


def check_header(unverified_header: dict[str, Any]) -> tuple[str, str]:
    """Algorithm and kid. RFC 8725 section 3.1: the algorithm is checked before a key is fetched."""
    algorithm = unverified_header.get("alg")
    kid = unverified_header.get("kid")
    kind = unverified_header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenInvalid("algorithm")
    if not FORBIDDEN_HEADERS.isdisjoint(unverified_header):
        raise TokenInvalid("header")
    if not isinstance(kind, str) or kind.lower() not in HEADER_TYPES:
        raise TokenInvalid("header_type")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_NAME or not kid.isprintable():
        raise TokenInvalid("kid")
    return algorithm, kid


def check_claims(unverified_payload: dict[str, Any]) -> UnverifiedClaims:
    for name in UnverifiedClaims.model_fields:
        if unverified_payload.get(name, "absent") is None:
            raise TokenInvalid("claims", log={"claim": name})  # null has no claim's type (RFC 7519 section 4.1)
    try:
        return UnverifiedClaims.model_validate(unverified_payload)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise TokenInvalid("claims", log={"claim": str(first)}) from None
