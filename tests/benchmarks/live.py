"""Many connections on one pod: `python -m tests.benchmarks.live [--clients 2000]`.

A PostgreSQL, the billing service and the function `live` as processes, all on this machine together with the clients.
The delay is from the commit of a data version to the last message of it at a client.
"""

import argparse
import asyncio
import json
import os
import platform
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from billing_service.database import connect
from billing_service.migrate import migrate, shipped
from dev.functions import START
from dev.settings import ROOT
from tests.integration.billing_service.conftest import TOKEN
from tests.integration.billing_service.live.conftest import wait_ready
from tests.integration.billing_service.process import served
from tests.kit.identity import IdentityServer
from tests.kit.postgres import Server
from tests.kit.process import ORIGIN, FunctionProcess
from tests.kit.websocket import PATH, handshake, protocols

OF_A_CALLER: Final = 40
PING: Final = b"\x89\x04"
PONG: Final = b"\x8a"
MASK: Final = b"\x01\x02\x03\x04"
WORLD: Final = (
    "INSERT INTO organizations VALUES ('acme')",
    "INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC')",
    "INSERT INTO ownership SELECT 'acme-' || n, 'acme', '', 1, '(,)' FROM generate_series(1, 20) AS n",
    "INSERT INTO data_versions VALUES ('acme', 1) ON CONFLICT (organization) DO UPDATE SET version = 1",
)


class Client(asyncio.Protocol):
    """Reads no frames: it looks for the last message of a data version in the bytes."""

    def __init__(self, token: str, number: int) -> None:
        self.token = token
        self.namespace = f"acme-{number % 20 + 1}"
        self.wanted = b'"data_version":1,'
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._tail = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(handshake(PATH, [("Origin", ORIGIN), ("Sec-WebSocket-Protocol", protocols(self.token))]))

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-4096:]
        if not self._open:
            if b"\r\n\r\n" not in self._tail:
                return
            assert self._tail.startswith(b"HTTP/1.1 101"), self._tail
            self._open = True
            message = {"type": "subscribe", "namespaces": [self.namespace], "organization": True}
            self.transport.write(frame(json.dumps(message).encode()))
        ping = data.find(PING)
        if ping >= 0:  # no text of a message has this byte
            self.transport.write(frame(data[ping + 2 : ping + 6], PONG))
        at = self._tail.rfind(b'"complete_through",')
        if not self.done.done() and at >= 0 and self.wanted in self._tail[at:]:
            self.done.set_result(time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed"))

    def expect(self, version: int) -> None:
        self.wanted = b'"data_version":%d,' % version
        self.done = asyncio.get_running_loop().create_future()


def frame(text: bytes, kind: bytes = b"\x81") -> bytes:
    masked = bytes(byte ^ MASK[index % 4] for index, byte in enumerate(text))
    return kind + struct.pack("!B", 0x80 | len(text)) + MASK + masked


def cpu_seconds(function: FunctionProcess) -> float:
    fields = Path(f"/proc/{function.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(url: str, identity: IdentityServer, function: FunctionProcess, count: int, rounds: int) -> None:
    tokens = [identity.token(sub=f"user-{n}", exp=int(time.time()) + 3600) for n in range(count // OF_A_CALLER + 1)]
    loop = asyncio.get_running_loop()
    clients: list[Client] = []

    async def add(number: int) -> None:
        client = Client(tokens[number // OF_A_CALLER], number)
        await loop.create_connection(lambda: client, "127.0.0.1", function.port)
        clients.append(client)
        await client.done

    for number in range(20):  # what the first connections of a process cost is not the cost of a client
        await add(number)
    before, started = function.rss_bytes(), time.monotonic()
    for first in range(20, count, 50):
        await asyncio.gather(*(add(number) for number in range(first, min(first + 50, count))))
    opened = time.monotonic() - started
    after = function.rss_bytes()
    print(f"  {count} clients, opened in {opened:.1f} s ({count / opened:.0f}/s)")
    print(f"  memory per client: {(after - before) / (count - 20) / 1024:.1f} KiB (goal: at most 40)")
    delays: list[float] = []
    cpu = cpu_seconds(function)
    async with connect(url) as connection:
        for version in range(2, rounds + 2):
            for client in clients:
                client.expect(version)
            await connection.execute("UPDATE data_versions SET version = %s", [version])
            committed = time.monotonic()
            delays += [at - committed for at in await asyncio.gather(*(client.done for client in clients))]
            await asyncio.sleep(1)
    used = (cpu_seconds(function) - cpu) / rounds
    print(f"  CPU of the function: {used:.2f} s for each data version")
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    print(f"  delay of {rounds} data versions: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {max(delays):.3f} s")
    print(f"  fetches of figures: {function.metric('upstream_request_duration_seconds_count', operation='live'):.0f}")
    print(f"  memory at the end: {function.rss_bytes() / 2**20:.0f} MiB, before: {before / 2**20:.0f} MiB")
    for client in clients:
        client.done.cancel()
        client.transport.abort()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    identity, server = IdentityServer(), Server(Path(tempfile.mkdtemp(prefix="pg-")))
    identity.server.start()
    await asyncio.to_thread(server.start)
    try:
        async with connect(server.url) as connection:
            await migrate(connection, shipped())
            for statement in WORLD:
                await connection.execute(statement)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        with served(server.url) as (billing, _):
            await asyncio.to_thread(wait_ready, billing)
            settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": billing, "BILLING_API_TOKEN": TOKEN}
            command = [sys.executable, str(START)]
            with FunctionProcess({**settings, "PYTHONPATH": str(ROOT)}, name="live", command=command) as function:
                await measure(server.url, identity, function, options.clients, options.rounds)
    finally:
        await asyncio.to_thread(server.stop)
        server.remove()
        identity.server.close()


if __name__ == "__main__":
    asyncio.run(main())
