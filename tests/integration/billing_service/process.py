"""The billing service as its own process, as an operator starts it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from .conftest import TOKEN

ROOT = Path(__file__).parents[3]


def run(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environ = {"DATABASE_URL": url, "PATH": os.environ["PATH"]} | environment
    command = [sys.executable, "-W", "error", "-m", "billing_service", *arguments]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def served(url: str, **environment: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    port = free_port()
    environ = {"DATABASE_URL": url, "BILLING_API_TOKEN": TOKEN, "PORT": str(port), "METRICS_PORT": "0"} | environment
    command = [sys.executable, "-W", "error", "-m", "billing_service", "serve"]
    with subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            process.wait(10)


async def wait_for(client: httpx2.AsyncClient, url: str, status: int, seconds: float) -> httpx2.Response:
    """The first response with that status, within that time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            response = await client.get(url)
        except httpx2.TransportError as error:
            seen = repr(error)
        else:
            if response.status_code == status:
                return response
            seen = response.text
        assert time.monotonic() < deadline, f"no {status} from {url} within {seconds} s, last: {seen}"
        await asyncio.sleep(0.05)
