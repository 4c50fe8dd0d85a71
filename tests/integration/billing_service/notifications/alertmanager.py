"""A real Alertmanager, as Debian packages it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.integration.billing_service.process import free_port

PROGRAM = "prometheus-alertmanager"
MISSING = f"{PROGRAM} is not installed (Debian has a package): notifications are not tested with a real Alertmanager"
BUILD = Path(__file__).parents[4] / ".build"
CONFIGURATION = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@asynccontextmanager
async def alertmanager(folder: Path) -> AsyncIterator[int]:
    """Its port."""
    program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=f"{BUILD / PROGRAM / 'bin'}")
    if program is None:
        pytest.skip(MISSING)
    (folder / "alertmanager.yml").write_text(CONFIGURATION)
    port = free_port()
    command = [program, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        await _ready(port, folder / "log")
        yield port
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), 10)


async def _ready(port: int, log: Path) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(200):
            try:
                if (await client.get(f"http://127.0.0.1:{port}/-/ready")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass  # it does not listen yet
            await asyncio.sleep(0.05)
    raise AssertionError(await asyncio.to_thread(log.read_text))
