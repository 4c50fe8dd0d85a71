"""What is kept and for how long, and calls that are shared by all who ask the same."""

import asyncio

import pytest

from common.billing.cache import Cache, SingleFlight


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
def cache(clock: Clock) -> Cache[str]:
    return Cache(10, 900, 3, clock)


def test_an_answer_is_fresh_for_ten_seconds(cache: Cache[str], clock: Clock) -> None:
    """At exactly ten it no longer is."""
    cache.put("a", "1")
    clock.now += 9.99
    assert cache.get_fresh("a")
    clock.now += 0.01
    assert cache.get_fresh("a") is None


def test_an_answer_may_be_stale_for_fifteen_minutes(cache: Cache[str], clock: Clock) -> None:
    """And not a moment longer."""
    cache.put("a", "1")
    clock.now += 900
    kept = cache.get_stale("a")
    assert kept is not None
    assert cache.age_seconds(kept) == 900
    clock.now += 0.01
    assert cache.get_stale("a") is None


def test_the_least_used_goes_first(cache: Cache[str]) -> None:
    """Three fit; the one that was used longest ago makes room."""
    for key in "abc":
        cache.put(key, key)
    cache.get_fresh("a")
    cache.put("d", "d")
    assert [key for key in "abcd" if cache.get_fresh(key)] == ["a", "c", "d"]


def test_zero_keeps_nothing(clock: Clock) -> None:
    """CACHE_FRESH_SECONDS=0 turns stale results off too."""
    cache: Cache[str] = Cache(0, 900, 3, clock)
    cache.put("a", "1")
    assert not cache.enabled
    assert cache.get_stale("a") is None


class Call:
    """A call that a test ends. It counts how often it was made and cancelled."""

    def __init__(self) -> None:
        self.made = 0
        self.cancelled = 0
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.made += 1
        try:
            return await asyncio.shield(self.end)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def started(*tasks: "asyncio.Task[str]") -> None:
    del tasks
    for _ in range(5):
        await asyncio.sleep(0)


async def test_equal_questions_share_a_call() -> None:
    """100 callers share one call, and all receive its result."""
    flights: SingleFlight[str] = SingleFlight()
    call = Call()
    waiting = [asyncio.create_task(flights.share("a", call)) for _ in range(100)]
    await started(*waiting)
    call.end.set_result("1")
    assert await asyncio.gather(*waiting) == ["1"] * 100
    assert call.made == 1
    assert not flights.is_running("a")


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    """If the first caller is cancelled, the other callers still receive the result."""
    flights: SingleFlight[str] = SingleFlight()
    call = Call()
    first, second = (asyncio.create_task(flights.share("a", call)) for _ in range(2))
    await started(first, second)
    first.cancel()
    await started()
    call.end.set_result("1")
    assert await second == "1"
    assert (call.made, call.cancelled) == (1, 0)


async def test_the_last_to_leave_cancels_the_call() -> None:
    """A call without callers is cancelled. The next caller starts a new call, even before the cancelled one ends."""
    flights: SingleFlight[str] = SingleFlight()
    call = Call()
    only = asyncio.create_task(flights.share("a", call))
    await started(only)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    assert not flights.is_running("a")
    another = asyncio.create_task(flights.share("a", call))
    await started(another)
    assert (call.made, call.cancelled) == (2, 1)
    call.end.set_result("1")
    assert await another == "1"


async def test_all_get_the_same_failure_and_it_is_not_kept() -> None:
    """The next question is a new call."""
    flights: SingleFlight[str] = SingleFlight()
    call = Call()
    waiting = [asyncio.create_task(flights.share("a", call)) for _ in range(3)]
    await started(*waiting)
    call.end.set_exception(ValueError("broken"))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3
    with pytest.raises(ValueError, match="broken"):
        await flights.share("a", call)
    assert call.made == 2
