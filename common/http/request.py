"""What a request brings along, before anything of it is believed, and what its log line will say."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from common.billing.client import Question
from common.http.errors import BadRequest
from common.identity.authenticator import Caller
from common.models import NoParameters
from common.process import log

if TYPE_CHECKING:
    import asyncio

    from opentelemetry.trace import Span

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
P = TypeVar("P", bound=NoParameters)

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9-]{1,64}")
MAX_QUERY_BYTES: Final = 2048
SHOWN_MISTAKES: Final = 5
READ_HEADERS: Final = (
    b"authorization",
    b"content-length",
    b"origin",
    b"traceparent",
    b"transfer-encoding",
    b"x-request-id",
)


@dataclass(slots=True)
class Exchange:
    """One request and what its log line will say."""

    scope: Scope
    receive: Receive
    started: float
    request_id: str
    origin: bytes | None
    traceparent: str | None
    authorization: list[bytes]
    has_body: bool
    route: str = ""
    status: int = 0
    namespace: str | None = None
    caller: Caller | None = None
    question: Question | None = None
    watcher: "asyncio.Task[None] | None" = None
    disconnected: bool = False
    timed_out: bool = False
    log: dict[str, Any] = field(default_factory=dict)
    span: "Span | None" = None  # where spans are exported


def read_exchange(scope: Scope, receive: Receive) -> Exchange:
    """One pass over the headers; what may stand only once counts as absent when it stands twice."""
    found: dict[bytes, list[bytes]] = {name: [] for name in READ_HEADERS}
    for name, value in scope["headers"]:
        if name in found:
            found[name].append(value)
    once = {name: values[0] for name, values in found.items() if len(values) == 1}
    request_id, traceparent = once.get(b"x-request-id"), once.get(b"traceparent")
    trace = traceparent.decode("latin-1") if traceparent else None
    return Exchange(
        scope=scope,
        receive=receive,
        started=time.monotonic(),
        request_id=request_id.decode() if request_id and REQUEST_ID.fullmatch(request_id) else uuid.uuid4().hex,
        origin=once.get(b"origin"),
        traceparent=trace if log.trace_id(trace) else None,
        authorization=found[b"authorization"],
        has_body=bool(found[b"transfer-encoding"]) or any(value.strip(b"0") for value in found[b"content-length"]),
    )


def is_preflight(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"origin" in names and b"access-control-request-method" in names


def read_parameters(model: type[P], query: bytes) -> P:
    """Each parameter once, UTF-8, and as the model has it. Raises BadRequest that says what is allowed."""
    if len(query) > MAX_QUERY_BYTES:
        raise _bad_query(f"The query string is too long; at most {MAX_QUERY_BYTES} bytes are allowed")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise _bad_query("The query string is not percent-encoded UTF-8") from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise _bad_query("A query parameter appears twice; once is allowed")
    try:
        return model.model_validate(dict(pairs))
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False)[:SHOWN_MISTAKES]
        raise _bad_query("; ".join(_explain(model, error) for error in mistakes)) from None


def _bad_query(text: str) -> BadRequest:
    return BadRequest("parameter", public=text)


def _explain(model: type[NoParameters], error: ErrorDetails) -> str:
    name = ascii(str(error["loc"][0])[:40])  # short and printable: it goes back to the client that sent it
    if error["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return f"Unknown query parameter {name}; " + (f"allowed: {known}" if known else "this path takes none")
    return f"Query parameter {name}: {error['msg'].removeprefix('Value error, ')}"
