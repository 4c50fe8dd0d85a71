"""What a rejection of the billing service becomes: by the table, with a short printable message, or 503."""

import json
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import pytest

from common.billing.client import BillingClient
from common.endpoint import Access
from common.function import Function
from common.http.errors import IdempotencyKeyReused
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import Double, captured_log
from tests.kit.things import admin, endpoint, function, send, user
from tests.unit.billing.test_resources import OF_ORGANIZATION, OF_PROJECT, OWN, changing, fetching

PATH = "/api/billing/organization/things"
PROJECT = "/api/billing/project/{namespace}/things"
TEXT = "Budget 'web' is 5 \u20ac over its limit."
PASSED_ON: dict[tuple[int, str], tuple[int, str, str | None]] = {
    (400, "bad_request"): (400, "invalid_parameter", None),
    (404, "budget_not_found"): (404, "not_found", "Not found"),
    (409, "conflict"): (409, "conflict", None),
    (409, "idempotency_key_reused"): (409, "idempotency_key_reused", IdempotencyKeyReused.text),
    (409, "price_missing"): (503, "unpriced", "Billing data incomplete"),
    (409, "amount_too_large"): (503, "amount_too_large", "Billing amount too large"),
    (404, "organization_not_found"): (404, "billing_not_started", "Billing has not started"),
    (412, "precondition_failed"): (412, "precondition_failed", "The resource has changed"),
    (422, "invalid_body"): (422, "invalid_body", None),
    (501, "not_offered"): (501, "not_offered", "Not offered by this installation"),
}
"""Status and code of the service; status, code and text of the response; None where the service's message is shown."""
SHAPES = {
    "code": lambda code: {"code": code, "message": TEXT},
    "error": lambda code: {"error": code, "message": TEXT},
    "object": lambda code: {"error": {"code": code, "message": TEXT}},
    "envelope": lambda code: {"success": False, "error": {"code": code, "message": TEXT}},
}


class Billing:
    def __init__(self, status: int, body: Any, content_type: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.reply = httpx.Response(status, content=content, headers=named)
        self.calls = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.calls += 1
        return self.reply


def declared(billing: Any, **changes: Any) -> Function:
    return function(
        endpoint("GET", PATH, access=Access.ORGANIZATION, handle=fetching(OF_ORGANIZATION)),
        endpoint("POST", PATH, access=Access.ORGANIZATION, handle=changing("POST", OF_ORGANIZATION)),
        endpoint("GET", PROJECT, access=Access.NAMESPACE, handle=fetching(OF_PROJECT)),
        billing=billing,
        **{"billing_backoff_min_seconds": 0, "billing_backoff_max_seconds": 0, **changes},
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("said", PASSED_ON, ids=str)
async def test_errors_that_the_client_can_act_on_are_passed_on(said: tuple[int, str], method: str, shape: str) -> None:
    """By status and code together, in every shape that the service may write; never retried."""
    billing = Billing(said[0], SHAPES[shape](said[1]))
    status, code, text = PASSED_ON[said]
    body = assert_error_envelope(await send(declared(billing), method, PATH), status, TEXT if text is None else text)
    assert body["code"] == code
    assert billing.calls == 1
    assert "namespace" not in body["details"]


NOTHING: dict[str, Billing] = {
    "another status for the code": Billing(400, {"code": "conflict"}),
    "another code for the status": Billing(409, {"code": "precondition_failed"}),
    "no code": Billing(409, {"message": TEXT}),
    "null code": Billing(409, {"code": None, "error": "conflict"}),
    "code that is a list": Billing(409, {"code": ["conflict"]}),
    "a text": Billing(409, "conflict"),
    "a list": Billing(409, [{"code": "conflict"}]),
    "HTML": Billing(409, b"<html>conflict", "text/html"),
    "JSON as text": Billing(409, {"code": "conflict"}, "text/plain"),
    "no JSON": Billing(412, b"precondition_failed"),
    "a repeated member": Billing(409, b'{"code": "x", "code": "conflict"}'),
    "401": Billing(401, {"code": "unauthorized", "message": TEXT}),
    "403": Billing(403, {"code": "forbidden", "message": TEXT}),
    "408": Billing(408, {"code": "conflict"}),
    "410": Billing(410, {"code": "budget_not_found"}),
    "415": Billing(415, {"code": "bad_request", "message": TEXT}),
    "418": Billing(418, {"code": "conflict"}),
    "428": Billing(428, {"code": "precondition_required"}),
    "429": Billing(429, {"code": "conflict"}, retry_after="7"),
    "500": Billing(500, {"code": "conflict", "message": TEXT}),
    "505": Billing(505, {"code": "not_offered"}),
    "302": Billing(302, {"code": "conflict"}, location="http://127.0.0.1:1/"),
    "204": Billing(204, b""),
    "206": Billing(206, OWN),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", NOTHING)
async def test_everything_else_is_503(what: str, method: str) -> None:
    """No part of the response is passed on."""
    response = await send(declared(NOTHING[what]), method, PATH)
    body = assert_error_envelope(response, 503, "Billing service unreachable")
    assert (body["code"], body["details"]) == ("billing_unreachable", {})


ABSENT = {
    "404 by the framework": Billing(404, {"detail": "Not Found"}),
    "404 of the path": Billing(404, {"code": "not_found"}),
    "404 with a malformed code": Billing(404, {"code": "Budget_not_found"}),
    "404 in HTML": Billing(404, b"<h1>404</h1>", "text/html"),
    "404 without a body": Billing(404, b"", "text/plain"),
    "405": Billing(405, {"code": "method_not_allowed"}),
    "501 without code": Billing(501, {"message": TEXT}),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", ABSENT)
async def test_a_billing_service_without_the_resource_is_501(what: str, method: str) -> None:
    """That of another vendor has only the overview and health. The caller can do nothing about it."""
    body = assert_error_envelope(
        await send(declared(ABSENT[what]), method, PATH), 501, "Not offered by this installation"
    )
    assert (body["code"], body["details"]) == ("not_offered", {})


@pytest.mark.parametrize("what", ABSENT)
async def test_a_required_resource_is_503_without_it(what: str) -> None:
    """Every billing service has it: the 404 is that of a proxy, or the service is damaged."""
    resource = replace(OF_PROJECT, required=True)
    app = function(endpoint("GET", PROJECT, access=Access.NAMESPACE, handle=fetching(resource)), billing=ABSENT[what])
    path = PROJECT.replace("{namespace}", "acme-web")
    assert_error_envelope(await send(app, "GET", path, user("acme", "acme-web")), 503, "Billing service unreachable")


async def test_an_absent_resource_is_requested_again_after_five_seconds() -> None:
    """Not for each request: a project list would send it before its overviews each time."""
    now = 1000.0
    billing = Billing(404, {"detail": "Not Found"})
    app = declared(billing)
    app.billing = BillingClient(app.settings, transport=Double(billing), clock=lambda: now)
    for seconds, calls in ((0, 1), (4.9, 1), (0.2, 2)):
        now += seconds
        assert_error_envelope(await send(app, "GET", PATH), 501)
        assert billing.calls == calls


@pytest.mark.parametrize(
    "message",
    ["a\nb", "\x1b[31mred", "a\u202eb", "\ud800", "", "x" * 301, "x" * 10_000, None, 5, ["x"], {"x": 1}, "a\x00"],
    ids=lambda message: repr(message)[:20],
)
async def test_a_message_that_is_not_short_and_printable_is_not_passed_on(message: Any) -> None:
    """Our own text stands in its place."""
    for status, code, text in (
        (400, "bad_request", "Invalid parameter"),
        (409, "conflict", "Conflict with the current state"),
        (422, "invalid_body", "The body does not fit its schema"),
    ):
        billing = Billing(status, {"code": code, "message": message})
        assert_error_envelope(await send(declared(billing), "POST", PATH), status, text)


async def test_a_message_of_300_characters_is_passed_on() -> None:
    """The longest one."""
    billing = Billing(409, {"code": "conflict", "message": "x" * 300})
    assert_error_envelope(await send(declared(billing), "POST", PATH), 409, "x" * 300)


async def test_a_missing_price_names_only_labels() -> None:
    """The project that was requested, resource and month; never a text."""
    body = {"code": "price_missing", "resource": "cpu_core_hour", "month": "2025-09", "message": TEXT, "x": 1}
    project = PROJECT.replace("{namespace}", "acme-web")
    details = assert_error_envelope(await send(declared(Billing(409, body)), "GET", project), 503)["details"]
    assert details == {"namespace": "acme-web", "resource": "cpu_core_hour", "month": "2025-09"}
    body |= {"resource": "<b>", "month": 5, "namespace": "globex-shop"}
    details = assert_error_envelope(await send(declared(Billing(409, body)), "GET", project), 503)["details"]
    assert details == {"namespace": "acme-web"}


async def test_an_amount_that_cannot_be_shown_names_the_project() -> None:
    """An operator must act first, so a client waits for a minute. The text of the service is not passed on."""
    billing = Billing(409, {"code": "amount_too_large", "message": TEXT})
    response = await send(declared(billing), "GET", PROJECT.replace("{namespace}", "acme-web"))
    body = assert_error_envelope(response, 503, "Billing amount too large")
    assert (body["code"], body["details"]) == ("amount_too_large", {"namespace": "acme-web"})
    assert response.headers["retry-after"] == "60"


async def test_an_invalid_parameter_is_named() -> None:
    """In details, if it has the form of a parameter's name."""
    for parameter, details in (
        ("period", {"parameter": "period"}),
        ("filter.sku-1_a", {"parameter": "filter.sku-1_a"}),
        ("x" * 64, {"parameter": "x" * 64}),
        ("x" * 65, {}),
        ("<b>", {}),
        ("", {}),
        ("a\n", {}),
        (None, {}),
        (["period"], {}),
        (5, {}),
    ):
        billing = Billing(400, {"code": "bad_request", "message": TEXT, "parameter": parameter})
        assert assert_error_envelope(await send(declared(billing), "GET", PATH), 400, TEXT)["details"] == details


async def test_a_project_that_is_not_there_is_a_denial() -> None:
    """With the namespaces of the caller's token; an org-admin's 403 has no empty list of them."""
    billing = Billing(404, {"code": "project_not_found"})
    project = PROJECT.replace("{namespace}", "acme-web")
    for path, line, details in (
        (project, user("acme-web"), {"namespace": "acme-web", "availableNamespaces": ["acme-web"]}),
        (project, admin(), {"namespace": "acme-web"}),
        (PATH, user("acme-web"), {"availableNamespaces": ["acme-web"]}),
        (PATH, admin(), {}),
    ):
        body = assert_error_envelope(
            await send(declared(billing), "GET", path, line), 403, "Access denied to namespace"
        )
        assert (body["code"], body["details"]) == ("namespace_denied", details)


# --- older results ------------------------------------------------------------


@pytest.mark.parametrize(
    ("rejection", "status"),
    [
        (Billing(404, {"code": "budget_not_found"}), 404),
        (Billing(404, {"code": "not_found"}), 501),
        (Billing(409, {"code": "price_missing"}), 503),
        (Billing(501, {"code": "not_offered"}), 501),
        (Billing(200, OWN | {"organization": "globex"}), 503),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else value.reply.text,
)
async def test_a_rejection_deletes_what_was_cached(rejection: Billing, status: int) -> None:
    """What the service took back is not shown as an older result in the next outage."""
    now = 1000.0
    replies = [Billing(200, OWN).reply, rejection.reply, httpx.Response(500)]
    app = declared(lambda _: replies[0])
    app.billing = BillingClient(app.settings, transport=Double(lambda _: replies[0]), clock=lambda: now)
    assert_success_envelope(await send(app, "GET", PATH))
    for expected in (status, 503):
        replies.pop(0)
        now += 60
        assert_error_envelope(await send(app, "GET", PATH), expected)


@pytest.mark.parametrize(
    "failure",
    [
        Billing(500, {}),
        Billing(401, {"code": "unauthorized"}),
        Billing(403, b"", "text/html"),
        Billing(200, b"", "text/html"),
        Billing(429, {}),
        Billing(410, {}),
    ],
)
async def test_only_an_outage_is_served_an_older_result(failure: Billing) -> None:
    """Outages are 5xx, transport failures, and a token of ours that is refused. A wrong response is not an outage."""
    now = 1000.0
    replies = [Billing(200, OWN).reply, failure.reply]
    app = declared(lambda _: replies[0])
    app.billing = BillingClient(app.settings, transport=Double(lambda _: replies[0]), clock=lambda: now)
    assert_success_envelope(await send(app, "GET", PATH))
    replies.pop(0)
    now += 60
    with captured_log():
        response = await send(app, "GET", PATH)
    assert response.status_code == (200 if failure.reply.status_code in {401, 403, 500} else 503)
