"""A TCP proxy before PostgreSQL that can lose connections the way a network does: silently."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from psycopg.conninfo import conninfo_to_dict


class Proxy:
    """`silent` swallows the bytes of the connections that are open now; new ones are forwarded."""

    def __init__(self, url: str) -> None:
        """Before the server of this URL, which has one host."""
        self.port = 0
        self.lose_new_after: int | None = None  # a new connection is swallowed from this message of the client on
        self._behind = conninfo_to_dict(url)
        self._open: set[_Link] = set()

    @property
    def database(self) -> str:
        return str(self._behind["dbname"])

    @property
    def login(self) -> str:
        password = self._behind.get("password")
        return f"{self._behind['user']}:{password}" if password else str(self._behind["user"])

    @property
    def open_connections(self) -> int:
        """Those whose client has not closed them."""
        return len(self._open)

    def swallow_open(self) -> None:
        for link in self._open:
            link.lost = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for link in list(self._open):
                link.task.cancel()
            await asyncio.gather(*(link.task for link in self._open), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self.lose_new_after)
        self._open.add(link)
        try:
            behind_reader, behind_writer = await self._connect()
            back = asyncio.create_task(link.pump(behind_reader, writer))
            try:
                await link.pump(reader, behind_writer, from_client=True)
            finally:
                back.cancel()
                behind_writer.close()
        except OSError:
            pass
        finally:
            writer.close()
            self._open.discard(link)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._behind["host"]), str(self._behind.get("port", 5432))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))


class _Link:
    def __init__(self, lose_after: int | None) -> None:
        task = asyncio.current_task()
        assert task
        self.task = task
        self.lost = False
        self._left = lose_after

    async def pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if from_client and self._left is not None:
                    self.lost = self.lost or self._left == 0
                    self._left -= 1
                if not self.lost:
                    writer.write(data)
                    await writer.drain()
