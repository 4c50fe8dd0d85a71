"""What a process does at its start and its end, each in a process of its own."""

import os
import signal
import subprocess
import sys

SETTINGS = {"KEYCLOAK_URL": "https://id.example.com", "BILLING_API_URL": "http://billing", "PATH": os.environ["PATH"]}
IMPORT = "import sys, gc; from functions.overview.main import app, overview; "


def run(code: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT + code], env=SETTINGS, capture_output=True, check=False, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


def test_certificates_are_imported_when_they_are_looked_at() -> None:
    """PyJWT imports 20 ms of X.509 for what no access token has; it is there for whoever asks."""
    code = "from jwt import algorithms; print('cryptography.x509.name' in sys.modules, "
    assert run(code + "algorithms.x509.Name, 'cryptography.x509.name' in sys.modules)") == (
        "False <class 'cryptography.x509.name.Name'> True"
    )


def test_garbage_is_collected_from_the_first_request_on() -> None:
    ask = (
        "import asyncio; sent = []; scope = {'type': 'http', 'method': 'GET', 'path': '/healthz', "
        "'raw_path': b'/healthz', 'query_string': b'', 'headers': []}\n"
        "async def send(message): sent.append(message)\n"
        "before = gc.isenabled(); asyncio.run(app(scope, None, send)); "
        "print(before, gc.isenabled(), gc.get_freeze_count() > 10_000, sent[0]['status'])"
    )
    assert run(ask) == "False True True 200"


def test_garbage_is_collected_in_a_process_that_only_imports() -> None:
    """The fuzzer's, for one: it grew by gigabytes."""
    code = "import gc; import common.function; print(gc.isenabled())"
    ended = subprocess.run([sys.executable, "-c", code], env=SETTINGS, capture_output=True, check=True, text=True)
    assert ended.stdout == "True\n"


def test_a_signal_before_the_server_is_there_ends_the_process_well() -> None:
    code = IMPORT + "print('imported', flush=True); import time; time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", code], env=SETTINGS, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert any("imported" in line for line in process.stdout)  # which ends when the process does
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
