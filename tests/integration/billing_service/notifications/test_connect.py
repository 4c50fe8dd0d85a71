"""What a request to a channel costs and gives away, with real sockets: the address, time, size, redirects, TLS."""

import asyncio
import gzip
import socket
import time
import tracemalloc
from asyncio import StreamWriter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from billing_service.notifications.connect import Post
from billing_service.notifications.failure import NotDelivered

from .receivers import OK, Receiver, certificate, names, receiving, sender


def post(url: str) -> Post:
    return Post(url, {"content-type": "application/json"}, b'{"a":1}')


async def reason_of(url: str, **options: object) -> tuple[str, int | None]:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    with pytest.raises(NotDelivered) as failed:
        await sender(port, **options).send(post(url))  # type: ignore[arg-type] # of the tests
    return failed.value.reason, failed.value.status


async def test_the_request_has_the_name_and_goes_to_the_checked_address() -> None:
    """The name is resolved once. Its second reply, another address, is never used."""
    find, called = names(["127.0.0.1"], ["127.0.0.2"])
    async with receiving() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/a?b=c"
        assert await sender(receiver.port, find=find).send(post(url)) == 200
    [request] = receiver.requests
    assert called == ["hooks.example.com."]
    assert request.line == "POST /a?b=c HTTP/1.1"
    assert request.headers["host"] == f"hooks.example.com:{receiver.port}"
    assert (request.headers["content-length"], request.body) == ("7", b'{"a":1}')


async def test_a_name_that_changes_to_an_inner_address_is_refused() -> None:
    """DNS rebinding: public in the first look-up, loopback in the second; each attempt checks what it uses."""
    find, called = names(["93.184.216.34"], ["127.0.0.1"])
    async with receiving() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        guarded = sender(receiver.port, find=find, allowed=())
        destination = guarded.guard.read(url)
        assert [str(address) for address in await guarded.guard.addresses(destination)] == ["93.184.216.34"]
        with pytest.raises(NotDelivered, match="address"):
            await guarded.send(post(url))
    assert len(called) == 2
    assert receiver.connections == 0


async def test_tls_verifies_the_name_and_not_the_address(tmp_path: Path) -> None:
    """SNI and certificate are of the name in the URL, although the connection goes to an address."""
    server, client = certificate(tmp_path, "hooks.example.com")
    find, _ = names(["127.0.0.1"])
    async with receiving(tls=server) as receiver:
        good = sender(receiver.port, tls=client, find=find)
        assert await good.send(post(f"https://hooks.example.com:{receiver.port}/")) == 200
        for url, tls in (("other.example.com", client), ("127.0.0.1", client), ("hooks.example.com", None)):
            address = f"https://{url}:{receiver.port}/"
            assert await reason_of(address, tls=tls, find=find) == ("tls", None)
    assert len(receiver.requests) == 1


async def test_the_next_checked_address_is_tried() -> None:
    """The first one refuses the connection."""
    find, _ = names(["127.0.0.9", "127.0.0.1"])
    async with receiving() as receiver:
        assert await sender(receiver.port, find=find).send(post(f"http://two.example.com:{receiver.port}/")) == 200


def inside(status: int) -> bytes:
    """A redirect to the address of the second receiver."""
    return b"HTTP/1.1 %d Moved\r\nlocation: http://127.0.0.1:%%d/inside\r\ncontent-length: 0\r\n\r\n" % status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """It is a failure like every status but 200 to 299."""
    async with receiving() as secret, receiving(inside(status) % secret.port) as receiver:
        assert await reason_of(f"http://127.0.0.1:{receiver.port}/") == ("status", status)
        assert secret.connections == 0


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_another_status_is_a_failure(status: int) -> None:
    """With the status, and without anything of the body."""
    async with receiving(b"HTTP/1.1 %d X\r\ncontent-length: 6\r\n\r\nsecret" % status) as receiver:
        assert await reason_of(f"http://127.0.0.1:{receiver.port}/") == ("status", status)


async def endless(receiver: Receiver, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n")
    for _ in range(160):
        writer.write(b"x" * 65_536)
        await writer.drain()
        receiver.sent += 65_536


async def test_ten_megabytes_are_not_read() -> None:
    """The status is enough. What the receiver could send fits into the buffers of the sockets."""
    async with receiving(endless) as receiver:
        assert await sender(receiver.port).send(post(f"http://127.0.0.1:{receiver.port}/")) == 200
        await asyncio.sleep(0.2)
    assert receiver.sent < 9_000_000


async def test_a_compressed_body_is_not_unpacked() -> None:
    """64 kB of it would be 64 MB."""
    bomb = gzip.compress(bytes(64_000_000))

    async def compressed(receiver: Receiver, writer: StreamWriter) -> None:
        del receiver
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        await writer.drain()

    async with receiving(compressed) as receiver:
        tracemalloc.start()
        try:
            assert await sender(receiver.port).send(post(f"http://127.0.0.1:{receiver.port}/")) == 200
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 9_000_000


async def silent(receiver: Receiver, writer: StreamWriter) -> None:
    del receiver, writer
    await asyncio.sleep(5)


async def drop_by_drop(receiver: Receiver, writer: StreamWriter) -> None:
    del receiver
    for letter in OK.decode():
        writer.write(letter.encode())
        await writer.drain()
        await asyncio.sleep(0.2)


async def interim(receiver: Receiver, writer: StreamWriter) -> None:
    del receiver
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless_head(receiver: Receiver, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-header: " + b"x" * 1000 + b"\r\n")
        await writer.drain()
        receiver.sent += 1012


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(silent, "timeout"), (drop_by_drop, "timeout"), (interim, "timeout"), (endless_head, "protocol")],
)
async def test_the_time_and_the_head_are_bounded(
    reply: Callable[[Receiver, StreamWriter], Awaitable[None]], reason: str
) -> None:
    """One limit for all of it, however the receiver spends it."""
    started = time.monotonic()
    async with receiving(reply) as receiver:
        assert (await reason_of(f"http://127.0.0.1:{receiver.port}/", seconds=1))[0] == reason
        assert time.monotonic() - started < 1.5
    assert receiver.sent < 5_000_000


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"\x00" * 64, b"HTTP/1.1 99999 X\r\n\r\n"])
async def test_what_is_not_http_is_a_failure(reply: bytes) -> None:
    """Also a connection that closes."""
    async with receiving(reply) as receiver:
        assert (await reason_of(f"http://127.0.0.1:{receiver.port}/"))[0] in {"protocol", "connection"}


async def test_a_port_without_a_listener_is_a_failure() -> None:
    """The connection is refused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert await reason_of(f"http://127.0.0.1:{port}/") == ("connection", None)


async def test_a_name_that_takes_long_to_resolve_is_a_failure() -> None:
    """The look-up is within the limit."""

    async def slow(host: str, port: int) -> list[str]:
        await asyncio.sleep(5)
        return [host, str(port)]

    assert await reason_of("http://slow.example.com:8080/", find=slow, seconds=0.3) == ("timeout", None)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would resolve the name again."""
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await sender(receiver.port).send(post(f"http://127.0.0.1:{receiver.port}/")) == 200
        assert (proxy.connections, receiver.connections) == (0, 1)
