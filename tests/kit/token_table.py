"""The token table: one row per attack or special case, with its source and the expected response.

A row is legal (200), or rejected with one of the contract's three texts and a reason code for log and metric. `fetches`
is the maximum number of requests for the realm's key set: 0 if no key is needed to reject the token.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from common.endpoint import Access
from common.http.errors import TokenTooLarge
from tests.kit.declared import Case
from tests.kit.envelopes import assert_error_envelope
from tests.kit.tokens import (
    ABSENT,
    AUDIENCE,
    KEYCLOAK,
    Signer,
    b64,
    claims,
    der,
    ec_jwk,
    ec_key,
    ed_jwk,
    ed_key,
    header,
    issuer,
    key_set,
    keys,
    number,
    pair,
    pem,
    realm_signer,
    rsa_jwk,
    rsa_key,
    to_bytes,
    token,
)

SHORTEST_SIGN = 16
"""Pieces of a token below this many characters are words that a log may hold by chance."""

REQUIRED = "Authentication token required"
INVALID = "Invalid authentication token"
EXPIRED = "Authentication token expired"
UNREACHABLE = "Identity provider unreachable"

KeySet = bytes | Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent, and against which key set of acme and which settings."""

    lines: list[bytes]
    key_set: KeySet | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    source: str
    make: Callable[[], Attempt]
    error: str | None
    reason: str | None
    fetches: int
    note: str = ""
    in_process: bool = False  # a server in front would change what is sent

    @property
    def status(self) -> int:
        if self.error is None:
            return 200
        return 503 if self.error == UNREACHABLE else 401


def assert_row(row: Row, case: Case, response: httpx.Response) -> None:
    """A legal token that is a guest's is 403 where more than a token is required."""
    if row.error is not None:
        assert assert_error_envelope(response, row.status, row.error)["details"] == {}
    elif response.status_code == 403:
        assert case.endpoint.access is not Access.TOKEN
        assert_error_envelope(response, 403)
    else:
        case.assert_success(response)


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


def assert_line(row: Row, case: Case, line: dict[str, Any]) -> None:
    """Status and reason of the log."""
    if row.error is None and case.endpoint.access is not Access.TOKEN:
        assert line["status"] in {case.endpoint.status, 403}
    else:
        assert (line["status"], line["reason"]) == (row.status, row.reason)


def assert_unseen(attempt: Attempt, log: str, response: httpx.Response) -> None:
    """Neither the token nor a part of it is in the log or the response."""
    said = log + response.text + json.dumps(list(response.headers.multi_items()))
    sent = [*attempt.lines, *(value.encode() for value in attempt.headers.values()), attempt.query.encode()]
    for value in sent:
        for word in value.replace(b",", b" ").replace(b"=", b" ").split():
            for part in word.decode("latin-1").split("."):
                assert len(part) < SHORTEST_SIGN or part not in said


def bearer(text: str | bytes, **more: Any) -> Attempt:
    value = text if isinstance(text, bytes) else text.encode()
    return Attempt([b"Bearer " + value], **more)


# --- outcomes -----------------------------------------------------------------


def legal(name: str, source: str, make: Callable[[], Attempt], note: str = "", *, in_process: bool = False) -> Row:
    return Row(name, source, make, None, None, 1, note, in_process)


def cheap(name: str, source: str, make: Callable[[], Attempt], reason: str, note: str = "") -> Row:
    """Rejected without a request for a key."""
    return Row(name, source, make, INVALID, reason, 0, note)


def large(name: str, source: str, make: Callable[[], Attempt]) -> Row:
    """Rejected by its size, before anything is parsed."""
    return Row(name, source, make, TokenTooLarge.text, "too_large", 0)


def checked(name: str, source: str, make: Callable[[], Attempt], reason: str, note: str = "") -> Row:
    """Rejected after the keys of the realm were fetched."""
    return Row(name, source, make, INVALID, reason, 1, note)


def expired(name: str, source: str, make: Callable[[], Attempt], note: str = "") -> Row:
    return Row(name, source, make, EXPIRED, "time", 1, note)


def missing(
    name: str, source: str, make: Callable[[], Attempt], reason: str, note: str = "", *, in_process: bool = False
) -> Row:
    return Row(name, source, make, REQUIRED, reason, 0, note, in_process)


def undecided(name: str, source: str, make: Callable[[], Attempt], note: str = "") -> Row:
    """The token cannot be checked: 503, and no token failure is counted."""
    return Row(name, source, make, UNREACHABLE, "jwks", 1, note)


# --- short ways to make one ---------------------------------------------------


def head(**changes: Any) -> Callable[[], Attempt]:
    """A token with these header parameters, its signature good."""
    return lambda: bearer(token(header(**changes)))


def payload(**changes: Any) -> Callable[[], Attempt]:
    """A token with these claims, its signature good."""
    return lambda: bearer(token(payload=claims(**changes)))


def since_now(**offsets: float) -> Callable[[], Attempt]:
    """A token with these claims, in seconds from now."""

    def make() -> Attempt:
        dates: dict[str, Any] = {name: int(time.time() + seconds) for name, seconds in offsets.items()}
        return bearer(token(payload=claims(**dates)))

    return make


def signed(algorithm: str, kid: str, key: Callable[[], Any], by: str | None = None) -> Callable[[], Attempt]:
    """The header names `algorithm`; the key signs with `by`."""
    return lambda: bearer(token(header(alg=algorithm, kid=kid), signer=Signer(by or algorithm, key())))


def confused(algorithm: str, secret: Callable[[], bytes], kid: str = "rsa") -> Callable[[], Attempt]:
    """HMAC with public data as the secret."""
    return lambda: bearer(token(header(alg=algorithm, kid=kid), signer=Signer(algorithm, secret())))


def against(*entries: Callable[[], Any], kid: str = "rsa", alg: str = "RS256") -> Callable[[], Attempt]:
    """A good token, and a key set of these entries."""
    return lambda: bearer(token(header(kid=kid, alg=alg)), key_set=keys(*(entry() for entry in entries)))


def served(answer: KeySet) -> Callable[[], Attempt]:
    """A valid token, and this response instead of a key set."""
    return lambda: bearer(token(), key_set=answer)


def raw(text: str | Callable[[], str]) -> Callable[[], Attempt]:
    return lambda: bearer(text if isinstance(text, str) else text())


def raw_header(text: bytes) -> Callable[[], Attempt]:
    return lambda: bearer(token(text))


def raw_payload(text: bytes) -> Callable[[], Attempt]:
    return lambda: bearer(token(payload=text))


def unsigned(algorithm: str) -> Callable[[], Attempt]:
    return lambda: bearer(token(header(alg=algorithm), signature=b""))


def for_two_clients(**changes: Any) -> Callable[[], Attempt]:
    """A token with these claims, where two clients are configured."""
    clients = {"oidc_authorized_parties": ("kube-dc-console", "cli")}
    return lambda: bearer(token(payload=claims(**changes)), settings=clients)


def entry(value: Any) -> Callable[[], Any]:
    return lambda: value


def acme_pem() -> bytes:
    return pem(rsa_key("acme"))


def line(*patterns: bytes) -> Callable[[], Attempt]:
    """Authorization lines with a good token in the place of %b."""

    def make() -> Attempt:
        good = token().encode()
        return Attempt([pattern.replace(b"%b", good) for pattern in patterns])

    return make


def own(**changes: Any) -> Callable[[], Any]:
    """Acme's own key in a key set, with changes."""
    return lambda: rsa_jwk("rsa", rsa_key("acme"), **changes)


def respelled(write: Callable[[bytes], str]) -> Callable[[], Any]:
    """Acme's own key with its modulus written in another way."""

    def entry() -> Any:
        modulus = rsa_key("acme").public_key().public_numbers().n
        return own(n=write(modulus.to_bytes(256, "big")))()

    return entry


def other() -> dict[str, Any]:
    return rsa_jwk("other", rsa_key("any"))


# --- algorithms ---------------------------------------------------------------

NONE_SPELLINGS = ["none", "None", "NONE", "nOnE", "none ", ""]
SYMMETRIC = ["HS256", "HS384", "HS512"]
KINDS: list[tuple[str, str, Callable[[], Any]]] = [
    ("RS256", "rsa", lambda: rsa_key("acme")),
    ("RS384", "any", lambda: rsa_key("any")),
    ("RS512", "any", lambda: rsa_key("any")),
    ("PS256", "any", lambda: rsa_key("any")),
    ("PS512", "any", lambda: rsa_key("any")),
    ("ES256", "P-256", lambda: ec_key("P-256")),
    ("ES384", "P-384", lambda: ec_key("P-384")),
    ("ES512", "P-521", lambda: ec_key("P-521")),
    ("EdDSA", "ed", ed_key),
]
FOREIGN_ALGORITHMS = [
    "ES256K",
    "RS1",
    "rs256",
    "RS256 ",
    "RSA-OAEP",
    "dir",
    "A128KW",
    "PBES2-HS256+A128KW",
    "ML-DSA-65",
]


def _psychic(curve: str) -> Callable[[], Attempt]:
    return lambda: bearer(token(header(alg="ES256", kid=curve), signature=bytes(64)))


def _der_signature() -> Attempt:
    head, body = header(alg="ES256", kid="P-256"), claims()
    data = f"{b64(to_bytes(head))}.{b64(to_bytes(body))}".encode()
    return bearer(token(head, body, signature=ec_key("P-256").sign(data, ec.ECDSA(hashes.SHA256()))))


def _mirrored_signature() -> Attempt:
    """(r, n - s) is the other signature that ECDSA has for every message."""
    head, body = header(alg="ES256", kid="P-256"), claims()
    data = f"{b64(to_bytes(head))}.{b64(to_bytes(body))}".encode()
    r, s = decode_dss_signature(ec_key("P-256").sign(data, ec.ECDSA(hashes.SHA256())))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return bearer(token(head, body, signature=pair(r, order - s, 32)))


def _short_salt() -> Attempt:
    head, body = header(alg="PS256", kid="any"), claims()
    data = f"{b64(to_bytes(head))}.{b64(to_bytes(body))}".encode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 0)
    return bearer(token(head, body, signature=rsa_key("any").sign(data, pss, hashes.SHA256())))


ALGORITHMS = [
    *(
        cheap(f"alg {spelling!r}, no signature", "RFC 8725 2.1, 3.2; RFC 7518 3.6", unsigned(spelling), "algorithm")
        for spelling in NONE_SPELLINGS
    ),
    cheap("alg none, a good RS256 signature kept", "RFC 8725 2.1", head(alg="none"), "algorithm"),
    cheap("alg null", "RFC 7515 4.1.1", head(alg=None), "algorithm"),
    cheap("alg absent", "RFC 7515 4.1.1", head(alg=ABSENT), "algorithm"),
    cheap("alg a number", "RFC 7515 4.1.1", head(alg=256), "algorithm"),
    cheap("alg a list", "RFC 7515 4.1.1", head(alg=["RS256"]), "algorithm"),
    cheap("alg an object", "RFC 7515 4.1.1", head(alg={"RS256": 1}), "algorithm"),
    cheap("alg true", "RFC 7515 4.1.1", head(alg=True), "algorithm"),
    *(
        cheap(
            f"{alg} with the public key in PEM",
            "RFC 8725 2.1; CVE-2016-10555; CVE-2022-29217",
            confused(alg, acme_pem),
            "algorithm",
        )
        for alg in SYMMETRIC
    ),
    cheap(
        "HS256 with the public key in DER", "RFC 8725 2.1", confused("HS256", lambda: der(rsa_key("acme"))), "algorithm"
    ),
    cheap(
        "HS256 with the JWK's text",
        "PyJWT GHSA-ffqj-6fqr-9h24",
        confused("HS256", lambda: to_bytes(own()())),
        "algorithm",
    ),
    cheap("HS256 with the complete key set", "RFC 8725 2.1", confused("HS256", key_set), "algorithm"),
    cheap("HS256 with an empty secret", "RFC 8725 3.5", confused("HS256", lambda: b""), "algorithm"),
    cheap("HS256 with a guessed secret", "RFC 8725 2.2", confused("HS256", lambda: b"secret"), "algorithm"),
    *(cheap(f"alg {alg!r}", "RFC 8725 3.1", head(alg=alg), "algorithm") for alg in FOREIGN_ALGORITHMS),
    cheap(
        "alg Ed25519",
        "RFC 9864 2.2",
        signed("Ed25519", "ed", ed_key),
        "algorithm",
        "the fully-specified name; Keycloak 26 writes EdDSA, so this is refused until it does not",
    ),
    checked(
        "header ES256, the key is RSA",
        "RFC 8725 3.1",
        signed("ES256", "rsa", lambda: ec_key("P-256")),
        "algorithm_of_key",
    ),
    checked(
        "header RS256, the key is on P-256",
        "RFC 8725 3.1",
        signed("RS256", "P-256", lambda: rsa_key("acme")),
        "algorithm_of_key",
    ),
    checked("header EdDSA, the key is RSA", "RFC 8725 3.1", signed("EdDSA", "rsa", ed_key), "algorithm_of_key"),
    checked(
        "header RS256, the key is Ed25519",
        "RFC 8725 3.1",
        signed("RS256", "ed", lambda: rsa_key("acme")),
        "algorithm_of_key",
    ),
    checked(
        "header ES256, the key is on P-384",
        "RFC 7518 3.4",
        signed("ES256", "P-384", lambda: ec_key("P-384")),
        "algorithm_of_key",
    ),
    checked(
        "header ES384, the key is on P-256",
        "RFC 7518 3.4",
        signed("ES384", "P-256", lambda: ec_key("P-256")),
        "algorithm_of_key",
    ),
    checked(
        "header ES256, the key is on P-521",
        "RFC 7518 3.4",
        signed("ES256", "P-521", lambda: ec_key("P-521")),
        "algorithm_of_key",
    ),
    checked(
        "RS512 with a key whose alg is RS256",
        "RFC 7517 4.4",
        signed("RS512", "rsa", lambda: rsa_key("acme")),
        "algorithm_of_key",
    ),
    checked(
        "PS256 with a key whose alg is RS256",
        "RFC 7517 4.4",
        signed("PS256", "rsa", lambda: rsa_key("acme")),
        "algorithm_of_key",
    ),
    checked(
        "header RS256, signed with PSS",
        "RFC 7518 3.3, 3.5",
        signed("RS256", "rsa", lambda: rsa_key("acme"), "PS256"),
        "signature",
    ),
    checked(
        "header PS256, signed with PKCS#1",
        "RFC 7518 3.3, 3.5",
        signed("PS256", "any", lambda: rsa_key("any"), "RS256"),
        "signature",
    ),
    checked(
        "header RS256, signed with SHA-512",
        "RFC 7518 3.3",
        signed("RS256", "rsa", lambda: rsa_key("acme"), "RS512"),
        "signature",
    ),
    checked("PS256 with a salt of no length", "RFC 7518 3.5", _short_salt, "signature"),
    checked("ES256 with r = s = 0", "CVE-2022-21449", _psychic("P-256"), "signature"),
    checked("ES256 signature in DER", "RFC 7518 3.4", _der_signature, "signature"),
    legal(
        "ES256 with the mirrored s",
        "RFC 7518 3.4",
        _mirrored_signature,
        "ECDSA is malleable; both are signatures of the same claims, and nothing here relies on a token being unique",
    ),
    *(
        legal(f"{alg} by a key of its kind", "RFC 7518 3.1; RFC 8037 3.1", signed(alg, kid, key))
        for alg, kid, key in KINDS
    ),
]

# --- signatures ---------------------------------------------------------------


def _swapped_payload() -> Attempt:
    good, richer = token().split("."), token(payload=claims(groups=["org-admin"])).split(".")
    return bearer(".".join([good[0], richer[1], good[2]]))


def _swapped_header() -> Attempt:
    good, other_head = token().split("."), token(header(x="y")).split(".")
    return bearer(".".join([other_head[0], *good[1:]]))


def _bent(change: Callable[[bytes], bytes]) -> Callable[[], Attempt]:
    """A good token whose signature went through `change`."""

    def make() -> Attempt:
        head, body = header(), claims()
        data = f"{b64(to_bytes(head))}.{b64(to_bytes(body))}".encode()
        return bearer(token(head, body, signature=change(realm_signer("acme").sign(data))))

    return make


SIGNATURES = [
    checked("claims of another token", "RFC 7515 5.2", _swapped_payload, "signature"),
    checked("header of another token", "RFC 7515 5.2", _swapped_header, "signature"),
    checked("first bit flipped", "RFC 7515 5.2", _bent(lambda s: bytes([s[0] ^ 128]) + s[1:]), "signature"),
    checked("last bit flipped", "RFC 7515 5.2", _bent(lambda s: s[:-1] + bytes([s[-1] ^ 1])), "signature"),
    checked("one byte short", "RFC 7515 5.2", _bent(lambda s: s[:-1]), "signature"),
    checked("one byte more", "RFC 7515 5.2", _bent(lambda s: s + b"\0"), "signature"),
    checked("leading zero byte", "RFC 8017 8.2.2", _bent(lambda s: b"\0" + s), "signature"),
    checked("zeros", "RFC 7515 5.2", _bent(lambda s: bytes(len(s))), "signature"),
    checked("as large as the modulus", "RFC 8017 8.2.2", _bent(lambda s: b"\xff" * len(s)), "signature"),
    checked("12 kB of it", "RFC 7515 5.2", _bent(lambda s: s * 40), "signature"),
    cheap("none, with an honest alg", "RFC 8725 2.1", _bent(lambda _: b""), "signature"),
    checked(
        "of another realm's key with our kid",
        "multi-tenant trap: kid does not identify a realm",
        lambda: bearer(token(signer=realm_signer("globex"))),
        "signature",
    ),
]

# --- header parameters --------------------------------------------------------

EVIL = "https://evil.example.com/jwks.json"
CRITICAL: list[Any] = [[], ["exp"], ["b64"], ["urn:x"], [1], None, "exp", {}, 0, ["exp", "exp"]]
HEADERS = [
    *(
        cheap(f"crit {value!r}", "RFC 7515 4.1.11; PyJWT GHSA-752w-5fwx-jx9f", head(crit=value), "header")
        for value in CRITICAL
    ),
    cheap("crit names itself known", "RFC 7515 4.1.11", head(crit=["exp"], exp=9999999999), "header"),
    cheap("b64 false, listed in crit", "RFC 7797 3, 6", head(crit=["b64"], b64=False), "header"),
    cheap("b64 false, not listed", "RFC 7797 6", head(b64=False), "header"),
    cheap("b64 true", "RFC 7797 7", head(b64=True), "header", "it would change nothing; a JWT has no use for it"),
    cheap("jku of a stranger", "RFC 8725 3.10; RFC 7515 4.1.2", head(jku=EVIL), "header"),
    cheap(
        "jku of the real provider",
        "RFC 8725 3.10",
        head(jku=f"{issuer('acme')}/protocol/openid-connect/certs"),
        "header",
    ),
    cheap("jku of the loopback", "RFC 8725 3.10", head(jku="http://127.0.0.1:1/"), "header"),
    cheap("jku null", "RFC 7515 4.1.2", head(jku=None), "header"),
    cheap("x5u", "RFC 8725 3.10; RFC 7515 4.1.5", head(x5u=EVIL), "header"),
    cheap("x5u of a file", "RFC 8725 3.10", head(x5u="file:///etc/passwd"), "header"),
    cheap("x5c", "RFC 7515 4.1.6", head(x5c=["MIIB"]), "header"),
    cheap("x5t", "RFC 7515 4.1.7", head(x5t="dGVzdA"), "header", "a hint at a certificate; we know keys by kid only"),
    cheap("x5t#S256", "RFC 7515 4.1.8", head(**{"x5t#S256": "dGVzdA"}), "header"),
    cheap(
        "jwk embedded, and signed by it",
        "RFC 7515 4.1.3; CVE-2018-0114",
        lambda: bearer(token(header(jwk=rsa_jwk("rsa", rsa_key("evil"))), signer=realm_signer("evil"))),
        "header",
    ),
    cheap("jwk embedded, the realm's own", "RFC 7515 4.1.3", lambda: bearer(token(header(jwk=own()()))), "header"),
    cheap("jwk embedded, symmetric", "RFC 7515 4.1.3", head(jwk={"kty": "oct", "k": "AAAA"}), "header"),
    cheap("zip", "RFC 8725 3.6; RFC 7516 4.1.3", head(zip="DEF"), "header"),
    cheap("enc", "RFC 7516 4.1.2", head(enc="A128GCM"), "header"),
    cheap("cty JWT: a token in a token", "RFC 7519 5.2", head(cty="JWT"), "header"),
    cheap("kid absent", "Keycloak always names it", head(kid=ABSENT), "kid"),
    cheap("kid null", "RFC 7515 4.1.4", head(kid=None), "kid"),
    cheap("kid empty", "RFC 7515 4.1.4", head(kid=""), "kid"),
    cheap("kid a number", "RFC 7515 4.1.4", head(kid=7), "kid"),
    cheap("kid true", "RFC 7515 4.1.4", head(kid=True), "kid"),
    cheap("kid a list", "RFC 7515 4.1.4", head(kid=["rsa"]), "kid"),
    cheap("kid an object", "RFC 7515 4.1.4", head(kid={"rsa": 1}), "kid"),
    cheap("kid of 10 kB", "RFC 8725 3.10", head(kid="r" * 10_000), "kid"),
    cheap("kid of 256 letters", "RFC 8725 3.10", head(kid="r" * 256), "kid"),
    cheap("kid with a line break", "RFC 8725 3.10; log injection", head(kid="rsa\n"), "kid"),
    cheap("kid with NUL", "RFC 8725 3.10", head(kid="rsa\0"), "kid"),
    cheap("kid with an escape sequence", "log injection", head(kid="rsa\x1b[2J"), "kid"),
    cheap("kid with a lone surrogate", "RFC 8259 8.2", head(kid="rsa\ud800"), "kid"),
    checked("kid traversing paths", "RFC 8725 3.10", head(kid="../../../dev/null"), "unknown_kid"),
    checked("kid injecting SQL", "RFC 8725 3.10", head(kid="x' OR '1'='1"), "unknown_kid"),
    checked("kid a URL", "RFC 8725 3.10", head(kid=EVIL), "unknown_kid"),
    checked("kid in capitals", "RFC 7515 4.1.4", head(kid="RSA"), "unknown_kid"),
    checked("kid with a space", "RFC 7515 4.1.4", head(kid="rsa "), "unknown_kid"),
    checked("kid of 255 letters", "RFC 8725 3.10", head(kid="r" * 255), "unknown_kid"),
    checked(
        "kid of another realm",
        "multi-tenant trap: keys belong to a realm",
        lambda: bearer(token(header(kid="globex-only"), signer=realm_signer("globex"))),
        "unknown_kid",
    ),
    legal("typ absent", "RFC 7515 4.1.9", head(typ=ABSENT)),
    legal("typ in lower case", "RFC 7515 4.1.9", head(typ="jwt")),
    legal("typ at+jwt", "RFC 9068 2.1", head(typ="at+jwt")),
    legal("typ application/at+jwt", "RFC 9068 2.1", head(typ="application/at+jwt")),
    *(
        cheap(f"typ {value!r}", "RFC 8725 3.11; RFC 7515 4.1.9", head(typ=value), "header_type")
        for value in (
            "JWE",
            "JOSE",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "oauth-authz-req+jwt",
            "",
            1,
            ["JWT"],
            None,
        )
    ),
    legal("an unknown header parameter", "RFC 7515 4", head(**{"urn:example": {"a": [1]}})),
]

# --- key sets -----------------------------------------------------------------


def _truncated() -> bytes:
    return key_set()[:-20]


def _redirect(request: httpx.Request) -> httpx.Response:
    del request
    return httpx.Response(302, headers={"location": "https://evil.example.com/certs"})


def _no_realm(_: httpx.Request) -> httpx.Response:
    return httpx.Response(404, json={"error": "Realm does not exist"})


def _status(code: int) -> KeySet:
    return lambda _: httpx.Response(code, content=key_set())


def _not_asked_encoding(request: httpx.Request) -> httpx.Response:
    del request
    return httpx.Response(200, headers={"content-encoding": "br"}, content=b"\x0b\x02\x80")


def _refused_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def _silence(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silence", request=request)


UNUSABLE: list[tuple[str, str, Callable[[], Any]]] = [
    ("use enc", "RFC 7517 4.2", own(use="enc")),
    ("use null", "RFC 7517 4.2", own(use=None)),
    ("use a list", "RFC 7517 4.2", own(use=["sig"])),
    ("key_ops without verify", "RFC 7517 4.3", own(key_ops=["sign"])),
    ("key_ops for encryption", "RFC 7517 4.3", own(key_ops=["encrypt", "wrapKey"])),
    ("key_ops a string", "RFC 7517 4.3", own(key_ops="verify")),
    ("key_ops empty", "RFC 7517 4.3", own(key_ops=[])),
    ("RSA with 1024 bits", "RFC 7518 3.3", lambda: rsa_jwk("rsa", rsa_key("small", 1024))),
    ("RSA with 2047 bits", "RFC 7518 3.3", lambda: rsa_jwk("rsa", rsa_key("almost", 2047))),
    ("RSA modulus of 16384 bits", "CPU by a hostile realm", own(n=number((1 << 16_384) - 1))),
    ("RSA modulus of 1", "RFC 7518 6.3.1.1", own(n="AQ")),
    ("RSA exponent of 1", "RFC 8017 3.1", own(e="AQ")),
    ("RSA exponent even", "RFC 8017 3.1", own(e=number(65536))),
    ("RSA exponent of 512 bits", "CPU by a hostile realm", own(e=number((1 << 511) + 1))),
    ("RSA modulus a number", "RFC 7518 6.3.1.1", own(n=12345)),
    ("RSA modulus empty", "RFC 7518 6.3.1.1", own(n="")),
    ("RSA modulus absent", "RFC 7518 6.3.1.1", own(n=ABSENT)),
    ("RSA modulus no base64url", "RFC 7518 6.3.1.1", own(n="!!!!")),
    ("kty in lower case", "RFC 7517 4.1", own(kty="rsa")),
    ("kty absent", "RFC 7517 4.1", own(kty=ABSENT)),
    ("kty a number", "RFC 7517 4.1", own(kty=1)),
    ("kty a list", "RFC 7517 4.1", own(kty=["RSA"])),
    ("a symmetric key", "RFC 7518 6.4; RFC 8725 3.1", lambda: {"kid": "rsa", "kty": "oct", "k": b64(b"s" * 64)}),
    (
        "a symmetric key with alg RS256",
        "RFC 7518 6.4",
        lambda: {"kid": "rsa", "kty": "oct", "alg": "RS256", "k": "AA"},
    ),
    ("alg of encryption", "RFC 7517 4.4; Keycloak's enc key", own(alg="RSA-OAEP")),
    ("alg none", "RFC 7517 4.4", own(alg="none")),
    ("alg HS256 on an RSA key", "RFC 8725 3.1", own(alg="HS256")),
    ("alg of another kind", "RFC 7517 4.4", own(alg="ES256")),
    ("alg a list", "RFC 7517 4.4", own(alg=["RS256"])),
    ("kid absent", "RFC 7517 4.5", own(kid=ABSENT)),
    ("kid a number", "RFC 7517 4.5", own(kid=7)),
    ("kid of 256 letters", "RFC 7517 4.5", own(kid="r" * 256)),
    ("kid a list", "RFC 7517 4.5", own(kid=["rsa"])),
]
ODD_ENTRIES: list[tuple[str, Any]] = [
    ("null", None),
    ("a string", "rsa"),
    ("a number", 7),
    ("a list", [{"kid": "rsa"}]),
    ("empty", {}),
    ("with every member a list", {"kid": [1], "kty": [1], "use": [1], "alg": [1], "n": [1], "e": [1]}),
]
BROKEN_SETS: list[tuple[str, str, KeySet]] = [
    ("empty", "RFC 7517 5", b'{"keys": []}'),
    ("keys an object", "RFC 7517 5.1", b'{"keys": {"rsa": {}}}'),
    ("keys null", "RFC 7517 5.1", b'{"keys": null}'),
    ("no keys member", "RFC 7517 5", b"{}"),
    ("a list", "RFC 7517 5", b"[]"),
    ("null", "RFC 7517 5", b"null"),
    ("an error page", "Keycloak behind a proxy", b"<html>maintenance</html>"),
    ("cut short", "RFC 8259", _truncated()),
    ("not UTF-8", "RFC 8259 8.1", b'{"keys": ["\xff"]}'),
    ("with NaN", "RFC 8259 6", b'{"keys": [{"kid": NaN}]}'),
    ("with a number beyond Decimal", "RFC 8259 6", b'{"keys": [], "x": 1e9999999999999999999}'),
    ("with a member twice", "RFC 8259 4", b'{"keys": [], ' + key_set()[1:]),
    ("nested 100 000 deep", "RFC 8259 9", b'{"keys": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("larger than allowed", "memory by a hostile realm", b'{"keys": [' + b" " * 300_000 + b"]}"),
    ("status 500", "Keycloak failing", _status(500)),
    ("status 503", "Keycloak starting", _status(503)),
    ("status 403", "a proxy before Keycloak", _status(403)),
    ("status 204", "RFC 9110 15.3.5", lambda _: httpx.Response(204)),
    ("a redirect", "PyJWT GHSA: key fetches follow no redirects; SSRF", _redirect),
    ("compressed without Accept-Encoding", "RFC 9110 8.4; a way around the size limit", _not_asked_encoding),
    ("connection refused", "Keycloak away", _refused_connection),
    ("silence", "Keycloak hanging", _silence),
]

KEY_SETS = [
    *(
        checked(f"key set: {name}, beside a good key", source, against(entry, other), "unknown_kid")
        for name, source, entry in UNUSABLE
    ),
    undecided("key set: nothing but an encryption key", "RFC 7517 4.2", against(own(use="enc"))),
    undecided(
        "key set: nothing but a symmetric key", "RFC 7518 6.4", against(lambda: {"kid": "rsa", "kty": "oct", "k": "AA"})
    ),
    checked(
        "key set: a kid twice, two keys",
        "RFC 7517 4.5",
        against(own(), lambda: rsa_jwk("rsa", rsa_key("evil")), other),
        "unknown_kid",
    ),
    legal("key set: a kid twice, the same key", "RFC 7517 4.5", against(own(), own(), other)),
    legal(
        "key set: a kid twice, the same key for two algorithms",
        "RFC 7517 4.5",
        against(own(alg="RS512"), own(alg="RS256"), other),
    ),
    *(
        legal(f"key set: a kid twice, the same key {name}", "RFC 7517 4.5", against(entry, own(), other))
        for name, entry in (
            ("with padding", respelled(lambda n: b64(n) + "==")),
            ("with a leading zero", respelled(lambda n: b64(b"\0" + n))),
            ("with another member", own(x="AAAA")),
            ("without alg", own(alg=ABSENT)),
        )
    ),
    legal("key set: a kid twice, one of them for encryption", "RFC 7517 4.5", against(own(use="enc"), own())),
    *(legal(f"key set: {name} beside the key", "RFC 7517 5", against(entry(odd), own())) for name, odd in ODD_ENTRIES),
    *(undecided(f"key set: {name}", source, served(answer)) for name, source, answer in BROKEN_SETS),
    checked("key set: 404", "Keycloak's response for an unknown realm", served(_no_realm), "unknown_realm"),
    undecided(
        "key set: another 404", "a proxy's response does not prove that the realm is missing", served(_status(404))
    ),
    checked(
        "key set: the key is the 101st",
        "memory and CPU by a hostile realm",
        lambda: bearer(token(), key_set=keys(*[{}] * 99, other(), own()())),
        "unknown_kid",
    ),
    legal(
        "key set: the key is the 100th",
        "the limit includes the 100th key",
        lambda: bearer(token(), key_set=keys(*[{}] * 99, own()())),
    ),
    checked(
        "key set: point not on the curve",
        "RFC 7518 6.2.1; invalid curve attack",
        lambda: bearer(
            token(header(alg="ES256", kid="P-256"), signer=Signer("ES256", ec_key("P-256"))),
            key_set=keys(ec_jwk("P-256", "P-256", y=b64(b"\1" * 32)), other()),
        ),
        "unknown_kid",
    ),
    checked(
        "key set: EC without x",
        "RFC 7518 6.2.1.2",
        against(lambda: ec_jwk("P-256", "P-256", x=ABSENT), other, kid="P-256", alg="ES256"),
        "unknown_kid",
    ),
    checked(
        "key set: EC on secp256k1",
        "RFC 8812 3",
        against(lambda: ec_jwk("P-256", "P-256", crv="secp256k1"), other, kid="P-256", alg="ES256"),
        "unknown_kid",
    ),
    checked(
        "key set: P-256 point with crv P-384",
        "RFC 7518 6.2.1.1",
        against(lambda: ec_jwk("P-256", "P-256", crv="P-384"), other, kid="P-256", alg="ES384"),
        "unknown_kid",
    ),
    checked(
        "key set: crv a list",
        "RFC 7518 6.2.1.1",
        against(lambda: ec_jwk("P-256", "P-256", crv=["P-256"]), other, kid="P-256", alg="ES256"),
        "unknown_kid",
    ),
    checked(
        "key set: X25519 for signatures",
        "RFC 8037 3.1",
        against(lambda: ed_jwk("ed", crv="X25519"), other, kid="ed", alg="EdDSA"),
        "unknown_kid",
    ),
    checked(
        "key set: Ed25519 key of 31 bytes",
        "RFC 8037 2",
        against(lambda: ed_jwk("ed", x=b64(b"\1" * 31)), other, kid="ed", alg="EdDSA"),
        "unknown_kid",
    ),
    legal(
        "key set: with the private key in it",
        "RFC 7517 9.2",
        against(own(d="AQAB", p="AQAB")),
        "the realm's own accident; only the public members are read",
    ),
    legal(
        "key set: with a certificate of something else",
        "RFC 7517 4.7",
        against(own(x5c=["MIIB"], x5t="AA")),
        "ignored: keys are known by kid",
    ),
    legal("key set: use and alg absent", "RFC 7517 4.2, 4.4", against(own(use=ABSENT, alg=ABSENT))),
    legal("key set: key_ops verify", "RFC 7517 4.3", against(own(key_ops=["verify"]))),
]

# --- claims -------------------------------------------------------------------

WRONG_TYPES: list[tuple[str, Any]] = [
    ("missing", ABSENT),
    ("null", None),
    ("a list", ["x"]),
    ("an object", {"x": 1}),
    ("true", True),
    ("empty text", ""),
    ("10 kB of text", "x" * 10_000),
]
WRONG_TEXTS: list[tuple[str, Any]] = [("a number", 7), ("a huge number", 10**40), ("a fraction", 1.5)]
WRONG_DATES: list[tuple[str, Any]] = [
    ("digits in a string", "9999999999"),
    ("before 1970", -1),
    ("in the year 10000", 253_402_300_800),
    ("10^40", 10**40),
]
REQUIRED_TEXTS = ["iss", "org", "typ"]
REQUIRED_DATES = ["exp", "iat"]
REASON_OF_EMPTY = {"iss": "issuer", "typ": "token_type"}  # no malformed claim, only a wrong one


def _with_raw(text: bytes) -> Callable[[], Attempt]:
    """A good payload with this member put in front, as bytes: what json.dumps would not write."""
    return lambda: bearer(token(payload=b"{" + text + b"," + to_bytes(claims())[1:]))


def _instead(claim: str, text: bytes) -> Callable[[], Attempt]:
    """A good payload with the claim's value as these bytes."""
    return lambda: bearer(
        token(payload=b'{"%b":%b,' % (claim.encode(), text) + to_bytes(claims(**{claim: ABSENT}))[1:])
    )


def _nested(depth: int, inside: str = "x") -> bytes:
    return b'"%b":' % inside.encode() + b"[" * depth + b"]" * depth


CLAIMS = [
    *(
        cheap(
            f"{claim} {name}",
            "RFC 7519 4.1; RFC 8725 3.1",
            payload(**{claim: value}),
            REASON_OF_EMPTY.get(claim, "claims") if value == "" else "claims",
        )
        for claim in REQUIRED_TEXTS
        for name, value in [*WRONG_TYPES, *WRONG_TEXTS]
    ),
    *(
        cheap(f"{claim} {name}", "RFC 7519 2 (NumericDate), 4.1", payload(**{claim: value}), "claims")
        for claim in REQUIRED_DATES
        for name, value in [*WRONG_TYPES, *WRONG_DATES]
    ),
    *(
        cheap(f"{claim} {text}", "RFC 8259 6", _instead(claim, text.encode()), "malformed")
        for claim in ["exp", "iat", "nbf", "iss", "sub"]
        for text in ("NaN", "Infinity", "-Infinity")
    ),
    cheap("exp with 5000 digits", "RFC 8259 6; CVE-2020-10735", _instead("exp", b"9" * 5000), "malformed"),
    cheap("exp 1e400", "RFC 8259 6: beyond a double", _instead("exp", b"1e400"), "claims"),
    cheap("exp beyond what Decimal can hold", "RFC 8259 6", _instead("exp", b"1e9999999999999999999"), "malformed"),
    cheap(
        "an unread claim beyond what Decimal can hold",
        "RFC 8259 6",
        _with_raw(b'"x":-1e-9999999999999999999'),
        "malformed",
    ),
    expired("exp an hour ago", "RFC 7519 4.1.4", since_now(exp=-3600, iat=-4000)),
    expired("exp just beyond the leeway", "RFC 7519 4.1.4", since_now(exp=-31, iat=-400)),
    expired("exp 0", "RFC 7519 4.1.4", payload(exp=0)),
    expired("exp -0.0", "RFC 8259 6", _instead("exp", b"-0.0")),
    legal("exp within the leeway", "RFC 7519 4.1.4: a small leeway", since_now(exp=-10, iat=-400)),
    legal("exp a fraction", "RFC 7519 2", lambda: bearer(token(payload=claims(exp=time.time() + 60.5)))),
    legal("exp with an exponent", "RFC 8259 6", _instead("exp", b"1e10")),
    legal(
        "exp in the year 9999",
        "RFC 7519 4.1.4",
        payload(exp=253_402_300_799),
        "the realm's own choice; a token is remembered for a minute at most",
    ),
    checked(
        "expired, and a bad signature",
        "RFC 7519 7.2: the signature first",
        lambda: bearer(token(payload=claims(exp=1), signer=realm_signer("globex"))),
        "signature",
    ),
    checked("nbf in an hour", "RFC 7519 4.1.5", since_now(nbf=3600), "time"),
    checked("nbf beyond the leeway", "RFC 7519 4.1.5", since_now(nbf=90), "time"),
    legal("nbf within the leeway", "RFC 7519 4.1.5", since_now(nbf=15)),
    legal("nbf long ago", "RFC 7519 4.1.5", payload(nbf=0)),
    *(
        cheap(f"nbf {name}", "RFC 7519 4.1.5", payload(nbf=value), "claims")
        for name, value in [*WRONG_TYPES, *WRONG_DATES]
        if value is not ABSENT
    ),
    checked("iat in an hour", "RFC 7519 4.1.6; PyJWT checks it", since_now(iat=3600, exp=7200), "time"),
    legal("iat within the leeway", "RFC 7519 4.1.6", since_now(iat=15)),
    legal("iat a fraction", "RFC 7519 2", lambda: bearer(token(payload=claims(iat=time.time() - 0.5)))),
    legal("iat 0", "RFC 7519 4.1.6", payload(iat=0), "old, and exp decides"),
    cheap(
        "namespaces a string",
        "mapper set to single value: 'acme-web' must not be read by letters",
        payload(namespaces="acme-web"),
        "claims",
    ),
    cheap("namespaces null", "RFC 7519 2", payload(namespaces=None), "claims"),
    cheap("namespaces an object", "mapper set to JSON", payload(namespaces={"acme-web": True}), "claims"),
    cheap("namespaces with numbers", "strict types", payload(namespaces=["acme-web", 7]), "claims"),
    cheap("namespaces with null", "strict types", payload(namespaces=["acme-web", None]), "claims"),
    cheap("namespaces with lists", "strict types", payload(namespaces=[["acme-web"]]), "claims"),
    cheap("namespaces with booleans", "strict types", payload(namespaces=[True]), "claims"),
    legal("namespaces, 1001 of them", "the token's size is the limit", payload(namespaces=["a"] * 1001)),
    large("namespaces, 10 000 of them", "memory", payload(namespaces=[f"acme-{n}" for n in range(10_000)])),
    legal("namespaces with a name of 256 letters", "RFC 1123", payload(namespaces=["acme-web", "a" * 256])),
    legal("groups, 1001 of them", "the token's size is the limit", payload(groups=["g"] * 1001)),
    legal("groups with a path of 300 letters", "Keycloak group paths", payload(groups=["org-admin", "/" + "p" * 300])),
    legal("namespaces with duplicates", "a set of names", payload(namespaces=["acme-web"] * 3)),
    legal("namespaces absent", "Keycloak leaves out an empty multi-value claim", payload(namespaces=ABSENT)),
    legal("namespaces empty", "no project", payload(namespaces=[])),
    legal(
        "namespaces with invalid names",
        "RFC 1123",
        payload(namespaces=["../x", "A", "", "a b", "acme-web\n"]),
        "they can never match; the caller is a guest",
    ),
    *(
        cheap(f"groups {name}", "strict types", payload(groups=value), "claims")
        for name, value in [
            ("a string", "org-admin"),
            ("null", None),
            ("an object", {"org-admin": 1}),
            ("with numbers", [1]),
            ("true", True),
        ]
    ),
    legal("groups absent", "Keycloak leaves out an empty multi-value claim", payload(groups=ABSENT)),
    *(
        cheap(f"org {value!r}", "RFC 1123; the issuer is rebuilt from it", payload(org=value), "claims")
        for value in (
            "Acme",
            "acme\n",
            " acme",
            "acme/../globex",
            "acme%2f",
            "-acme",
            "acme-",
            "acme.prod",
            "a" * 64,
            "\u0430cme",
            "acme\0",
            "acme?x",
            "acme#x",
            "../acme",
        )
    ),
    *(
        cheap(
            f"typ {value!r}",
            "Keycloak: ID, Refresh, Offline, Logout, DPoP; RFC 8725 3.12",
            payload(typ=value),
            "token_type",
        )
        for value in (
            "ID",
            "Refresh",
            "Offline",
            "Logout",
            "DPoP",
            "bearer",
            "BEARER",
            "Bearer ",
            "Serialized-ID",
            "UMA",
        )
    ),
    *(
        cheap(f"aud {name}", "RFC 7519 4.1.3; RFC 8725 3.9", payload(aud=value), "audience")
        for name, value in [
            ("of another service", "other"),
            ("a list without ours", ["account", "other"]),
            ("an empty list", []),
            ("absent", ABSENT),
            ("in capitals", AUDIENCE.upper()),
            ("ours as a prefix", AUDIENCE + "-2"),
            ("a prefix of ours", AUDIENCE[:-1]),
            ("ours with a space", AUDIENCE + " "),
            ("joined by spaces", f"account {AUDIENCE}"),
            ("empty text", ""),
        ]
    ),
    *(
        cheap(f"aud {name}", "RFC 7519 4.1.3", payload(aud=value), "claims")
        for name, value in [
            ("null", None),
            ("a number", 7),
            ("an object", {AUDIENCE: 1}),
            ("a list with a number", [AUDIENCE, 7]),
            ("a list in a list", [[AUDIENCE]]),
            ("a list with null", [AUDIENCE, None]),
        ]
    ),
    legal("aud ours alone", "RFC 7519 4.1.3", payload(aud=AUDIENCE)),
    legal("aud in a list of one", "RFC 7519 4.1.3", payload(aud=[AUDIENCE])),
    legal(
        "aud of another service, none configured",
        "OIDC_AUDIENCE unset: a WARN at start",
        lambda: bearer(token(payload=claims(aud="other")), settings={"oidc_audience": None}),
    ),
    legal(
        "aud absent, none configured",
        "OIDC_AUDIENCE unset",
        lambda: bearer(token(payload=claims(aud=ABSENT)), settings={"oidc_audience": None}),
    ),
    cheap(
        "aud null, none configured",
        "RFC 7519 4.1.3",
        lambda: bearer(token(payload=claims(aud=None)), settings={"oidc_audience": None}),
        "claims",
    ),
    *(
        cheap(f"azp {name}", "OIDC Core 2; Keycloak", for_two_clients(azp=value), reason)
        for name, value, reason in [
            ("of another client", "admin-cli", "authorized_party"),
            ("absent", ABSENT, "authorized_party"),
            ("null", None, "claims"),
            ("a list", ["kube-dc-console"], "claims"),
            ("empty", "", "authorized_party"),
        ]
    ),
    legal(
        "azp of a configured client",
        "OIDC Core 2",
        lambda: bearer(token(), settings={"oidc_authorized_parties": ("cli", "kube-dc-console")}),
    ),
    legal("azp of any client, none configured", "OIDC Core 2", payload(azp="admin-cli")),
    cheap("sub a number", "RFC 7519 4.1.2", payload(sub=7), "claims"),
    cheap("sub null", "RFC 7519 4.1.2", payload(sub=None), "claims"),
    cheap("sub of 256 letters", "OIDC Core 2: at most 255", payload(sub="s" * 256), "claims"),
    cheap("sub with a lone surrogate", "RFC 8259 8.2", payload(sub="\ud800"), "claims"),
    legal("sub absent", "Keycloak leaves it out of lightweight tokens", payload(sub=ABSENT)),
    legal(
        "sub with control characters",
        "log injection",
        payload(sub='a\r\n{"level": "ERROR"}\0\x1b[2J'),
        "the log escapes them",
    ),
    checked("jti a number", "RFC 7519 4.1.7", payload(jti=7), "claims", "PyJWT checks it, after the signature"),
    legal("jti absent", "RFC 7519 4.1.7", payload(jti=ABSENT)),
    legal("an unknown claim, nested", "RFC 7519 4", payload(realm_access={"roles": ["admin", {"x": [None]}]})),
    legal(
        "realm roles that say admin",
        "Keycloak realm_access is not used as a group",
        payload(realm_access={"roles": ["org-admin"]}),
    ),
]

# --- issuers ------------------------------------------------------------------

HOST = KEYCLOAK.removeprefix("https://")
ISSUERS: list[tuple[str, str]] = [
    ("with a longer realm", f"{KEYCLOAK}/realms/acme-prod"),
    ("with a shorter realm", f"{KEYCLOAK}/realms/acm"),
    ("of another realm", f"{KEYCLOAK}/realms/globex"),
    ("of another realm in capitals", f"{KEYCLOAK}/realms/ACME"),
    ("with a trailing slash", f"{KEYCLOAK}/realms/acme/"),
    ("with two slashes", f"{KEYCLOAK}//realms/acme"),
    ("with the host in capitals", f"https://{HOST.upper()}/realms/acme"),
    ("with the scheme in capitals", f"HTTPS://{HOST}/realms/acme"),
    ("without TLS", f"http://{HOST}/realms/acme"),
    ("with the default port", f"https://{HOST}:443/realms/acme"),
    ("on another host", "https://evil.example.com/realms/acme"),
    ("on a host that begins like ours", f"https://{HOST}.evil.com/realms/acme"),
    ("on a host that ends like ours", f"https://evil-{HOST}/realms/acme"),
    ("with ours as user", f"https://{HOST}@evil.com/realms/acme"),
    ("with userinfo", f"https://x:y@{HOST}/realms/acme"),
    ("with ours in the path", f"https://evil.com/{HOST}/realms/acme"),
    ("with ours in the fragment", f"https://evil.com#{KEYCLOAK}/realms/acme"),
    ("with dot segments", f"{KEYCLOAK}/realms/globex/../acme"),
    ("with dot segments to another realm", f"{KEYCLOAK}/realms/acme/../globex"),
    ("with a dot segment", f"{KEYCLOAK}/./realms/acme"),
    ("percent-encoded", f"{KEYCLOAK}/realms/%61cme"),
    ("with an encoded slash", f"{KEYCLOAK}/realms%2Facme"),
    ("with a query", f"{KEYCLOAK}/realms/acme?x=1"),
    ("with a fragment", f"{KEYCLOAK}/realms/acme#x"),
    ("with a backslash", f"{KEYCLOAK}\\realms\\acme"),
    ("with a space before", f" {KEYCLOAK}/realms/acme"),
    ("with a line break after", f"{KEYCLOAK}/realms/acme\n"),
    ("with NUL after", f"{KEYCLOAK}/realms/acme\0"),
    ("with a Cyrillic letter", f"{KEYCLOAK}/realms/\u0430cme"),
    ("of Keycloak before 17", f"{KEYCLOAK}/auth/realms/acme"),
    ("without a realm", f"{KEYCLOAK}/realms/"),
    ("of the base alone", KEYCLOAK),
    ("relative", "/realms/acme"),
    ("of two, by comma", f"{KEYCLOAK}/realms/acme,{KEYCLOAK}/realms/globex"),
]


def _of(realm: str, signer_of: str | None = None, **changes: Any) -> Callable[[], Attempt]:
    """A token that names this realm; another realm can sign it."""
    return lambda: bearer(token(payload=claims(realm, **changes), signer=realm_signer(signer_of or realm)))


ISSUER_ROWS = [
    *(
        cheap(
            f"issuer {name}",
            "RFC 8725 3.8; multi-tenant trap: issuers are compared, not parsed",
            payload(iss=value),
            "issuer",
        )
        for name, value in ISSUERS
    ),
    *(
        cheap(f"realm {realm}", "Keycloak: master and sso are not organizations", _of(realm), "excluded_realm")
        for realm in ("master", "sso")
    ),
    cheap("org master, issuer acme", "Keycloak", payload(org="master"), "excluded_realm"),
    cheap("issuer master, org acme", "Keycloak", payload(iss=issuer("master")), "issuer"),
    cheap(
        "org acme in a token of globex",
        "multi-tenant trap: org is written by the realm",
        _of("globex", org="acme"),
        "issuer",
    ),
    cheap(
        "org acme-prod in a token of acme",
        "multi-tenant trap: one name begins another",
        _of("acme", org="acme-prod"),
        "issuer",
    ),
    cheap(
        "org acme in a token of acme-prod",
        "multi-tenant trap: one name begins another",
        _of("acme-prod", org="acme"),
        "issuer",
    ),
    checked("globex signs as acme", "RFC 8725 3.8", _of("acme", "globex"), "signature"),
    checked("acme-prod signs as acme", "RFC 8725 3.8", _of("acme", "acme-prod"), "signature"),
    checked("acme signs as globex", "RFC 8725 3.8", _of("globex", "acme"), "signature"),
    checked("a realm that is not there", "Keycloak: 404", _of("nowhere", "acme"), "unknown_realm"),
    legal("globex as globex", "every realm for itself", _of("globex")),
    legal("acme-prod as acme-prod", "every realm for itself", _of("acme-prod")),
    legal(
        "globex with groups of acme",
        "multi-tenant trap: groups are the realm's own",
        _of("globex", groups=["acme:org-admin"]),
        "a caller of globex, never of acme",
    ),
]

# --- shapes -------------------------------------------------------------------


def _part(index: int, change: Callable[[str], str]) -> Callable[[], Attempt]:
    """A good token with one segment changed as text."""

    def make() -> Attempt:
        parts = token().split(".")
        parts[index] = change(parts[index])
        return bearer(".".join(parts))

    return make


def _loose_bits(index: int) -> Callable[[], Attempt]:
    """The unused bits of the last base64url letter set: other text for the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def make() -> Attempt:
        head, body = to_bytes(header()), to_bytes(claims())
        while len(head) % 3 != 1:
            head += b" "
        while len(body) % 3 != 1:
            body += b" "
        parts = token(head, body).split(".")
        last = parts[index][-1]
        parts[index] = parts[index][:-1] + letters[letters.index(last) + 1]
        if index < 2:
            signature = realm_signer("acme").sign(f"{parts[0]}.{parts[1]}".encode())
            parts[2] = b64(signature)
        return bearer(".".join(parts))

    return make


def _flattened() -> Attempt:
    head, body, signature = token().split(".")
    return bearer(json.dumps({"protected": head, "payload": body, "signature": signature}, separators=(",", ":")))


def _sized(size: int) -> Callable[[], Attempt]:
    """A good token of exactly this many bytes."""

    def make() -> Attempt:
        spare, filler = size, ""
        while spare:
            text = token(header(x=filler))
            spare = size - len(text)
            filler += "x" * max(1, spare * 3 // 4 - 3) if spare > 0 else ""
            assert spare >= 0
        return bearer(text)

    return make


JWE = b64(b'{"alg":"RSA-OAEP","enc":"A256GCM"}') + ".AAAA.AAAA.AAAA.AAAA"
SHAPES = [
    *(
        cheap(f"token {text!r}", "RFC 7515 7.1", raw(text), "malformed")
        for text in (
            "null",
            "undefined",
            "token",
            "a",
            "a.b",
            "..",
            ".",
            "a..c",
            ".b.c",
            "a.b.c",
            "a.b.c.d",
            "true",
            "0",
            "~",
            "-",
            "...",
            "....",
        )
    ),
    cheap("one segment", "RFC 7515 7.1", raw(lambda: token().split(".")[0]), "malformed"),
    cheap("two segments", "RFC 7515 7.1", raw(lambda: token().rsplit(".", 1)[0]), "malformed"),
    cheap("two segments and a dot", "RFC 7515 7.1", raw(lambda: token().rsplit(".", 1)[0] + "."), "signature"),
    cheap("four segments", "RFC 7515 7.1", raw(lambda: token() + ".AAAA"), "malformed"),
    cheap("a dot after the end", "RFC 7515 7.1", raw(lambda: token() + "."), "malformed"),
    cheap("a dot before the start", "RFC 7515 7.1", raw(lambda: "." + token()), "malformed"),
    cheap("five segments: a JWE", "RFC 7516 3.1", raw(lambda: JWE), "malformed"),
    cheap("two tokens by a dot", "RFC 7515 7.1", raw(lambda: f"{token()}.{token()}"), "malformed"),
    missing("JSON serialization", "RFC 7515 7.2", _flattened, "malformed_header"),
    cheap("padding after the signature", "RFC 7515 2: no padding", raw(lambda: token() + "="), "malformed"),
    cheap("padding twice after the signature", "RFC 7515 2: no padding", raw(lambda: token() + "=="), "malformed"),
    missing("padding inside", "RFC 7515 2; RFC 6750 2.1", _part(0, lambda s: s + "="), "malformed_header"),
    missing("a percent sign", "RFC 6750 2.1", _part(1, lambda s: s + "%3D"), "malformed_header"),
    cheap("the other base64 alphabet: +", "RFC 4648 5", _part(1, lambda s: s[:-4] + "+AAA"), "malformed"),
    cheap("the other base64 alphabet: /", "RFC 4648 5", _part(2, lambda s: s[:-4] + "/AAA"), "malformed"),
    cheap("a tilde: SD-JWT", "RFC 9901", raw(lambda: token() + "~"), "malformed"),
    cheap(
        "header of a length base64 does not have",
        "RFC 4648 3.2",
        _part(0, lambda s: s + "A" * (5 - len(s) % 4)),
        "malformed",
    ),
    cheap(
        "payload of a length base64 does not have",
        "RFC 4648 3.2",
        _part(1, lambda s: s + "A" * (5 - len(s) % 4)),
        "malformed",
    ),
    cheap(
        "signature of a length base64 does not have",
        "RFC 4648 3.2",
        _part(2, lambda s: s + "A" * (5 - len(s) % 4)),
        "malformed",
    ),
    cheap("loose bits in the header", "RFC 4648 3.5", _loose_bits(0), "malformed"),
    cheap("loose bits in the payload", "RFC 4648 3.5", _loose_bits(1), "malformed"),
    cheap("loose bits in the signature", "RFC 4648 3.5", _loose_bits(2), "malformed"),
    legal("of 16 KiB", "TOKEN_MAX_BYTES", _sized(16_384)),
    large("of 16 KiB and one byte", "TOKEN_MAX_BYTES", _sized(16_385)),
    large("of 1 MB", "memory", raw(lambda: "A" * 1_000_000)),
    large("of 1 MB of dots", "regular expressions in bounded time", raw(lambda: "a." * 500_000)),
    cheap("of 16 KiB of dots", "regular expressions in bounded time", raw(lambda: "a." * 8_000), "malformed"),
    missing(
        "of 1 MB whose end makes it invalid",
        "regular expressions in bounded time",
        raw(lambda: "=" * 1_000_000 + "!"),
        "malformed_header",
    ),
    *(
        cheap(f"header {text!r}", "RFC 7515 4: a JSON object", raw_header(text), "malformed")
        for text in (
            b"",
            b"null",
            b"[]",
            b'"RS256"',
            b"1",
            b"{",
            b"{}x",
            b"{'alg':'RS256'}",
            b'{"alg":"RS256",}',
            b"\xff\xfe",
            b'\xef\xbb\xbf{"alg":"RS256"}',
        )
    ),
    *(
        cheap(f"payload {text!r}", "RFC 7519 7.2: a JSON object", raw_payload(text), "malformed")
        for text in (b"", b"null", b"[]", b'"x"', b"1", b"{", b"{}{}", b"{/**/}", b"\xc3\x28", b'{"iss":"\xff"}', b"\0")
    ),
    cheap(
        "payload in UTF-16",
        "RFC 8259 8.1",
        lambda: bearer(token(payload=json.dumps(claims()).encode("utf-16"))),
        "malformed",
    ),
    cheap(
        "header in UTF-16", "RFC 8259 8.1", lambda: bearer(token(json.dumps(header()).encode("utf-16-le"))), "malformed"
    ),
    cheap(
        "payload with a byte order mark",
        "RFC 8259 8.1",
        lambda: bearer(token(payload=b"\xef\xbb\xbf" + to_bytes(claims()))),
        "malformed",
    ),
    cheap("payload nested 3 000 deep", "RFC 8259 9", _with_raw(_nested(3000)), "malformed"),
    cheap(
        "header nested 3 000 deep",
        "RFC 8259 9",
        lambda: bearer(token(b"{" + _nested(3000) + b"," + to_bytes(header())[1:])),
        "malformed",
    ),
    legal("payload nested 100 deep", "RFC 8259 9", _with_raw(_nested(100))),
    cheap(
        "alg twice, the good one last",
        "RFC 7515 4; RFC 8259 4",
        lambda: bearer(token(b'{"alg":"none",' + to_bytes(header())[1:])),
        "malformed",
    ),
    cheap(
        "alg twice, the good one first",
        "RFC 7515 4; RFC 8259 4",
        lambda: bearer(token(to_bytes(header())[:-1] + b',"alg":"none"}')),
        "malformed",
    ),
    cheap("kid twice", "RFC 7515 4", lambda: bearer(token(to_bytes(header())[:-1] + b',"kid":"rsa"}')), "malformed"),
    cheap(
        "alg twice, once escaped",
        "RFC 8259 8.3",
        lambda: bearer(token(to_bytes(header())[:-1] + b',"\\u0061lg":"none"}')),
        "malformed",
    ),
    cheap("org twice", "RFC 7519 4", _with_raw(b'"org":"globex"'), "malformed"),
    cheap("exp twice", "RFC 7519 4", _with_raw(b'"exp":1'), "malformed"),
    cheap("a member twice, deep inside", "RFC 7519 4", _with_raw(b'"x":{"y":[{"z":1,"z":2}]}'), "malformed"),
    legal(
        "white space around",
        "RFC 8259 2",
        lambda: bearer(token(b" \n" + to_bytes(header()), b"\t" + to_bytes(claims()) + b"\r\n")),
    ),
    legal(
        "claim names escaped",
        "RFC 8259 7",
        lambda: bearer(token(payload=to_bytes(claims()).replace(b'"org"', b'"\\u006frg"'))),
    ),
]

# --- header lines -------------------------------------------------------------

LINES = [
    missing("no header", "RFC 6750 3", lambda: Attempt([]), "missing"),
    missing("empty header", "RFC 6750 2.1", line(b""), "malformed_header"),
    missing("scheme alone", "RFC 6750 2.1", line(b"Bearer"), "malformed_header"),
    missing("scheme and a space", "RFC 6750 2.1", line(b"Bearer "), "malformed_header", in_process=True),
    missing("token without scheme", "RFC 6750 2.1", line(b"%b"), "malformed_header"),
    missing("no space", "RFC 6750 2.1", line(b"Bearer%b"), "malformed_header"),
    missing("a tab", "RFC 6750 2.1", line(b"Bearer\t%b"), "malformed_header"),
    missing("a colon", "RFC 6750 2.1", line(b"Bearer: %b"), "malformed_header"),
    missing("an equals sign", "RFC 6750 2.1", line(b"Bearer=%b"), "malformed_header"),
    missing("in quotes", "RFC 6750 2.1", line(b'Bearer "%b"'), "malformed_header"),
    missing("a space before the scheme", "RFC 9110 5.5", line(b" Bearer %b"), "malformed_header", in_process=True),
    missing(
        "a space after the token",
        "RFC 9110 5.5",
        line(b"Bearer %b "),
        "malformed_header",
        "a server strips it: then it is legal",
        in_process=True,
    ),
    missing("a word after the token", "RFC 6750 2.1", line(b"Bearer %b x"), "malformed_header"),
    missing("a parameter after the token", "RFC 9110 11.4", line(b"Bearer %b, realm=x"), "malformed_header"),
    missing("two tokens by comma", "RFC 9110 5.3: two lines joined", line(b"Bearer %b, Bearer %b"), "malformed_header"),
    missing("two tokens by comma, no space", "RFC 9110 5.3", line(b"Bearer %b,%b"), "malformed_header"),
    missing("two tokens by space", "RFC 6750 2.1", line(b"Bearer %b %b"), "malformed_header"),
    missing("scheme twice", "RFC 6750 2.1", line(b"Bearer Bearer %b"), "malformed_header"),
    missing("two lines, the same", "RFC 9110 5.3: no list header", line(b"Bearer %b", b"Bearer %b"), "duplicate"),
    missing("two lines, one Basic", "RFC 9110 5.3", line(b"Bearer %b", b"Basic YTpi"), "duplicate"),
    missing("two lines, Basic first", "RFC 9110 5.3", line(b"Basic YTpi", b"Bearer %b"), "duplicate"),
    missing("two lines, one empty", "RFC 9110 5.3", line(b"", b"Bearer %b"), "duplicate"),
    missing("three lines", "RFC 9110 5.3", line(b"Bearer %b", b"Bearer %b", b"Bearer %b"), "duplicate"),
    missing("Basic", "RFC 7617", line(b"Basic YWxpY2U6c2VjcmV0"), "malformed_header"),
    missing("Basic with the token", "RFC 7617", line(b"Basic %b"), "malformed_header"),
    missing("DPoP", "RFC 9449 7.1", line(b"DPoP %b"), "malformed_header"),
    missing("Token", "another scheme", line(b"Token %b"), "malformed_header"),
    missing("JWT", "another scheme", line(b"JWT %b"), "malformed_header"),
    missing("Negotiate", "RFC 4559", line(b"Negotiate YII"), "malformed_header"),
    missing("letters beyond ASCII", "RFC 9110 5.5", line("Bearer tök".encode()), "malformed_header"),
    missing("latin-1 letters", "RFC 9110 5.5", line(b"Bearer t\xf6k"), "malformed_header"),
    missing("a non-breaking space", "RFC 6750 2.1", line(b"Bearer\xa0%b"), "malformed_header"),
    missing("NUL", "RFC 9110 5.5", line(b"Bearer %b\0"), "malformed_header", in_process=True),
    missing(
        "a line break",
        "RFC 9112 2.2; request smuggling",
        line(b"Bearer %b\r\nx: y"),
        "malformed_header",
        in_process=True,
    ),
    missing("a folded line", "RFC 9112 5.2", line(b"Bearer\r\n %b"), "malformed_header", in_process=True),
    missing("a template", "a client's accident", line(b"Bearer {{token}}"), "malformed_header"),
    missing("a token's object", "a client's accident", line(b"Bearer [object Object]"), "malformed_header"),
    missing(
        "in the query",
        "RFC 6750 2.3: not supported, it would be logged",
        lambda: Attempt([], query="access_token=" + token()),
        "missing",
    ),
    missing(
        "in a cookie",
        "RFC 6750 2: three ways, no cookie",
        lambda: Attempt([], headers={"cookie": "access_token=" + token()}),
        "missing",
    ),
    missing(
        "for a proxy",
        "RFC 9110 11.7.2",
        lambda: Attempt([], headers={"proxy-authorization": "Bearer " + token()}),
        "missing",
    ),
    missing(
        "in X-Forwarded-Access-Token",
        "oauth2-proxy's header",
        lambda: Attempt([], headers={"x-forwarded-access-token": token()}),
        "missing",
    ),
    missing(
        "a user named by a header",
        "a proxy's trust is not ours",
        lambda: Attempt([], headers={"x-forwarded-user": "alice", "x-remote-user": "alice"}),
        "missing",
    ),
    legal("scheme in lower case", "RFC 9110 11.1", line(b"bearer %b")),
    legal("scheme in capitals", "RFC 9110 11.1", line(b"BEARER %b")),
    legal("scheme in mixed case", "RFC 9110 11.1", line(b"bEaReR %b")),
    legal("several spaces", "RFC 6750 2.1: 1*SP", line(b"Bearer    %b")),
]

ROWS: list[Row] = [*ALGORITHMS, *SIGNATURES, *HEADERS, *KEY_SETS, *CLAIMS, *ISSUER_ROWS, *SHAPES, *LINES]
