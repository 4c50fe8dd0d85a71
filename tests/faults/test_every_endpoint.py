"""The main faults of the billing service, for every declared endpoint that sends it requests, in a real process."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.billing import BillingService, serving
from tests.kit.declared import CASES, Case
from tests.kit.identity import IdentityServer
from tests.kit.process import Asked, FunctionProcess, assert_unreachable
from tests.kit.server import Behaviour, Exchange, Server, answer, hang

FUNCTIONS = list(dict.fromkeys(case.function.name for case in CASES if case.function.name != "health"))
SETTINGS = {
    "BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "0.3",
    "BILLING_ATTEMPT_TIMEOUT_SECONDS": "0.6",
    "BILLING_BACKOFF_MIN_SECONDS": "0",
    "BILLING_BACKOFF_MAX_SECONDS": "0",
    "BREAKER_MINIMUM_CALLS": "100000",
    "RETRY_BUDGET_MINIMUM": "1000",
    "CACHE_FRESH_SECONDS": "0",
}


def of_somebody_else(exchange: Exchange) -> bytes:
    """A reply that is valid, and names another organization."""
    body: Any = BillingService().reply(exchange.target)[1]
    return json.dumps({**body, "organization": "globex"}).encode()


def row(number: int, fault: str, behaviour: Behaviour | None, *reasons: str) -> Any:
    """Behaviour of the billing service (None: stopped), and the reasons that the log line may have."""
    return pytest.param(behaviour, frozenset(reasons), id=fault, marks=pytest.mark.row(number, fault))


FAULTS = [
    row(1, "billing refuses connections", None, "refused"),
    row(3, "accepts, never responds", hang, "timeout"),
    row(7, "500", answer(500, b"{}"), "http_500"),
    row(13, "200 with text/html", answer(200, b"<html>", content_type="text/html"), "content_type"),
    row(14, "truncated, empty or non-JSON 200", answer(200, b'{"namespace": '), "bad_json"),
    row(16, "a required member is missing", answer(200, b"{}"), "schema", "mismatch"),
    row(18, "another owner", answer(200, of_somebody_else), "mismatch"),
]


@pytest.fixture(scope="module")
def service() -> Iterator[Server]:
    server = serving(BillingService())
    yield server
    server.close()


@pytest.fixture(scope="module", params=FUNCTIONS)
def started(request: pytest.FixtureRequest, service: Server, identity: IdentityServer) -> Iterator[FunctionProcess]:
    settings = {**SETTINGS, "KEYCLOAK_URL": identity.url, "BILLING_API_URL": service.url}
    with FunctionProcess(settings, request.param) as process:
        yield process


def send(process: FunctionProcess, case: Case, token: str) -> Asked:
    body = case.content or b""
    length = [("Content-Length", str(len(body)))] if body else []
    return process.send(
        case.endpoint.method, case.path(), [("Authorization", f"Bearer {token}"), *case.headers.items(), *length], body
    )


@pytest.mark.parametrize(("behaviour", "reasons"), FAULTS)
def test_every_endpoint_is_503(
    started: FunctionProcess, service: Server, token: str, behaviour: Behaviour | None, reasons: frozenset[str]
) -> None:
    """In time, with the reason in the log and in the metrics, and nothing of the reply. Then it responds again."""
    usual = service.behaviour
    for case in [case for case in CASES if case.function.name == started.name]:
        try:
            if behaviour is None:
                service.stop()
            else:
                service.behaviour = behaviour
            before = sum(started.metric("upstream_failures_total", reason=reason) for reason in reasons)
            asked = send(started, case, token)
        finally:
            service.behaviour = usual
            if behaviour is None:
                service.start()
        assert_unreachable(asked)
        line = started.line_of(asked)
        assert (line["level"], line["status"], line["reason"] in reasons) == ("ERROR", 503, True), line
        assert sum(started.metric("upstream_failures_total", reason=reason) for reason in reasons) > before
        assert asked.seconds < 8
        assert send(started, case, token).response.status_code == case.endpoint.status
