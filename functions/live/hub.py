"""One stream of the billing service for all connections of this pod, open while one of them has a subscription."""

import asyncio
import time
import uuid
from typing import Final

from common.access.ownership import Ownership
from common.access.roles import deny, require_namespaces, require_organization
from common.billing.client import BillingClient
from common.billing.rejections import ProjectNotFound
from common.billing.upstream_request import UpstreamRequest
from common.http.errors import ApiError
from common.http.server_errors import NotOffered, ServiceUnavailable
from common.identity.caller import Caller
from common.sockets import closing
from common.sockets.closing import Closing
from common.sockets.session import Session, code_of
from functions.live.figures import LIVE, Figures
from functions.live.models import Failure, Subscribe, Subscribed, write
from functions.live.watch import Scope, Wanted, Watch, put, write_all

FETCH_SECONDS: Final = 7.0
FIRST_SUBSCRIPTION_SECONDS: Final = 15.0


class Live:
    """The cost of projects, as it changes.

    After the connection is open, send `subscribe`. Every data version of the organization brings a `cost` message for
    each namespace and for the total, and then `complete_through`. `resync` means that changes may have been missed.
    """

    def __init__(self, billing: BillingClient, ownership: Ownership) -> None:
        self._billing = billing
        self._ownership = ownership
        self._free = asyncio.Semaphore(billing.fan_out)
        self._watches: dict[Scope, Watch] = {}
        self._stream: asyncio.Task[None] | None = None

    # --- a connection -----------------------------------------------------------

    async def receive(self, session: Session, message: Subscribe) -> None:
        """Raises Closing."""
        try:
            scope = await self._scope(session.caller, message)
            watch = self._join(scope)
        except ApiError as error:
            _reject(session, error)
            return
        try:
            figures = await watch.current()
            if self._stream is None or self._stream.done():
                raise NotOffered("not_offered")  # noqa: TRY301 - as the other errors here
            _require_owned(session.caller, message, figures)
        except (ApiError, ProjectNotFound) as exc:
            self._drop(watch)
            _reject(session, exc if isinstance(exc, ApiError) else deny(session.caller, None, "not_in_organization"))
            return
        except BaseException:
            self._drop(watch)
            raise
        self.leave(session)
        session.state = watch
        _begin(session, message, watch, figures)

    async def check(self, session: Session) -> None:
        """Raises Closing or ApiError."""
        watch: Watch | None = session.state
        if watch is None:
            if session.age_seconds < FIRST_SUBSCRIPTION_SECONDS:
                return
            raise Closing(closing.NOT_SUBSCRIBED, "No subscription was sent")
        await require_namespaces(session.caller, watch.wanted_by(session).namespaces, self._ownership)
        watch.confirm(session.check_seconds)

    def leave(self, session: Session) -> None:
        watch: Watch | None = session.state
        session.state = None
        session.forget()
        if watch is not None:
            watch.unfollow(session)
            self._drop(watch)

    async def _scope(self, caller: Caller, message: Subscribe) -> Scope:
        """Raises GuestDenied, AccessDenied, or BillingUnreachable when the ownership source cannot decide."""
        names = tuple(sorted(set(message.namespaces)))
        some = await require_namespaces(caller, names, self._ownership)
        if not message.organization:
            return Scope(some, ())
        complete = await require_organization(caller, self._ownership)
        return Scope(complete, names if complete.namespaces is None else ())

    # --- the scopes -------------------------------------------------------------

    def _join(self, scope: Scope) -> Watch:
        watch = self._watches.get(scope)
        if watch is None:
            watch = self._watches[scope] = Watch(scope, self._fetch)
        watch.users += 1
        if self._stream is None or self._stream.done():
            self._stream = asyncio.create_task(self._follow())
        return watch

    def _drop(self, watch: Watch) -> None:
        watch.users -= 1
        if watch.users == 0:
            watch.close()
            del self._watches[watch.scope]
        if not self._watches and self._stream is not None:
            self._stream.cancel()
            self._stream = None

    async def _fetch(self, scope: Scope) -> Figures:
        """Raises ApiError or ProjectNotFound."""
        request = UpstreamRequest(time.monotonic() + FETCH_SECONDS, {"x-request-id": uuid.uuid4().hex})
        parameters = {"projects": ",".join(scope.projects)} if scope.projects else {}
        async with self._free:
            return (await self._billing.fetch(LIVE, scope.organization, request, parameters)).value

    # --- the stream -------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            await self._billing.changes.follow(self)
        except NotOffered as error:
            for watch in self._watches.values():
                watch.end(closing.NOT_OFFERED, error.public)

    def changed(self, organization: str, version: int) -> None:
        for scope, watch in self._watches.items():
            if scope.organization.name == organization:
                watch.changed(version)

    def resync(self) -> None:
        for watch in self._watches.values():
            watch.resync()


def _require_owned(caller: Caller, message: Subscribe, figures: Figures) -> None:
    """The billing service replies with the projects of the organization only. Raises AccessDenied."""
    for name in message.namespaces:
        if name not in figures.owned:
            raise deny(caller, name, "not_in_organization")


def _begin(session: Session, message: Subscribe, watch: Watch, figures: Figures) -> None:
    """Figures are sent, unless the client has them from an earlier connection."""
    wanted = Wanted(tuple(sorted(set(message.namespaces))), message.organization)
    watch.follow(session, wanted)
    accepted = Subscribed.model_construct(
        type="subscribed",
        namespaces=wanted.namespaces,
        organization=wanted.with_total,
        data_version=figures.data_version,
    )
    session.put("subscribed", write(accepted))
    if message.data_version != figures.data_version:
        put(session, write_all(figures, wanted, gap=message.data_version is not None))


def _reject(session: Session, error: ApiError) -> None:
    """What cannot be decided ends the connection: the client comes back, or falls back to requests. Raises Closing."""
    if isinstance(error, NotOffered | ServiceUnavailable):
        raise Closing(code_of(error), error.public)
    failure = Failure.model_construct(type="error", code=error.code, error=error.public, details=error.details)
    session.put("error", write(failure))
