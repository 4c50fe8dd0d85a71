"""The ingress (Envoy, configured as in the local platform): rows 34, 35 and 39, and its own error responses."""

import contextlib
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dev import ingress
from tests.kit.identity import IdentityServer
from tests.kit.ingress import Ingress
from tests.kit.process import ORIGIN, FunctionProcess, read_response
from tests.kit.server import Server

Measured = Callable[[str], None]


@pytest.fixture(scope="module")
def envoy(function: FunctionProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    """health responds to what no other route takes; the port of projects is closed."""
    with FunctionProcess(function.settings, "health") as health:
        started = Ingress([function, health], tmp_path_factory.mktemp("ingress"))
        yield started
        started.close()


def overview_request(namespace: str, token: str, *lines: str) -> bytes:
    path = f"/api/billing/project/{namespace}/overview"
    return "\r\n".join(
        [f"GET {path} HTTP/1.1", "Host: billing", f"Origin: {ORIGIN}", f"Authorization: Bearer {token}", *lines, "", ""]
    ).encode()


def status_of(envoy: Ingress, request: bytes) -> int | None:
    """The status; None if the connection was closed without a response."""
    with envoy.connect() as connection:
        with contextlib.suppress(ConnectionError):  # it may respond and close before it has read everything
            connection.sendall(request)
        try:
            return read_response(connection).status_code
        except (ConnectionError, ValueError):
            return None


@pytest.mark.row(34, "slowloris")
@pytest.mark.slow_fault
def test_row_34_slowloris(
    envoy: Ingress, function: FunctionProcess, namespace: str, token: str, measured: Measured
) -> None:
    """500 sockets that drip their headers are closed within 60 s, reach no function, and hinder nobody."""
    descriptors = function.descriptors()
    begun = time.monotonic()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        slow = [stack.enter_context(envoy.connect()) for _ in range(500)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: b\r\nX-A: ")
            selector.register(connection, selectors.EVENT_READ)
        closed, slowest = 0, 0.0
        while closed < len(slow) and time.monotonic() - begun < 60:
            for key, _ in selector.select(timeout=0.5):
                selector.unregister(key.fileobj)
                closed += 1
            for key in list(selector.get_map().values()):
                with contextlib.suppress(ConnectionError):
                    key.fileobj.send(b"a")  # type: ignore[union-attr] # a socket, as registered
            asked = time.monotonic()
            assert status_of(envoy, overview_request(namespace, token)) == 200
            slowest = max(slowest, time.monotonic() - asked)
        seconds = time.monotonic() - begun
        assert closed == 500
    assert function.descriptors() - descriptors < 10
    assert slowest < 2
    measured(f"500 closed in {seconds:.1f} s, others served in <= {slowest * 1000:.0f} ms")


HUGE: dict[str, Callable[[bytes], bytes]] = {
    "header": lambda big: b"GET / HTTP/1.1\r\nHost: b\r\nX-A: " + big + b"\r\n\r\n",
    "headers": lambda big: b"GET / HTTP/1.1\r\nHost: b\r\n" + b"X-A: aaaaaaaaaaaa\r\n" * (len(big) // 19) + b"\r\n",
    "url": lambda big: b"GET /" + big + b" HTTP/1.1\r\nHost: b\r\n\r\n",
}


@pytest.mark.row(35, "huge headers, URL or request body")
@pytest.mark.parametrize("what", HUGE)
def test_row_35_huge_heads_at_the_ingress(envoy: Ingress, function: FunctionProcess, what: str) -> None:
    """The ingress refuses 16 MiB of head after some KiB; the function never sees them."""
    before, function_before = envoy.rss_bytes(), function.rss_bytes()
    status = status_of(envoy, HUGE[what](b"a" * 16 * 2**20))
    assert status is None or 400 <= status < 500
    assert envoy.rss_bytes() - before < 8 * 2**20
    assert function.rss_bytes() - function_before < 2**20


@pytest.mark.row(35, "huge headers, URL or request body")
def test_row_35_long_token_is_let_through(envoy: Ingress, namespace: str, identity: IdentityServer) -> None:
    """A token of 16 KiB is legal and has to reach the function, which refuses longer ones itself."""
    legal = identity.token(padding="a" * 11_000)
    assert 14_000 < len(legal) <= 16_384
    assert status_of(envoy, overview_request(namespace, legal)) == 200
    assert status_of(envoy, overview_request(namespace, identity.token(padding="a" * 13_000))) == 401


@pytest.mark.row(35, "huge headers, URL or request body")
def test_row_35_request_body_at_the_ingress(envoy: Ingress, namespace: str, token: str, upstream: Server) -> None:
    """64 MiB of body are refused without being kept."""
    before = envoy.rss_bytes()
    size = 64 * 2**20
    request = overview_request(namespace, token, f"Content-Length: {size}") + b"a" * size
    status = status_of(envoy, request)
    assert status is None or 400 <= status < 500
    assert envoy.rss_bytes() - before < 16 * 2**20
    assert upstream.counts.requests == 0


SMUGGLED = b"GET /api/billing/project/smuggled/overview HTTP/1.1\r\nHost: b\r\n\r\n"
SHAPES = {
    "CL.TE": ["Content-Length: {n}", "Transfer-Encoding: chunked"],
    "TE.CL": ["Transfer-Encoding: chunked", "Content-Length: 4"],
    "two lengths": ["Content-Length: 0", "Content-Length: {n}"],
    "length with a plus": ["Content-Length: +{n}"],
    "length list": ["Content-Length: 0, {n}"],
    "TE with a tab": ["Transfer-Encoding:\tchunked", "Content-Length: {n}"],
    "TE identity, chunked": ["Transfer-Encoding: identity, chunked", "Content-Length: {n}"],
    "TE xchunked": ["Transfer-Encoding: xchunked", "Content-Length: {n}"],
    "TE twice": ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    "space before the colon": ["Content-Length : {n}"],
    "folded": ["X-A: b", " Transfer-Encoding: chunked"],
    "underscore": ["Content_Length: {n}"],
    "upgrade h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"],
}


@pytest.mark.row(39, "request smuggling shapes through the ingress (CL+TE)")
@pytest.mark.parametrize("shape", SHAPES)
def test_row_39_smuggling_shapes(  # noqa: PLR0917 - five fixtures and a shape
    envoy: Ingress, function: FunctionProcess, upstream: Server, namespace: str, token: str, shape: str
) -> None:
    """For each combination of the two lengths, the function receives at most one request, never the hidden one."""
    del upstream
    hidden = b"0\r\n\r\n" + SMUGGLED
    lines = [line.format(n=len(hidden)) for line in SHAPES[shape]]
    with envoy.connect() as connection:
        connection.settimeout(0.5)
        connection.sendall(overview_request(namespace, token, *lines) + hidden)
        statuses = read_statuses(connection)
    assert len(statuses) <= 2
    # Bytes after a complete request are the client's next request, for Envoy and the function: it has no token.
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400, 401, 404, 411, 501}  # 501: an unknown transfer coding
    seen = [x for x in function.lines if x.get("namespace") == "smuggled"]
    assert not [x for x in seen if x.get("organization")]


def read_statuses(connection: socket.socket) -> list[int]:
    """The statuses of all responses until the connection is closed or idle."""
    said = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while received := connection.recv(65_536):
            said += received
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.row(39, "request smuggling shapes through the ingress (CL+TE)")
def test_row_39_the_next_client_gets_its_own_answer(
    envoy: Ingress, upstream: Server, namespace: str, token: str
) -> None:
    """After every shape, a client on another connection receives the response to its own request."""
    del upstream
    for shape, lines in SHAPES.items():
        hidden = b"0\r\n\r\n" + SMUGGLED
        with envoy.connect() as attacker, contextlib.suppress(ConnectionError):
            attacker.sendall(overview_request(namespace, token, *(x.format(n=len(hidden)) for x in lines)) + hidden)
            with envoy.connect() as victim:
                victim.sendall(overview_request(f"{namespace}-v", token))
                answer = read_response(victim)
        assert answer.status_code == 200, shape
        assert answer.json()["data"]["namespace"] == f"{namespace}-v", shape


def send(envoy: Ingress, method: str, path: str, *lines: str) -> httpx2.Response:
    head = [f"{method} {path} HTTP/1.1", "Host: billing", "Connection: close", *lines]
    with envoy.connect() as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        return read_response(connection, method)


def assert_envelope(response: httpx2.Response, status: int, code: str, error: str) -> None:
    assert response.status_code == status, response.text
    body = response.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("timestamp"))
    assert body == {"success": False, "error": error, "code": code, "details": {}}
    headers = response.headers
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert headers["vary"] == "Authorization, Origin"
    assert re.fullmatch("[A-Za-z0-9-]{1,64}", headers["x-request-id"])
    assert "server" not in headers


def cors(response: httpx2.Response) -> tuple[str | None, str | None]:
    names = ("access-control-allow-origin", "access-control-allow-credentials")
    return response.headers.get(names[0]), response.headers.get(names[1])


OWN_RESPONSES: dict[str, tuple[str, str, list[str], int, str, str]] = {
    "no route": ("GET", "/api/billing/nothing", [], 404, "not_found", "Not found"),
    "no route, a query": ("GET", "/api/billing?x=1", [], 404, "not_found", "Not found"),
    "a method of no function": ("TRACE", "/api/billing/health", [], 405, "method_not_allowed", "Method not allowed"),
    "QUERY": (
        "QUERY",
        "/api/billing/projects",
        ["Content-Type: text/plain"],
        405,
        "method_not_allowed",
        "Method not allowed",
    ),
    "QUERY without a type": (
        "QUERY",
        "/api/billing/projects",
        [],
        405,
        "method_not_allowed",
        "Method not allowed",
    ),
    "an escaped slash": ("GET", "/api/billing/project/a%2Fb/overview", [], 400, "bad_request", "Bad request"),
    "an escaped backslash": ("GET", "/api/billing/budgets/a%5cb", [], 400, "bad_request", "Bad request"),
    "an escaped NUL": ("GET", "/api/billing/project/a%00b/overview", [], 400, "bad_request", "Bad request"),
    "an upgrade": (
        "GET",
        "/api/billing/health",
        ["Connection: Upgrade", "Upgrade: websocket"],
        403,
        "upgrade_not_allowed",
        "Upgrade not allowed",
    ),
    "a closed port": ("GET", "/api/billing/projects", [], 503, "upstream_unavailable", "Service unavailable"),
}


@pytest.mark.parametrize("what", OWN_RESPONSES)
def test_own_responses_are_the_envelope_with_cors(envoy: Ingress, what: str) -> None:
    """What Envoy itself responds under /api/billing/ reads as the API, for an allowed origin in a browser too."""
    method, path, lines, status, code, error = OWN_RESPONSES[what]
    response = send(envoy, method, path, *lines, f"Origin: {ORIGIN}", "X-Request-Id: mine-1")
    assert_envelope(response, status, code, error)
    assert cors(response) == (ORIGIN, "true")
    assert response.headers["x-request-id"] == "mine-1"
    assert ("allow" in response.headers) is (status == 405)
    assert ("retry-after" in response.headers) is (status == 503)


@pytest.mark.parametrize("lines", [[], ["Origin: https://evil.example.com"]])
def test_own_responses_have_no_cors_headers_for_other_origins(envoy: Ingress, lines: list[str]) -> None:
    """Neither for an origin that is not allowed nor without one."""
    response = send(envoy, "GET", "/api/billing/nothing", *lines)
    assert_envelope(response, 404, "not_found", "Not found")
    assert cors(response) == (None, None)


@pytest.mark.parametrize("sent", ["a" * 65, "a b", '"', "<script>"])
def test_own_responses_replace_an_invalid_request_id(envoy: Ingress, sent: str) -> None:
    """Only 1 to 64 letters, digits and hyphens come back."""
    response = send(envoy, "GET", "/api/billing/nothing", f"X-Request-Id: {sent}")
    assert_envelope(response, 404, "not_found", "Not found")
    assert response.headers["x-request-id"] != sent


NOT_PARSED: dict[str, tuple[bytes, int, str]] = {
    "an underscore": (b"GET /api/billing/health HTTP/1.1\r\nHost: b\r\na_b: c\r\n\r\n", 400, "bad_request"),
    "a space in a name": (b"GET /api/billing/health HTTP/1.1\r\nHost: b\r\na b: c\r\n\r\n", 400, "bad_request"),
    "no host": (b"GET /api/billing/health HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "an unknown method": (b"FOO /api/billing/health HTTP/1.1\r\nHost: b\r\n\r\n", 400, "bad_request"),
    "no HTTP": (b"\x00\x01\r\n\r\n", 400, "bad_request"),
    "HTTP/1.0": (b"GET /api/billing/health HTTP/1.0\r\n\r\n", 426, "http_version_not_supported"),
    "a long header": (
        b"GET /api/billing/health HTTP/1.1\r\nHost: b\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n",
        431,
        "headers_too_large",
    ),
    "an unknown coding": (
        b"POST /api/billing/health HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: gzip\r\n\r\n",
        501,
        "not_implemented",
    ),
}


@pytest.mark.parametrize("what", NOT_PARSED)
def test_a_request_that_is_not_parsed_gets_the_envelope(envoy: Ingress, what: str) -> None:
    """Its path and origin are not known, so there are no CORS headers."""
    request, status, code = NOT_PARSED[what]
    with envoy.connect() as connection:
        connection.sendall(request)
        response = read_response(connection)
    assert_envelope(response, status, code, response.json()["error"])
    assert cors(response) == (None, None)


@pytest.mark.slow_fault
def test_a_head_that_does_not_end_is_the_envelope(envoy: Ingress) -> None:
    """408 after the time for the head."""
    with envoy.connect() as connection:
        connection.sendall(b"GET /api/billing/health HTTP/1.1\r\nHost: b\r\n")
        assert_envelope(read_response(connection), 408, "request_timeout", "Request timeout")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/other", 404, ""), ("/api/billingx", 404, ""), ("/billing/", 503, "upstream connect error")],
)
def test_paths_that_are_not_the_api_keep_plain_responses(envoy: Ingress, path: str, status: int, body: str) -> None:
    """The page's routes and unknown paths beside the API have no envelope."""
    response = send(envoy, "GET", path, f"Origin: {ORIGIN}")
    assert response.status_code == status
    assert response.text.startswith(body)
    assert "json" not in response.headers.get("content-type", "")
    assert cors(response) == (None, None)


def test_a_prefix_rule_takes_what_exact_and_regular_expressions_leave(
    function: FunctionProcess, namespace: str, token: str, upstream: Server, tmp_path: Path
) -> None:
    """Exact before regular expression before the longest prefix, whatever their order in the HTTPRoute."""
    del upstream
    rules = ingress.read_rules()
    [overview] = [rule for rule in rules if rule["name"] == "overview"]
    [health] = [rule for rule in rules if rule["name"] == "health"]

    def prefix(rule: dict[str, Any], path: str) -> dict[str, Any]:
        return rule | {"name": path, "matches": [{"path": {"type": "PathPrefix", "value": path}}]}

    # overview is a real function with its own 404; the port of health is closed
    first = [prefix(overview, "/api/billing/"), prefix(health, "/api/billing/closed/"), prefix(health, "/api")]
    envoy = Ingress([function], tmp_path, first)
    try:
        for path in ("/api/billing/nothing", "/api/billing", "/api/billing/closedx"):
            response = send(envoy, "GET", path)
            assert response.status_code == 404, path
            assert response.json()["error"] == "Not found"
            assert "referrer-policy" in response.headers
        assert function.wait_for_line(route="unknown", status=404)
        closed = ("/api/billing/closed/x", "/api/other", "/api/billing/health")
        with ThreadPoolExecutor() as together:  # each is tried again for some seconds
            assert [each.status_code for each in together.map(partial(send, envoy, "GET"), closed)] == [503, 503, 503]
        assert status_of(envoy, overview_request(namespace, token)) == 200
        assert send(envoy, "GET", "/apix").status_code == 404
    finally:
        envoy.close()
