"""A resource of the billing service: its path, its reply, and the check of the reply's owner.

`read_reply` reads every reply and checks the owner before it returns. No reader can skip this check.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from common.access.roles import S, Scope
from common.billing.transport import UpstreamResponse
from common.http.errors import GuestDenied
from common.http.response import Result
from common.http.server_errors import BillingUnreachable
from common.model import Moment, Quality, WireModel, wire_names
from common.money.strict_json import DuplicateMemberError, NonFiniteError, parse_json
from common.process import log

R = TypeVar("R", bound=WireModel)
D = TypeVar("D")

SHOWN_MISTAKES: Final = 5
RETRY_AFTER_CAP_SECONDS: Final = 60
RESERVED: Final = frozenset({"organization", "namespace", "namespaces"})
DOT_SEGMENTS: Final = frozenset({"", ".", ".."})


class UpstreamFailure(Exception):
    """A call failed. `outage`: the service failed, so the breaker counts it and an older result may be served."""

    def __init__(self, reason: str, *, outage: bool, retriable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outage = outage
        self.retriable = retriable
        self.retry_after = retry_after

    def to_error(self) -> BillingUnreachable:
        seconds = self.retry_after if self.retry_after is not None else 5
        return BillingUnreachable(self.reason, retry_after=max(1, min(RETRY_AFTER_CAP_SECONDS, round(seconds))))


@dataclass(frozen=True, eq=False, slots=True)
class Resource(Generic[S, R, D]):
    """`path` has {organization} or {namespace}, and may have further parameters.

    `to_data` makes the response's data of a valid reply, once per fetch and not once per request. `narrow` reduces a
    reply about the complete organization to what a caller may see, for each request; `to_data` must then not depend on
    the caller. Without `narrow` only the caller's namespaces are requested. `cached` is False for what must be current
    after a change. `paged`: the service sends the list in pages, and D is a Page (common/billing/pages.py). `required`:
    every billing service has it, so that a 404 of the path is a failure (503). Others may lack it (501).
    """

    name: str  # label of the metrics
    path: str
    reply: type[R]
    to_data: Callable[[R, S], D]
    narrow: Callable[[D, S], D] | None = None
    cached: bool = True
    paged: bool = False
    required: bool = False

    def target(self, scope: S, parameters: Mapping[str, str]) -> str:
        """Path and query of the request. Names of organizations and namespaces need no percent-encoding.

        Raises GuestDenied if the caller can see nothing: `namespaces=` could be read as no limit.
        """
        names = scope.names
        query = [f"{kind}={name}" for kind, name in names.items() if f"{{{kind}}}" not in self.path]
        if scope.namespaces is not None and self.narrow is None:
            if not scope.namespaces:
                raise GuestDenied("no_namespace")
            query.append(f"namespaces={','.join(sorted(scope.namespaces))}")
        if not parameters:
            path = self.path.format(**names)
            return f"{path}?{'&'.join(query)}" if query else path
        return self._target_with(parameters, names, query)

    def _target_with(self, parameters: Mapping[str, str], names: Mapping[str, str], query: list[str]) -> str:
        if not RESERVED.isdisjoint(parameters):
            raise ValueError(f"{self.name}: {', '.join(sorted(RESERVED))} are set by the scope")
        in_path = {name: quote(value, safe="") for name, value in parameters.items() if f"{{{name}}}" in self.path}
        if not DOT_SEGMENTS.isdisjoint(in_path.values()):
            raise ValueError(f"{self.name}: a path parameter must not be a dot segment")
        more = {name: value for name, value in parameters.items() if name not in in_path}
        query += [urlencode(more)] if more else []
        path = self.path.format(**names, **in_path)
        return f"{path}?{'&'.join(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Proof:
    """What a reply must prove. `owner_required` (mode `registry`): it must name its owner; else it may leave it out."""

    owner_required: bool
    clock_leeway: timedelta


class _Origin(Quality):
    """The owner, the time and the quality of a reply's figures. A foreign billing service may omit all of them."""

    organization: str | None = None
    namespace: str | None = None
    namespaces: list[str] | None = None
    as_of: Moment | None = None


def read_reply(resource: Resource[S, R, D], scope: S, response: UpstreamResponse, proof: Proof) -> Result[D]:
    """Bare or in `{"success": true, "data": ...}`. Raises UpstreamFailure (mismatch, bad_json, bad_value, schema)."""
    data = _unwrap(parse_reply(response))
    model, origin = _validate(resource.reply, data), _validate(_Origin, data)
    now = datetime.now(UTC)
    if origin.as_of is not None and origin.as_of > now + proof.clock_leeway:
        raise _schema_failure(["as_of"])
    limited = scope.namespaces if resource.narrow is None else None
    _prove_owner(scope, origin, limited, required=proof.owner_required)
    _prove_items(scope, data, limited)
    if log.debugging() and isinstance(data, dict) and (extra := data.keys() - set(wire_names(resource.reply))):
        log.debug("billing reply has unknown members", count=len(extra))
    quality = Quality.model_construct(**{name: getattr(origin, name) for name in Quality.model_fields})
    etag = response.headers.get("etag")
    never_metered = "as_of" in origin.model_fields_set and origin.as_of is None
    as_of = None if never_metered else origin.as_of or now
    return Result(resource.to_data(model, scope), as_of, etag=etag, quality=quality)


def _prove_owner(scope: Scope, origin: _Origin, limited: frozenset[str] | None, *, required: bool) -> None:
    """`limited`: the namespaces that were requested; the reply must repeat exactly these, in every ownership mode."""
    for kind, expected in scope.names.items():
        named = getattr(origin, kind)
        if named != expected and (named is not None or required):
            raise UpstreamFailure("mismatch", outage=False)
    named_namespaces = None if origin.namespaces is None else frozenset(origin.namespaces)
    if named_namespaces != limited and (limited is not None or "namespace" not in scope.names):
        raise UpstreamFailure("mismatch", outage=False)


def _prove_items(scope: Scope, data: Any, limited: frozenset[str] | None) -> None:
    """No item of a list, at any depth, may name another owner."""
    organization, namespace = scope.names["organization"], scope.names.get("namespace")
    visible = limited if namespace is None else {namespace}
    for item in _items(data):
        owner, name = item.get("organization", organization), item.get("namespace")
        if isinstance(owner, str) and owner != organization:
            raise UpstreamFailure("mismatch", outage=False)
        if isinstance(name, str) and visible is not None and name not in visible:
            raise UpstreamFailure("mismatch", outage=False)


def _items(data: Any) -> Iterator[dict[str, Any]]:
    """The objects that are elements of an array."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            yield from (element for element in value if isinstance(element, dict))
        children = value.values() if isinstance(value, dict) else value
        waiting += [child for child in children if isinstance(child, dict | list)]


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
        raise _schema_failure([".".join(map(str, mistake["loc"])) for mistake in mistakes]) from None


def _schema_failure(fields: list[str]) -> UpstreamFailure:
    log.error("billing reply rejected", reason="schema", fields=fields)
    return UpstreamFailure("schema", outage=False)
