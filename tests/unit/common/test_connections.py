"""How a connection to a real socket is made, and how it fails: names, addresses, TLS."""

import asyncio
import gc
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.billing import connections
from common.billing.transport import HttpClient, Timeouts, TransportFailure, UpstreamResponse
from tests.kit.kubernetes_api import make_ca, make_server_files, pem
from tests.kit.raw_server import OK, dropping, serving

Resolve = Callable[..., None]
OTHER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"


def make_client(*, ca_file: Path | None = None, reuse: bool = True, **seconds: float) -> HttpClient:
    timeouts = Timeouts(**{"connect": 1, "read": 0.5, "pool": 0.1, "total": 5, **seconds})
    return HttpClient(timeouts, 100_000, ca_file=ca_file, reuse=reuse)


async def get(url: str, **arguments: Any) -> UpstreamResponse:
    client = make_client(**arguments)
    try:
        return await client.get(url)
    finally:
        await client.close()


async def fails(url: str, **arguments: Any) -> tuple[str, bool]:
    with pytest.raises(TransportFailure) as caught:
        await get(url, **arguments)
    return caught.value.reason, caught.value.retriable


# --- names and addresses --------------------------------------------------------


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Patched, because no test may change this machine's resolver: what getaddrinfo returns, or raises, for a name."""
    real = socket.getaddrinfo

    def patch(*addresses: str, error: Exception | None = None) -> None:
        def resolver(host: str, port: int, *arguments: Any, **named: Any) -> list[Any]:
            if host != "billing.example":
                return real(host, port, *arguments, **named)
            if error:
                raise error
            return [found for address in addresses for found in real(address, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", resolver)

    return patch


ADDRESSES = {"IPv4 twice": "127.0.0.2", "IPv6 and IPv4": "::1"}


@pytest.mark.parametrize("first", ADDRESSES.values(), ids=ADDRESSES)
@pytest.mark.parametrize("reuse", [True, False])
async def test_the_second_address_is_used_when_the_first_drops_packets(
    resolve: Resolve, first: str, *, reuse: bool
) -> None:
    """After 0.25 s and within the connect time (RFC 8305 section 5)."""
    async with serving() as server:
        with dropping(first, server.port):
            resolve(first, "127.0.0.1")
            started = time.monotonic()
            response = await get(f"http://billing.example:{server.port}/", reuse=reuse)
            assert 0.2 < time.monotonic() - started < 1
            assert response.body == b"ok"


@pytest.mark.parametrize("first", ADDRESSES.values(), ids=ADDRESSES)
async def test_the_second_address_is_used_at_once_when_the_first_refuses(resolve: Resolve, first: str) -> None:
    """A refusal needs no waiting."""
    async with serving() as server:
        resolve(first, "127.0.0.1")
        started = time.monotonic()
        assert (await get(f"http://billing.example:{server.port}/")).body == b"ok"
        assert time.monotonic() - started < 0.2


async def test_every_address_drops_packets(resolve: Resolve) -> None:
    """The connect time is the limit for all addresses together."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with dropping("127.0.0.2", port), dropping("127.0.0.3", port):
        resolve("127.0.0.2", "127.0.0.3")
        started = time.monotonic()
        assert await fails(f"http://billing.example:{port}/", connect=0.6) == ("timeout", True)
        assert 0.5 < time.monotonic() - started < 1


async def test_every_address_refuses(resolve: Resolve) -> None:
    """The reason is the refusal."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        resolve("127.0.0.1", "127.0.0.2")
        assert await fails(f"http://billing.example:{unused.getsockname()[1]}/") == ("refused", True)


async def test_cancelled_connecting_leaves_no_socket(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the race of two addresses the cancellation comes; a lost socket would be a ResourceWarning here."""
    monkeypatch.setattr(connections, "NEXT_ADDRESS_SECONDS", 0.02)  # 40 times
    async with serving() as server:
        with dropping("127.0.0.2", server.port):
            resolve("127.0.0.2", "127.0.0.1")
            for n in range(40):
                task = asyncio.create_task(get(f"http://billing.example:{server.port}/"))
                await asyncio.sleep(0.015 + n * 0.0005)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        gc.collect()


async def test_nobody_listens() -> None:
    """Another attempt may meet a new pod."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await fails(f"http://127.0.0.1:{taken.getsockname()[1]}") == ("refused", True)


LOOKUPS = {  # what the resolver reports, and whether the next attempt may succeed
    "EAI_AGAIN": (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), True),
    "EAI_NONAME": (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), False),
    "EAI_FAIL": (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution"), False),
}


@pytest.mark.parametrize("case", LOOKUPS)
async def test_a_name_that_is_not_resolved(resolve: Resolve, case: str) -> None:
    """Only a temporary failure is worth another attempt."""
    error, retriable = LOOKUPS[case]
    resolve(error=error)
    assert await fails("http://billing.example/") == ("dns", retriable)


async def test_a_name_that_is_no_name() -> None:
    """A label of 64 letters is refused before any lookup."""
    assert await fails(f"http://{'a' * 64}.example/") == ("dns", False)


async def test_a_lookup_that_hangs_ends_with_the_connect_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver without a server waits for 5 s and more."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.5))
    started = time.monotonic()
    assert await fails("http://billing.example/", connect=0.1) == ("timeout", True)
    assert time.monotonic() - started < 0.4


# --- TLS ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private CA, a server certificate for 127.0.0.1 that it signed, and a foreign CA."""
    made = tmp_path_factory.mktemp("tls")
    ca = make_ca("private")
    make_server_files(made, ca)
    (made / "ca.crt").write_bytes(pem(ca[1]))
    (made / "foreign.crt").write_bytes(pem(make_ca("foreign")[1]))
    return made


@pytest.fixture
def tls(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


async def test_a_private_ca(folder: Path, tls: ssl.SSLContext) -> None:
    """The CA file alone decides, and a connection is kept as without TLS."""
    async with serving(tls=tls) as server:
        client = make_client(ca_file=folder / "ca.crt")
        for _ in range(3):
            assert (await client.get(server.url)).body == b"ok"
        assert server.connections == 1
        await client.close()


@pytest.mark.parametrize("ca_file", ["foreign.crt", None])
async def test_a_foreign_ca(folder: Path, tls: ssl.SSLContext, ca_file: str | None) -> None:
    """No request is sent, and none is repeated."""
    async with serving(tls=tls) as server:
        assert await fails(server.url, ca_file=folder / ca_file if ca_file else None) == ("tls", False)
        assert server.heads == []


async def test_a_certificate_for_another_name(folder: Path, tls: ssl.SSLContext) -> None:
    """The right CA is not enough."""
    async with serving(tls=tls) as server:
        assert await fails(f"https://localhost:{server.port}/", ca_file=folder / "ca.crt") == ("tls", False)
        assert server.heads == []


@pytest.mark.parametrize("greeting", [b"220 mail.example.com ESMTP\r\n", b""])
async def test_the_server_does_not_speak_tls(greeting: bytes) -> None:
    """Whether it sends first or waits for a request that it understands."""
    async with serving(before_request=greeting) as server:
        reason = await fails(server.url.replace("http:", "https:"), connect=0.3)
        assert reason == (("tls", False) if greeting else ("timeout", True))


async def test_tls_shares_the_connect_time(folder: Path, resolve: Resolve) -> None:
    """One connect time limit covers all addresses and the TLS handshake. This server never completes the handshake."""
    async with serving() as silent:
        with dropping("127.0.0.2", silent.port):
            resolve("127.0.0.2", "127.0.0.1")
            url = f"https://billing.example:{silent.port}/"
            started = time.monotonic()
            assert await fails(url, ca_file=folder / "ca.crt", connect=0.4) == ("timeout", True)
            assert time.monotonic() - started < 0.6


async def test_bytes_before_the_handshake_end_it() -> None:
    """Bytes that the server sends before the TLS handshake end the connection."""
    async with serving(before_request=b"220 mail.example.com ESMTP\r\n") as server:
        connection = await connections.Connector().connect_tcp("127.0.0.1", server.port, 1)
        while server.open:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)
        with pytest.raises(TransportFailure, match="tls"):
            await connection.start_tls(ssl.create_default_context())


async def test_surplus_bytes_under_tls_are_never_the_next_response(folder: Path, tls: ssl.SSLContext) -> None:
    """Two records in one segment: the second is not in the socket any more when the first was read."""
    async with serving((OK, OTHER), (OK,), tls=tls) as server:
        client = make_client(ca_file=folder / "ca.crt")
        for _ in range(3):
            assert (await client.get(server.url)).body == b"ok"
            await asyncio.sleep(0.05)
        assert server.connections == 2
        await client.close()


async def test_certificates_are_read_only_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 ms that a cold start within the cluster does not pay."""

    def read(**_: Any) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(ssl, "create_default_context", read)
    async with serving() as server:
        assert (await get(server.url)).body == b"ok"
        with pytest.raises(AssertionError, match="read"):
            await get("https://127.0.0.1:1/")


async def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """An OSError, which is the caller's to name."""
    (tmp_path / "ca.crt").write_text("no certificate")
    with pytest.raises(OSError, match="no certificate"):
        await get("https://127.0.0.1:1/", ca_file=tmp_path / "ca.crt")
