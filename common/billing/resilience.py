"""Protection from a failing service: circuit breaker, retry budget, bulkhead, recent failures.

State machines without input or output. Each has its clock as an argument (monotonic seconds).
"""

import random
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from enum import Enum, IntEnum

Clock = Callable[[], float]

WINDOW_SECONDS = 10.0
SERVICE_UNREACHABLE = 2  # different request keys that failed in a row
PROBE_SPREAD = 0.2  # +-20 %, so that many pods do not probe a recovering service at the same moment


class BreakerState(IntEnum):
    """The value of the metric upstream_breaker_state."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitBreaker:
    """Opens if at least `minimum_calls` calls were made in the last 10 s and `failure_ratio` of them failed.

    While it is open, it rejects all calls for `open_seconds` (+-20 %). Then it lets one probe call through. The result
    of the probe closes it or opens it again.
    """

    def __init__(
        self,
        minimum_calls: int,
        failure_ratio: float,
        open_seconds: float,
        clock: Clock,
        on_change: Callable[[BreakerState], None] = lambda _: None,
    ) -> None:
        self._minimum_calls = minimum_calls
        self._failure_ratio = failure_ratio
        self._open_seconds = open_seconds
        self._clock = clock
        self._on_change = on_change
        self._calls: deque[tuple[float, bool]] = deque()  # (time, failed), newest last
        self._failures = 0
        self._probe_at = 0.0
        self._probe: Permit | None = None
        self.state = BreakerState.CLOSED

    def enter(self) -> "Permit | None":
        """The permit for one call, or None. While half open, only the first caller gets a permit."""
        if self.state is BreakerState.CLOSED:
            return Permit(self)
        if self._probe is not None or self._clock() < self._probe_at:
            return None
        self._probe = Permit(self)
        self._become(BreakerState.HALF_OPEN)
        return self._probe

    def retry_after_seconds(self) -> float:
        return max(0.0, self._probe_at - self._clock())

    def report(self, permit: "Permit", *, failed: bool | None) -> None:
        """`failed` None: the call was cancelled without a result, so the next caller may probe."""
        if permit is self._probe:
            self._probe = None
            if failed:
                self._open()
            elif failed is not None:
                self._calls.clear()
                self._failures = 0
                self._become(BreakerState.CLOSED)
        elif self.state is BreakerState.CLOSED and failed is not None:
            self._record(failed=failed)
            if failed and len(self._calls) >= self._minimum_calls and self._too_many_failed():
                self._open()

    def _too_many_failed(self) -> bool:
        return self._failures >= self._failure_ratio * len(self._calls)

    def _record(self, *, failed: bool) -> None:
        now = self._clock()
        self._calls.append((now, failed))
        self._failures += failed
        while self._calls[0][0] <= now - WINDOW_SECONDS:
            self._failures -= self._calls.popleft()[1]

    def _open(self) -> None:
        spread = random.uniform(1 - PROBE_SPREAD, 1 + PROBE_SPREAD)  # noqa: S311 - spreads load, protects no secret
        self._probe_at = self._clock() + self._open_seconds * spread
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        if state is not self.state:
            self.state = state
            self._on_change(state)


class Permit:
    """One call that was let through. It reports exactly one result. A late result never counts as the probe's."""

    __slots__ = ("_breaker",)

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def succeeded(self) -> None:
        self._breaker.report(self, failed=False)

    def failed(self) -> None:
        self._breaker.report(self, failed=True)

    def abandoned(self) -> None:
        self._breaker.report(self, failed=None)


class RetryBudget:
    """Limits the retries in 10 s to `ratio` of the requests plus `minimum`."""

    def __init__(self, ratio: float, minimum: int, clock: Clock) -> None:
        self._ratio = ratio
        self._minimum = minimum
        self._clock = clock
        self._requests: deque[float] = deque()
        self._retries: deque[float] = deque()

    def count_request(self) -> None:
        self._requests.append(self._forget(self._requests))

    def take(self) -> bool:
        """Take one retry, if one is left."""
        now = self._forget(self._retries)
        self._forget(self._requests)
        if len(self._retries) >= self._minimum + self._ratio * len(self._requests):
            return False
        self._retries.append(now)
        return True

    def _forget(self, times: deque[float]) -> float:
        now = self._clock()
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return now


class Bulkhead:
    """Allows at most `size` concurrent calls. More calls are rejected. There is no queue."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.in_flight = 0

    def enter(self) -> bool:
        if self.in_flight >= self._size:
            return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        self.in_flight -= 1


class Advice(Enum):
    CALL = "call the service, and wait for it"
    USE = "use the cached result"
    TRY = "use the cached result, and call the service in the background"


class RecentFailures:
    """Decides what to do with a request key that has an older cached result.

    For `seconds` after its failure, the cached result is used. For as long again, the first caller starts one call in
    the background. After that the failure is forgotten. If two different request keys failed, and none succeeded
    since, the service is unreachable: then the same is true for all request keys together. `seconds` 0: always call.
    """

    def __init__(self, seconds: float, max_keys: int, clock: Clock) -> None:
        self._seconds = seconds
        self._max_keys = max_keys
        self._clock = clock
        self._try_at: OrderedDict[Hashable, float] = OrderedDict()
        self._failing: set[Hashable] = set()  # since the last success, at most two
        self._try_any_at = float("-inf")

    def failed(self, key: Hashable, retry_after: float | None = None) -> None:
        """`retry_after`: seconds, if it is known that earlier calls would be rejected."""
        try_at = self._clock() + (self._seconds if retry_after is None else min(retry_after, self._seconds))
        self._set(key, try_at)
        if len(self._failing) < SERVICE_UNREACHABLE:
            self._failing.add(key)
        if len(self._failing) == SERVICE_UNREACHABLE:
            self._try_any_at = try_at

    def succeeded(self, key: Hashable) -> None:
        """Also if the service rejected the request: it responded. If it was unreachable, all keys are called again."""
        if len(self._failing) == SERVICE_UNREACHABLE:
            self._try_at.clear()
        self._try_at.pop(key, None)
        self._failing.clear()
        self._try_any_at = float("-inf")

    def judge(self, key: Hashable) -> Advice:
        now = self._clock()
        times = (self._try_at.get(key, float("-inf")), self._try_any_at)
        if now < max(times):
            return Advice.USE
        if now >= max(times) + self._seconds:
            return Advice.CALL
        if len(self._failing) == SERVICE_UNREACHABLE:
            self._try_any_at = now + self._seconds
        self._set(key, now + self._seconds)  # one call at a time
        return Advice.TRY

    def _set(self, key: Hashable, try_at: float) -> None:
        self._try_at[key] = try_at
        self._try_at.move_to_end(key)
        if len(self._try_at) > self._max_keys:
            self._try_at.popitem(last=False)
