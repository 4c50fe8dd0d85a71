"""A resource of the billing service: its path, its reply, and the check of the reply's owner.

`read_reply` reads every reply and checks the owner before it returns. No reader can skip this check.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from common.access.roles import S
from common.billing.transport import UpstreamResponse
from common.http.response import Result
from common.model import Moment, WireModel
from common.money.strict_json import DuplicateMemberError, NonFiniteError, parse_json
from common.process import log

R = TypeVar("R", bound=WireModel)
D = TypeVar("D")

SHOWN_MISTAKES: Final = 5


class UpstreamFailure(Exception):
    """A call failed. `outage`: the service failed, so the breaker counts it and an older result may be served."""

    def __init__(self, reason: str, *, outage: bool, retriable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outage = outage
        self.retriable = retriable
        self.retry_after = retry_after


@dataclass(frozen=True, eq=False, slots=True)
class Resource(Generic[S, R, D]):
    """`path` has {organization} or {namespace}; with {namespace} the organization is a query parameter.

    `to_data` converts a valid reply to the response's data, once per fetch and not once per request. `narrow` reduces
    a reply about the complete organization to what a caller can access. Without it, only the caller's namespaces are
    requested. `cached` is False if the data must be current after a change.
    """

    name: str  # label of the metrics
    path: str
    reply: type[R]
    to_data: Callable[[R, S], D]
    narrow: Callable[[D, S], D] | None = None
    cached: bool = True

    def target(self, scope: S, query: Mapping[str, str]) -> str:
        """Path and query of the request. Names of organizations and namespaces need no percent-encoding."""
        names = scope.names
        more = [f"{kind}={name}" for kind, name in names.items() if f"{{{kind}}}" not in self.path]
        if scope.namespaces is not None and self.narrow is None:
            more.append(f"namespaces={','.join(sorted(scope.namespaces))}")
        if query:
            more.append(urlencode(query))
        path = self.path.format(**names)
        return f"{path}?{'&'.join(more)}" if more else path


class _Origin(WireModel):
    """The owner and the time of a reply's figures. A foreign billing service may omit all of them."""

    organization: str | None = None
    namespace: str | None = None
    namespaces: list[str] | None = None
    as_of: Moment | None = None


def read_reply(resource: Resource[S, R, D], scope: S, response: UpstreamResponse, *, proof_required: bool) -> Result[D]:
    """Reads bare or enveloped data. Raises UpstreamFailure (mismatch, bad_json, bad_value, schema).

    With `proof_required` (mode `registry`) the reply must name its owner; otherwise it may omit it.
    """
    data = _unwrap(parse_reply(response))
    model, origin = _validate(resource.reply, data), _validate(_Origin, data)
    _prove_owner(resource, scope, origin, proof_required=proof_required)
    if log.debugging() and isinstance(data, dict) and (extra := data.keys() - resource.reply.model_fields.keys()):
        log.debug("billing reply has unknown members", count=len(extra))
    etag = response.headers.get("etag")
    return Result(resource.to_data(model, scope), origin.as_of or datetime.now(UTC), etag=etag)


def _prove_owner(resource: Resource[S, R, D], scope: S, origin: _Origin, *, proof_required: bool) -> None:
    for kind, expected in scope.names.items():
        named = getattr(origin, kind)
        if named != expected and (named is not None or proof_required):
            raise UpstreamFailure("mismatch", outage=False)
    if (
        scope.namespaces is not None
        and resource.narrow is None
        and frozenset(origin.namespaces or ()) != scope.namespaces
    ):
        raise UpstreamFailure("mismatch", outage=False)


def parse_reply(response: UpstreamResponse) -> Any:
    """Raises UpstreamFailure."""
    try:
        return parse_json(response.body)
    except NonFiniteError as exc:
        raise UpstreamFailure("bad_value", outage=False) from exc
    except DuplicateMemberError as exc:
        raise UpstreamFailure("schema", outage=False) from exc
    except (ValueError, RecursionError) as exc:
        raise UpstreamFailure("bad_json", outage=False) from exc


def _unwrap(data: Any) -> Any:
    if isinstance(data, dict) and "success" in data and "data" in data:
        if data["success"] is not True:
            raise UpstreamFailure("schema", outage=False)
        return data["data"]
    return data


M = TypeVar("M", bound=WireModel)


def _validate(model: type[M], data: Any) -> M:
    """Raises UpstreamFailure(schema). Messages do not contain values."""
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False, include_input=False)[:SHOWN_MISTAKES]
        where = [".".join(map(str, mistake["loc"])) for mistake in mistakes]
        log.error("billing reply rejected", reason="schema", fields=where)
        raise UpstreamFailure("schema", outage=False) from None
