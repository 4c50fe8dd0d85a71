"""What a function changes in its process: nothing when it is loaded, and what serving needs with its first request."""

import contextlib
import http.client
import importlib.util
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kit.slow import first_quick

ROOT = Path(__file__).parents[3]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
SETTINGS = {
    "KEYCLOAK_URL": "https://id.example.com",
    "BILLING_API_URL": "http://billing",
    "OIDC_AUDIENCE": "billing",
    "PATH": os.environ["PATH"],
}
STATE = """
import atexit, gc, logging, os, runpy, signal, sys, threading
sys.path.insert(0, ".")
ours = []
register = atexit.register
def recorded(function, *args, **kwargs):
    if function.__module__.startswith(("common", "functions")):
        ours.append(function)
    return register(function, *args, **kwargs)
atexit.register = recorded
def state():
    root = logging.getLogger()
    return {
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "gc": (gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()),
        "root logger": (list(root.handlers), root.level),
        "threads": threading.enumerate(),
        "environment": dict(os.environ),
        "atexit": list(ours),
        "hooks": (sys.excepthook, threading.excepthook, sys.stdout, sys.stderr),
    }
"""
REQUEST = """
import asyncio
from functions.overview.main import app
sent = []
path = {"path": "/healthz", "raw_path": b"/healthz", "query_string": b""}
scope = {"type": "http", "method": "GET", "headers": [], **path}
async def send(message): sent.append(message)
gc.disable()
asyncio.run(app(scope, None, send))
print(sent[0]["status"], gc.isenabled(), gc.get_freeze_count() > 10_000, len(logging.getLogger().handlers))
"""


def run(code: str, environment: Mapping[str, str] = SETTINGS) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", STATE + code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("function", first_quick(FUNCTIONS, 2))
def test_loading_a_function_changes_nothing_in_its_process(function: str) -> None:
    """Signals, collector, root logger, threads, environment, atexit and hooks are as before; no setting is needed."""
    code = f"before = state(); runpy.run_path('functions/{function}/main.py'); after = state()\n"
    nothing = {"PATH": os.environ["PATH"]}  # not even a required setting
    assert run(code + "print([name for name in before if before[name] != after[name]])", nothing) == "[]"


def test_a_request_changes_nothing_in_a_process_that_does_not_serve() -> None:
    """Without FUNCTION_TARGET, as in a test: the collector stays as it is, and the root logger too."""
    assert run(REQUEST, {**SETTINGS, "METRICS_PORT": "0"}) == "200 False False 0"


def test_garbage_is_collected_from_the_first_request_on() -> None:
    """In the process that serves, what exists by then is left out, and the root logger's records are ours."""
    assert run(REQUEST, {**SETTINGS, "METRICS_PORT": "0", "FUNCTION_TARGET": "overview"}) == "200 True True 1"


def test_a_signal_before_the_first_request_ends_the_container_well() -> None:
    """The launcher of the image exits with 0; functions-framework's command alone is ended by the signal."""
    port = free_port()
    environment = {**SETTINGS, "PORT": str(port), "METRICS_PORT": "0", "FUNCTION_TARGET": "overview"}
    environment["FUNCTION_SOURCE"] = "functions/overview/main.py"
    with subprocess.Popen([sys.executable, "knative/image/start.py"], cwd=ROOT, env=environment) as process:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


BOTH = {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("host", "reached"),
    [(None, BOTH), ("::", BOTH), ("0.0.0.0", {"127.0.0.1"}), ("127.0.0.1", {"127.0.0.1"}), ("::1", {"::1"})],
)
def test_the_container_serves_ipv4_and_ipv6(host: str | None, reached: set[str]) -> None:
    """Without HOST on both, where the machine has both: a pod of an IPv6 cluster has no IPv4 address."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6: the container is not tried with it")
    environment = {**SETTINGS, "METRICS_PORT": "0", "FUNCTION_TARGET": "overview", "PORT": str(free_port())}
    environment |= {"FUNCTION_SOURCE": "functions/overview/main.py"} | ({"HOST": host} if host else {})
    with subprocess.Popen([sys.executable, "knative/image/start.py"], cwd=ROOT, env=environment) as process:
        try:
            first = sorted(BOTH, key=lambda address: address not in reached)  # the process serves before it is refused
            found = {address for address in first if serves(address, environment["PORT"], address in reached)}
        finally:
            process.kill()
    assert found == reached


def test_no_response_waits_for_a_delayed_acknowledgement() -> None:
    """The connections of the container's own socket have TCP_NODELAY; without it each response takes 40 ms."""
    start = runpy.run_path(str(ROOT / "knative" / "image" / "start.py"))
    with start["listen"]("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return socket.has_dualstack_ipv6()
    return False


def serves(address: str, port: str, wait: bool) -> bool:
    """Whether /healthz is 200 there; `wait`: within 20 s, as it is expected."""
    until = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection(address, int(port), timeout=20)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        if not wait or time.monotonic() > until:
            return False
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_reported(host: str) -> None:
    """One sentence with HOST and PORT, and a failing exit code."""
    environment = {**SETTINGS, "METRICS_PORT": "0", "FUNCTION_TARGET": "overview", "HOST": host}
    environment |= {"FUNCTION_SOURCE": "functions/overview/main.py", "PORT": "9000"}
    command = [sys.executable, "knative/image/start.py"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert f"HOST is '{host}', PORT is 9000: cannot listen there: " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_certificates_are_imported_when_they_are_used() -> None:
    """The launcher of the image saves 20 ms of X.509, of which no token makes use; who needs it gets it."""
    code = (
        "sys.path.insert(0, 'knative/image'); import start; start.import_lazily('cryptography.x509')\n"
        "from jwt import algorithms; print('cryptography.x509.name' in sys.modules, "
        "algorithms.x509.Name, 'cryptography.x509.name' in sys.modules)"
    )
    assert importlib.util.find_spec("cryptography.x509.name")
    assert run(code) == "False <class 'cryptography.x509.name.Name'> True"
