"""Reads the signature keys of a key set (JWKS, RFC 7517).

An entry that is not a signature key of a supported type is ignored. The other entries stay valid.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.billing.transport import UpstreamResponse
from common.money.strict_json import parse_json
from common.process import log

# RFC 7518 section 3.1 and RFC 8037: asymmetric only. A key is used only with the algorithms of its type and curve.
RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
ALGORITHMS: Final = RSA_ALGORITHMS | frozenset(CURVE_ALGORITHMS.values())
RSA_BITS: Final = range(2048, 8193)  # RFC 7518 section 3.3; larger keys would let a hostile realm use up CPU time
MAX_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and its allowed signature algorithms."""

    kid: str
    algorithms: frozenset[str]
    public_key: Any
    material: bytes  # the public key in DER: the members of a JWK can be written in several ways


class BadKeySet(Exception):
    """The reply is not a usable key set."""


def is_unknown_realm(reply: UpstreamResponse) -> bool:
    """Keycloak's own 404: `{"error": "Realm does not exist"}`. A proxy's 404 has another body."""
    if reply.status != HTTPStatus.NOT_FOUND or not reply.is_json:
        return False
    try:
        body = parse_json(reply.body)
    except (ValueError, RecursionError):
        return False
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, str) and "realm" in error.lower()


def read_keys(reply: UpstreamResponse) -> dict[str, Key]:
    if reply.status != HTTPStatus.OK:
        raise BadKeySet(f"status_{reply.status // 100}xx")
    try:
        body = parse_json(reply.body)
    except (ValueError, RecursionError):
        raise BadKeySet("bad_json") from None
    entries = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise BadKeySet("no_keys")
    keys = _by_kid([key for entry in entries[:MAX_KEYS] if (key := _read_key(entry))])
    # If the last signature key of a realm is disabled, Keycloak still lists the encryption key. Such a reply removes
    # the old keys. Any other reply without a usable key is invalid.
    if not keys and not any(isinstance(entry, dict) and entry.get("use") == "enc" for entry in entries):
        raise BadKeySet("no_usable_key")
    return keys


def _by_kid(found: list[Key]) -> dict[str, Key]:
    """The same key twice under one kid is one key. Different keys with one kid are not used."""
    keys: dict[str, Key] = {}
    contradictions = set()
    for key in found:
        other = keys.get(key.kid)
        if other is not None and other.material != key.material:
            contradictions.add(key.kid)
        algorithms = key.algorithms | other.algorithms if other else key.algorithms
        keys[key.kid] = Key(key.kid, algorithms, key.public_key, key.material)
    if contradictions:
        log.warn("key set has different keys under one kid: none of them is used", count=len(contradictions))
    return {kid: key for kid, key in keys.items() if kid not in contradictions}


def _read_key(jwk: object) -> Key | None:
    """A public signature key (RFC 7517 section 4). None for all other entries."""
    if not isinstance(jwk, dict) or not _for_signatures(jwk):
        return None
    kid, algorithms = jwk.get("kid"), _algorithms(jwk)
    if not isinstance(kid, str) or not 0 < len(kid) <= 255 or not algorithms:  # noqa: PLR2004 - as in a token's header
        return None
    material = {name: jwk.get(name) for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
    if not all(isinstance(value, str) for value in material.values()) or len(str(material.get("e", ""))) > 8:  # noqa: PLR2004
        return None
    try:
        public_key = jwt.PyJWK(material, algorithm=min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    if isinstance(public_key, RSAPublicKey) and public_key.key_size not in RSA_BITS:
        return None
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(kid, algorithms, public_key, der)


def _for_signatures(jwk: dict[str, Any]) -> bool:
    """`use` and `key_ops` (RFC 7517 sections 4.2, 4.3) must allow verification if they are present."""
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithms(jwk: dict[str, Any]) -> frozenset[str]:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if kind == "RSA":
        possible = RSA_ALGORITHMS
    elif isinstance(kind, str) and kind in {"EC", "OKP"} and isinstance(curve, str) and curve in CURVE_ALGORITHMS:
        possible = frozenset({CURVE_ALGORITHMS[curve]})
    else:
        return frozenset()
    named = jwk.get("alg")
    if named is None:
        return possible
    return possible & {named} if isinstance(named, str) else frozenset()
