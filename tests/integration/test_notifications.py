"""A channel of the local platform, from the API to the receiver: real function, billing service, worker and ingress."""

import json
import time
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from dev.platform import Platform
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope

ROUTE = "/api/billing/channels"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def api(platform: Platform) -> Any:
    with httpx2.Client(base_url=platform.settings.api_url, timeout=15) as client:
        yield client


def bearer(platform: Platform, user: str) -> dict[str, str]:
    return {"authorization": f"Bearer {platform.token(user)}"}


def test_a_test_message_arrives_and_is_signed(platform: Platform, api: httpx2.Client) -> None:
    """Created, tested, delivered, changed and deleted by an org-admin. Another organization sees nothing of it."""
    alice, dave = bearer(platform, "alice"), bearer(platform, "dave")
    url = f"http://127.0.0.1:{platform.settings.ports['RECEIVER_PORT']}/hook"
    body = {"name": "receiver", "target": {"kind": "webhook", "url": url, "secret": SECRET}}
    keyed = alice | {"idempotency-key": "a-channel"}
    made = api.post(ROUTE, json=body, headers=keyed)
    data = assert_success_envelope(made, 201)["data"]
    assert api.post(ROUTE, json=body, headers=keyed).json()["data"] == data
    assert_error_envelope(api.post(ROUTE, json=body | {"name": "x"}, headers=keyed), 409)
    path = made.headers["location"]
    assert path == f"{ROUTE}/{data['id']}"
    delivery = assert_success_envelope(api.post(f"{path}/test", headers=alice), 202)["data"]
    assert wait_for(api, alice, delivery["id"])["state"] == "delivered"
    lines = (platform.settings.data / "notifications.jsonl").read_text().splitlines()
    [received] = [one for one in map(json.loads, lines) if one["webhook-id"] == delivery["message_id"]]
    assert Webhook(SECRET).verify(received["body"], received)["data"]["organization"] == "acme"
    assert assert_success_envelope(api.get(ROUTE, headers=dave))["data"]["channels"] == []
    for method in ("GET", "DELETE"):
        foreign = api.request(method, path, headers=dave | {"if-match": made.headers["etag"]})
        assert_error_envelope(foreign, 404, "Not found")
    changed = api.put(path, json=body | {"enabled": False}, headers=alice | {"if-match": made.headers["etag"]})
    assert assert_success_envelope(changed)["data"]["enabled"] is False
    stale = api.delete(path, headers=alice | {"if-match": made.headers["etag"]})
    assert_error_envelope(stale, 412, "The resource has changed")
    assert api.delete(path, headers=alice | {"if-match": changed.headers["etag"]}).status_code == 204
    assert_error_envelope(api.get(path, headers=alice), 404, "Not found")


def wait_for(api: httpx2.Client, headers: dict[str, str], delivery: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while True:
        data = assert_success_envelope(api.get(f"{ROUTE}/deliveries", headers=headers))["data"]
        [found] = [one for one in data["deliveries"] if one["id"] == delivery]
        if found["state"] != "pending" or time.monotonic() > deadline:
            return dict(found)
        time.sleep(0.2)


@pytest.mark.parametrize("target", ["http://127.0.0.1:5000/", "http://169.254.169.254/", "https://10.0.0.1/"])
def test_an_inner_address_is_refused(platform: Platform, api: httpx2.Client, target: str) -> None:
    """422, with the member."""
    body = {"name": "inside", "target": {"kind": "webhook", "url": target, "secret": SECRET}}
    refused = assert_error_envelope(api.post(ROUTE, json=body, headers=bearer(platform, "alice")), 422)
    assert refused["details"]["errors"][0]["pointer"] == "/target/url"
