"""A PostgreSQL that a test starts, stops, freezes and kills. `make run` starts it the same way (dev/postgres.py)."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from dev.postgres import choose_account, run


class Server:
    """A PostgreSQL server on a Unix socket in `folder`, whose path must be short: a socket's name has 107 bytes."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings` of PostgreSQL. Without any, it does not wait for the disk."""
        self._settings = settings or {"fsync": "off"}
        self._folder = folder
        self._account = choose_account(folder)
        if self._account.user:
            os.chown(folder, *self._account.user)  # for the socket
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://billing@/postgres?host={folder}"
        cluster = ("-D", str(self._account.data), "-U", "billing", "-A", "trust")
        run(self._account, "initdb", *cluster, "--no-sync", "--locale=C.UTF-8")

    def start(self) -> None:
        account = self._account
        command = [*account.prefix, account.programs / "postgres", "-D", account.data, "-k", self._folder]
        options = {"listen_addresses": "", "max_connections": "50"} | self._settings
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *settings],
                stdout=log,
                stderr=log,
                user=account.user and account.user[0],
                group=account.user and account.user[1],
            )
        asyncio.run(self._ready())

    async def _ready(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self.url)
            except psycopg.Error:
                assert self._process, "start comes first"
                assert self._process.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
            self._process.wait(30)
            self._process = None

    def signal_all(self, number: signal.Signals) -> None:
        """To the postmaster and each of its processes."""
        assert self._process, "start comes first"
        parent = self._process.pid
        os.kill(parent, number)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(FileNotFoundError, ProcessLookupError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                    os.kill(int(stat.parent.name), number)

    def remove(self) -> None:
        shutil.rmtree(self._account.data)
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        self.signal_all(signal.SIGKILL)
        if self._process:
            self._process.wait(10)
            self._process = None
