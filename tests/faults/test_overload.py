"""Rows 20 to 22 and 31: many requests while billing is down, comes back, or is slow; and what they leave behind."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from tests.kit.billing import good, good_body
from tests.kit.identity import IdentityServer
from tests.kit.load import Load, overview_path
from tests.kit.process import FunctionProcess, assert_answered, assert_unreachable
from tests.kit.server import Server, answer, first, reset_unanswered

Measured = Callable[[str], None]
CLOSED, HALF_OPEN, OPEN = 0, 1, 2


@pytest.mark.row(20, "billing down 10 min at 50 rps")
def test_row_20_breaker_opens_and_probes(
    identity: IdentityServer, upstream: Server, namespace: str, token: str
) -> None:
    """After enough failures, nothing is sent upstream for a time, then one probe. Each change is logged once."""
    settings = {"BREAKER_MINIMUM_CALLS": "5", "BREAKER_OPEN_SECONDS": "0.5", "BILLING_MAX_RETRIES": "0"}
    upstream.behaviour = answer(500, b"")
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, **settings}) as process:
        for n in range(5):
            assert_unreachable(process.ask(f"{namespace}-{n}", token))
        assert process.metric("upstream_breaker_state") == OPEN
        assert upstream.counts.requests == 5
        refused = process.ask(f"{namespace}-x", token)
        assert_unreachable(refused)
        assert refused.response.headers["retry-after"] == "1"
        line = process.line_of(refused)
        assert (line["level"], line["reason"]) == ("INFO", "breaker_open")
        assert upstream.counts.requests == 5
        time.sleep(0.65)
        upstream.behaviour = good
        assert_answered(process.ask(namespace, token))
        assert process.metric("upstream_breaker_state") == CLOSED
        assert process.wait_for_line(message="circuit breaker", state="closed")["level"] == "INFO"
        assert process.wait_for_line(message="circuit breaker", state="open")["level"] == "WARNING"
        states = [x["state"] for x in process.lines if x["message"] == "circuit breaker"]
        assert states == ["open", "half_open", "closed"]


@pytest.mark.row(20, "billing down 10 min at 50 rps")
@pytest.mark.row(21, "billing back")
@pytest.mark.slow_fault
async def test_row_20_and_21_outage_and_return(
    identity: IdentityServer, upstream: Server, namespace: str, token: str, measured: Measured
) -> None:
    """With the default breaker, 50 rps: at most one upstream call per 4 s while open; normal within 10 s, no surge.

    Ten minutes of it are in the breaker's own test, with its clock.
    """
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}) as process:
        assert_answered(process.ask(namespace, token))
        upstream.behaviour = reset_unanswered
        await Load(process.port).at_rate(50, 2, lambda n: (overview_path(f"{namespace}-{n}"), token))
        assert process.metric("upstream_breaker_state") == OPEN
        upstream.reset_counts()
        outage = Load(process.port)
        await outage.at_rate(50, 13, lambda n: (overview_path(f"{namespace}-{n}"), token))
        probes = upstream.counts.connections
        assert outage.statuses() == {503: 650}
        assert 1 <= probes <= 4
        p99 = outage.percentile(0.99)
        assert p99 < 0.25  # 50 ms needs an otherwise idle machine; the figure is in the matrix
        back, upstream.behaviour = time.monotonic(), good
        upstream.reset_counts()
        recovery = Load(process.port)
        await recovery.at_rate(50, 12, lambda n: (overview_path(f"{namespace}-r{n}"), token))
        first_good = min(at for status, _, at in recovery.answers if status == 200)
        assert first_good - back <= 10
        assert all(status == 200 for status, _, at in recovery.answers if at > first_good + 0.5)
        assert upstream.counts.peak <= 8
        measured(
            f"open: {outage.summary(13)}, {probes} upstream calls in 13 s; "
            f"back after {first_good - back:.1f} s, at most {upstream.counts.peak} at once"
        )


@pytest.mark.row(20, "billing down 10 min at 50 rps")
def test_row_20_stale_answers(identity: IdentityServer, upstream: Server, namespace: str, token: str) -> None:
    """A stale result is marked as stale. The contract defines the failures for which it is served."""
    settings = {"CACHE_FRESH_SECONDS": "0.2", "BILLING_MAX_RETRIES": "0", "BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "0.3"}
    settings["CACHE_RETRY_SECONDS"] = "0"  # each request calls the service
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, **settings}) as process:
        assert_answered(process.ask(namespace, token))
        time.sleep(1.1)
        token_refused = (answer(401, b"{}"), answer(403, b"{}"))
        late = answer(200, good_body, after=1)
        for behaviour in (reset_unanswered, answer(500, b""), answer(503, b""), late, *token_refused):
            upstream.behaviour = behaviour
            asked = process.ask(namespace, token)
            data = assert_answered(asked, stale=True)
            assert data["billing_summary"]["current_month_total"] == 1672.31
            assert int(asked.response.headers["age"]) >= 1
            assert process.line_of(asked)["level"] == "WARNING"
        for behaviour in (
            answer(200, b"{}"),
            answer(200, b"<", content_type="text/html"),
            answer(429, b""),
            answer(302, b"", location="/"),
        ):
            upstream.behaviour = behaviour
            assert_unreachable(process.ask(namespace, token))
        assert process.metric("cache_requests_total", result="stale") == 6
        upstream.behaviour = answer(404, b'{"error": "project_not_found"}')
        assert process.ask(namespace, token).response.status_code == 403
        upstream.behaviour = answer(500, b"")
        assert_unreachable(process.ask(namespace, token))  # the 404 removed the cached result


@pytest.mark.row(22, "1000 concurrent calls, slow billing")
@pytest.mark.slow_fault
async def test_row_22_bulkhead(
    identity: IdentityServer, upstream: Server, namespace: str, token: str, measured: Measured
) -> None:
    """64 calls go upstream; every further one is refused at once, with Retry-After, and the slots come back."""
    upstream.behaviour = answer(200, good_body, after=2.2)
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}) as process:
        process.send("GET", "/healthz")
        load = Load(process.port)
        begun = time.monotonic()
        await load.at_once((overview_path(f"{namespace}-{n}"), token) for n in range(1000))
        assert load.statuses() == {200: 64, 503: 936}
        assert upstream.counts.peak == upstream.counts.requests == 64
        refusals = load.percentile(1, status=503)  # our 1000 connects on a shared machine are in it
        assert process.count_lines(status=503) == 936
        assert max(x["duration_ms"] for x in process.lines if x.get("status") == 503) < 2000
        assert process.metric("upstream_shed_total") == 936
        assert 1 <= process.count_lines(message="bulkhead full", level="WARNING") <= 5
        assert process.count_lines(level="ERROR") == 0
        upstream.behaviour = good
        assert_answered(process.ask(namespace, token))
        measured(f"936 refused, the last after {refusals:.2f} s; all done in {time.monotonic() - begun:.1f} s")


@pytest.mark.row(22, "1000 concurrent calls, slow billing")
def test_row_22_the_next_call_is_refused(
    identity: IdentityServer, upstream: Server, namespace: str, token: str
) -> None:
    """The refusal itself: 503, Retry-After 1, and no queue."""
    upstream.behaviour = answer(200, good_body, after=0.5)
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, "BILLING_MAX_IN_FLIGHT": "2"}
    with FunctionProcess(settings) as process:
        process.ask("acme-warm", token)  # the keys are there
        load = Load(process.port)
        asyncio.run(load.at_once((overview_path(f"{namespace}-{n}"), token) for n in range(2)))
        assert load.statuses() == {200: 2}
        held = Load(process.port)

        async def two_and_one() -> float:
            pair = asyncio.create_task(held.at_once((overview_path(f"{namespace}-b{n}"), token) for n in range(2)))
            await asyncio.sleep(0.2)
            asked = await asyncio.to_thread(process.ask, f"{namespace}-c", token)
            assert_unreachable(asked)
            assert asked.response.headers["retry-after"] == "1"
            await pair
            return asked.seconds

        assert asyncio.run(two_and_one()) < 0.2


@pytest.mark.row(22, "1000 concurrent calls, slow billing")
def test_row_22_equal_questions_share_a_call(
    identity: IdentityServer, upstream: Server, namespace: str, token: str
) -> None:
    """200 equal questions are one call upstream."""
    upstream.behaviour = answer(200, good_body, after=0.5)
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}) as process:
        load = Load(process.port)
        asyncio.run(load.at_once((overview_path(namespace), token) for _ in range(200)))
        assert load.statuses() == {200: 200}
        assert upstream.counts.requests == 1


@pytest.mark.row(8, "502 / 503 / 504")
def test_row_08_retry_budget(identity: IdentityServer, upstream: Server, namespace: str, token: str) -> None:
    """Retries stay within their budget: a broken service sees hardly more calls than it gets requests."""
    upstream.behaviour = first([answer(503, b"")] * 100, good)
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, "BREAKER_MINIMUM_CALLS": "1000"}
    with FunctionProcess(settings) as process:
        for n in range(20):
            assert_unreachable(process.ask(f"{namespace}-{n}", token))
        assert upstream.counts.requests <= 20 + 3 + 2  # and a tenth of the requests


@pytest.mark.row(31, "100 000 requests, thousands of tokens")
@pytest.mark.slow_fault
async def test_row_31_nothing_is_left_behind(
    identity: IdentityServer, upstream: Server, namespace: str, measured: Measured
) -> None:
    """After a warm-up, 100 000 requests by 5000 tokens grow the process by less than 10 MB and open no descriptor."""
    tokens = [identity.token(sub=str(n)) for n in range(5_000)]
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}) as process:

        def requests(count: int) -> Iterator[tuple[str, str]]:
            until = time.monotonic() + 200  # a slow machine stops earlier and reports the number
            for n in range(count):
                if time.monotonic() > until:
                    return
                yield overview_path(f"{namespace}-{n % 700}"), tokens[n % len(tokens)]

        await Load(process.port).in_turn(requests(15_000), workers=16)
        await asyncio.sleep(1)
        before, descriptors = process.rss_bytes(), process.descriptors()
        load, begun = Load(process.port), time.monotonic()
        await load.in_turn(requests(100_000), workers=16)
        seconds = time.monotonic() - begun
        answered = len(load.answers)
        assert load.statuses() == {200: answered}
        assert answered >= 30_000
        await asyncio.sleep(1)
        growth = process.rss_bytes() - before
        assert growth < 10 * 10**6
        assert abs(process.descriptors() - descriptors) <= 16  # calls under way come and go
        measured(f"{answered} requests, {load.summary(seconds)}, RSS {growth / 10**6:+.1f} MB")
