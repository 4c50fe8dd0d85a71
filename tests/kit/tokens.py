"""Realms with separate keys, and tokens that are built without a JWT library, so that invalid tokens are possible."""

import base64
import hmac
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

KEYCLOAK = "https://keycloak.example.com"
AUDIENCE = "kube-dc-billing"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


class _Absent:
    """In the place of a claim or header parameter: leave it out."""


ABSENT = _Absent()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, length: int | None = None) -> str:
    """Base64urlUInt (RFC 7518 section 2)."""
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """`name` distinguishes keys of the same size. Each key is generated once per test run."""
    del name
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVES[curve])


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def rsa_jwk(name: str, key: rsa.RSAPrivateKey, **changes: Any) -> dict[str, Any]:
    """As Keycloak publishes it (RFC 7517), with `changes`."""
    numbers = key.public_key().public_numbers()
    jwk = {"kid": name, "kty": "RSA", "alg": "RS256", "use": "sig", "n": number(numbers.n), "e": number(numbers.e)}
    return _changed(jwk, changes)


def ec_jwk(kid: str, curve: str, **changes: Any) -> dict[str, Any]:
    numbers = ec_key(curve).public_key().public_numbers()
    length = (CURVES[curve].key_size + 7) // 8
    jwk = {"kid": kid, "kty": "EC", "use": "sig", "crv": curve}
    return _changed({**jwk, "x": number(numbers.x, length), "y": number(numbers.y, length)}, changes)


def ed_jwk(kid: str, **changes: Any) -> dict[str, Any]:
    raw = ed_key().public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return _changed({"kid": kid, "kty": "OKP", "use": "sig", "crv": "Ed25519", "x": b64(raw)}, changes)


def _changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if not isinstance(value, _Absent)}


@cache
def key_set(realm: str = "acme") -> bytes:
    """Every realm has a key named `rsa`, and none is another realm's; acme has one of each other kind too."""
    keys = [rsa_jwk("rsa", rsa_key(realm))]
    if realm == "acme":
        keys.append(rsa_jwk("any", rsa_key("any"), alg=ABSENT))
        keys += [ec_jwk(curve, curve) for curve in CURVES]
        keys.append(ed_jwk("ed"))
    else:
        keys.append(rsa_jwk(f"{realm}-only", rsa_key(realm)))
    return json.dumps({"keys": keys}).encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with `key` and `algorithm`. The header of the token can name another algorithm."""

    algorithm: str
    key: Any

    def sign(self, data: bytes) -> bytes:
        """RFC 7518 section 3, and RFC 8037."""
        kind, digest = self.algorithm[:2], HASHES.get(self.algorithm[2:], HASHES["256"])
        if kind == "HS":
            return hmac.new(self.key, data, f"sha{self.algorithm[2:]}").digest()
        if kind == "RS":
            return bytes(self.key.sign(data, padding.PKCS1v15(), digest))
        if kind == "PS":
            return bytes(self.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest))
        if kind == "ES":
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
            return pair(r, s, (self.key.key_size + 7) // 8)
        return bytes(self.key.sign(data))


def pair(r: int, s: int, length: int) -> bytes:
    """An ECDSA signature as JOSE has it (RFC 7518 section 3.4)."""
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


def realm_signer(realm: str) -> Signer:
    return Signer("RS256", rsa_key(realm))


def issuer(realm: str) -> str:
    return f"{KEYCLOAK}/realms/{realm}"


def header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "RS256", "typ": "JWT", "kid": "rsa"}, changes)


def claims(realm: str = "acme", /, **changes: Any) -> dict[str, Any]:
    """A project-user's access token as Keycloak writes it, with `changes`."""
    now = int(time.time())
    usual = {
        "exp": now + 300,
        "iat": now,
        "jti": "9c6f4a34-5d6c-4e0c-8f3c-3a7f6c2e3a11",
        "iss": issuer(realm),
        "aud": [AUDIENCE, "account"],
        "sub": "5f0c7e2e-7f0b-4c5e-9f0e-6d5b1d9a2c01",
        "typ": "Bearer",
        "azp": "kube-dc-console",
        "org": realm,
        "namespaces": [f"{realm}-web"],
        "groups": ["developers"],
    }
    return _changed(usual, changes)


def to_bytes(value: Any) -> bytes:
    """JSON, or the bytes themselves where JSON would be too well-behaved."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def token(head: Any = None, payload: Any = None, signer: Signer | None = None, signature: bytes | None = None) -> str:
    """A compact JWS (RFC 7515 section 7.1), by default signed with the key of acme."""
    head = header() if head is None else head
    payload = claims() if payload is None else payload
    signing_input = f"{b64(to_bytes(head))}.{b64(to_bytes(payload))}"
    if signature is None:
        signature = (signer or realm_signer("acme")).sign(signing_input.encode())
    return f"{signing_input}.{b64(signature)}"


def keys(*entries: Any) -> bytes:
    """A key set of these entries."""
    return json.dumps({"keys": list(entries)}).encode()
