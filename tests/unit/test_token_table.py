"""Every row of the token table against the real function: answer, cost, log line, metric, and no token anywhere."""

import json

import httpx2 as httpx
import pytest
from jwt.types import Options

from common.identity.authenticator import DECODE_OPTIONS
from common.process import metrics
from tests.envelopes import assert_error_envelope, assert_success_envelope
from tests.unit.endpoints import PATHS, IdentityProvider, captured_log, get, make
from tests.unit.token_table import ROWS, Attempt, Row
from tests.unit.tokens import KEYCLOAK

SHORTEST_SIGN = 16
"""Pieces of a token below this many characters are words that a log may hold by chance."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_row(row: Row) -> None:
    """The answer is the contract's, costs no more fetches than allowed, and the reason is for operators only."""
    attempt = row.make()
    identity = IdentityProvider({"acme": attempt.key_set} if attempt.key_set else None)
    before = auth_failures()
    with captured_log() as lines:
        function = make("health", identity, **attempt.settings)
        path = PATHS["health"] + (f"?{attempt.query}" if attempt.query else "")
        response = await get(function, path, *attempt.lines, **attempt.headers)
    assert response.status_code == row.status, f"{response.text} {lines.text}"
    if row.error is None:
        assert_success_envelope(response)
    else:
        assert assert_error_envelope(response, row.status, row.error)["details"] == {}
    assert len(identity.asked) == row.fetches
    assert all(url.startswith(f"{KEYCLOAK}/realms/") for url in identity.asked)
    counted = {reason: value - before.get(reason, 0) for reason, value in auth_failures().items()}
    assert {reason: n for reason, n in counted.items() if n} == ({row.reason: 1} if row.status == 401 else {})
    [line] = lines.requests()
    assert (line["status"], line["reason"]) == (row.status, row.reason)
    assert (line["organization"] is None) == (row.error is not None)
    assert_unseen(attempt, lines.text, response)


def auth_failures() -> dict[str, float]:
    [family] = metrics.auth_failures.collect()
    return {sample.labels["reason"]: sample.value for sample in family.samples if sample.name == "auth_failures_total"}


def assert_unseen(attempt: Attempt, log: str, response: httpx.Response) -> None:
    """Neither the token nor a part of it is in the log or the answer."""
    said = log + response.text + json.dumps(list(response.headers.multi_items()))
    sent = [*attempt.lines, *(value.encode() for value in attempt.headers.values()), attempt.query.encode()]
    for value in sent:
        for word in value.replace(b",", b" ").replace(b"=", b" ").split():
            for part in word.decode("latin-1").split("."):
                assert len(part) < SHORTEST_SIGN or part not in said


def test_the_table_is_one() -> None:
    """No two rows have a name, every row its source, and the issue's 120 are there."""
    assert len({row.name for row in ROWS}) == len(ROWS) >= 120
    assert all(row.source for row in ROWS)


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
