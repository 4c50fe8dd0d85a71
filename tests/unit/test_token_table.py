"""Every row of the token table: response, cost, log line, metric, and no token.

Each row is sent to the overview and to one of the other functions in turn, because all functions verify tokens in the
same way. test_tenants.py has the main rows of every endpoint.
"""

import pytest
from jwt.types import Options

from common.identity.authenticator import DECODE_OPTIONS
from common.process import metrics
from dev.declarations import read_functions
from tests.kit.declared import ONE_OF_EACH, Case
from tests.kit.identity import IdentityProvider
from tests.kit.in_process import captured_log, make, request
from tests.kit.token_table import ROWS, Row, assert_line, assert_row, assert_unseen, with_query
from tests.kit.tokens import KEYCLOAK

OVERVIEW = [case for case in ONE_OF_EACH if case.function.name == "overview"]
OTHERS = [case for case in ONE_OF_EACH if case.function.name != "overview"]
PAIRS = [(row, case) for number, row in enumerate(ROWS) for case in (*OVERVIEW, OTHERS[number % len(OTHERS)])]


@pytest.mark.parametrize(("row", "case"), PAIRS, ids=lambda value: value.name if isinstance(value, Row) else str(value))
async def test_row(row: Row, case: Case) -> None:
    """The response follows the contract, fetches are within the limit, and the reason is only in log and metrics."""
    attempt = row.make()
    identity = IdentityProvider({"acme": attempt.key_set} if attempt.key_set else None)
    before = auth_failures()
    with captured_log() as lines:
        function = make(case.function.name, identity, **attempt.settings)
        path = with_query(case.path(), attempt.query)
        response = await request(
            function, case.endpoint.method, path, *attempt.lines, **{**case.request(), **attempt.headers}
        )
    assert_row(row, case, response)
    assert len(identity.requests) == row.fetches
    assert all(url.startswith(f"{KEYCLOAK}/realms/") for url in identity.requests)
    counted = {reason: value - before.get(reason, 0) for reason, value in auth_failures().items()}
    assert {reason: n for reason, n in counted.items() if n} == ({row.reason: 1} if row.status == 401 else {})
    [line] = lines.requests()
    assert_line(row, case, line)
    assert (line["organization"] is None) == (row.error is not None)
    assert_unseen(attempt, lines.text, response)


def auth_failures() -> dict[str, float]:
    [family] = metrics.auth_failures.collect()
    return {sample.labels["reason"]: sample.value for sample in family.samples if sample.name == "auth_failures_total"}


def test_the_table_is_one() -> None:
    """No two rows have a name, every row its source, and the issue's 120 are there."""
    assert len({row.name for row in ROWS}) == len(ROWS) >= 120
    assert all(row.source for row in ROWS)
    with_endpoints = {function.name for function in read_functions() if function.app.endpoints}
    assert {case.function.name for _, case in PAIRS} == with_endpoints  # a WebSocket has tests of its handshake


def test_every_option_of_the_decoder_is_said() -> None:
    """PyJWT's defaults decide nothing, and nobody loosens an option unseen."""
    assert DECODE_OPTIONS == {
        "verify_signature": True,
        "verify_exp": True,
        "verify_nbf": True,
        "verify_iat": True,
        "verify_iss": True,
        "verify_sub": True,
        "verify_jti": True,
        "strict_aud": False,
        "enforce_minimum_key_length": True,
        "require": ["exp", "iat", "iss"],
    }
    assert {*DECODE_OPTIONS, "verify_aud"} == Options.__annotations__.keys()
