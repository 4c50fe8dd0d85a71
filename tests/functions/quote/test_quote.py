"""The quote: what is sent to the billing service, who gets the quota, and that it adds up."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.quote.replies import MACHINE, line, quota, quote
from tests.kit.billing import BillingService
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import make, request
from tests.kit.tenants import AMOUNTS, admin, guest, user

PATH = "/api/billing/quote"
OWNER = {"organization": "acme", "as_of": "2025-10-01T15:00:00Z"}
AT_ONCE = {"billing_backoff_min_seconds": 0, "billing_backoff_max_seconds": 0}


class Service:
    """Replies the good quote, changed, and keeps what it was sent. The first `failures` requests are refused."""

    def __init__(self, failures: int = 0, **changes: Any) -> None:
        self.reply = {**OWNER, **quote(**changes)}
        self.failures = failures
        self.sent: list[httpx.Request] = []

    def __call__(self, sent: httpx.Request) -> httpx.Response:
        self.sent.append(sent)
        if len(self.sent) <= self.failures:
            raise httpx.ConnectError("refused", request=sent)
        return httpx.Response(200, json=self.reply)


async def post(
    line: bytes, *resources: object, service: Any = None, body: object = None, **headers: str
) -> httpx.Response:
    content = json.dumps(body if body is not None else {"resources": resources or [MACHINE]}).encode()
    app = make("quote", billing=service or Service(), **AT_ONCE)
    return await request(app, "POST", PATH, line, content=content, content_type="application/json", **headers)


async def test_an_org_admin_gets_cost_and_quota() -> None:
    """The body reaches the billing service as it was sent."""
    service = Service()
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"x": [1.50, None]}, "status": {}}
    storage = {**MACHINE, "storage": {"class": "fast", "size": "100Gi"}, "cpu": 4}
    data = assert_success_envelope(await post(admin("acme"), storage, manifest, service=service))["data"]
    [sent] = service.sent
    assert (sent.method, sent.url.path) == ("POST", "/api/organization/acme/quote")
    assert json.loads(sent.content) == {"resources": [{**storage, "cpu": "4"}, manifest]}
    assert data["scope"] == {"organization": "acme", "namespaces": None}
    assert data["total"] == {"per_hour": 0.39, "per_month": 284.7, "exact": 284.7, "rounding": 0}
    assert data["lines"][0]["price"]["valid_from"] == "2025-01-01T00:00:00.000Z"
    assert data["quota"]["upgrade"]["option"]["plan"]["id"] == "scale-pool"


async def test_a_project_user_gets_the_cost_without_the_quota() -> None:
    """Also if the billing service sends it."""
    billing = BillingService(amounts=AMOUNTS)
    response = await post(user("acme", "acme-web"), service=billing)
    data = assert_success_envelope(response)["data"]
    assert data["scope"]["namespaces"] == ["acme-web"]
    assert data["total"]["per_month"] == 284.7
    assert "quota" not in data
    assert billing.requests[-1] == "/api/organization/acme/quote?namespaces=acme-web"


async def test_a_guest_gets_nothing() -> None:
    """Billing is not called."""
    service = Service()
    assert_error_envelope(await post(guest("acme"), service=service), 403, "Billing access denied")
    assert service.sent == []


async def test_it_is_sent_again_after_a_failure() -> None:
    """It changes nothing, so it needs no Idempotency-Key."""
    service = Service(failures=2)
    assert_success_envelope(await post(admin("acme"), service=service))
    assert len(service.sent) == 3
    assert len({bytes(sent.content) for sent in service.sent}) == 1


WRONG: list[tuple[object, str, str]] = [
    ({**MACHINE, "cpu": "-4"}, "/cpu", "must be a quantity of Kubernetes like 500m, 2 or 24Gi, not negative"),
    ({**MACHINE, "cpu": -4}, "/cpu", "must be a quantity of Kubernetes"),
    ({**MACHINE, "memory": "many"}, "/memory", "must be a quantity of Kubernetes"),
    ({**MACHINE, "memory": True}, "/memory", "must be a quantity of Kubernetes"),
    ({**MACHINE, "storage": {"size": "-1Gi"}}, "/storage/size", "must be a quantity of Kubernetes"),
    ({**MACHINE, "storage": [{"size": "1Gi"}, {}]}, "/storage/1", "Field required"),
    ({**MACHINE, "kind": "Cluster"}, "/kind", "Input should be 'VirtualMachine', 'Deployment'"),
    ({**MACHINE, "count": 0}, "/count", "Input should be greater than or equal to 1"),
    ({**MACHINE, "count": 1001}, "/count", "Input should be less than or equal to 1000"),
    ({**MACHINE, "count": 1.5}, "/count", "Input should be a valid integer"),
    ({**MACHINE, "hours_per_month": 1000}, "/hours_per_month", "Input should be less than or equal to 745"),
    ({**MACHINE, "public_ips": -1}, "/public_ips", "Input should be greater than or equal to 0"),
    ({"apiVersion": "v2", "kind": "Pod", "spec": {}}, "/apiVersion", "Input should be 'apps/v1', 'v1'"),
    ({"apiVersion": "v1", "kind": "Secret", "spec": {}}, "/kind", "Input should be 'Deployment', 'ReplicaSet'"),
    ({"apiVersion": "v1", "kind": "Pod"}, "", "Field required"),
    ("Pod", "", "Input should be"),
]


@pytest.mark.parametrize(("resource", "pointer", "message"), WRONG, ids=[f"{n} {w[1]}" for n, w in enumerate(WRONG)])
async def test_a_wrong_member_is_pointed_at(resource: object, pointer: str, message: str) -> None:
    """With what is allowed. Billing is not called."""
    service = Service()
    body = assert_error_envelope(await post(admin("acme"), MACHINE, resource, service=service), 422)
    error = body["details"]["errors"][0]
    assert (
        error["pointer"].removesuffix("/spec") == f"/resources/1{pointer}"
        or error["pointer"] == f"/resources/1{pointer}/size"
    )
    assert error["message"].startswith(message)
    assert service.sent == []


@pytest.mark.parametrize(
    "body", [{}, {"resources": []}, {"resources": {}}, {"resources": [MACHINE] * 101}, {"resources": [MACHINE], "x": 1}]
)
async def test_a_wrong_body_is_422(body: object) -> None:
    """From 1 to 100 resources, and nothing else."""
    error = assert_error_envelope(await post(admin("acme"), body=body), 422)
    assert error["details"]["errors"][0]["pointer"] in {"", "/resources", "/x"}


async def test_nan_is_400() -> None:
    """It is not JSON."""
    app = make("quote", billing=Service())
    content = b'{"resources": [{"kind": "Pod", "cpu": NaN}]}'
    response = await request(app, "POST", PATH, admin("acme"), content=content, content_type="application/json")
    assert_error_envelope(response, 400, "The body has a number that is not finite")


async def test_mistakes_that_the_billing_service_finds_are_passed_on() -> None:
    """With their places in the client's body."""
    errors = [{"pointer": "/resources/0/disk", "message": "unknown member; allowed: kind", "code": "unknown_member"}]

    def refuse(sent: httpx.Request) -> httpx.Response:
        assert json.loads(sent.content)["resources"][0]["disk"] == "1Gi"
        return httpx.Response(
            422, json={"code": "invalid_body", "message": "/resources/0/disk: unknown", "errors": errors}
        )

    body = assert_error_envelope(await post(admin("acme"), {**MACHINE, "disk": "1Gi"}, service=refuse), 422)
    assert body["error"] == "/resources/0/disk: unknown"
    assert body["details"] == {"errors": errors}


@pytest.mark.parametrize(
    "errors", [None, [], "x", [1], [{"pointer": "/a"}], [{"pointer": "/a", "message": "\n"}], [{}] * 6]
)
async def test_mistakes_in_another_form_are_left_out(errors: object) -> None:
    """The status and the text stay."""

    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(422, json={"code": "invalid_body", "message": "wrong", "errors": errors})

    body = assert_error_envelope(await post(admin("acme"), service=refuse), 422, "wrong")
    assert body["details"] == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"total": {"per_hour": 0.39, "per_month": 284.71, "exact": 284.7, "rounding": 0.01}},
        {"total": {"per_hour": 0.38, "per_month": 284.7, "exact": 284.7, "rounding": 0}},
        {"total": {"per_hour": 0.39, "per_month": 284.7, "exact": 284.69, "rounding": 0.01}},
        {"total": {"per_hour": 0.39, "per_month": 284.7, "exact": 284.7, "rounding": 0.01}},
        {"lines": []},
        {"lines": [line(-284.7)]},
        {"price_missing": ["gpu"]},
        {"components": [{"component": "cpu", "per_hour": 0.39, "per_month": None}]},
        {"quota": quota(dimensions=[{**quota()["dimensions"][0], "left_after": 0}])},
        {"quota": quota(dimensions=[{**quota()["dimensions"][0], "left_now": 16}])},
        {"quota": quota(upgrade={"state": "maybe", "option": None})},
        {
            "quota": quota(
                upgrade={"state": "cheapest", "option": {**quota()["upgrade"]["option"], "monthly_price": 99}}
            )
        },
        {"on_plan": None},
    ],
)
async def test_a_quote_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """The amounts contradict each other."""
    response = await post(admin("acme"), service=Service(**changes))
    assert_error_envelope(response, 503, "Billing service unreachable")


async def test_a_reply_for_another_organization_is_503() -> None:
    """And one that does not repeat the namespaces of a project-user."""
    service = Service()
    service.reply["organization"] = "globex"
    assert_error_envelope(await post(admin("acme"), service=service), 503, "Billing service unreachable")
    assert_error_envelope(await post(user("acme", "acme-web")), 503, "Billing service unreachable")


async def test_a_service_that_fails_is_503() -> None:
    """After its retries. There is no older quote."""
    service = Service(failures=9)
    assert_error_envelope(await post(admin("acme"), service=service), 503, "Billing service unreachable")
    assert len(service.sent) == 3


NONSENSE = {
    "HTML": (200, b"<html></html>", "text/html"),
    "truncated": (200, b'{"organization": "acme"', "application/json"),
    "NaN": (200, b'{"organization": "acme", "total": NaN}', "application/json"),
    "another status": (204, b"", "application/json"),
    "a bug": (500, b"{}", "application/json"),
    "our token": (401, b"{}", "application/json"),
}


@pytest.mark.parametrize("kind", NONSENSE)
async def test_nonsense_of_the_billing_service_is_503(kind: str) -> None:
    """Never a 200, and never a 401 of the user."""
    status, content, media_type = NONSENSE[kind]

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=content, headers={"content-type": media_type})

    assert_error_envelope(await post(admin("acme"), service=send), 503, "Billing service unreachable")


async def test_a_price_list_that_is_too_large_is_not_a_figure() -> None:
    """An amount above 10^18 is refused."""
    assert_error_envelope(await post(admin("acme"), service=Service(lines=[line(1e19)])), 503)
