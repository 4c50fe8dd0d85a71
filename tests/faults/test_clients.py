"""Rows 32 and 36 to 38: what a client may do to a function directly."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from dev.settings import ROOT
from tests.faults.bench import Bench
from tests.kit.billing import good, good_body
from tests.kit.identity import IdentityServer
from tests.kit.process import (
    LAUNCHERS,
    FunctionProcess,
    assert_answered,
    assert_refused,
    read_response,
    wait_until,
)
from tests.kit.server import Server, answer, hang

Measured = Callable[[str], None]


def send_and_stay(process: FunctionProcess, namespace: str, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", process.port), 10)
    path = f"/api/billing/project/{namespace}/overview"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return connection


@pytest.mark.row(32, "client disconnects")
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_row_32_client_disconnects(
    identity: IdentityServer, upstream: Server, namespace: str, launcher: str, measured: Measured
) -> None:
    """The upstream call is cancelled within a second, its slot (here the only one) is free again, and nobody erred."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, "BILLING_MAX_IN_FLIGHT": "1"}
    token = identity.token()
    with FunctionProcess(settings, launcher=launcher) as process:
        upstream.behaviour = hang
        for n in range(3):
            connection = send_and_stay(process, f"{namespace}-{n}", token)
            wait_until(lambda: upstream.counts.in_flight == 1, 2)
            connection.close()
            seconds = wait_until(lambda: upstream.counts.in_flight == 0, 1)
        line = process.wait_for_line(status=499)
        assert line["level"] == "INFO"
        wait_until(lambda: process.metric("http_requests_total", function="overview", status="499") == 3, 1)
        upstream.behaviour = good
        assert_answered(process.ask(namespace, token))
        assert process.count_lines(level="ERROR") == 0
        assert process.metric("upstream_failures_total") == 0
        measured(f"{launcher} {seconds * 1000:.0f} ms")


@pytest.mark.row(32, "client disconnects")
def test_row_32_one_of_two_disconnects(bench: Bench) -> None:
    """If one of two clients with a shared call disconnects, the other one still receives the response."""
    bench.upstream.behaviour = answer(200, good_body, after=0.3)
    leaving = send_and_stay(bench.function, bench.namespace, bench.token)
    wait_until(lambda: bench.upstream.counts.in_flight == 1, 2)
    with send_and_stay(bench.function, bench.namespace, bench.token) as staying:
        time.sleep(0.1)
        leaving.close()
        assert read_response(staying).status_code == 200
    assert bench.upstream.counts.requests == 1


@pytest.mark.row(36, "two Authorization headers")
@pytest.mark.parametrize("second", ["Bearer x", "Basic eDp5", ""])
@pytest.mark.parametrize("good_first", [True, False])
def test_row_36_two_authorization_headers(bench: Bench, second: str, good_first: bool) -> None:
    """Two headers are two callers, so nobody, whichever of them is good."""
    failures = bench.function.metric("auth_failures_total", reason="duplicate")
    lines = [("Authorization", f"Bearer {bench.token}"), ("authorization", second)]
    path = f"/api/billing/project/{bench.namespace}/overview"
    asked = bench.function.send("GET", path, lines if good_first else lines[::-1])
    assert_refused(asked, 401, "Authentication token required")
    line = bench.function.line_of(asked)
    assert (line["level"], line["reason"]) == ("WARNING", "duplicate")
    assert bench.function.metric("auth_failures_total", reason="duplicate") - failures == 1
    assert bench.upstream.counts.requests == 0


@pytest.mark.row(37, "other method, HEAD too")
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_row_37_other_methods(bench: Bench, method: str) -> None:
    """405 with Allow, before the token is checked."""
    refused = bench.function.metric("http_requests_total", function="overview", status="405")
    asked = bench.function.send(method, f"/api/billing/project/{bench.namespace}/overview")
    if method == "HEAD":
        assert (asked.response.status_code, asked.response.headers["allow"]) == (405, "GET, OPTIONS")
        assert asked.response.content == b""
    else:
        assert_refused(asked, 405, "Method not allowed")
    assert bench.function.line_of(asked)["level"] == "INFO"
    assert bench.function.metric("http_requests_total", function="overview", status="405") - refused == 1


@pytest.mark.row(37, "other method, HEAD too")
@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "get"])
def test_row_37_methods_that_the_framework_refuses(bench: Bench, method: str) -> None:
    """The exceptions to the envelope: what functions-framework's router does not let through is its own plain 4xx."""
    asked = bench.function.send(method, f"/api/billing/project/{bench.namespace}/overview")
    assert asked.response.status_code in {400, 405}
    assert b"{" not in asked.response.content


TRICKS = {
    "encoded slash": ("acme%2Fweb", 400),
    "encoded dot": ("acme%2eweb", 400),
    "dot segments": ("../../etc", 404),
    "dot": (".", 400),
    "two dots": ("..", 400),
    "encoded dot segments": ("%2e%2e", 400),
    "upper case": ("Acme-Web", 400),
    "64 letters": ("a" * 64, 400),
    "underscore": ("acme_web", 400),
    "leading hyphen": ("-acme", 400),
    "trailing hyphen": ("acme-", 400),
    "percent": ("%", 400),
    "NUL": ("acme%00", 400),
    "non-ASCII": ("%C3%A4cme", 400),
    "raw UTF-8": ("\xc3\xa4cme", 400),
    "invalid UTF-8": ("%ff", 400),
    "full-width": ("%EF%BD%81cme", 400),
    "empty": ("", 400),
    "space": ("acme%20web", 400),
    "matrix parameter": ("acme;x=1", 400),
    "at": ("acme@evil", 400),
    "query in the name": ("acme%3Forganization=globex", 400),
    "two segments": ("acme/web", 404),
}


@pytest.mark.row(38, "namespace tricks")
@pytest.mark.parametrize(("name", "status"), TRICKS.values(), ids=TRICKS)
def test_row_38_namespace_tricks(bench: Bench, name: str, status: int) -> None:
    """A malformed namespace is rejected, and nothing is sent upstream."""
    asked = bench.function.ask(name, bench.token)
    if "\xc3" in name:  # the server may refuse raw bytes in the request line itself
        assert asked.response.status_code in {400, 404}
    else:
        assert_refused(asked, status)
        assert bench.function.line_of(asked)["level"] == "INFO"
    assert bench.upstream.counts.requests == 0


@pytest.mark.row(38, "namespace tricks")
@pytest.mark.parametrize(
    "query", ["organization=globex", "x=1", "organization=acme&organization=globex", "%ff=1", "a" * 3000]
)
def test_row_38_query_tricks(bench: Bench, query: str) -> None:
    """The path takes no parameter, least of all an organization."""
    path = f"/api/billing/project/{bench.namespace}/overview?{query}"
    asked = bench.function.send("GET", path, [("Authorization", f"Bearer {bench.token}")])
    assert_refused(asked, 400)
    assert bench.upstream.counts.requests == 0


CONTAINER = (sys.executable, "knative/image/start.py")
MIB = 2**20


@pytest.fixture(scope="module")
def container(identity: IdentityServer, shared_upstream: Server) -> Iterator[FunctionProcess]:
    """`overview`, started as in its image."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": shared_upstream.url}
    settings["PYTHONPATH"] = str(ROOT)  # an image has common/ beside start.py
    with FunctionProcess(settings, command=CONTAINER) as process:
        yield process


HUGE: dict[str, tuple[str, list[tuple[str, str]], int]] = {
    "one header": ("", [("Cookie", "a" * 10 * MIB)], 431),
    "a header just above the limit": ("", [("Cookie", "a" * 65_537)], 431),
    "many headers": ("", [(f"X-{n}", "a" * 1000) for n in range(2_000)], 431),
    "many empty headers": ("", [("X", "")] * 100_000, 431),
    "a header's name": ("", [("X" * 10 * MIB, "a")], 431),
    "a query": (f"?a={'a' * 10 * MIB}", [], 414),
    "a path": (f"/{'a' * 10 * MIB}", [], 414),
    "a path just above the limit": (f"/{'a' * 65_537}", [], 414),
    "a path and its query": (f"/{'a' * 40_000}?{'a' * 40_000}", [], 414),
}


@pytest.mark.row(35, "huge headers, URL or request body")
@pytest.mark.parametrize("launcher", ["container", "functions-framework"])
@pytest.mark.parametrize("what", HUGE)
def test_row_35_huge_heads_with_a_good_token(
    bench: Bench, container: FunctionProcess, what: str, launcher: str, measured: Measured
) -> None:
    """Above 64 KiB they are 431 or 414 without a proxy before the function, and the memory does not grow.

    functions-framework's own command has uvicorn's 400 for a URL.
    """
    process = container if launcher == "container" else bench.function
    more, headers, status = HUGE[what]
    path = f"/api/billing/project/{bench.namespace}/overview{more}"
    sent = [("Authorization", f"Bearer {bench.token}"), *headers]
    resident = []
    for _ in range(10):
        asked = process.send("GET", path, sent)
        assert asked.response.status_code == (400 if (status, launcher) == (414, "functions-framework") else status)
        resident.append(process.rss_bytes())
    assert resident[-1] - resident[1] < 40 * MIB  # 80 MiB came; what one of them took may still be the allocator's
    assert bench.upstream.counts.requests == 0
    assert process.ask(bench.namespace, bench.token).response.status_code == 200
    measured(f"{launcher}, {what}: RSS +{(resident[-1] - resident[1]) / MIB:.1f} MiB")


@pytest.mark.row(35, "huge headers, URL or request body")
def test_row_35_a_huge_head_is_never_buffered(bench: Bench, container: FunctionProcess) -> None:
    """While 200 connections send heads without an end, the process keeps less than 64 KiB and one read of each."""
    before = container.rss_bytes()
    with ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", container.port), 10))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: b\r\nCookie: ")
            connection.sendall(b"a" * MIB)  # the response is sent long before; the rest is read and dropped
            assert connection.recv(12) == b"HTTP/1.1 431"
        assert container.rss_bytes() - before < 60 * MIB
    assert container.ask(bench.namespace, bench.token).response.status_code == 200


@pytest.mark.row(35, "huge headers, URL or request body")
@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_row_35_a_head_of_60_kib_is_served(bench: Bench, container: FunctionProcess, pieces: int) -> None:
    """In one packet or in many, and again on the same connection: the limit is for each head."""
    path = f"/api/billing/project/{bench.namespace}/overview"
    lines = f"Host: b\r\nAuthorization: Bearer {bench.token}\r\nCookie: {'a' * 60_000}"
    head = f"GET {path} HTTP/1.1\r\n{lines}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", container.port), 10) as connection:
        for _ in range(4):
            size = -(-len(head) // pieces)
            for start in range(0, len(head), size):
                connection.sendall(head[start : start + size])
            assert read_response(connection).status_code == 200


@pytest.mark.row(35, "huge headers, URL or request body")
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_row_35_request_body(bench: Bench, framing: str, measured: Measured) -> None:
    """A body is refused by its announcement; the 64 MiB that follow are never kept."""
    before = bench.function.rss_bytes()
    size = 64 * 2**20
    announced = ("Content-Length", str(size)) if framing == "length" else ("Transfer-Encoding", "chunked")
    body = b"a" * size if framing == "length" else b"%x\r\n" % size + b"a" * size + b"\r\n0\r\n\r\n"
    path = f"/api/billing/project/{bench.namespace}/overview"
    asked = bench.function.send("GET", path, [("Authorization", f"Bearer {bench.token}"), announced], body)
    assert_refused(asked, 400, "A GET request must not have a body")
    growth = bench.function.rss_bytes() - before
    assert growth < 24 * 2**20
    assert bench.upstream.counts.requests == 0
    measured(f"{framing}: RSS +{growth / 2**20:.1f} MiB")
