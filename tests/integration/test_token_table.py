"""The token table once more, against a real functions-framework process that fetches key sets over HTTP.

Every row is sent that needs acme's usual key set and the usual settings, byte for byte as the row has it.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dev.declarations import local_ports
from dev.settings import free_ports
from tests.envelopes import assert_error_envelope, assert_success_envelope
from tests.unit.test_token_table import assert_unseen
from tests.unit.token_table import ROWS, Attempt, Row
from tests.unit.tokens import AUDIENCE, KEYCLOAK, key_set

ROOT = Path(__file__).parents[2]


@dataclass
class Outcome:
    """All rows, sent one after the other to one process."""

    sent: list[tuple[Row, Attempt, httpx2.Response]]  # the request id is row-0, row-1, ...
    log: str
    lines: dict[str, dict[str, object]]  # by request id
    refused: dict[str, float]  # auth_failures_total by reason
    asked: Counter[str]  # paths of the identity provider
    seconds: float


class Upstream(BaseHTTPRequestHandler):
    """The identity provider and the billing service's health, in one server."""

    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        realm = self.path.removeprefix("/realms/").removesuffix("/protocol/openid-connect/certs")
        known = realm in {"acme", "acme-prod", "globex", "master", "sso"}
        if self.path != "/api/health":
            self.asked[self.path] += 1
        body = key_set(realm) if known else b'{"status": "ok"}'
        self.send_response(200 if known or self.path == "/api/health" else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        del format, args


@contextmanager
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def health_function(log: Path, base: str, port: int, metrics_port: int) -> Iterator[None]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "KEYCLOAK_URL": KEYCLOAK,
        "OIDC_JWKS_BASE_URL": base,
        "OIDC_AUDIENCE": AUDIENCE,
        "BILLING_API_URL": base,
        "LOG_LEVEL": "DEBUG",
    }
    command = [
        sys.executable,
        "-m",
        "functions_framework",
        "--source",
        "functions/health/main.py",
        "--target",
        "health",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        _wait_until_ready(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            _send(port, "ready", Attempt([]))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the function did not start: {log.read_text()}")


def _send(port: int, request_id: str, attempt: Attempt) -> httpx2.Response:
    """As bytes: a client library would join, strip or refuse what the rows are about."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("GET", "/api/billing/health" + (f"?{attempt.query}" if attempt.query else ""))
        connection.putheader("x-request-id", request_id)
        for line in attempt.lines:
            connection.putheader("authorization", line)
        for name, value in attempt.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return httpx2.Response(response.status, headers=response.getheaders(), content=response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    log = tmp_path_factory.mktemp("tokens") / "log"
    ports = free_ports(local_ports())
    port, metrics_port = list(ports.values())[:2]
    started = time.monotonic()
    Upstream.asked.clear()
    with upstream() as base, health_function(log, base, port, metrics_port):
        sent = [(row, attempt, _send(port, f"row-{n}", attempt)) for n, (row, attempt) in enumerate(_usual_rows())]
        scraped = httpx2.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return Outcome(
        sent,
        log.read_text(),
        {line["request_id"]: line for line in lines if line["message"] == "request"},
        {
            sample.labels["reason"]: sample.value
            for family in text_string_to_metric_families(scraped)
            for sample in family.samples
            if sample.name == "auth_failures_total"
        },
        Upstream.asked,
        time.monotonic() - started,
    )


def _usual_rows() -> Iterator[tuple[Row, Attempt]]:
    for row in ROWS:
        attempt = row.make()
        if attempt.key_set is None and not attempt.settings and not row.in_process:
            yield row, attempt


def test_every_row_is_answered_as_the_table_says(outcome: Outcome) -> None:
    """The answer, the reason in the log, and no token anywhere."""
    wrong = {}
    for n, (row, attempt, response) in enumerate(outcome.sent):
        try:
            _assert_row(row, response, outcome.lines[f"row-{n}"])
            assert_unseen(attempt, outcome.log, response)
        except AssertionError as exc:
            wrong[row.name] = str(exc)
    assert wrong == {}
    assert len(outcome.sent) >= 120


def _assert_row(row: Row, response: httpx2.Response, line: dict[str, object]) -> None:
    if row.error is None:
        assert_success_envelope(response)
    else:
        assert_error_envelope(response, row.status, row.error)
    assert (line["status"], line["reason"]) == (row.status, row.reason)


def test_every_refusal_is_counted_by_its_reason(outcome: Outcome) -> None:
    """What /metrics says is what the table says; one more was missing while the process started."""
    expected = Counter(row.reason for row, _, _ in outcome.sent if row.reason)
    assert outcome.refused == {**expected, "missing": expected["missing"] + 1}


def test_all_rows_together_cost_a_handful_of_fetches(outcome: Outcome) -> None:
    """One fetch for each realm that is there, one for the realm that is not, and one in 10 s for unknown kids."""
    paths = {
        realm: f"/realms/{realm}/protocol/openid-connect/certs" for realm in ("acme", "acme-prod", "globex", "nowhere")
    }
    assert outcome.asked.keys() == set(paths.values())
    assert outcome.asked[paths["acme"]] <= 2 + outcome.seconds // 10
    assert all(outcome.asked[paths[realm]] == 1 for realm in ("acme-prod", "globex", "nowhere"))
