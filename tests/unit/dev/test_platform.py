import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dev import first_requests
from dev.declarations import local_ports
from dev.functions import Function, part, read_functions
from dev.platform import Platform
from dev.settings import ROOT, PlatformError, read_settings


def test_ready_is_asked_of_those_whom_the_ownership_source_knows() -> None:
    """With NAMESPACE_OWNERSHIP=claims nobody can list an org-admin's projects: her token names none, which is 503."""
    assert Platform(read_settings({}, {})).ready_users == ("alice", "bob")
    assert Platform(read_settings({}, {"NAMESPACE_OWNERSHIP": "claims"})).ready_users == ("bob",)


@pytest.mark.parametrize("function", read_functions(), ids=lambda function: function.name)
def test_a_function_finds_the_project_in_the_checkout(function: Function) -> None:
    """`make run` does not install the project, which the environment of the tests has installed."""
    assert part(function, read_settings(local_ports(), {}), None).environment["PYTHONPATH"] == str(ROOT)


@contextmanager
def api(statuses: dict[str, tuple[int, str]]) -> Iterator[str]:
    """A server: 200, but the status and the code of the key that a path ends with."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, code = next((value for end, value in statuses.items() if self.path.endswith(end)), (200, ""))
            content = json.dumps({"code": code}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_resource_that_the_billing_service_does_not_have_yet_is_one_line() -> None:
    """A new function is written before its resource: the platform starts."""
    lines: list[str] = []
    with api({"/overview": (501, "not_offered")}) as url:
        first_requests.send(url, "alice", {}, (200,), lines.append)
    [line] = [line for line in lines if "/overview" in line]
    assert line.startswith("alice  501 /api/billing/project/acme-web/overview ")
    assert line.endswith(": not offered by the billing service yet")
    assert len(lines) > 5


@pytest.mark.parametrize("failure", [(501, "other"), (503, "billing_unreachable"), (500, "internal_error")])
def test_every_other_failure_stops_the_start(failure: tuple[int, str]) -> None:
    """With the path and the response."""
    with api({"/overview": failure}) as url, pytest.raises(PlatformError, match=rf"alice got {failure[0]} for /api.*"):
        first_requests.send(url, "alice", {}, (200,), lambda _: None)
