"""Row 20b: many requests for cached results while the billing service is away or hangs."""

import asyncio
import time
from collections.abc import Callable, Iterable

import pytest

from tests.kit.billing import good
from tests.kit.identity import IdentityServer
from tests.kit.load import Load, overview_path
from tests.kit.process import FunctionProcess, assert_answered, wait_until
from tests.kit.server import Server, answer, hang

Measured = Callable[[str], None]

RATE, SECONDS = 50, 6
FIRST_FAILURE_SECONDS = 1.0  # a call that hangs gives up after 0.5 s; three refused attempts end within 0.6 s
SETTINGS = {
    "CACHE_FRESH_SECONDS": "0.5",
    "CACHE_RETRY_SECONDS": "2",
    "BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "0.5",
}


@pytest.fixture
def settings(identity: IdentityServer, upstream: Server) -> dict[str, str]:
    return {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, **SETTINGS}


def most_at_once(answers: Iterable[tuple[int, float, float]]) -> int:
    """The largest number of requests that waited at the same moment."""
    changes = sorted(change for _, seconds, end in answers for change in ((end - seconds, 1), (end, -1)))
    waiting = most = 0
    for _, change in changes:
        waiting += change
        most = max(most, waiting)
    return most


def break_down(upstream: Server, how: str) -> None:
    upstream.reset_counts()
    if how == "refuses":
        upstream.stop()
    else:
        upstream.behaviour = {"hangs": hang, "500": answer(500, b"")}[how]


@pytest.mark.row("20b", "billing away or hanging, 50 rps of cached questions")
@pytest.mark.slow_fault
@pytest.mark.parametrize("case", [("refuses", 1), ("refuses", 40), ("hangs", 1), ("hangs", 40), ("500", 40)], ids=str)
async def test_row_20b_cached_results_without_waiting(
    settings: dict[str, str], upstream: Server, token: str, measured: Measured, case: tuple[str, int]
) -> None:
    """After the first failure every response is 200 at once, and a few calls find out when the service is back."""
    how, projects = case
    namespace = f"cached-{how}"
    with FunctionProcess(settings) as process, FunctionProcess(settings) as cold:
        for n in range(projects):
            assert_answered(process.ask(f"{namespace}-{n}", token))
        await asyncio.sleep(0.6)
        break_down(upstream, how)
        started = time.monotonic()
        load = Load(process.port)
        await load.at_rate(RATE, SECONDS, lambda n: (overview_path(f"{namespace}-{n % projects}"), token))
        assert load.statuses() == {200: RATE * SECONDS}
        later = [x for x in load.answers if x[2] - x[1] > started + FIRST_FAILURE_SECONDS]
        slowest = sorted(seconds for _, seconds, _ in later)
        assert slowest[int(0.99 * len(slowest))] < 0.5  # 100 ms needs an otherwise idle machine
        assert most_at_once(later) <= 10
        stale = process.metric("cache_requests_total", result="stale")
        assert stale == RATE * SECONDS
        calls = process.metric("cache_requests_total", result="miss") - projects
        assert calls <= projects + SECONDS  # those that waited for the first failure, and one or two per interval
        assert cold.ask(f"{namespace}-0", token).response.status_code == 503  # it has nothing cached
        measured(
            f"{how}, {projects} projects: p99 {slowest[int(0.99 * len(slowest))] * 1000:.0f} ms, "
            f"at most {most_at_once(later)} at once, {calls:.0f} calls"
        )


@pytest.mark.row("20b", "billing away or hanging, 50 rps of cached questions")
@pytest.mark.parametrize("how", ["refuses", "hangs"])
def test_row_20b_the_service_is_back(
    settings: dict[str, str], upstream: Server, namespace: str, token: str, how: str
) -> None:
    """The call in the background succeeds, and from then on responses are fresh. Only failures are WARNING lines."""
    settings |= {"CACHE_RETRY_SECONDS": "0.5", "BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "0.2"}
    with FunctionProcess(settings) as process:
        assert_answered(process.ask(namespace, token))
        time.sleep(0.6)
        break_down(upstream, how)
        first = process.ask(namespace, token)
        assert_answered(first, stale=True)
        assert process.line_of(first)["level"] == "WARNING"
        again = process.ask(namespace, token)
        assert_answered(again, stale=True)
        line = process.line_of(again)
        assert (line["level"], line["reason"], line["upstream_ms"]) == ("INFO", "recent_failure", 0)
        time.sleep(0.6)
        assert_answered(process.ask(namespace, token), stale=True)  # starts the call in the background
        process.wait_for_line(message="the billing service still fails")
        upstream.behaviour = good
        upstream.start()
        wait_until(lambda: not process.ask(namespace, token).response.json()["meta"]["stale"], 10)
        assert process.count_lines(level="ERROR") == 0
