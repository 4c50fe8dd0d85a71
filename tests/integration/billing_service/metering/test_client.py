"""What the client does with replies that a server sends when something is wrong, over a real socket."""

import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_service.metering.client import Address, Prometheus, Series
from billing_service.metering.errors import (
    MalformedReply,
    MeteringError,
    PartialReply,
    PrometheusRefused,
    PrometheusUnavailable,
    ReplyTooLarge,
)

from .fake import EMPTY, Reply, reply, serving


async def ask(address: Address) -> list[Series]:
    async with Prometheus.open(address) as client:
        return await client.range("up", 0, 600, 300)


def matrix(*values: object) -> dict[str, Any]:
    result = [{"metric": {"namespace": "acme-web"}, "values": list(values)}]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


async def test_a_sample_is_the_decimal_number_of_its_text() -> None:
    """Digits that a binary float cannot hold stay."""
    with serving(lambda *_: reply(matrix([300, "0.1"], [600.0, "12345678901234567890.123456789"]))) as fake:
        [found] = await ask(Address(fake.url))
    assert found.samples == {300: Decimal("0.1"), 600: Decimal("12345678901234567890.123456789")}


@pytest.mark.parametrize("text", ["-0.5", "NaN", "+Inf", "-Inf"])
async def test_a_sample_that_is_no_quantity_is_counted_and_not_used(text: str) -> None:
    """The other samples of the series stay usable."""
    with serving(lambda *_: reply(matrix([300, text], [600, "1"]))) as fake:
        [found] = await ask(Address(fake.url))
    assert (dict(found.samples), found.unusable) == ({600: Decimal(1)}, 1)


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (reply(EMPTY | {"warnings": ["store 10.0.0.7 unavailable"]}), PartialReply, "store 10.0.0.7"),
        (reply({"status": "error", "error": "query timed out"}, 503), PrometheusUnavailable, "query timed out"),
        (reply({"status": "error", "error": "too many samples"}, 422), PrometheusRefused, "too many samples"),
        (reply({"status": "error", "error": "no org id"}, 401), PrometheusRefused, "no org id"),
        (reply({"status": "error", "error": "slow down"}, 429), PrometheusUnavailable, "slow down"),
        ((502, b"<html>bad gateway</html>"), PrometheusUnavailable, "502"),
        ((302, b"http://127.0.0.1:9/"), MalformedReply, "302"),
        ((200, b"<html>a login page</html>"), MalformedReply, "not a JSON object"),
        ((200, b"[]"), MalformedReply, "not a JSON object"),
        ((200, b"[" * 100_000), MalformedReply, "not a JSON object"),
        (reply({"status": "success", "data": {"resultType": "vector", "result": []}}), MalformedReply, "matrix"),
        (reply({"status": "success"}), MalformedReply, "matrix"),
        (reply(matrix(["now", "1"])), MalformedReply, "malformed series"),
        (reply(matrix([300, "one"])), MalformedReply, "malformed series"),
        (reply(matrix(300)), MalformedReply, "malformed series"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
async def test_a_reply_that_proves_nothing_is_an_error(answer: Reply, error: type[MeteringError], text: str) -> None:
    """Each has its class and a text with the server's reason."""
    with serving(lambda *_: answer) as fake, pytest.raises(error, match=text) as failed:
        await ask(Address(fake.url))
    assert type(failed.value) is error


async def test_a_reply_without_an_end_is_given_up_at_the_maximum() -> None:
    """The memory of the worker is bounded, also if the reply has no size."""
    with serving(lambda *_: (200, b" " * 3_000_000)) as fake, pytest.raises(ReplyTooLarge, match="2000000 bytes"):
        await ask(Address(fake.url, max_bytes=2_000_000))


async def test_a_server_that_does_not_reply_is_given_up_in_time() -> None:
    """It accepts the connection and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(PrometheusUnavailable, match="Timeout"):
            await ask(Address(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.5))
    assert time.monotonic() - started < 3


async def test_a_server_that_trickles_is_given_up_in_time() -> None:
    """Each byte comes within the time limit of a read, the complete reply does not."""

    def trickle(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(50):
                time.sleep(0.1)
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as slow:
        threading.Thread(target=trickle, args=(slow,), daemon=True).start()
        started = time.monotonic()
        with pytest.raises(PrometheusUnavailable, match="Timeout"):
            await ask(Address(f"http://127.0.0.1:{slow.getsockname()[1]}", timeout_seconds=0.5))
    assert time.monotonic() - started < 3


async def test_no_server_is_unavailable() -> None:
    """The text has the kind of the failure and no address."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(PrometheusUnavailable, match="ConnectError"):
        await ask(Address(f"http://127.0.0.1:{port}"))


async def test_the_token_is_read_again_before_each_request(tmp_path: Path) -> None:
    """A mounted service account token is renewed in its file. The tenant is sent beside it."""
    token = tmp_path / "token"
    token.write_text("first\n")
    with serving(lambda *_: reply()) as fake:
        async with Prometheus.open(Address(fake.url, token_file=token, tenant="acme")) as client:
            await client.range("up", 0, 600, 300)
            token.write_text("second\n")
            await client.range("up", 0, 600, 300)
    assert [headers["authorization"] for headers in fake.headers] == ["Bearer first", "Bearer second"]
    assert {headers["x-scope-orgid"] for headers in fake.headers} == {"acme"}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with `key`, `cert` and both in one file."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    extra = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"]
    subprocess.run([*command, *extra], check=True, capture_output=True)
    (tmp_path / "both").write_text((tmp_path / "key").read_text() + (tmp_path / "cert").read_text())
    return tmp_path


async def test_a_private_certificate_authority_is_trusted_from_its_file(certificate: Path) -> None:
    """Without the file the connection is refused."""
    with serving(lambda *_: reply(), certificate / "both") as fake:
        assert await ask(Address(fake.url, ca_file=certificate / "cert")) == []
        with pytest.raises(PrometheusUnavailable):
            await ask(Address(fake.url))
    with pytest.raises(ssl.SSLError):
        await ask(Address(fake.url, ca_file=certificate / "key"))
