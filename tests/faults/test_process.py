"""Rows 33 and 40 to 43: the process itself."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dev.settings import ROOT
from tests.faults.test_clients import send_and_stay
from tests.kit.billing import good_body
from tests.kit.identity import IdentityServer
from tests.kit.load import Load, overview_path
from tests.kit.process import (
    LAUNCHERS,
    FunctionProcess,
    assert_answered,
    assert_refused,
    free_port,
    read_response,
    wait_until,
)
from tests.kit.server import Server, answer

Measured = Callable[[str], None]
BROKEN = "tests/faults/functions/broken/main.py"


@pytest.mark.row(33, "SIGTERM with requests in flight")
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_row_33_sigterm_with_requests_in_flight(
    identity: IdentityServer, upstream: Server, namespace: str, launcher: str, measured: Measured
) -> None:
    """Everything under way is finished, nothing new is accepted, and the process ends."""
    upstream.behaviour = answer(200, good_body, after=0.8)
    token = identity.token()
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    with FunctionProcess(settings, launcher=launcher) as process, contextlib.ExitStack() as stack:
        under_way = [stack.enter_context(send_and_stay(process, f"{namespace}-{n}", token)) for n in range(20)]
        stack.enter_context(socket.create_connection(("127.0.0.1", process.port)))  # a client that sends nothing
        wait_until(lambda: upstream.counts.in_flight == 20, 3)
        begun = time.monotonic()
        process.terminate()
        time.sleep(0.4)
        with pytest.raises(ConnectionError):
            process.send("GET", "/healthz")
        assert [read_response(connection).status_code for connection in under_way] == [200] * 20
        assert process.process.wait(8) == 0
        seconds = time.monotonic() - begun
        assert seconds <= 8
        assert not process.errors
        measured(f"{launcher} {seconds:.2f} s")
    assert process.count_lines(status=200, level="INFO") == 20


@pytest.mark.row(33, "SIGTERM with requests in flight")
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_row_33_sigterm_when_idle(identity: IdentityServer, upstream: Server, launcher: str) -> None:
    """An idle process with a kept-alive connection and a key set to refresh ends at once."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    with FunctionProcess(settings, launcher=launcher) as process:
        with send_and_stay(process, "acme-idle", identity.token()) as connection:
            assert read_response(connection).status_code == 200
            begun = time.monotonic()
            process.terminate()
            assert process.process.wait(8) == 0
        assert time.monotonic() - begun < 2
        assert not process.errors


@pytest.fixture(scope="module")
def broken(identity: IdentityServer) -> Iterator[FunctionProcess]:
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": "http://127.0.0.1:1", "FUNCTION_SOURCE": BROKEN}
    with FunctionProcess(settings) as process:
        yield process


BUGS = ["value-error", "key-error", "memory-error", "recursion-error", "group", "cancelled", "stop-iteration", "exit"]


@pytest.mark.row(40, "the handler raises anything")
@pytest.mark.parametrize("bug", BUGS)
def test_row_40_the_handler_raises(broken: FunctionProcess, token: str, bug: str) -> None:
    """A bug is a 500 in the envelope, and one traceback without the values the exception carries."""
    counted = broken.metric("http_requests_total", function="overview", status="500")
    path = f"/api/billing/project/{bug}/broken"
    asked = broken.send("GET", path, [("Authorization", f"Bearer {token}")])
    assert assert_refused(asked, 500, "Internal server error")["details"] == {}
    wait_until(lambda: broken.metric("http_requests_total", function="overview", status="500") - counted == 1, 2)
    wait_until(lambda: broken.count_lines(request_id=asked.request_id, message="request", level="ERROR") == 1, 2)
    [trace] = [x for x in broken.lines if x.get("request_id") == asked.request_id and "exception" in x]
    assert trace["level"] == "ERROR"
    assert any("broken/main.py" in frame for frame in trace["exception"])
    assert "hunter2" not in str(broken.lines)
    assert not broken.errors


STARTED = {
    "PATH": os.environ["PATH"],
    "FUNCTION_SOURCE": "functions/overview/main.py",
    "FUNCTION_TARGET": "overview",
}
WRONG = {
    "KEYCLOAK_URL": "keycloak",
    "BILLING_API_URL": "http://user:hunter2@billing",
    "BILLING_API_TOKEN": "hunter2\n",
    "JWKS_TTL_SECONDS": "-1",
    "CACHE_FRESH_SECONDS": "soon",
    "BILLING_MAX_IN_FLIGHT": "0",
    "NAMESPACE_OWNERSHIP": "nobody",
    "CORS_ALLOWED_ORIGINS": "*",
    "LOG_LEVEL": "LOUD",
    "METRICS_PORT": "9090",
    "OIDC_CA_FILE": "/does/not/exist",
}


@pytest.mark.row(41, "wrong configuration")
@pytest.mark.parametrize("launcher", [*LAUNCHERS, "uvicorn --lifespan on"])
def test_row_41_wrong_configuration(launcher: str, measured: Measured) -> None:
    """The process ends within 5 s and names every wrong variable, no value of a secret, and no traceback."""
    begun = time.monotonic()
    name, *more = launcher.split()
    port = str(free_port())
    ended = subprocess.run(
        [sys.executable, *LAUNCHERS[name], *more, *(["--port", port] if name == "uvicorn" else [])],
        cwd=ROOT,
        env={**STARTED, "PORT": port, **WRONG},
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert not [variable for variable in WRONG if f"  {variable}: " not in ended.stderr]
    assert "Traceback" not in said
    assert "hunter2" not in said
    assert '"level": "ERROR"' in ended.stdout
    measured(f"{launcher} {time.monotonic() - begun:.1f} s")


@pytest.mark.row(41, "wrong configuration")
def test_row_41_missing_configuration() -> None:
    """So does one without what has no default."""
    ended = subprocess.run(
        [sys.executable, "-m", "functions_framework"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "FUNCTION_SOURCE": "functions/overview/main.py",
            "FUNCTION_TARGET": "overview",
        },
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    assert ended.returncode != 0
    assert "KEYCLOAK_URL" in ended.stderr


@pytest.mark.row(42, "event loop blocked 1 s")
def test_row_42_blocked_event_loop(broken: FunctionProcess, token: str, measured: Measured) -> None:
    """The lag shows in the metric when it is scraped later, and in a WARN."""
    broken.send("GET", "/api/billing/project/block/broken", [("Authorization", f"Bearer {token}")])
    time.sleep(1.2)
    lag = broken.metric("event_loop_lag_seconds")
    assert 0.5 <= lag <= 2
    assert broken.wait_for_line(message="the event loop was blocked")["level"] == "WARNING"
    measured(f"lag {lag:.2f} s")


@pytest.mark.row(43, "log or metric sink away")
def test_row_43_nobody_reads_the_log_any_more(
    identity: IdentityServer, upstream: Server, namespace: str, token: str
) -> None:
    """A closed stdout costs lines, which are counted, and nothing else; the process still ends well."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    read_end, write_end = os.pipe()
    with FunctionProcess(settings, stdout=write_end) as process:
        os.close(write_end)
        os.close(read_end)
        for n in range(20):
            assert_answered(process.ask(f"{namespace}-{n}", token))
        wait_until(lambda: process.metric("log_lines_dropped_total") > 0, 2)
        process.terminate()
        assert process.process.wait(8) == 0
        assert not process.errors


@pytest.mark.row(43, "log or metric sink away")
@pytest.mark.slow_fault
@pytest.mark.parametrize("launcher", LAUNCHERS)
async def test_row_43_log_sink_is_stuck(
    identity: IdentityServer, upstream: Server, namespace: str, launcher: str, measured: Measured
) -> None:
    """If nobody reads the log, a bounded buffer fills. Requests succeed. Lost lines are counted and logged later."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    token = identity.token()
    read_end, write_end = os.pipe()
    with FunctionProcess(settings, stdout=write_end, launcher=launcher) as process:
        os.close(write_end)
        assert_answered(process.ask(namespace, token))
        before = process.rss_bytes()
        load = Load(process.port)
        await load.in_turn(((overview_path(namespace), token) for _ in range(12_000)), workers=8)
        assert load.statuses() == {200: 12_000}
        assert process.metric("log_lines_dropped_total") > 0
        growth = process.rss_bytes() - before
        assert growth < 24 * 2**20
        measured(f"p99 {load.percentile(0.99) * 1000:.0f} ms, RSS +{growth / 2**20:.0f} MiB")
        text = await asyncio.to_thread(read_until, read_end, b"log lines were dropped")
        assert text.count(b"log lines were dropped") == 1
        process.terminate()
        threading.Thread(target=drain, args=(read_end,), daemon=True).start()
        assert await asyncio.to_thread(process.process.wait, 8) == 0


@pytest.mark.row(43, "log or metric sink away")
@pytest.mark.slow_fault
async def test_row_43_ends_while_the_log_sink_is_stuck(
    identity: IdentityServer, upstream: Server, namespace: str
) -> None:
    """A stuck sink does not keep the process from ending, nor makes it crash."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    token = identity.token()
    read_end, write_end = os.pipe()
    with FunctionProcess(settings, stdout=write_end) as process:
        os.close(write_end)
        await Load(process.port).in_turn(((overview_path(namespace), token) for _ in range(1_000)), workers=8)
        process.terminate()
        assert await asyncio.to_thread(process.process.wait, 8) == 0
        assert not process.errors
    os.close(read_end)


def read_until(descriptor: int, text: bytes) -> bytes:
    read = b""
    until = time.monotonic() + 10
    while text not in read and time.monotonic() < until:
        read += os.read(descriptor, 65_536)
    return read


def drain(descriptor: int) -> None:
    while os.read(descriptor, 65_536):
        pass
    os.close(descriptor)


@pytest.mark.row(43, "log or metric sink away")
def test_row_43_metrics_port_is_taken(identity: IdentityServer, upstream: Server, namespace: str, token: str) -> None:
    """If METRICS_PORT is in use, an ERROR names the port. Requests succeed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, "METRICS_PORT": str(port)}
        process = FunctionProcess(settings, metrics_port=0)
        with contextlib.closing(process):
            process.wait_until_ready()
            assert_answered(process.ask(namespace, token))
            line = process.wait_for_line(message="no metrics listener", level="ERROR")
            assert str(port) in line["reason"]


@pytest.mark.row(33, "SIGTERM with requests in flight")
def test_row_33_sigterm_while_billing_hangs(identity: IdentityServer, upstream: Server, namespace: str) -> None:
    """Requests that wait for a hanging billing service end by their own deadline, with a 503."""
    upstream.behaviour = answer(200, good_body, after=30)
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    settings |= {"BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "1"}
    with FunctionProcess(settings) as process:
        with send_and_stay(process, namespace, identity.token()) as connection:
            wait_until(lambda: upstream.counts.in_flight == 1, 2)
            process.terminate()
            assert read_response(connection).status_code == 503
        assert process.process.wait(8) == 0
