"""Fetches key sets (JWKS), caches them per realm, and refreshes them in the background.

A key set is fresh for JWKS_TTL_SECONDS and is refreshed before that time ends. While the identity provider fails, it is
used for JWKS_STALE_SECONDS.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from common.billing.cache import SingleFlight
from common.billing.resilience import Clock
from common.billing.transport import HttpClient, TransportFailure
from common.http.errors import TokenInvalid
from common.http.server_errors import IdentityUnreachable
from common.identity.jwks import BadKeySet, Key, is_unknown_realm, read_keys
from common.process import log, metrics
from common.process.settings import Settings

MAX_UNPROVEN: Final = 1024
MAX_FETCHES_BEYOND_LIMIT: Final = 8  # concurrent, for realms of which it is undecided whether they exist
MAX_PROVEN: Final = 2000
FAILED_PAUSE_SECONDS: Final = 1.0  # between two fetches of a realm, after a failed fetch
REFRESH_AHEAD: Final = 0.8


@dataclass(slots=True)
class Realm:
    """The cached keys of one realm. Times are monotonic seconds."""

    keys: dict[str, Key] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    missed_at: float = float("-inf")  # time of the last fetch that did not contain the wanted kid
    failed: bool = False
    missing: bool = False
    proven: bool = False
    rejected: bool = False  # the last fetch was rejected, because the unproven realms exceeded their limit
    keeper: "asyncio.Task[None] | None" = None
    used_at: float = 0.0


async def _undecided(_: str) -> None:
    """For a KeySets without a registry of organizations."""


class KeySets:
    """`is_registered`: whether the registry of organizations has this name. None if this cannot be decided."""

    def __init__(
        self,
        settings: Settings,
        http: HttpClient,
        clock: Clock = time.monotonic,
        is_registered: Callable[[str], Awaitable[bool | None]] = _undecided,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._is_registered = is_registered
        self._running = 0  # fetches
        self._proven: OrderedDict[str, Realm] = OrderedDict()
        self._unproven: OrderedDict[str, Realm] = OrderedDict()
        self._flights: SingleFlight[None] = SingleFlight()
        self._allowance = settings.jwks_fetches_per_second
        self._allowance_at = clock()
        metrics.jwks_age.set_function(self._oldest_age)

    def get_key(self, realm_name: str, kid: str) -> Key | None:
        """The key if it is cached and usable. Makes no network call."""
        realm = self._proven.get(realm_name)
        if realm is None:
            return None
        now = self._clock()
        if now - realm.fetched_at > self._settings.jwks_stale_seconds:
            return None
        realm.used_at = now
        return realm.keys.get(kid)

    async def fetch_key(self, realm_name: str, kid: str) -> Key:
        """Raises TokenInvalid (unknown realm or kid) or IdentityUnreachable."""
        key = self.get_key(realm_name, kid)
        if key is not None:
            return key
        realm = self._get_realm(realm_name)
        if self._usable(realm) and kid in realm.keys:
            return realm.keys[kid]
        if self._flights.is_running(realm_name) or self._is_due(realm):
            await self._flights.share(realm_name, lambda: self._refresh_within_limit(realm_name, realm))
            self._keep(realm_name, realm)
            if kid in realm.keys:
                realm.missed_at = float("-inf")  # a rotation: the next new kid may be fetched immediately
        if realm.missing:
            raise TokenInvalid("unknown_realm")
        if self._usable(realm) and kid in realm.keys:
            return realm.keys[kid]
        if realm.failed or not self._usable(realm):
            raise IdentityUnreachable("jwks")  # the key may exist: this is not decided
        raise TokenInvalid("unknown_kid")

    def prove(self, realm_name: str) -> None:
        """Call after a token of this realm was verified. Realms without one can then not remove it from the cache."""
        realm = self._unproven.pop(realm_name, None)
        if realm is None:
            return
        realm.proven = True
        realm.used_at = self._clock()
        self._proven[realm_name] = realm
        if len(self._proven) > MAX_PROVEN:
            _, oldest = self._proven.popitem(last=False)
            if oldest.keeper:
                oldest.keeper.cancel()
        realm.keeper = asyncio.create_task(self._keep_fresh(realm_name, realm))

    # --- when to fetch --------------------------------------------------------

    def _get_realm(self, name: str) -> Realm:
        realm = self._proven.get(name)
        if realm is None:
            realm = self._unproven.get(name) or Realm()
            self._keep(name, realm)
        return realm

    def _keep(self, name: str, realm: Realm) -> None:
        """Also called after a fetch: other realms may have removed this one meanwhile, and `prove` needs it."""
        if not realm.proven:
            self._unproven[name] = realm
            self._unproven.move_to_end(name)
            if len(self._unproven) > MAX_UNPROVEN:
                self._unproven.popitem(last=False)

    def _usable(self, realm: Realm) -> bool:
        return bool(realm.keys) and self._clock() - realm.fetched_at <= self._settings.jwks_stale_seconds

    def _is_due(self, realm: Realm) -> bool:
        """Limits the fetches per realm."""
        now, last = self._clock(), realm.tried_at
        if realm.missing:
            pause = self._settings.jwks_unknown_realm_seconds
        elif self._usable(realm):
            # Only fetches without the wanted kid count: the first token with a new key must not wait.
            pause, last = self._settings.jwks_unknown_kid_seconds, realm.missed_at
        else:
            pause = FAILED_PAUSE_SECONDS
        return now - last >= pause

    async def _refresh_within_limit(self, name: str, realm: Realm) -> None:
        """Raises IdentityUnreachable if unproven realms exceed their common limit and this one is not registered."""
        if not (realm.proven or self._take_allowance() or await self._may_exceed_limit(name, realm)):
            log.warn_sampled("key-set fetches are limited", reason="jwks_rate_limited")
            raise IdentityUnreachable("jwks_rate_limited", retry_after=1)
        realm.missed_at = self._clock()
        await self._refresh(name, realm)

    async def _may_exceed_limit(self, name: str, realm: Realm) -> bool:
        """A second request gets further slots: clients of real realms retry, a flood of invented names does not."""
        registered = await self._is_registered(name)
        if registered is not None:
            return registered
        slots = MAX_FETCHES_BEYOND_LIMIT * (2 if realm.rejected else 1)
        realm.rejected = self._running >= slots
        return not realm.rejected

    def _take_allowance(self) -> bool:
        now, rate = self._clock(), self._settings.jwks_fetches_per_second
        self._allowance = min(max(rate, 1.0), self._allowance + (now - self._allowance_at) * rate)
        self._allowance_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    async def _keep_fresh(self, name: str, realm: Realm) -> None:
        """Refresh the keys before they expire, while the realm is in use (last use within JWKS_STALE_SECONDS)."""
        ttl = self._settings.jwks_ttl_seconds
        while self._clock() - realm.used_at <= self._settings.jwks_stale_seconds:
            age = self._clock() - realm.fetched_at
            pause = min(10.0, ttl * (1 - REFRESH_AHEAD)) if age >= ttl * REFRESH_AHEAD else ttl * REFRESH_AHEAD - age
            await asyncio.sleep(pause)
            if self._clock() - realm.fetched_at >= ttl * REFRESH_AHEAD:
                await self._flights.share(name, lambda: self._refresh(name, realm))
        self._proven.pop(name, None)

    # --- one fetch ------------------------------------------------------------

    async def _refresh(self, name: str, realm: Realm) -> None:
        """Does not raise if the provider fails. The result is in `realm`. A failed fetch keeps the old keys."""
        realm.tried_at = self._clock()
        url = f"{self._settings.jwks_base_url}/realms/{name}/protocol/openid-connect/certs"
        self._running += 1
        try:
            reply = await self._http.get(url)
            if realm.keys and is_unknown_realm(reply):
                reply = await self._http.get(url)  # a second 404 confirms that the realm is gone
            keys = None if is_unknown_realm(reply) else read_keys(reply)
        except TransportFailure as exc:
            result = "timeout" if exc.reason in {"timeout", "slow"} else "error"
            self._failed(name, realm, "bad" if exc.reason in {"too_large", "content_type"} else result, exc.reason)
            return
        except BadKeySet as exc:
            self._failed(name, realm, "bad", str(exc))
            return
        finally:
            self._running -= 1
        realm.failed = False
        realm.missing = keys is None
        old = realm.keys
        realm.keys = {kid: _unchanged(old.get(kid), key) for kid, key in (keys or {}).items()}
        if keys is None:
            metrics.jwks_fetch.labels("unknown_realm").inc()
            log.info("key set of an unknown realm", realm=name)
            return
        realm.fetched_at = self._clock()
        metrics.jwks_fetch.labels("ok").inc()
        if not keys:
            log.warn("key set without a signature key", realm=name, removed=len(old))
        elif old.keys() != realm.keys.keys():
            log.info("key set", realm=name, added=len(keys.keys() - old.keys()), removed=len(old.keys() - keys.keys()))

    def _failed(self, name: str, realm: Realm, result: str, reason: str) -> None:
        realm.failed = True
        metrics.jwks_fetch.labels(result).inc()
        if self._usable(realm):
            metrics.jwks_fetch.labels("stale").inc()
            age = round(self._clock() - realm.fetched_at)
            log.warn("key set not refreshed, the old keys stay", realm=name, reason=reason, age_seconds=age)
        else:
            log.error("key set not fetched and none kept", realm=name, reason=reason)

    def _oldest_age(self) -> float:
        now = self._clock()
        return max((now - realm.fetched_at for realm in list(self._proven.values())), default=0.0)


def _unchanged(old: Key | None, new: Key) -> Key:
    """The old object if the key is unchanged. A cached token is valid only while its key is the same object."""
    same = old is not None and (old.material, old.algorithms) == (new.material, new.algorithms)
    return old if same and old is not None else new
