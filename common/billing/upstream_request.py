"""The values that one incoming request gives to its upstream calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from common.http.preconditions import Preconditions

if TYPE_CHECKING:
    from common.http.request import Request

LONGEST_ACTOR: Final = 255  # characters of the subject of a token, for the trail of changes


@dataclass(slots=True)
class UpstreamRequest:
    """All calls of one request share its deadline (monotonic seconds)."""

    deadline: float
    headers: dict[str, str] = field(default_factory=dict)
    change_headers: dict[str, str] = field(default_factory=dict)  # only for changes
    may_repeat_changes: bool = False  # the client sent an Idempotency-Key
    on_wait: Callable[[], None] = lambda: None  # called before the first wait
    upstream_seconds: float = 0.0  # time spent waiting, for the log line
    reason: str | None = None  # why a result is stale, for the log line

    def add(self, preconditions: Preconditions) -> None:
        if preconditions.if_match is not None:
            self.change_headers["if-match"] = preconditions.if_match
        if preconditions.idempotency_key is not None:
            self.change_headers["idempotency-key"] = preconditions.idempotency_key
            self.may_repeat_changes = True


def make_upstream_request(request: "Request", deadline: float, on_wait: Callable[[], None]) -> UpstreamRequest:
    headers = {"x-request-id": request.request_id}
    if request.traceparent:
        headers["traceparent"] = request.traceparent
    subject = request.caller.subject if request.caller else None
    actor = {"x-actor": quote(subject[:LONGEST_ACTOR], safe="")} if subject else {}
    return UpstreamRequest(deadline, headers, actor, on_wait=on_wait)
