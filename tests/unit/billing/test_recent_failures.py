"""After a failure of the billing service, cached results are used for a few seconds without a call."""

import asyncio
from typing import Any

import pytest

from common.billing.client import BillingClient
from common.billing.resilience import Advice, RecentFailures
from tests.kit.billing import BillingService, Reply, away
from tests.kit.in_process import Double, captured_log, get, make
from tests.kit.tenants import admin

AWAY: dict[str, Any] = {
    "refused": away,
    "500": lambda _: (500, {}),
    "503": lambda _: (503, {}),
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Bench:
    """`overview` with a billing service to break. Everything of acme-web and acme-data was fetched a minute ago."""

    def __init__(self, clock: Clock, **changes: Any) -> None:
        self.clock = clock
        self.billing = BillingService()
        usual = {"billing_max_retries": 0, "breaker_minimum_calls": 1000}
        self.function = make("overview", billing=self.billing, **{**usual, **changes})
        self.function.billing = BillingClient(self.function.settings, transport=Double(self.billing), clock=clock)

    async def ask(self, namespace: str = "acme-web") -> tuple[int, bool | None]:
        """Status and `meta.stale`, after the calls in the background ended."""
        response = await get(self.function, f"/api/billing/project/{namespace}/overview", admin("acme"))
        await asyncio.gather(*self.function.billing._cached._background, return_exceptions=True)
        return response.status_code, response.json().get("meta", {}).get("stale")

    def calls(self) -> int:
        made = len(self.billing.requests)
        self.billing.requests.clear()
        return made


@pytest.fixture
async def bench(clock: Clock) -> Bench:
    bench = Bench(clock)
    for namespace in ("acme-web", "acme-data"):
        assert await bench.ask(namespace) == (200, False)
    assert bench.calls() == 2
    clock.now += 60
    return bench


@pytest.mark.parametrize("fail", AWAY.values(), ids=AWAY)
async def test_after_a_failure_the_cached_result_is_used_without_a_call(bench: Bench, clock: Clock, fail: Any) -> None:
    """For 5 s. Then one call in the background, whose caller does not wait either, and 5 s again."""
    bench.billing.fail = fail
    for _ in range(20):
        assert await bench.ask() == (200, True)
    assert bench.calls() == 1
    for _ in range(3):
        clock.now += 5
        for _ in range(20):
            assert await bench.ask() == (200, True)
        assert bench.calls() == 1


async def test_the_first_success_makes_results_fresh_again(bench: Bench, clock: Clock) -> None:
    """The caller that starts the call gets the older result, and the next one the new."""
    bench.billing.fail = away
    assert await bench.ask() == (200, True)
    bench.billing.fail = lambda _: None
    clock.now += 5
    assert await bench.ask() == (200, True)
    assert await bench.ask() == (200, False)


async def test_an_old_failure_is_forgotten(bench: Bench, clock: Clock) -> None:
    """Ten seconds after it, a caller waits for the service as usual, and gets the new result."""
    bench.billing.fail = away
    assert await bench.ask() == (200, True)
    bench.billing.fail = lambda _: None
    clock.now += 10
    assert await bench.ask() == (200, False)


async def test_one_failing_project_leaves_the_others_fresh(bench: Bench, clock: Clock) -> None:
    """The service is there, so the other projects are fetched as usual."""
    bench.billing.fail = lambda target: (500, {}) if "acme-web" in target else None
    for _ in range(5):
        assert await bench.ask("acme-web") == (200, True)
        assert await bench.ask("acme-data") == (200, False)
        clock.now += 11


async def test_two_failing_projects_are_an_outage_for_all(clock: Clock) -> None:
    """Then a third project's cached result is used without a call, and one call tries for all of them."""
    names = [f"acme-{n}" for n in range(30)]
    bench = Bench(clock)
    bench.billing.owners = dict.fromkeys(names, "acme")
    for name in names:
        await bench.ask(name)
    clock.now += 60
    bench.calls()
    bench.billing.fail = away
    for _ in range(4):
        for name in names:
            assert await bench.ask(name) == (200, True)
        clock.now += 5
    assert bench.calls() == 2 + 3
    bench.billing.fail = lambda _: None
    assert await bench.ask(names[7]) == (200, True)  # this one tries
    for name in names:
        assert await bench.ask(name) == (200, False)


REFUTED: dict[str, tuple[Reply, int]] = {
    "project_not_found": ((404, {"code": "project_not_found"}), 403),
    "another 404": ((404, {}), 503),
    "mismatch": ((200, {"organization": "globex", "namespace": "acme-web"}), 503),
    "schema": ((200, {"organization": "acme", "namespace": "acme-web"}), 503),
    "price_missing": ((409, {"code": "price_missing"}), 503),
    "429": ((429, {}), 503),
}


@pytest.mark.parametrize(("reply", "status"), REFUTED.values(), ids=REFUTED)
async def test_a_wrong_or_refused_reply_in_the_background_ends_it(
    bench: Bench, clock: Clock, reply: Reply, status: int
) -> None:
    """The next caller does not get the cached result any more."""
    bench.billing.fail = away
    assert await bench.ask() == (200, True)
    bench.billing.fail = lambda _: reply
    clock.now += 5
    assert await bench.ask() == (200, True)  # starts the call
    assert (await bench.ask())[0] == status


async def test_without_a_cached_result_each_request_calls(bench: Bench) -> None:
    """A project that was not fetched before is 503, with a call for each request."""
    bench.billing.fail = away
    for _ in range(3):
        assert await bench.ask("acme-new") == (503, None)
    assert bench.calls() == 3


async def test_zero_turns_it_off(clock: Clock) -> None:
    """CACHE_RETRY_SECONDS=0: each caller waits for the failing call, and then gets the cached result."""
    bench = Bench(clock, cache_retry_seconds=0)
    await bench.ask()
    bench.calls()
    clock.now += 60
    bench.billing.fail = away
    for _ in range(3):
        assert await bench.ask() == (200, True)
    assert bench.calls() == 3


async def test_a_full_bulkhead_is_no_failure_of_the_service(clock: Clock) -> None:
    """A call that this process did not make is not counted."""
    bench = Bench(clock, billing_max_in_flight=1)
    await bench.ask()
    clock.now += 60
    bench.function.billing._upstream._bulkhead.enter()
    assert await bench.ask() == (200, True)
    bench.function.billing._upstream._bulkhead.leave()
    assert await bench.ask() == (200, False)


async def test_a_bug_in_the_background_is_logged(bench: Bench, clock: Clock) -> None:
    """As a bug, once, with its frames."""

    def bug(_: str) -> Reply:
        raise KeyError("bug")

    bench.billing.fail = away
    await bench.ask()
    bench.billing.fail = bug
    clock.now += 5
    with captured_log() as lines:
        assert await bench.ask() == (200, True)
    assert lines.text.count("bug in the background") == 1


# --- the rule -----------------------------------------------------------------


def test_questions_that_are_remembered_are_limited() -> None:
    """The oldest is forgotten first."""
    failures = RecentFailures(5, 2, Clock())
    for key in "abc":
        failures.failed(key)
        failures.succeeded("x")  # so that it is not an outage
    assert [failures.judge(key) for key in "abc"] == [Advice.CALL, Advice.USE, Advice.USE]


def test_a_call_that_the_breaker_rejected_waits_for_the_breaker(clock: Clock) -> None:
    """And not longer: the first call after the breaker's time can close it."""
    failures = RecentFailures(5, 10, clock)
    failures.failed("a", 1.5)
    clock.now += 1.4
    assert failures.judge("a") is Advice.USE
    clock.now += 0.2
    assert failures.judge("a") is Advice.TRY
    assert failures.judge("a") is Advice.USE
