"""The fault matrix: `@pytest.mark.row(number, fault)` puts a test into it, and the end of a run prints it."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from zlib import crc32

import pytest

from tests.faults.bench import Bench
from tests.kit.billing import good
from tests.kit.identity import IdentityServer
from tests.kit.process import FunctionProcess
from tests.kit.server import Server

ROWS = 43
MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}


@dataclass
class Row:
    fault: str
    tests: int = 0
    result: str = "passed"
    seconds: float = 0.0
    measured: list[str] = field(default_factory=list)

    def add(self, report: pytest.TestReport) -> None:
        self.tests += report.when == "call"
        self.seconds += report.duration
        self.measured += [str(value) for name, value in report.user_properties if name == "measured"]
        if self.result != "failed" and report.outcome != "passed":
            self.result = report.outcome


rows: dict[int | str, Row] = {}


def _order(number: int | str) -> tuple[int, str]:
    """20, "20b", 21."""
    digits = str(number).rstrip("abc")
    return int(digits), str(number)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(number, fault): a row of the fault matrix")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or report.outcome != "passed":
        for mark in item.iter_markers("row"):
            number, fault = mark.args
            rows.setdefault(number, Row(fault)).add(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not rows:
        return
    terminalreporter.section("fault matrix")
    for number, row in sorted(rows.items(), key=lambda item: _order(item[0])):
        said = "; ".join(row.measured[:4])
        terminalreporter.write_line(
            f"{number:>3}  {MARKS[row.result]:8} {row.tests:>2} tests {row.seconds:6.1f} s  {row.fault}"
            + (f"  [{said}]" if said else "")
        )
    missing = sorted(set(range(1, ROWS + 1)) - {number for number in rows if isinstance(number, int)})
    if missing:
        terminalreporter.write_line(
            f"not run here: rows {', '.join(map(str, missing))} (make test and make test-faults together run all)"
        )


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Puts a figure into the matrix."""
    return lambda text: record_property("measured", text)


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[Server]:
    server = Server(good)
    yield server
    server.close()


@pytest.fixture
def upstream(shared_upstream: Server) -> Iterator[Server]:
    """A billing service that works until the test sets another behaviour."""
    shared_upstream.reset_counts()
    yield shared_upstream
    shared_upstream.behaviour, shared_upstream.on_accept = good, None
    shared_upstream.start()


@pytest.fixture(scope="session")
def identity() -> Iterator[IdentityServer]:
    provider = IdentityServer()
    yield provider
    provider.server.close()


@pytest.fixture
def own_identity() -> Iterator[IdentityServer]:
    """An identity provider to break."""
    provider = IdentityServer()
    yield provider
    provider.server.close()


@pytest.fixture
def own_upstream() -> Iterator[Server]:
    server = Server(good)
    yield server
    server.close()


@pytest.fixture(scope="session")
def function(shared_upstream: Server, identity: IdentityServer) -> Iterator[FunctionProcess]:
    """`overview` with time limits shortened, and with a breaker and a retry budget that no single test uses up."""
    settings = {
        "KEYCLOAK_URL": identity.url,
        "BILLING_API_URL": shared_upstream.url,
        "BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "0.4",
        "BILLING_ATTEMPT_TIMEOUT_SECONDS": "0.8",
        "BREAKER_MINIMUM_CALLS": "100000",
        "RETRY_BUDGET_MINIMUM": "1000",
        "LOG_LEVEL": "DEBUG",
    }
    with FunctionProcess(settings) as process:
        yield process


@pytest.fixture(scope="session")
def token(identity: IdentityServer) -> str:
    """An org-admin of acme. The token is valid for longer than the session runs."""
    return identity.token(exp=int(time.time()) + 7200)


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A name of the test's own, so that nothing is cached under it."""
    return f"ns-{crc32(request.node.nodeid.encode())}"


@pytest.fixture
def bench(function: FunctionProcess, upstream: Server, namespace: str, token: str) -> Bench:
    return Bench(function, upstream, namespace, token)
