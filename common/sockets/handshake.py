"""The token and the protocol of an upgrade request, both in Sec-WebSocket-Protocol.

A browser cannot set another header of a WebSocket. Kubernetes sends its tokens in the same way:
`base64url.bearer.authorization.k8s.io.<base64url of the token, without padding>`.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from common.http.errors import InvalidHeader, OriginDenied, TokenMissing
from common.http.request import Request
from common.identity.token import read_credentials

TOKEN_PREFIX: Final = "base64url.bearer.authorization.k8s.io."  # noqa: S105 - a name


def read_token(request: Request, subprotocols: Sequence[str]) -> bytes:
    """Raises TokenMissing, also for two tokens: they may be two callers."""
    found = [name.removeprefix(TOKEN_PREFIX) for name in subprotocols if name.startswith(TOKEN_PREFIX)]
    if not found and b"authorization" not in request.headers:
        raise TokenMissing("missing")
    if len(found) != 1 or b"authorization" in request.headers:
        raise TokenMissing("duplicate" if found else "not_in_subprotocol")
    return read_credentials([b"Bearer " + _decode(found[0])])


def _decode(text: str) -> bytes:
    """Base64url without padding, in its canonical form (RFC 4648 section 3.5)."""
    try:
        token = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise TokenMissing("malformed_subprotocol") from None
    if base64.urlsafe_b64encode(token).rstrip(b"=") != text.encode():
        raise TokenMissing("malformed_subprotocol")
    return token


def require_protocol(protocol: str, subprotocols: Sequence[str]) -> None:
    """Raises InvalidHeader."""
    if protocol not in subprotocols:
        raise InvalidHeader("subprotocol", public=f"Sec-WebSocket-Protocol must contain {protocol}")


def require_origin(request: Request, allowed: frozenset[bytes]) -> None:
    """A browser always sends Origin, and applies no CORS to WebSockets. Raises OriginDenied."""
    if b"origin" in request.headers and request.origin not in allowed:
        raise OriginDenied("origin")
