"""The token table once more: a real process of every declared endpoint, which fetches key sets over HTTP.

Every row is sent that needs acme's usual key set and the usual settings, byte for byte as the row has it.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kit.billing import BillingService, serving
from tests.kit.declared import CASES, Case
from tests.kit.identity import IdentityServer
from tests.kit.process import Asked, FunctionProcess
from tests.kit.token_table import ROWS, Attempt, Row, assert_line, assert_row, assert_unseen, with_query
from tests.kit.tokens import AUDIENCE, KEYCLOAK

REALMS = ("acme", "acme-prod", "globex", "nowhere")  # what the rows name


@dataclass
class Outcome:
    """The rows of one endpoint, sent one after the other to its function."""

    case: Case
    sent: list[tuple[Row, Attempt, Asked]]
    log: str
    lines: dict[str, dict[str, Any]]  # by request id
    refused: dict[str, float]  # auth_failures_total by reason
    fetches: Counter[str]  # by path of the identity provider
    seconds: float


@pytest.fixture(scope="module", params=CASES, ids=str)
def outcome(request: pytest.FixtureRequest) -> Iterator[Outcome]:
    case: Case = request.param
    identity, billing = IdentityServer(), serving(BillingService())
    settings = {
        "KEYCLOAK_URL": KEYCLOAK,
        "OIDC_JWKS_BASE_URL": identity.url,
        "OIDC_AUDIENCE": AUDIENCE,
        "BILLING_API_URL": billing.url,
        "LOG_LEVEL": "DEBUG",
    }
    started = time.monotonic()
    with FunctionProcess(settings, case.function.name) as function:
        sent = [(row, attempt, _send(function, case, attempt)) for row, attempt in _rows_of(case)]
        lines = {asked.request_id: function.line_of(asked) for _, _, asked in sent}
        reasons = sorted({row.reason for row in ROWS if row.reason})
        refused = {reason: function.metric("auth_failures_total", reason=reason) for reason in reasons}
        log = str(function.lines) + str(function.errors)
    fetches = Counter(identity.server.counts.targets)
    yield Outcome(case, sent, log, lines, refused, fetches, time.monotonic() - started)
    identity.server.close()
    billing.close()


def _send(function: FunctionProcess, case: Case, attempt: Attempt) -> Asked:
    headers = [("authorization", line.decode("latin-1")) for line in attempt.lines]
    path = with_query(case.path(), attempt.query)
    own, content = case.headers, case.content or b""
    if content:
        own = own | {"content-length": str(len(content))}
    return function.send(case.endpoint.method, path, [*headers, *own.items(), *attempt.headers.items()], content)


def _rows_of(case: Case) -> list[tuple[Row, Attempt]]:
    """Each row is sent to one of the endpoints: what is in front of them is the same for all."""
    made = [(row, row.make()) for row in ROWS if not row.in_process]
    usual = [(row, attempt) for row, attempt in made if attempt.key_set is None and not attempt.settings]
    assert len(usual) >= 120
    return usual[CASES.index(case) :: len(CASES)]


def test_every_row_is_answered_as_the_table_says(outcome: Outcome) -> None:
    """The response and the reason in the log follow the table. No token is in the log or a response."""
    wrong = {}
    for row, attempt, asked in outcome.sent:
        try:
            assert_row(row, outcome.case, asked.response)
            assert_line(row, outcome.case, outcome.lines[asked.request_id])
            assert_unseen(attempt, outcome.log, asked.response)
        except AssertionError as exc:
            wrong[row.name] = str(exc)
    assert wrong == {}
    assert outcome.sent


def test_every_refusal_is_counted_by_its_reason(outcome: Outcome) -> None:
    """/metrics counts the same reasons as the table."""
    expected = Counter(row.reason for row, _, _ in outcome.sent if row.reason)
    assert {reason: n for reason, n in outcome.refused.items() if n} == expected


def test_all_rows_together_cost_a_handful_of_fetches(outcome: Outcome) -> None:
    """At most one fetch for each realm, whether it exists or not, and one in 10 s for unknown kids."""
    acme, *others = (f"/realms/{realm}/protocol/openid-connect/certs" for realm in REALMS)
    assert outcome.fetches.keys() <= {acme, *others}
    assert 1 <= outcome.fetches[acme] <= 2 + outcome.seconds // 10
    assert all(outcome.fetches[path] <= 1 for path in others)
