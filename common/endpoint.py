"""The declaration of an endpoint. Routes, manifests, OpenAPI and test tables are generated from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeVar

from common.model import BodyModel, FormatParameters, Parameters, WireModel

if TYPE_CHECKING:
    from common.access.ownership import Ownership
    from common.access.roles import Namespace, Organization
    from common.billing.client import BillingClient
    from common.billing.upstream_request import UpstreamRequest
    from common.http.errors import ApiError
    from common.http.response import Response, Result
    from common.http.table import Table
    from common.identity.caller import Caller
    from common.sockets.session import Session

P = TypeVar("P", bound=Parameters)
B = TypeVar("B")  # the body model, or None

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
MAX_BODY_BYTES: Final = 65_536


class Access(Enum):
    """What an endpoint requires of its caller."""

    TOKEN = "a valid token"  # noqa: S105 - describes a token
    MEMBER = "a valid token of a caller who is not a guest"
    NAMESPACE = "access to the namespace"
    ORGANIZATION = (
        "a valid token of a caller who is not a guest; an org-admin gets all projects of the organization, "
        "a project-user the projects in the token"
    )
    ORG_ADMIN = "a valid token of an org-admin"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Concurrent requests per pod. The autoscaler adds a pod above `target`. A pod accepts at most `limit`."""

    target: int
    limit: int
    why: str  # reason of the limit, for the manifest


STANDARD: Final = Capacity(32, 64, "equal to BILLING_MAX_IN_FLIGHT, so that no call is rejected")
CONNECTIONS: Final = Capacity(1000, 0, "no limit here: the function refuses more than SOCKET_MAX_CONNECTIONS itself")
LONG_LIST: Final = Capacity(10, 20, "twice the target, because a long list costs CPU")


@dataclass(slots=True)
class Call(Generic[P, B]):
    """The input of a handler: a verified caller, valid parameters and body. Access is already checked."""

    caller: "Caller"
    parameters: P
    body: B
    billing: "BillingClient"
    ownership: "Ownership"
    upstream: "UpstreamRequest"
    checked_namespace: "Namespace | None" = None
    checked_organization: "Organization | None" = None

    @property
    def namespace(self) -> "Namespace":
        if self.checked_namespace is None:
            raise TypeError("only an endpoint with Access.NAMESPACE has a namespace")
        return self.checked_namespace

    @property
    def organization(self) -> "Organization":
        if self.checked_organization is None:
            raise TypeError("only an endpoint with Access.ORGANIZATION or ORG_ADMIN has an organization")
        return self.checked_organization


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[P, B]):
    """The docstring of `handle` is the summary and description in OpenAPI.

    `parameters` has the query parameters and all path parameters except {namespace}. `data` is the model of the
    success envelope's data. It is None for 204, and for an endpoint that returns a stream with another `media_type`.
    `errors`: those that only this endpoint's own lines and the billing service decide, for OpenAPI.
    `table` makes the CSV file of an endpoint whose parameters are FormatParameters.
    """

    method: Method
    route: str
    access: Access
    handle: Callable[[Call[P, B]], Awaitable["Result[Any] | Response"]]
    data: type[WireModel] | None
    parameters: type[P] = field(default=Parameters)  # type: ignore[assignment] # P is Parameters if it is not given
    body: type[BodyModel] | None = None
    status: int = 200
    capacity: Capacity = STANDARD
    media_type: str = "application/json"
    safe: bool = False  # a POST that changes nothing (RFC 9110 section 9.2.1): it can be sent again without a key
    head: bool = False  # a HEAD request gets the response of GET without the body
    max_body_bytes: int = MAX_BODY_BYTES
    errors: "tuple[type[ApiError], ...]" = ()
    table: "Callable[[Call[P, B], Result[Any]], Table] | None" = None

    def make_table(self, call: Call[P, B], result: "Result[Any]") -> "Table | None":
        """None: the client gets the JSON envelope."""
        if self.table is None or not isinstance(call.parameters, FormatParameters) or call.parameters.format == "json":
            return None
        return self.table(call, result)


M_contra = TypeVar("M_contra", bound=BodyModel, contravariant=True)


class SocketService(Protocol[M_contra]):
    """What all connections of a socket share."""

    async def receive(self, session: "Session", message: M_contra) -> None:
        """A message of the client. Raises Closing."""

    async def check(self, session: "Session") -> None:
        """Whether the caller still has access. Called again and again. Raises Closing or ApiError."""

    def leave(self, session: "Session") -> None:
        """The connection is closed."""


@dataclass(frozen=True, kw_only=True)
class Socket:
    """A WebSocket endpoint, for callers who are not guests. `service` checks what a message names.

    OpenAPI cannot describe it: the extension `x-websockets` has the docstring of `service`, the protocol and the
    messages. `protocol` is its name in Sec-WebSocket-Protocol. `message`: what a client sends; `sent`: the models of
    what it receives.
    """

    route: str
    protocol: str
    service: "Callable[[BillingClient, Ownership], SocketService[Any]]"
    message: type[BodyModel]
    sent: tuple[type[WireModel], ...]
    capacity: Capacity = CONNECTIONS
