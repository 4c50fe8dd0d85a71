"""One HTTP request: its unverified headers, and the fields of its log line."""

import random
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from common.process import log

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from common.billing.upstream_request import UpstreamRequest
    from common.identity.caller import Caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9-]{1,64}")
MAX_HEAD_BYTES: Final = 65_536  # of all headers together, and of the path with its query
READ_HEADERS: Final = frozenset(
    {
        b"access-control-request-method",
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"origin",
        b"traceparent",
        b"transfer-encoding",
        b"x-request-id",
    }
)


class ClientDisconnected(Exception):
    """The client closed the connection before the response."""


@dataclass(slots=True)
class Request:
    scope: Scope
    receive: Receive
    started: float  # monotonic seconds
    request_id: str
    headers: dict[bytes, list[bytes]]  # of READ_HEADERS those that were sent, with every value
    traceparent: str | None
    headers_bytes: int = 0  # all headers but the token, which has a separate limit and error
    route: str = ""
    status: int = 0
    namespace: str | None = None
    caller: "Caller | None" = None
    upstream: "UpstreamRequest | None" = None
    log: dict[str, Any] = field(default_factory=dict)
    span: "Span | None" = None  # where spans are exported

    @property
    def method(self) -> str:
        method: str = self.scope["method"]
        return method

    @property
    def origin(self) -> bytes | None:
        return self.header(b"origin")

    @property
    def has_body(self) -> bool:
        lengths = self.headers.get(b"content-length", ())
        return b"transfer-encoding" in self.headers or any(value.strip(b"0") for value in lengths)

    @property
    def is_preflight(self) -> bool:
        return b"origin" in self.headers and b"access-control-request-method" in self.headers

    def header(self, name: bytes) -> bytes | None:
        """The value of a header that was sent exactly once; a repeated one counts as absent."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else None


def read_request(scope: Scope, receive: Receive) -> Request:
    """One pass over the headers."""
    headers: dict[bytes, list[bytes]] = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name in READ_HEADERS:
            headers.setdefault(name, []).append(value)
    size -= sum(map(len, headers.get(b"authorization", ())))
    request = Request(scope, receive, time.monotonic(), "", headers, None, size)
    request_id, traceparent = request.header(b"x-request-id"), request.header(b"traceparent")
    valid_id = request_id is not None and REQUEST_ID.fullmatch(request_id)
    request.request_id = request_id.decode() if valid_id and request_id else _new_request_id()
    text = traceparent.decode("latin-1") if traceparent else None
    request.traceparent = text if log.trace_id(text) else None
    return request


def _new_request_id() -> str:
    """Unique, but not secret. uuid4 would make a system call for each request."""
    return f"{random.getrandbits(128):032x}"
