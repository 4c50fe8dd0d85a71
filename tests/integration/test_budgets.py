"""A budget of the local platform, from the API to the database: real function, billing service and ingress."""

from typing import Any

import httpx2
import pytest

from dev.platform import Platform
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope

ROUTE = "/api/billing/budgets"
BODY: dict[str, Any] = {
    "name": "web",
    "scope": {"kind": "project", "namespace": "acme-web"},
    "amount": 500,
    "currency": "EUR",
    "thresholds": [{"basis": "actual", "percent": 80}, {"basis": "forecast", "percent": 100, "probability": 0.8}],
}


@pytest.fixture(scope="module")
def api(platform: Platform) -> Any:
    with httpx2.Client(base_url=platform.settings.api_url, timeout=15) as client:
        yield client


def bearer(platform: Platform, user: str) -> dict[str, str]:
    return {"authorization": f"Bearer {platform.token(user)}"}


def allow_project_users(api: httpx2.Client, headers: dict[str, str], *, allowed: bool) -> None:
    tag = api.get(f"{ROUTE}/settings", headers=headers).headers["etag"]
    changed = api.put(f"{ROUTE}/settings", json={"project_users_write": allowed}, headers=headers | {"if-match": tag})
    assert_success_envelope(changed)


def test_a_budget_is_created_seen_changed_and_deleted(platform: Platform, api: httpx2.Client) -> None:
    """By an org-admin. A project-user sees it and may change it once that is allowed; others see a 404."""
    alice, bob, dave = (bearer(platform, name) for name in ("alice", "bob", "dave"))
    allow_project_users(api, alice, allowed=False)  # other tests use this platform too
    keyed = alice | {"idempotency-key": "a-budget"}
    made = api.post(ROUTE, json=BODY, headers=keyed)
    data = assert_success_envelope(made, 201)["data"]
    path = made.headers["location"]
    assert path == f"{ROUTE}/{data['id']}"
    assert api.post(ROUTE, json=BODY, headers=keyed).json()["data"] == data
    assert_error_envelope(api.post(ROUTE, json=BODY | {"name": "x"}, headers=keyed), 409)
    organization = api.post(ROUTE, json=BODY | {"scope": {"kind": "organization"}}, headers=alice)
    hidden = organization.headers["location"]
    seen = assert_success_envelope(api.get(path, headers=bob))
    assert (seen["data"]["id"], seen["data"]["may_change"]) == (data["id"], False)
    assert_error_envelope(api.get(hidden, headers=bob), 404, "Not found")
    assert_error_envelope(api.get(path, headers=dave), 404, "Not found")
    foreign = BODY | {"scope": {"kind": "project", "namespace": "globex-shop"}}
    for headers in (alice, bob):
        assert_error_envelope(api.post(ROUTE, json=foreign, headers=headers), 403, "Access denied to namespace")
    assert_error_envelope(api.post(ROUTE, json=BODY, headers=bob), 403, "Organization administrator required")
    allow_project_users(api, alice, allowed=True)
    tag = api.get(path, headers=bob).headers["etag"]
    changed = api.put(path, json=BODY | {"amount": 400}, headers=bob | {"if-match": tag})
    assert assert_success_envelope(changed)["data"]["version"] == 2
    assert_error_envelope(api.delete(path, headers=bob | {"if-match": tag}), 412, "The resource has changed")
    for one, headers in ((path, bob), (hidden, alice)):
        current = api.get(one, headers=headers).headers["etag"]
        assert api.delete(one, headers=headers | {"if-match": current}).status_code == 204
    entries = assert_success_envelope(api.get(f"{path}/history", headers=bob))["data"]["entries"]
    changes = [entry for entry in entries if entry["kind"] == "change"]  # the worker can have sent an alert meanwhile
    assert [change["action"] for change in changes] == ["delete", "change", "create"]
    assert len({change["actor"] for change in changes}) == 2
