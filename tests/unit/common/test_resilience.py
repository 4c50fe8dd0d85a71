"""Circuit breaker, retry budget and bulkhead, each with a separate clock."""

import itertools

import pytest

from common.billing.resilience import BreakerState, Bulkhead, CircuitBreaker, RetryBudget


class Clock:
    """A clock that only a test advances, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states() -> list[BreakerState]:
    return []


@pytest.fixture
def breaker(clock: Clock, states: list[BreakerState]) -> CircuitBreaker:
    return CircuitBreaker(20, 0.5, 5, clock, states.append)


def call(breaker: CircuitBreaker, *, fails: bool) -> bool:
    """Whether it was let through; its outcome is reported."""
    permit = breaker.enter()
    if permit is None:
        return False
    (permit.failed if fails else permit.succeeded)()
    return True


def state_of(breaker: CircuitBreaker) -> BreakerState:
    """A function, because a type checker assumes that a call of a method does not change an attribute."""
    return breaker.state


def open_it(breaker: CircuitBreaker) -> None:
    while call(breaker, fails=True):
        pass


def test_nineteen_failures_do_not_open_it(breaker: CircuitBreaker) -> None:
    """Fewer than 20 calls in 10 s say too little."""
    assert all(call(breaker, fails=True) for _ in range(19))
    assert state_of(breaker) is BreakerState.CLOSED


def test_the_twentieth_failure_opens_it(breaker: CircuitBreaker) -> None:
    """20 calls of which all failed open it, at the 20th."""
    assert all(call(breaker, fails=True) for _ in range(20))
    assert state_of(breaker) is BreakerState.OPEN
    assert not call(breaker, fails=False)


def test_half_of_the_calls_failed(breaker: CircuitBreaker) -> None:
    """Ten of twenty are half, and half is enough; nine are not."""
    for n in range(20):
        call(breaker, fails=n >= 11)
    assert state_of(breaker) is BreakerState.CLOSED
    for _ in range(2):
        call(breaker, fails=True)
    assert state_of(breaker) is BreakerState.OPEN


def test_old_calls_are_forgotten(breaker: CircuitBreaker, clock: Clock) -> None:
    """Calls older than 10 s count no more."""
    for _ in range(19):
        call(breaker, fails=True)
    clock.now += 10
    call(breaker, fails=True)
    assert state_of(breaker) is BreakerState.CLOSED


def test_a_single_probe(breaker: CircuitBreaker, clock: Clock) -> None:
    """After 5 s +-20 % one call may pass, and nobody else until its outcome is known."""
    open_it(breaker)
    clock.now += 3.99
    assert breaker.enter() is None
    clock.now += 2.02
    probe = breaker.enter()
    assert probe is not None
    assert [breaker.enter() for _ in range(100)] == [None] * 100
    probe.succeeded()
    assert state_of(breaker) is BreakerState.CLOSED
    assert call(breaker, fails=False)


def test_a_failed_probe_opens_it_again(breaker: CircuitBreaker, clock: Clock, states: list[BreakerState]) -> None:
    """The wait starts again, and each change of state is reported once."""
    open_it(breaker)
    clock.now += 6.01
    assert call(breaker, fails=True)
    assert 4 <= breaker.retry_after_seconds() <= 6
    assert not call(breaker, fails=False)
    assert states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.OPEN]


def test_a_cancelled_probe_lets_the_next_one_probe(breaker: CircuitBreaker, clock: Clock) -> None:
    """A cancelled probe has no result. It does not keep the breaker half open."""
    open_it(breaker)
    clock.now += 6.01
    probe = breaker.enter()
    assert probe is not None
    probe.abandoned()
    assert call(breaker, fails=False)
    assert state_of(breaker) is BreakerState.CLOSED


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "abandoned"])
def test_a_late_outcome_is_not_the_probes(breaker: CircuitBreaker, clock: Clock, outcome: str) -> None:
    """The outcome of a call that began before the breaker opened does not decide the running probe."""
    late = breaker.enter()
    assert late is not None
    open_it(breaker)
    clock.now += 6.01
    probe = breaker.enter()
    assert probe is not None
    getattr(late, outcome)()
    assert state_of(breaker) is BreakerState.HALF_OPEN
    assert breaker.enter() is None
    probe.succeeded()
    assert state_of(breaker) is BreakerState.CLOSED


def test_closed_again_it_has_forgotten_the_outage(breaker: CircuitBreaker, clock: Clock) -> None:
    """One failure right after the recovery opens nothing."""
    open_it(breaker)
    clock.now += 6.01
    call(breaker, fails=False)
    call(breaker, fails=True)
    assert state_of(breaker) is BreakerState.CLOSED


def test_row_20_ten_minutes_of_outage(breaker: CircuitBreaker, clock: Clock) -> None:
    """At 50 calls a second for 10 minutes at most one in 4 s passes, after the first 20."""
    passed = []
    for n in range(50 * 600):
        clock.now = 1000 + n / 50
        if call(breaker, fails=True):
            passed.append(clock.now)
    probes = passed[20:]
    assert 600 / 6.1 <= len(probes) <= 600 / 4
    assert min(later - earlier for earlier, later in itertools.pairwise(probes)) >= 4


def test_the_probe_times_are_spread() -> None:
    """Many pods that opened together do not probe together."""
    waits = set()
    for _ in range(50):
        breaker = CircuitBreaker(1, 0.5, 5, lambda: 0.0)
        open_it(breaker)
        waits.add(breaker.retry_after_seconds())
    assert min(waits) >= 4
    assert max(waits) <= 6
    assert max(waits) - min(waits) > 0.5


def test_retries_are_a_tenth_of_the_requests_and_three(clock: Clock) -> None:
    """100 requests allow 13 retries in 10 s."""
    budget = RetryBudget(0.1, 3, clock)
    for _ in range(100):
        budget.count_request()
    assert [budget.take() for _ in range(20)] == [True] * 13 + [False] * 7


def test_the_retry_budget_comes_back(clock: Clock) -> None:
    """What was taken is forgotten after 10 s, and so are the requests."""
    budget = RetryBudget(0.1, 3, clock)
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    clock.now += 9.9
    assert not budget.take()
    clock.now += 0.1
    assert [budget.take() for _ in range(4)] == [True, True, True, False]


def test_the_sixty_fifth_call_is_refused() -> None:
    """Nothing waits; a call that leaves makes room for one."""
    bulkhead = Bulkhead(64)
    assert [bulkhead.enter() for _ in range(65)] == [True] * 64 + [False]
    bulkhead.leave()
    assert [bulkhead.enter() for _ in range(2)] == [True, False]
