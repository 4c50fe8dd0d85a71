"""Conditional requests (RFC 9110 section 13) and Idempotency-Key. No other module reads these headers."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from common.http.errors import InvalidHeader, PreconditionRequired
from common.http.request import Request

UPSTREAM_TAG: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e]{0,128})"')
ENTITY_TAG: Final = re.compile(rb'(?:W/)?"[\x21\x23-\x7e]{0,256}"')
SUFFIX: Final = re.compile(r'\.[0-9a-f]{16}"')
IDEMPOTENCY_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
CHANGING_METHODS: Final = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Preconditions:
    """`if_match` (without our suffix) and `idempotency_key` go to the billing service, which decides (409, 412)."""

    if_match: str | None = None
    if_none_match: frozenset[str] = frozenset()
    idempotency_key: str | None = None

    def is_fulfilled_by(self, etag: str) -> bool:
        """Whether a GET is 304: weak comparison (RFC 9110 section 13.1.2)."""
        return "*" in self.if_none_match or etag in self.if_none_match


NONE: Final = Preconditions()


def read_preconditions(request: Request) -> Preconditions:
    """Raises InvalidHeader (400), or PreconditionRequired (428) for a change without If-Match."""
    method = request.method
    if method in {"GET", "HEAD"}:
        tags = request.headers.get(b"if-none-match")
        return Preconditions(if_none_match=_read_if_none_match(tags)) if tags else NONE
    key = _read_idempotency_key(request.headers.get(b"idempotency-key", []))
    tags = request.headers.get(b"if-match")
    if tags is None and method in CHANGING_METHODS:
        raise PreconditionRequired("if_match")
    return Preconditions(if_match=_read_if_match(tags) if tags else None, idempotency_key=key)


def caller_etag(upstream_etag: str, *visible: str) -> str | None:
    """The billing service's tag with a suffix that differs between callers who see different things.

    None for what is not an entity tag.
    """
    match = UPSTREAM_TAG.fullmatch(upstream_etag)
    if match is None:
        return None
    digest = hashlib.blake2b("\0".join(visible).encode(), digest_size=8).hexdigest()
    return f'"{match[1]}.{digest}"'


def _read_if_none_match(values: list[bytes]) -> frozenset[str]:
    text = b",".join(values)
    if text.strip() == b"*":
        return frozenset({"*"})
    tags = ENTITY_TAG.findall(text)  # a tag may contain commas
    if not tags or ENTITY_TAG.sub(b"", text).strip(b" \t,"):
        raise InvalidHeader("if_none_match", public='If-None-Match must be * or entity tags such as "abc"')
    return frozenset(tag.decode("ascii").removeprefix("W/") for tag in tags)


def _read_if_match(values: list[bytes]) -> str:
    if len(values) > 1 or values[0].startswith(b"W/") or not ENTITY_TAG.fullmatch(values[0]):
        raise InvalidHeader("if_match", public='If-Match must be one strong entity tag such as "abc"')
    return SUFFIX.sub('"', values[0].decode("ascii"))


def _read_idempotency_key(values: list[bytes]) -> str | None:
    if not values:
        return None
    if len(values) > 1 or not IDEMPOTENCY_KEY.fullmatch(values[0]):
        raise InvalidHeader(
            "idempotency_key", public="Idempotency-Key must be sent once, as 1 to 255 visible ASCII characters"
        )
    return values[0].decode("ascii")
