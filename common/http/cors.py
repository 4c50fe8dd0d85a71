"""CORS for the console, which is another origin and sends the token in a header (Fetch standard, section 3.3)."""

from collections.abc import Iterable, Sequence
from typing import Final

from common.http.request import Request
from common.http.response import Headers
from common.http.routing import Path

EXPOSED: Final = "X-Request-Id, Retry-After, Age, WWW-Authenticate, ETag"
EXPOSED_BY_CHANGES: Final = ", Location"
ALLOWED: Final = "Authorization, Content-Type, traceparent, If-None-Match"
ALLOWED_FOR_CHANGES: Final = ", If-Match, Idempotency-Key"
READING: Final = frozenset({"GET", "HEAD"})
MAX_AGE: Final = (b"access-control-max-age", b"7200")


class Cors:
    """`methods`: of all endpoints of the function. A function that only reads needs no headers for changes."""

    def __init__(self, origins: Iterable[str], methods: Iterable[str]) -> None:
        self.origins = frozenset(origin.encode() for origin in origins)
        exposed = EXPOSED if READING.issuperset(methods) else EXPOSED + EXPOSED_BY_CHANGES
        self._exposed = (b"access-control-expose-headers", exposed.encode())

    def response_headers(self, request: Request) -> Sequence[tuple[bytes, bytes]]:
        """Also for errors. Empty if the origin is not allowed."""
        origin = request.origin
        if origin is None or origin not in self.origins:
            return ()
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            self._exposed,
        )

    def preflight_headers(self, request: Request, path: Path) -> Headers:
        if request.origin not in self.origins:
            return []
        allowed = ALLOWED if READING.issuperset(path.methods) else ALLOWED + ALLOWED_FOR_CHANGES
        return [
            (b"access-control-allow-methods", ", ".join(path.methods).encode()),
            (b"access-control-allow-headers", allowed.encode()),
            MAX_AGE,
        ]
