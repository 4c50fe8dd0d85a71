"""Rows 34, 35 and 39: what the ingress (Envoy, with the configuration of the local platform) keeps from a function."""

import contextlib
import json
import selectors
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev import ingress
from dev.functions import LOCAL_PORTS, read_functions
from dev.settings import Settings, free_ports, port_variable
from tests.faults.identity import IdentityProvider
from tests.faults.process import ORIGIN, FunctionProcess, read_response
from tests.faults.test_clients import wait_until
from tests.faults.upstream import Upstream

Measured = Callable[[str], None]


class Ingress:
    """Envoy before one real function; the other routes lead nowhere."""

    def __init__(self, function: FunctionProcess, folder: Path) -> None:
        functions = read_functions()
        ports = {**free_ports(LOCAL_PORTS), port_variable("overview"): function.port}
        config = folder / "envoy.json"
        routes = ingress.function_routes(ingress.read_rules(), functions)
        config.write_text(json.dumps(ingress.configuration(routes, functions, ports)))
        self.port = ports["INGRESS_PORT"]
        part = ingress.part(Settings(data=folder, ports=ports, environment={}), config)
        self.process = subprocess.Popen(part.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(part.ready, 10)
        except BaseException:
            self.close()
            raise

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def rss_bytes(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def envoy(function: FunctionProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    started = Ingress(function, tmp_path_factory.mktemp("ingress"))
    yield started
    started.close()


def overview_request(namespace: str, token: str, *lines: str) -> bytes:
    path = f"/api/billing/project/{namespace}/overview"
    return "\r\n".join(
        [f"GET {path} HTTP/1.1", "Host: billing", f"Origin: {ORIGIN}", f"Authorization: Bearer {token}", *lines, "", ""]
    ).encode()


def status_of(envoy: Ingress, request: bytes) -> int | None:
    """None when the connection was closed without an answer."""
    with envoy.connect() as connection:
        with contextlib.suppress(ConnectionError):  # it may answer, and close, before it took everything
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
def test_row_35_long_token_is_let_through(envoy: Ingress, namespace: str, identity: IdentityProvider) -> None:
    """A token of 16 KiB is legal and has to reach the function, which refuses longer ones itself."""
    legal = identity.token(padding="a" * 11_000)
    assert 14_000 < len(legal) <= 16_384
    assert status_of(envoy, overview_request(namespace, legal)) == 200
    assert status_of(envoy, overview_request(namespace, identity.token(padding="a" * 13_000))) == 401


@pytest.mark.row(35, "huge headers, URL or request body")
def test_row_35_request_body_at_the_ingress(envoy: Ingress, namespace: str, token: str, upstream: Upstream) -> None:
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
    envoy: Ingress, function: FunctionProcess, upstream: Upstream, namespace: str, token: str, shape: str
) -> None:
    """However the two lengths are told, the function sees one request at most and the hidden one never."""
    del upstream
    hidden = b"0\r\n\r\n" + SMUGGLED
    lines = [line.format(n=len(hidden)) for line in SHAPES[shape]]
    with envoy.connect() as connection:
        connection.settimeout(0.5)
        connection.sendall(overview_request(namespace, token, *lines) + hidden)
        statuses = read_statuses(connection)
    assert len(statuses) <= 2
    # What follows a complete request is the client's own next one, seen as such by everybody: it has no token.
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400, 401, 404, 411, 501}  # 501: an unknown transfer coding
    seen = [x for x in function.lines if x.get("namespace") == "smuggled"]
    assert not [x for x in seen if x.get("organization")]


def read_statuses(connection: socket.socket) -> list[int]:
    """Of every answer that comes before the connection is closed or still."""
    said = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while received := connection.recv(65_536):
            said += received
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.row(39, "request smuggling shapes through the ingress (CL+TE)")
def test_row_39_the_next_client_gets_its_own_answer(
    envoy: Ingress, upstream: Upstream, namespace: str, token: str
) -> None:
    """After every shape, a client on another connection gets the answer to its own question."""
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
