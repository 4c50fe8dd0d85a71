"""Ownership from the platform's Project resources: NAMESPACE_OWNERSHIP=kubernetes.

Imported only in this mode, so that it does not slow down the cold starts of the other modes.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from common.access.kubernetes_api import ApiServer, NotListed, Projects
from common.billing.cache import Cache, SingleFlight
from common.billing.resilience import Clock
from common.http.server_errors import BillingUnreachable
from common.identity.caller import Caller
from common.process import log, metrics
from common.process.settings import Settings

MAX_ORGANIZATIONS: Final = 1000
LONGEST_PAUSE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Pause:
    """The next listing starts at `until` (monotonic seconds) or later."""

    seconds: float
    until: float


class Kubernetes:
    """Lists are cached for OWNERSHIP_FRESH_SECONDS, and used for OWNERSHIP_STALE_SECONDS while the API server fails."""

    def __init__(self, settings: Settings, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._cache: Cache[Projects] = Cache(
            settings.ownership_fresh_seconds, settings.ownership_stale_seconds, MAX_ORGANIZATIONS, clock
        )
        self._pauses: OrderedDict[str, _Pause] = OrderedDict()
        self._flights: SingleFlight[Projects] = SingleFlight()
        self._server = ApiServer(settings)

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return namespace in (await self._get_projects(caller.organization)).namespaces

    async def list_namespaces(self, caller: Caller) -> list[str]:
        return sorted((await self._get_projects(caller.organization)).namespaces)

    async def list_expected(self, caller: Caller) -> list[str]:
        return sorted((await self._get_projects(caller.organization)).expected)

    async def close(self) -> None:
        await self._server.close()

    # --- the cache ------------------------------------------------------------

    async def _get_projects(self, organization: str) -> Projects:
        """Raises BillingUnreachable."""
        fresh = self._cache.get_fresh(organization)
        if fresh is not None:
            return fresh.value
        pause = self._pauses.get(organization)
        if pause is not None and (self._clock() < pause.until or self._is_tried_again(organization)):
            return self._stale_or_raise(organization, "paused")
        try:
            return await self._flights.share(organization, lambda: self._fetch(organization))
        except NotListed as exc:
            return self._stale_or_raise(organization, exc.reason)

    def _is_tried_again(self, organization: str) -> bool:
        """Whether one caller lists again after a failure. The others do not wait for it if they have an older list."""
        return self._flights.is_running(organization) and self._cache.get_stale(organization) is not None

    def _stale_or_raise(self, organization: str, reason: str) -> Projects:
        entry = self._cache.get_stale(organization)
        if entry is None:
            raise BillingUnreachable("ownership_unknown", log={"ownership": reason})
        metrics.ownership_fetch.labels("stale").inc()
        return entry.value

    async def _fetch(self, organization: str) -> Projects:
        """Raises NotListed. The pause before the next attempt then doubles, up to LONGEST_PAUSE_SECONDS."""
        try:
            projects = await self._server.list_projects(organization)
        except NotListed as exc:
            metrics.ownership_fetch.labels("error").inc()
            log.error("projects of an organization not listed", organization=organization, reason=exc.reason)
            if exc.gone:
                self._cache.delete(organization)
            self._pause(organization)
            raise
        metrics.ownership_fetch.labels("ok").inc()
        self._pauses.pop(organization, None)
        if projects.expected:
            log.warn_sampled("a project has no namespace yet", organization=organization)
        return self._cache.put(organization, projects).value

    def _pause(self, organization: str) -> None:
        before = self._pauses.pop(organization, None)
        seconds = min(LONGEST_PAUSE_SECONDS, before.seconds * 2) if before else 1.0
        self._pauses[organization] = _Pause(seconds, self._clock() + seconds)
        if len(self._pauses) > MAX_ORGANIZATIONS:
            self._pauses.popitem(last=False)
