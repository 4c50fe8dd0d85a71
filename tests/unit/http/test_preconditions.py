"""If-Match, If-None-Match, Idempotency-Key: what is read, what goes upstream, and when a GET is 304."""

from typing import Any

import httpx2 as httpx
import pytest

from common.access.roles import Organization
from common.billing.client import BillingClient
from common.billing.resource import Resource
from common.endpoint import Access, Call
from common.function import Function
from common.http.response import Result
from common.model import Parameters
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import Double
from tests.kit.things import AS_OF, Thing, admin, bearer, endpoint, function, guest, send, user

THINGS: Resource[Organization, Thing, Thing] = Resource(
    "things", "/api/organization/{organization}/things", Thing, lambda reply, _: reply
)


class Billing:
    """One thing with a version."""

    def __init__(self) -> None:
        self.etag = '"v.1"'
        self.away = False
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.away:
            raise httpx.ConnectError("refused", request=request)
        organization = request.url.path.split("/")[3]
        named = request.url.params.get("namespaces")
        reply = {"organization": organization, "name": "x", "as_of": AS_OF.isoformat()}
        reply |= {"namespaces": named.split(",")} if named else {}
        return httpx.Response(200, json=reply, headers={"etag": self.etag})


async def read(call: Call[Any, None]) -> Result[Thing]:
    """The thing."""
    return await call.billing.fetch(THINGS, call.organization, call.upstream)


async def change(call: Call[Any, None]) -> Result[Thing]:
    """The thing is read and then changed."""
    await call.billing.fetch(THINGS, call.organization, call.upstream)
    return await call.billing.send("PUT", THINGS, call.organization, call.upstream, body=b"{}")


class Query(Parameters):
    q: str = ""


@pytest.fixture
def billing() -> Billing:
    return Billing()


@pytest.fixture
def app(billing: Billing) -> Function:
    return function(
        endpoint(access=Access.ORGANIZATION, handle=read, parameters=Query),
        *(endpoint(method, access=Access.ORGANIZATION, handle=change) for method in ("POST", "PUT", "PATCH", "DELETE")),
        billing=billing,
        billing_max_retries=0,
    )


# --- changes ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_without_if_match_is_428(app: Function, billing: Billing, method: str) -> None:
    """Nothing goes upstream."""
    assert assert_error_envelope(await send(app, method), 428, "If-Match required")["code"] == "precondition_required"
    assert billing.requests == []


@pytest.mark.parametrize(
    "values",
    [
        ["abc"],
        [""],
        ['W/"1"'],
        ["*"],
        ['"1", "2"'],
        ['"1"', '"1"'],
        ['"1'],
        ['""1"'],
        ['"1" x'],
        ['"\xe4"'],
        ['"a b"'],
        ['"' + "a" * 257 + '"'],
    ],
    ids=repr,
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_malformed_if_match_is_400(app: Function, billing: Billing, method: str, values: list[str]) -> None:
    """One strong tag names one version; a weak tag never matches (RFC 9110 section 13.1.1)."""
    response = await send(app, method, headers=[("if-match", value) for value in values])
    body = assert_error_envelope(response, 400, 'If-Match must be one strong entity tag such as "abc"')
    assert body["code"] == "invalid_header"
    assert billing.requests == []


async def test_the_suffix_is_removed_before_the_tag_goes_upstream(app: Function, billing: Billing) -> None:
    """The billing service compares its own tag, with dots in it or not; reads in the same request carry none."""
    for etag in ('"v.1"', '""', '"a,b"', '"' + "x" * 128 + '"'):
        billing.etag = etag
        app.billing = BillingClient(app.settings, transport=Double(billing))  # nothing cached
        shown = (await send(app, "GET")).headers["etag"]
        assert shown != etag
        billing.requests.clear()
        response = await send(app, "PUT", headers=[("if-match", shown), ("idempotency-key", "k")])
        assert_success_envelope(response)
        assert response.headers["etag"] == shown
        (sent,) = billing.requests
        assert (sent.method, sent.headers["if-match"], sent.headers["idempotency-key"]) == ("PUT", etag, "k")


async def test_headers_of_a_change_are_not_sent_with_a_read(app: Function, billing: Billing) -> None:
    """A GET with If-Match could be 412, and its reply is cached for others."""
    headers = [("if-match", '"1"'), ("idempotency-key", "k")]
    assert_success_envelope(await send(app, "PUT", headers=headers))
    get, put = billing.requests
    assert (get.method, put.method) == ("GET", "PUT")
    assert not {"if-match", "idempotency-key"} & set(get.headers)


@pytest.mark.parametrize("tag", ['"1"', '"v.1"', '"v.1.ABCDEF0123456789"', '"v.123456789abcdef"'])
async def test_a_tag_without_suffix_goes_upstream_as_it_is(app: Function, billing: Billing, tag: str) -> None:
    """The billing service decides that it names no version."""
    assert_success_envelope(await send(app, "PUT", headers=[("if-match", tag)]))
    assert billing.requests[-1].headers["if-match"] == tag


async def test_a_post_may_name_a_version(app: Function, billing: Billing) -> None:
    """If-Match is wanted by the other methods only, and never ignored."""
    assert_success_envelope(await send(app, "POST", headers=[("if-match", '"1"')]))
    assert billing.requests[-1].headers["if-match"] == '"1"'
    assert_success_envelope(await send(app, "POST"))
    assert "if-match" not in billing.requests[-1].headers


@pytest.mark.parametrize("values", [[""], ["a b"], ["\xe4"], ["x" * 256], ["a", "a"], ["a\tb"]], ids=repr)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_malformed_idempotency_key_is_400(
    app: Function, billing: Billing, method: str, values: list[str]
) -> None:
    """Sent once, visible ASCII, at most 255 characters."""
    headers = [("if-match", '"1"'), *(("idempotency-key", value) for value in values)]
    body = assert_error_envelope(await send(app, method, headers=headers), 400)
    assert (body["code"], body["error"].split()[0]) == ("invalid_header", "Idempotency-Key")
    assert billing.requests == []


# --- 304 ----------------------------------------------------------------------


async def test_a_client_that_has_this_version_gets_304(app: Function) -> None:
    """Weak comparison, in a list, in several headers, or `*` (RFC 9110 section 13.1.2)."""
    tag = (await send(app, "GET")).headers["etag"]
    for values in ([tag], [f"W/{tag}"], [f'"x", {tag}'], ['"x"', f'"a,b" ,W/{tag}'], [f", ,{tag},"], ["*"], [" * "]):
        response = await send(app, "GET", headers=[("if-none-match", value) for value in values])
        assert (response.status_code, response.content) == (304, b""), values
        assert response.headers["etag"] == tag
        assert response.headers["cache-control"] == "no-store"
        assert not {"content-type", "content-length"} & set(response.headers)


@pytest.mark.parametrize("value", ['"x"', '"v.1"', 'W/"v.1"', '""'])
async def test_another_version_is_sent(app: Function, value: str) -> None:
    """The tag of the billing service is also another version, because it does not depend on the caller's access."""
    assert_success_envelope(await send(app, "GET", headers=[("if-none-match", value)]))


@pytest.mark.parametrize("value", ["", "x", '"x', '"x" y', "W/x", '*, "x"', "**", '"x y"', '"\xe4"'], ids=repr)
async def test_a_malformed_if_none_match_is_400(app: Function, value: str) -> None:
    """The text names the allowed values."""
    body = assert_error_envelope(await send(app, "GET", headers=[("if-none-match", value)]), 400)
    assert body["error"] == 'If-None-Match must be * or entity tags such as "abc"'


async def test_the_tag_is_another_one_for_whoever_sees_something_else(app: Function) -> None:
    """Two callers receive the same tag only if both see the same data."""

    async def tag(line: str, query: str = "") -> str:
        etag: str = (await send(app, "GET", f"/api/billing/things{query}", line)).headers["etag"]
        return etag

    assert await tag(admin()) == await tag(bearer(namespaces=[], groups=["org-admin"], sub="another"))
    assert await tag(user("acme-web", "acme-data")) == await tag(user("acme-data", "acme-web"))
    lines = [admin(), admin("globex"), user("acme-web"), user("acme-web", "acme-data")]
    tags = [await tag(line) for line in lines] + [await tag(admin(), "?q=a"), await tag(admin(), "?q=b")]
    assert len(set(tags)) == len(tags)


async def test_304_only_after_the_caller_was_authorized(app: Function, billing: Billing) -> None:
    """A caller without access receives 401 or 403, also with a valid tag or `*`."""
    tag = (await send(app, "GET")).headers["etag"]
    for value in (tag, "*"):
        headers = [("if-none-match", value)]
        assert_error_envelope(await send(app, "GET", line="", headers=headers), 401)
        assert_error_envelope(await send(app, "GET", line=bearer(exp=1), headers=headers), 401)
        assert_error_envelope(await send(app, "GET", line=guest(), headers=headers), 403)
    assert_success_envelope(await send(app, "GET", line=user("acme-web"), headers=[("if-none-match", tag)]))
    billing.away = True
    assert_error_envelope(await send(app, "GET", line=admin("globex"), headers=[("if-none-match", "*")]), 503)


async def test_a_stale_result_is_never_304_and_has_no_tag(billing: Billing) -> None:
    """The client has to learn that the figures are old; and once they are not, that they are current again."""
    app = function(
        endpoint(access=Access.ORGANIZATION, handle=read), billing=billing, billing_max_retries=0, cache_fresh_seconds=1
    )
    now = 1000.0
    app.billing = BillingClient(app.settings, transport=Double(billing), clock=lambda: now)
    tag = (await send(app, "GET")).headers["etag"]
    billing.away, now = True, now + 2
    response = await send(app, "GET", headers=[("if-none-match", tag)])
    assert assert_success_envelope(response)["meta"]["stale"] is True
    assert "etag" not in response.headers
    billing.away, now = False, now + 10  # the failure is forgotten
    assert (await send(app, "GET", headers=[("if-none-match", tag)])).status_code == 304


@pytest.mark.parametrize("etag", ["v1", '"a', '"a b"', '"' + "x" * 129 + '"', '"a"; x', '"a" "b"', "W/v1"])
async def test_what_is_no_entity_tag_is_not_passed_on(app: Function, billing: Billing, etag: str) -> None:
    """It could not come back in If-None-Match."""
    billing.etag = etag
    response = await send(app, "GET", headers=[("if-none-match", "*")])
    assert_success_envelope(response)
    assert "etag" not in response.headers
