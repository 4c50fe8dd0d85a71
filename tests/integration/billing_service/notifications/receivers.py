"""Receivers of notifications on real sockets."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from billing_service.notifications.addresses import Guard, Resolve, resolve
from billing_service.notifications.connect import Sender

LOOPBACK = ip_network("127.0.0.0/8")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`reply`: the bytes of each response, or a coroutine function that writes it."""

    reply: Any = OK
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    sent: int = 0  # bytes that the peer took

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            original = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(Request(head[0], original, body))
            if callable(self.reply):
                await self.reply(self, writer)
            else:
                writer.write(self.reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: what was received is counted
        finally:
            writer.close()


@asynccontextmanager
async def receiving(reply: Any = OK, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(reply)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def sender(
    *ports: int,
    tls: ssl.SSLContext | None = None,
    seconds: float = 3,
    find: Resolve = resolve,
    allowed: Any = (LOOPBACK,),
) -> Sender:
    """An installation that allows plain HTTP, the loopback addresses and these ports."""
    guard = Guard(frozenset({"http", "https"}), frozenset(ports), allowed, (), find)
    return Sender(guard, tls or ssl.create_default_context(), seconds)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The context of a server with a certificate for `name`, and the context of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return server, ssl.create_default_context(cafile=folder / "ca.pem")


def names(*replies: list[str]) -> tuple[Callable[..., Any], list[str]]:
    """A resolver that gives these addresses one after the other, and the names that it was called for."""
    left, called = list(replies), []

    async def find(host: str, port: int) -> list[str]:
        del port
        called.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return find, called
