"""The tenant table for every declared endpoint: what each caller gets, and that nothing of another tenant is in it."""

import json
from collections.abc import Callable

import pytest

from common.endpoint import Access
from tests.kit.billing import OWNERS
from tests.kit.declared import CASES, Case
from tests.kit.envelopes import assert_error_envelope
from tests.kit.in_process import captured_log, request
from tests.kit.tenants import DENIED, NO_GUESTS, ROWS, Row, admin, assert_nothing_of, endpoint, guest, priced, user

OF_A_PROJECT = [case for case in CASES if case.names_a_project]


@pytest.mark.parametrize(("row", "mode"), ROWS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_row(case: Case, row: Row, mode: str) -> None:
    """Each project that the caller has access to, every other one, and one that does not exist."""
    access = Access.NAMESPACE if case.names_a_project else case.endpoint.access
    unseen = {name for name in OWNERS if name not in row.sees}
    for namespace in [*OWNERS, "nowhere"] if access is Access.NAMESPACE else [""]:
        billing = priced()
        function = endpoint(case.function.name, mode, billing)
        with captured_log() as lines:
            path, token = case.path(namespace), [row.line()] if row.line else []
            response = await request(function, case.endpoint.method, path, *token, **case.request(namespace))
        refused = row.expected(access, namespace)
        as_a_guest = mode == "kubernetes" and access is Access.ORGANIZATION and not row.sees
        if as_a_guest and response.status_code == NO_GUESTS[0]:
            assert_error_envelope(response, *NO_GUESTS)  # the cluster lists no project of the caller
        elif refused:
            assert_error_envelope(response, *refused)
            assert refused == (403, DENIED) or billing.requests == []
        else:
            data = case.assert_success(response)["data"]
            assert data.get("namespace", namespace) == namespace
            assert data.get("organization", row.organization) == row.organization
        assert_nothing_of(unseen, response, lines, row.organization)
        own = (f"organization={row.organization}", f"/organization/{row.organization}/", "/api/health")
        assert all(any(part in target for part in own) for target in billing.requests)


TIMES = {"duration_ms", "upstream_ms", "time", "request_id"}


@pytest.mark.parametrize("case", OF_A_PROJECT, ids=str)
@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
@pytest.mark.parametrize(
    "line",
    [
        lambda: admin("acme"),
        lambda: user("acme", "acme-web"),
        lambda: user("acme", "acme-web", "globex-shop", "nowhere-sho"),
        lambda: admin("acme", "globex-shop", "nowhere-sho"),
        lambda: guest("acme"),
    ],
    ids=["org-admin", "user", "user who names both", "org-admin who names both", "guest"],
)
async def test_foreign_and_unknown_take_the_same_way(case: Case, mode: str, line: Callable[[], bytes]) -> None:
    """Upstream calls, body, headers and log are the same, except for the requested name."""
    ways = []
    for namespace in ("globex-shop", "nowhere-sho"):
        billing = priced()
        function = endpoint(case.function.name, mode, billing)
        sent = line()
        with captured_log() as lines:
            method, path = case.endpoint.method, case.path(namespace)
            await request(function, method, case.path(), sent, **case.request())  # the keys are known from here on
            response = await request(function, method, path, sent, x_request_id="same", **case.request(namespace))
        body = {name: value for name, value in response.json().items() if name != "timestamp"}
        logged = {name: value for name, value in lines.requests()[-1].items() if name not in TIMES}
        way = json.dumps([response.status_code, body, sorted(response.headers.items()), logged, billing.requests])
        ways.append(way.replace("nowhere-sho", "globex-shop"))  # as long as the other: lengths are compared too
    assert ways[0] == ways[1]
