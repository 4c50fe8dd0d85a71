"""The figures of one scope: fetched once for each data version, for all connections that follow it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from common.access.roles import Organization
from common.billing.rejections import ProjectNotFound
from common.http.errors import AccessDenied, ApiError
from common.http.server_errors import BillingUnreachable, NotOffered
from common.sockets import closing
from common.sockets.session import Session
from functions.live.figures import Figures
from functions.live.models import Resync, write

CONFIRM_SHARE: Final = 0.75  # of the time between two checks of a connection: with the default, 15 to 20 s
RETRY_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Scope(NamedTuple):
    """`projects` beside the total of a complete organization; sorted."""

    organization: Organization
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of one connection."""

    namespaces: tuple[str, ...]
    with_total: bool


class Watch:
    """`users`: the connections that follow it or are about to."""

    def __init__(self, scope: Scope, fetch: Callable[[Scope], Awaitable[Figures]]) -> None:
        self.scope = scope
        self.users = 0
        self.figures: Figures | None = None
        self._followers: dict[Session, Wanted] = {}
        self._fetch = fetch
        self._fetched_at = float("-inf")
        self._version = 0  # the newest that the stream named
        self._gap = self._again = False
        self._work: asyncio.Task[None] | None = None

    async def current(self) -> Figures:
        """Raises ApiError or ProjectNotFound."""
        if self.figures is None:
            await self._update()
        if self.figures is None:
            raise BillingUnreachable("no_figures")
        return self.figures

    def follow(self, session: Session, wanted: Wanted) -> None:
        """What the stream named during the first fetch is fetched now."""
        self._followers[session] = wanted
        if self._again and self._work is None:
            self._refresh()

    def wanted_by(self, session: Session) -> Wanted:
        return self._followers[session]

    def end(self, code: int, reason: str) -> None:
        """All its connections are closed."""
        for session in list(self._followers):
            session.close(code, reason)

    def unfollow(self, session: Session) -> None:
        self._followers.pop(session, None)

    def changed(self, version: int) -> None:
        if self.figures is None or version != self.figures.data_version:
            self._version = version
            self._refresh()

    def resync(self) -> None:
        """Any change may have been missed."""
        self._version, self._gap = 0, True
        self._refresh()

    def confirm(self, check_seconds: float) -> None:
        """A project can move at a planned time, without a change of the data. Each connection calls it: one fetches."""
        if self._work is None and time.monotonic() - self._fetched_at > CONFIRM_SHARE * check_seconds:
            self._refresh()

    def close(self) -> None:
        if self._work is not None:
            self._work.cancel()

    # --- fetching ---------------------------------------------------------------

    def _refresh(self) -> None:
        """Without a connection that follows it, nothing is fetched: its subscription can still be rejected."""
        self._again = True
        if self._work is None and self._followers:
            self._work = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Until the figures are as new as the stream's last version."""
        failures = 0
        try:
            while True:
                self._again = False
                if await self._is_current():
                    return
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1
        finally:
            self._work = None

    async def _is_current(self) -> bool:
        """Whether nothing is left to fetch. After a failure, the connections keep what they have."""
        try:
            await self._update()
        except NotOffered as error:
            self.end(closing.NOT_OFFERED, error.public)
            return True
        except (ApiError, ProjectNotFound):
            return False
        return not self._again and self.figures is not None and self.figures.data_version >= self._version

    async def _update(self) -> None:
        before = self.figures
        gap, self._gap = self._gap, False
        try:
            self.figures = found = await self._fetch(self.scope)
        except BaseException:
            self._gap = gap
            raise
        self._fetched_at = time.monotonic()
        if before is None:
            return
        written: dict[Wanted, dict[str, str]] = {}
        for session, wanted in list(self._followers.items()):
            if not found.owned.issuperset(wanted.namespaces):
                session.close(closing.ACCESS_LOST, AccessDenied.text)
            elif before.data_version != found.data_version:
                messages = written.get(wanted) or written.setdefault(wanted, write_all(found, wanted, gap=gap))
                put(session, messages)
            elif before.budgets != found.budgets:  # the worker evaluates them after the data have changed
                put(session, found.budget_message(wanted.namespaces, with_total=wanted.with_total))


def write_all(figures: Figures, wanted: Wanted, *, gap: bool) -> dict[str, str]:
    """By topic, in the order in which they are sent. `gap`: with a resync before them."""
    resync = Resync.model_construct(type="resync", data_version=figures.data_version)
    first = {"resync": write(resync)} if gap else {}
    return first | figures.messages(wanted.namespaces, with_total=wanted.with_total)


def put(session: Session, messages: Mapping[str, str]) -> None:
    for topic, text in messages.items():
        session.put(topic, text)
