"""Channels: what is sent to the billing service, what comes back, and who may do it."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from common.model import EXAMPLE_ID
from tests.functions.channels.replies import channel, delivery, history
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log, make, request
from tests.kit.tenants import admin, bearer, guest, user

ROUTE = "/api/billing/channels"
ONE = f"{ROUTE}/{EXAMPLE_ID}"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = {"kind": "webhook", "url": "https://hooks.example.com/", "secret": SECRET}
MISTAKE = {"pointer": "/target/url", "message": "must be public", "code": "refused"}
BODY = {"name": "operations", "target": WEBHOOK}


class Billing:
    """Sends one reply, and keeps the requests."""

    def __init__(self, code: int = 200, /, **reply: Any) -> None:
        self.code = code
        self.reply = {"organization": "acme", **reply}
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []

    def __call__(self, sent: httpx.Request) -> httpx.Response:
        self.requests.append(sent)
        self.bodies.append(sent.content)
        return httpx.Response(self.code, json=self.reply, headers={"etag": '"3"'})


async def send(billing: Any, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
    text = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
    typed = {} if text is None else {"content_type": "application/json"}
    line = bearer("acme", groups=["org-admin"], sub="alice ä")
    return await request(make("channels", billing=billing), method, path, line, content=text, **typed | headers)


async def test_a_created_channel_is_201_with_its_path_and_version() -> None:
    """Key, body and subject go to the billing service; the secret comes neither back nor into the log."""
    billing = Billing(201, **channel())
    with captured_log() as lines:
        response = await send(billing, "POST", ROUTE, BODY, idempotency_key="k-1")
    body = assert_success_envelope(response, 201)
    assert body["data"]["id"] == EXAMPLE_ID
    assert response.headers["location"] == ONE
    assert response.headers["etag"].startswith('"3.')
    [sent] = billing.requests
    assert (sent.method, sent.url.path) == ("POST", "/api/organization/acme/channels")
    assert (sent.headers["idempotency-key"], sent.headers["x-actor"]) == ("k-1", "alice%20%C3%A4")
    assert json.loads(billing.bodies[0]) == BODY
    assert SECRET not in response.text + lines.text


async def test_a_change_sends_its_version_and_only_the_given_members() -> None:
    """An absent secret is absent, null is null. The tag of the response is the If-Match of the next change."""
    billing = Billing(**channel())
    tag = (await send(billing, "GET", ONE)).headers["etag"]
    for target in ({"kind": "slack"}, {"kind": "alertmanager", "url": "https://a.example.com", "password": None}):
        body = {"name": "operations", "enabled": False, "target": target}
        response = await send(billing, "PUT", ONE, body, if_match=tag)
        assert assert_success_envelope(response)["data"]["id"] == EXAMPLE_ID
        assert billing.requests[-1].headers["if-match"] == '"3"'
        assert json.loads(billing.bodies[-1]) == body


async def test_a_deletion_is_204() -> None:
    """The reply of the billing service proved its owner."""
    billing = Billing(id=EXAMPLE_ID)
    response = await send(billing, "DELETE", ONE, if_match='"3"')
    assert (response.status_code, response.content) == (204, b"")
    assert (billing.requests[0].method, billing.requests[0].headers["if-match"]) == ("DELETE", '"3"')
    foreign = Billing(id=EXAMPLE_ID)
    foreign.reply["organization"] = "globex"
    assert_error_envelope(await send(foreign, "DELETE", ONE, if_match='"3"'), 503)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_change_without_a_version_is_428(method: str) -> None:
    """Nothing is sent."""
    billing = Billing(**channel())
    content = BODY if method == "PUT" else None
    assert_error_envelope(await send(billing, method, ONE, content), 428, "If-Match required")
    assert billing.requests == []


@pytest.mark.parametrize(
    ("path", "data"), [(f"{ONE}/test", delivery()), (f"{ROUTE}/deliveries/{EXAMPLE_ID}/retry", delivery())]
)
async def test_a_test_and_a_retry_are_202(path: str, data: dict[str, Any]) -> None:
    """Without a body; one is a 400."""
    billing = Billing(202, **data)
    assert assert_success_envelope(await send(billing, "POST", path), 202)["data"]["state"] == "pending"
    assert_error_envelope(await send(billing, "POST", path, {}), 400, "A POST request must not have a body")


async def test_the_list_of_deliveries_is_filtered() -> None:
    """State, channel and number go to the billing service."""
    billing = Billing(deliveries=[delivery(state="dead", next_attempt_at=None, reason="status", status=500)])
    response = await send(billing, "GET", f"{ROUTE}/deliveries?state=dead&channel={EXAMPLE_ID}&limit=5")
    [shown] = assert_success_envelope(response)["data"]["deliveries"]
    assert (shown["state"], shown["status"], shown["next_attempt_at"]) == ("dead", 500, None)
    assert billing.requests[0].url.query == f"state=dead&channel={EXAMPLE_ID}&limit=5".encode()


async def test_the_history_has_who_did_what() -> None:
    """The number of entries goes to the billing service. A secret in its reply is not passed on."""
    entries = history()["entries"]
    entries[1]["after"]["target"]["secret"] = SECRET
    billing = Billing(**history(entries=entries))
    response = await send(billing, "GET", f"{ONE}/history?limit=5")
    data = assert_success_envelope(response)["data"]
    assert [entry["action"] for entry in data["entries"]] == ["test", "change", "create"]
    assert data["entries"][1]["secret_changed"] is True
    assert SECRET not in response.text
    assert billing.requests[0].url.raw_path == f"/api/organization/acme/channels/{EXAMPLE_ID}/history?limit=5".encode()
    for limit in ("0", "1001", "x"):
        assert_error_envelope(await send(billing, "GET", f"{ONE}/history?limit={limit}"), 400)


@pytest.mark.parametrize("line", [lambda: user("acme", "acme-web"), lambda: guest("acme")])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ROUTE),
        ("POST", ROUTE),
        ("GET", ONE),
        ("PUT", ONE),
        ("DELETE", ONE),
        ("POST", f"{ONE}/test"),
        ("GET", f"{ONE}/history"),
        ("GET", f"{ROUTE}/deliveries"),
        ("POST", f"{ROUTE}/deliveries/{EXAMPLE_ID}/retry"),
    ],
)
async def test_only_an_org_admin_reads_and_writes(line: Any, method: str, path: str) -> None:
    """403 for a project-user and a guest, before the billing service is called."""
    billing = Billing(**channel())
    content = json.dumps(BODY).encode() if (method, path) in {("POST", ROUTE), ("PUT", ONE)} else None
    headers = {"content_type": "application/json"} if content else {}
    app = make("channels", billing=billing)
    assert_error_envelope(await request(app, method, path, line(), content=content, **headers), 403)
    assert billing.requests == []


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "duplicate member": (b'{"name":"a","name":"b","target":{"kind":"slack"}}', 400),
    "duplicate member inside": (b'{"name":"a","target":{"kind":"slack","kind":"teams"}}', 400),
    "depth 200": (b'{"name":' + b"[" * 200 + b"]" * 200 + b"}", 400),
    "not JSON": (b"{", 400),
    "65 KiB": (json.dumps(BODY).encode().ljust(66_560), 413),
    "list": (b"[]", 422),
    "nothing": (b"{}", 422),
    "unknown member": (json.dumps(BODY | {"owner": "x"}).encode(), 422),
    "unknown kind": (json.dumps({"name": "a", "target": {"kind": "sms"}}).encode(), 422),
    "unknown member of a target": (json.dumps({"name": "a", "target": {"kind": "slack", "x": 1}}).encode(), 422),
    "number for a name": (json.dumps(BODY | {"name": 1}).encode(), 422),
    "text for a boolean": (json.dumps(BODY | {"enabled": "true"}).encode(), 422),
    "no recipients": (json.dumps({"name": "a", "target": {"kind": "email", "recipients": []}}).encode(), 422),
}


@pytest.mark.parametrize(("content", "status"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_bad_body_is_refused_before_anything_is_sent(content: bytes, status: int) -> None:
    """400, 413 or 422, with what was wrong, and without the secret."""
    billing = Billing(**channel())
    for method, path in (("POST", ROUTE), ("PUT", ONE)):
        response = await send(billing, method, path, content, if_match='"1"')
        assert_error_envelope(response, status)
        assert SECRET not in response.text
    assert billing.requests == []


@pytest.mark.parametrize("name", ["x", "0", EXAMPLE_ID.upper(), EXAMPLE_ID + "0", "%2e", "a%20b"])
async def test_an_id_that_is_not_an_id_is_400(name: str) -> None:
    """It contains what an id is. Nothing is sent."""
    billing = Billing(**channel())
    app = make("channels", billing=billing)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing.example.com") as client:
        sent = client.build_request("GET", "/", headers={"authorization": admin("acme").decode()})
        sent.url = sent.url.copy_with(raw_path=f"{ROUTE}/{name}".encode())
        response = await client.send(sent)
    assert_error_envelope(response, 400)
    assert billing.requests == []


@pytest.mark.parametrize(
    ("reply", "status", "error", "details"),
    [
        ((404, {"code": "channel_not_found"}), 404, "Not found", {"resource": "channel"}),
        ((409, {"code": "conflict", "message": "the name is used"}), 409, "the name is used", {}),
        ((412, {"code": "precondition_failed"}), 412, "The resource has changed", {}),
        (
            (422, {"code": "invalid_body", "message": "must be public", "errors": [MISTAKE]}),
            422,
            "must be public",
            {"errors": [MISTAKE]},
        ),
        (
            (501, {"code": "not_offered", "message": "no mail server"}),
            501,
            "Not offered by this installation",
            {"reason": "no mail server"},
        ),
        ((201, {"organization": "globex", **channel()}), 503, "Billing service unreachable", {}),
        ((201, {"organization": "acme", **channel(secret_set="yes")}), 503, "Billing service unreachable", {}),
    ],
)
async def test_what_the_billing_service_decides_is_passed_on(
    reply: tuple[int, dict[str, Any]], status: int, error: str, details: dict[str, Any]
) -> None:
    """With its text, where it is for the client. A reply of another organization is a 503."""
    response = await send(lambda _: httpx.Response(reply[0], json=reply[1]), "PUT", ONE, BODY, if_match='"1"')
    assert assert_error_envelope(response, status, error)["details"] == details
