"""Budgets: what is sent to the billing service, what comes back, and who may do it."""

import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from common.model import EXAMPLE_ID
from tests.functions.budgets.replies import BODY, ROUTE, SETTINGS, budget, choices, current, history, preview
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import make, request
from tests.kit.tenants import admin, bearer, guest, user

ONE = f"{ROUTE}/{EXAMPLE_ID}"
OF_ORGANIZATION = BODY | {"scope": {"kind": "organization"}}
OF_LABEL = BODY | {"scope": {"kind": "label", "label": {"key": "team", "value": "payments"}}}
WRITES = [("POST", ROUTE), ("PUT", ONE), ("POST", f"{ROUTE}/preview")]


class Billing:
    """Sends one reply, and keeps the requests."""

    def __init__(self, code: int = 200, /, **reply: Any) -> None:
        self.code = code
        self.reply = {"organization": "acme", **reply}
        self.requests: list[httpx.Request] = []

    def __call__(self, sent: httpx.Request) -> httpx.Response:
        self.requests.append(sent)
        return httpx.Response(self.code, json=self.reply, headers={"etag": '"3-0123456789abcdef"'})

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


async def send(
    billing: Any, method: str, path: str, content: Any = None, line: bytes | None = None, **headers: str
) -> httpx.Response:
    text = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
    typed = {} if text is None else {"content_type": "application/json"}
    caller = line or bearer("acme", groups=["org-admin"], sub="alice ä")
    return await request(make("budgets", billing=billing), method, path, caller, content=text, **typed | headers)


def web() -> bytes:
    return user("acme", "acme-web")


# --- reading ------------------------------------------------------------------


async def test_an_org_admin_reads_all_budgets() -> None:
    """As the billing service sends them."""
    billing = Billing(may_create=True, budgets=[budget(), budget(None)])
    data = assert_success_envelope(await send(billing, "GET", ROUTE))["data"]
    assert data["scope"] == {"organization": "acme", "namespaces": None}
    assert data["may_create"] is True
    assert [one["scope"]["namespace"] for one in data["budgets"]] == ["acme-web", None]
    assert data["budgets"][0]["current"]["spent"] == 412.34
    assert data["budgets"][0]["current"]["spent_ratio"] == round(412.34 / data["budgets"][0]["current"]["limit"], 3)
    assert [one["state"] for one in data["budgets"][0]["thresholds"]] == ["firing", "ok"]
    assert billing.requests[0].url.raw_path == b"/api/organization/acme/budgets"


async def test_a_project_user_reads_the_budgets_of_the_own_projects() -> None:
    """Only these namespaces are requested, and the reply has to repeat them."""
    billing = Billing(may_create=False, budgets=[budget(may_change=False)], namespaces=["acme-web"])
    data = assert_success_envelope(await send(billing, "GET", ROUTE, line=web()))["data"]
    assert data["scope"] == {"organization": "acme", "namespaces": ["acme-web"]}
    assert (data["may_create"], data["budgets"][0]["may_change"]) == (False, False)
    assert billing.requests[0].url.query == b"namespaces=acme-web"


REPLIES: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "list": (ROUTE, lambda *of: {"may_create": True, "budgets": [budget(*of)]}),
    "one": (ONE, budget),
    "history": (f"{ONE}/history", history),
}


@pytest.mark.parametrize(("path", "reply"), REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("namespace", [None, "acme-data", "globex-shop"])
async def test_a_budget_that_a_project_user_must_not_see_is_a_503(
    path: str, reply: Callable[..., dict[str, Any]], namespace: str | None
) -> None:
    """A mistake of the billing service does not show the organization's budget, or one of another project."""
    billing = Billing(**reply(namespace), namespaces=["acme-web"])
    response = await send(billing, "GET", path, line=web())
    assert_error_envelope(response, 503, "Billing service unreachable")
    assert "412.34" not in response.text
    own = Billing(**reply("acme-web"), namespaces=["acme-web"])
    assert_success_envelope(await send(own, "GET", path, line=web()))
    assert_error_envelope(await send(Billing(**reply("acme-web")), "GET", path, line=web()), 503)


@pytest.mark.parametrize(("path", "reply"), REPLIES.values(), ids=REPLIES)
async def test_a_reply_of_another_organization_is_a_503(path: str, reply: Callable[..., dict[str, Any]]) -> None:
    """Also if only an element of a list names it."""
    foreign = Billing(**reply())
    foreign.reply["organization"] = "globex"
    assert_error_envelope(await send(foreign, "GET", path), 503)
    inside = reply()
    for name in ("budgets", "entries"):
        if name in inside:
            inside[name][0]["organization"] = "globex"
            assert_error_envelope(await send(Billing(**inside), "GET", path), 503)


@pytest.mark.parametrize(
    "wrong",
    [
        {"current": current(spent=None)},
        {"current": current(limit=None)},
        {"current": current(breach_probability=1.01)},
        {"current": current(start=current()["end"])},
        {"current": current(expected_breach_date="2026-02-30")},
        {"current": current(limit=-1)},
        {"scope": {"kind": "project", "namespace": None, "label": None}},
        {"amount": "500"},
        {"thresholds": [{"id": "actual-80"}]},
        {"version": 0},
    ],
    ids=str,
)
async def test_a_reply_that_contradicts_itself_is_a_503(wrong: dict[str, Any]) -> None:
    """A figure that is missing without a reason is neither shown nor taken for 0."""
    assert_error_envelope(await send(Billing(**budget(**wrong)), "GET", ONE), 503, "Billing service unreachable")


async def test_a_figure_that_cannot_be_decided_is_null_with_a_reason() -> None:
    """It is never 0."""
    unknown = current(spent=None, forecast=None, breach_probability=None, complete_through=None, reason="price_missing")
    data = assert_success_envelope(await send(Billing(**budget(current=unknown)), "GET", ONE))["data"]
    assert (data["current"]["spent"], data["current"]["reason"]) == (None, "price_missing")


async def test_an_unchanged_budget_is_304() -> None:
    """The tag of the billing service also depends on the figures, so it is not the version alone."""
    first = await send(Billing(**budget()), "GET", ONE)
    again = await send(Billing(**budget()), "GET", ONE, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["etag"].startswith('"3-0123456789abcdef.')


async def test_the_history_has_changes_and_alerts() -> None:
    """The number of entries goes to the billing service."""
    billing = Billing(**history())
    data = assert_success_envelope(await send(billing, "GET", f"{ONE}/history?limit=5"))["data"]
    assert [entry["kind"] for entry in data["entries"]] == ["alert", "change"]
    assert data["entries"][1]["after"]["amount"] == 500
    assert billing.requests[0].url.query == b"limit=5"
    for limit in ("0", "1001", "x"):
        assert_error_envelope(await send(billing, "GET", f"{ONE}/history?limit={limit}"), 400)


UNITS = {"currency": "EUR", "currency_digits": 2, "time_zone": "Europe/Berlin", "cost_basis": "list_price"}


@pytest.mark.parametrize(
    ("method", "path", "reply"),
    [
        ("GET", ONE, budget),
        ("PUT", ONE, budget),
        ("GET", f"{ONE}/history", history),
        ("POST", f"{ROUTE}/preview", preview),
    ],
)
async def test_the_units_of_the_figures_are_in_meta(method: str, path: str, reply: Callable[..., Any]) -> None:
    """Currency, its digits, and the time zone of the periods."""
    content = None if method == "GET" else BODY
    response = await send(Billing(**reply() | UNITS), method, path, content, if_match='"1"')
    meta = assert_success_envelope(response)["meta"]
    assert {name: meta[name] for name in UNITS} == UNITS


async def test_whoever_may_write_reads_the_names_of_the_channels() -> None:
    """A project-user too. Addresses in the reply are not passed on."""
    listed = choices()["channels"]
    billing = Billing(channels=[listed[0] | {"target": {"url": "https://x"}}], namespaces=["acme-web"])
    response = await send(billing, "GET", f"{ROUTE}/channels", line=web())
    assert assert_success_envelope(response)["data"] == {"channels": listed}
    assert billing.requests[0].url.raw_path == b"/api/organization/acme/budgets/channels?namespaces=acme-web"
    refused = await send(Billing(403, code="org_admin_required"), "GET", f"{ROUTE}/channels", line=web())
    assert_error_envelope(refused, 403, "Organization administrator required")


# --- writing ------------------------------------------------------------------


async def test_a_created_budget_is_201_with_its_path_and_version() -> None:
    """Key, body and subject go to the billing service, numbers digit by digit."""
    billing = Billing(201, **budget())
    text = json.dumps(BODY).replace("500", "123456789012.34").encode()
    response = await send(billing, "POST", ROUTE, text, idempotency_key="k-1")
    assert assert_success_envelope(response, 201)["data"]["id"] == EXAMPLE_ID
    assert response.headers["location"] == ONE
    assert response.headers["etag"].startswith('"3-')
    [sent] = billing.requests
    assert (sent.method, sent.url.raw_path) == ("POST", b"/api/organization/acme/budgets")
    assert (sent.headers["idempotency-key"], sent.headers["x-actor"]) == ("k-1", "alice%20%C3%A4")
    assert b'"amount":123456789012.34' in sent.content
    assert billing.body == BODY | {"amount": 123456789012.34}


async def test_a_change_sends_the_version_that_was_read() -> None:
    """The suffix that the function adds to a tag is removed again."""
    billing = Billing(**budget())
    tag = (await send(billing, "GET", ONE)).headers["etag"]
    assert_success_envelope(await send(billing, "PUT", ONE, BODY, if_match=tag))
    assert (billing.requests[-1].headers["if-match"], billing.body) == ('"3-0123456789abcdef"', BODY)
    gone = Billing(id=EXAMPLE_ID)
    response = await send(gone, "DELETE", ONE, if_match=tag)
    assert (response.status_code, response.content) == (204, b"")
    assert gone.requests[0].headers["if-match"] == '"3-0123456789abcdef"'


@pytest.mark.parametrize(
    ("method", "path", "content"), [("PUT", ONE, BODY), ("DELETE", ONE, None), ("PUT", f"{ROUTE}/settings", SETTINGS)]
)
async def test_a_change_without_a_version_is_428(method: str, path: str, content: Any) -> None:
    """Nothing is sent."""
    billing = Billing(**budget())
    assert_error_envelope(await send(billing, method, path, content), 428, "If-Match required")
    assert billing.requests == []


async def test_a_preview_changes_nothing_and_adds_up() -> None:
    """A summary that does not fit its periods is a 503."""
    billing = Billing(**preview())
    data = assert_success_envelope(await send(billing, "POST", f"{ROUTE}/preview", BODY))["data"]
    assert [one["fired"] for one in data["summary"]] == [1, 1]
    assert data["periods"][0]["thresholds"][1]["warned_in_vain"] is True
    for number, wrong in ((0, {"fired": 2}), (1, {"in_vain": 0}), (0, {"threshold": "actual-90"})):
        summary = preview()["summary"]
        summary[number] |= wrong
        billing = Billing(**preview(summary=summary))
        assert_error_envelope(await send(billing, "POST", f"{ROUTE}/preview", BODY), 503)


# --- access -------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("namespace", ["acme-data", "globex-shop", "no-such-project"])
async def test_a_scope_that_is_not_seen_is_the_403_of_an_unknown_one(method: str, path: str, namespace: str) -> None:
    """Whether it exists or not, and as every other endpoint sends it. The billing service gets nothing."""
    billing = Billing(**budget())
    for scope in (
        {"kind": "project", "namespace": namespace},
        {"kind": "label", "namespace": namespace, "label": {"key": "team", "value": "a"}},
    ):
        response = await send(billing, method, path, BODY | {"scope": scope}, web(), if_match='"1"')
        body = assert_error_envelope(response, 403, "Access denied to namespace")
        assert body["details"] == {"namespace": namespace, "availableNamespaces": ["acme-web"]}
    assert billing.requests == []


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_project_that_the_billing_service_does_not_find_is_the_same_403(method: str, path: str) -> None:
    """For an org-admin, whose token names no projects, and for a project-user with a wrong token."""
    billing = Billing(404, code="project_not_found")
    for line, available in ((admin("acme"), {}), (web(), {"availableNamespaces": ["acme-web"]})):
        response = await send(billing, method, path, BODY, line, if_match='"1"')
        body = assert_error_envelope(response, 403, "Access denied to namespace")
        assert body["details"] == {"namespace": "acme-web", **available}


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_project_user_has_no_budget_of_the_organization(method: str, path: str) -> None:
    """Neither of all of it nor of a label in all of it: 403 before anything is sent."""
    billing = Billing(**budget())
    for content in (OF_ORGANIZATION, OF_LABEL):
        response = await send(billing, method, path, content, web(), if_match='"1"')
        assert_error_envelope(response, 403, "Organization administrator required")
    assert billing.requests == []


async def test_a_project_user_may_write_what_the_billing_service_allows() -> None:
    """Its 403 is passed on; another 403 is about the token of the function, and a 503."""
    written = Billing(201, **budget(), namespaces=["acme-web"])
    assert_success_envelope(await send(written, "POST", ROUTE, BODY, web()), 201)
    assert written.requests[0].url.query == b"namespaces=acme-web"
    refused = await send(Billing(403, code="org_admin_required"), "POST", ROUTE, BODY, web())
    assert assert_error_envelope(refused, 403, "Organization administrator required")["code"] == "org_admin_required"
    for code in ("forbidden", "unauthorized", None):
        assert_error_envelope(await send(Billing(403, code=code), "POST", ROUTE, BODY, web()), 503)


ENDPOINTS = [
    ("GET", ROUTE, None),
    ("POST", ROUTE, BODY),
    ("GET", ONE, None),
    ("PUT", ONE, BODY),
    ("DELETE", ONE, None),
    ("GET", f"{ONE}/history", None),
    ("POST", f"{ROUTE}/preview", BODY),
    ("GET", f"{ROUTE}/channels", None),
    ("GET", f"{ROUTE}/settings", None),
    ("PUT", f"{ROUTE}/settings", SETTINGS),
]


@pytest.mark.parametrize(("method", "path", "content"), ENDPOINTS)
async def test_a_guest_reads_and_writes_nothing(method: str, path: str, content: Any) -> None:
    """403 before the billing service is called."""
    billing = Billing(**budget())
    response = await send(billing, method, path, content, guest("acme"), if_match='"1"')
    assert_error_envelope(response, 403, "Billing access denied")
    assert billing.requests == []


async def test_only_an_org_admin_sees_and_changes_the_settings() -> None:
    """A project-user finds `may_create` and `may_change` in the budgets."""
    billing = Billing(**SETTINGS)
    for method, content in (("GET", None), ("PUT", SETTINGS)):
        refused = await send(billing, method, f"{ROUTE}/settings", content, web(), if_match='"1"')
        assert_error_envelope(refused, 403, "Organization administrator required")
    assert billing.requests == []
    for method, content in (("GET", None), ("PUT", SETTINGS)):
        response = await send(billing, method, f"{ROUTE}/settings", content, if_match='"1"')
        assert assert_success_envelope(response)["data"] == SETTINGS


@pytest.mark.parametrize(
    ("reply", "status", "error", "details"),
    [
        ((404, {"code": "budget_not_found"}), 404, "Not found", {"resource": "budget"}),
        ((409, {"code": "conflict", "message": "at most 200"}), 409, "at most 200", {}),
        ((412, {"code": "precondition_failed"}), 412, "The resource has changed", {}),
        (
            (422, {"code": "invalid_body", "message": "m", "errors": [{"pointer": "/channels/0", "message": "m"}]}),
            422,
            "m",
            {"errors": [{"pointer": "/channels/0", "message": "m", "code": "invalid"}]},
        ),
    ],
)
async def test_what_the_billing_service_decides_is_passed_on(
    reply: tuple[int, dict[str, Any]], status: int, error: str, details: dict[str, Any]
) -> None:
    """With its text, where it is for the client."""
    response = await send(lambda _: httpx.Response(reply[0], json=reply[1]), "PUT", ONE, BODY, if_match='"1"')
    assert assert_error_envelope(response, status, error)["details"] == details


# --- bad input ----------------------------------------------------------------


def thresholds(*given: dict[str, Any]) -> bytes:
    return json.dumps(BODY | {"thresholds": list(given)}).encode()


def changed(**changes: Any) -> bytes:
    return json.dumps(BODY | changes).encode()


BAD_BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "duplicate member": (b'{"name":"a",' + changed()[1:], 400, None),
    "duplicate member inside": (
        changed().replace(b'"basis": "actual"', b'"basis":"actual","basis":"forecast"'),
        400,
        None,
    ),
    "depth 200": (b'{"name":' + b"[" * 200 + b"]" * 200 + b"}", 400, None),
    "not JSON": (b"{", 400, None),
    "NaN": (changed(amount=float("nan")), 400, None),
    "65 KiB": (changed().ljust(66_560), 413, None),
    "list": (b"[]", 422, ""),
    "nothing": (b"{}", 422, "/name"),
    "unknown member": (changed(owner="x"), 422, "/owner"),
    "1e30": (changed(amount=1e30), 422, "/amount"),
    "amount -0": (changed().replace(b'"amount": 500', b'"amount": -0'), 422, "/amount"),
    "amount -0.0": (changed(amount=-0.0), 422, "/amount"),
    "amount 0": (changed(amount=0), 422, "/amount"),
    "a text for an amount": (changed(amount="500"), 422, "/amount"),
    "true for an amount": (changed(amount=True), 422, "/amount"),
    "0 %": (thresholds({"basis": "actual", "percent": 0}), 422, "/thresholds/0/percent"),
    "1 000 001 %": (thresholds({"basis": "actual", "percent": 1_000_001}), 422, "/thresholds/0/percent"),
    "probability 1.5": (
        thresholds({"basis": "forecast", "percent": 9, "probability": 1.5}),
        422,
        "/thresholds/0/probability",
    ),
    "no probability": (thresholds({"basis": "forecast", "percent": 9}), 422, "/thresholds/0"),
    "percent and amount": (thresholds({"basis": "actual", "percent": 9, "amount": 9}), 422, "/thresholds/0"),
    "no thresholds": (thresholds(), 422, "/thresholds"),
    "unknown period": (changed(period="week"), 422, "/period"),
    "unknown scope": (changed(scope={"kind": "cluster"}), 422, "/scope/kind"),
    "a project without a name": (changed(scope={"kind": "project"}), 422, "/scope"),
    "no namespace": (changed(scope={"kind": "project", "namespace": "A_b"}), 422, "/scope/namespace"),
    "no id of a channel": (changed(channels=["x"]), 422, "/channels/0"),
    "null": (changed(thresholds=None), 422, "/thresholds"),
}


@pytest.mark.parametrize(("content", "status", "pointer"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_bad_body_is_refused_before_anything_is_sent(content: bytes, status: int, pointer: str | None) -> None:
    """400, 413 or 422, with what was wrong and where."""
    billing = Billing(**budget())
    for method, path in WRITES:
        response = await send(billing, method, path, content, if_match='"1"')
        body = assert_error_envelope(response, status)
        if pointer is not None:
            assert body["details"]["errors"][0]["pointer"] == pointer
            assert body["details"]["errors"][0]["code"] != "invalid"
    assert billing.requests == []


async def test_a_body_that_is_not_json_is_415() -> None:
    """By its Content-Type, also if it is missing."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = await send(Billing(), "POST", ROUTE, changed(), content_type=content_type)
        assert_error_envelope(response, 415)


@pytest.mark.parametrize("name", ["x", "0", EXAMPLE_ID.upper(), f"{EXAMPLE_ID}0"])
async def test_an_id_that_is_not_an_id_is_400(name: str) -> None:
    """It contains what an id is. Nothing is sent."""
    billing = Billing(**budget())
    for method, tail, content in (
        ("GET", "", None),
        ("PUT", "", BODY),
        ("DELETE", "", None),
        ("GET", "/history", None),
    ):
        response = await send(billing, method, f"{ROUTE}/{name}{tail}", content, if_match='"1"')
        assert_error_envelope(response, 400)
    assert billing.requests == []
