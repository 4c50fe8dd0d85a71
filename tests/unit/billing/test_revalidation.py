"""A cached result with an ETag is revalidated (RFC 9110 section 13): 304 keeps it, and nothing is computed again."""

import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from common.billing.client import BillingClient
from common.function import Function
from tests.functions.overview.replies import overview
from tests.kit.billing import billing_summary
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import Double, get, make
from tests.kit.tenants import Clock, admin, user

PATH = "/api/billing/project/acme-web/overview"
TAG = '"acme-7"'
REPLY = {
    "organization": "acme",
    "namespace": "acme-web",
    "as_of": "2025-10-01T15:00:00Z",
    "data_version": 7,
    **overview(),
}


class Tagging:
    """A billing service that sends ETags, and 304 for a tag that is `current`. `change` alters a 304."""

    def __init__(self, reply: Any = REPLY) -> None:
        self.reply = reply
        self.current = TAG
        self.change: Callable[[httpx.Response], httpx.Response] = lambda response: response
        self.tags: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.tags.append(request.headers.get("if-none-match"))
        headers = {"etag": self.current}
        if self.tags[-1] == self.current:
            return self.change(httpx.Response(304, headers=headers))
        headers["content-type"] = "application/json"
        return httpx.Response(200, content=json.dumps(self.reply), headers=headers)


def started(billing: Tagging, clock: Clock, name: str = "overview", **changes: Any) -> Function:
    function = make(name, billing=billing, billing_max_retries=0, **changes)
    function.billing = BillingClient(function.settings, transport=Double(billing), clock=clock)
    return function


async def test_a_confirmed_result_is_served_again() -> None:
    """The second call sends the tag, gets 304, and the result is fresh again: the third request makes no call."""
    billing, clock = Tagging(), Clock()
    function = started(billing, clock)
    first = await get(function, PATH, user("acme", "acme-web"))
    clock.now += 11
    billing.reply = None  # a body would be invalid
    second = await get(function, PATH, user("acme", "acme-web"))
    clock.now += 9
    third = await get(function, PATH, user("acme", "acme-web"))
    bodies = [assert_success_envelope(response) for response in (first, second, third)]
    assert [body["data"] for body in bodies] == [bodies[0]["data"]] * 3
    assert [body["meta"]["stale"] for body in bodies] == [False] * 3
    assert billing.tags == [None, TAG]


async def test_a_changed_result_replaces_the_old_one() -> None:
    """Another version has another tag, and comes as 200."""
    billing, clock = Tagging(), Clock()
    function = started(billing, clock)
    await get(function, PATH, user("acme", "acme-web"))
    clock.now += 11
    billing.current = '"acme-8"'
    billing.reply = {**REPLY, "billing_summary": billing_summary(5)}
    body = assert_success_envelope(await get(function, PATH, user("acme", "acme-web")))
    assert body["data"]["billing_summary"]["current_month_total"] == 5
    clock.now += 11
    await get(function, PATH, user("acme", "acme-web"))
    assert billing.tags == [None, TAG, '"acme-8"']


@pytest.mark.parametrize(
    "change",
    [
        lambda _: httpx.Response(304),
        lambda _: httpx.Response(304, headers={"etag": '"globex-7"'}),
        lambda _: httpx.Response(304, headers={"etag": f"W/{TAG}"}),
    ],
)
async def test_a_304_for_another_tag_confirms_nothing(change: Callable[[httpx.Response], httpx.Response]) -> None:
    """It may be the response to another request: 503, never the older figures."""
    billing, clock = Tagging(), Clock()
    function = started(billing, clock)
    await get(function, PATH, user("acme", "acme-web"))
    clock.now += 11
    billing.change = change
    assert_error_envelope(await get(function, PATH, user("acme", "acme-web")), 503, "Billing service unreachable")


async def test_a_304_that_was_not_requested_is_503() -> None:
    """Without a cached result there is nothing to confirm."""
    function = started(Tagging(), Clock(), cache_fresh_seconds=0)
    function.billing = BillingClient(
        function.settings, transport=Double(lambda _: httpx.Response(304, headers={"etag": TAG})), clock=Clock()
    )
    assert_error_envelope(await get(function, PATH, user("acme", "acme-web")), 503, "Billing service unreachable")


async def test_a_list_of_many_pages_is_confirmed_by_its_first_page() -> None:
    """All pages have one data version, so the first page's tag stands for all of them."""
    names = [f"p-{n:03}" for n in range(600)]
    clock, pages = Clock(), Tagging()

    def reply(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after", "")
        left = [name for name in names if name > after]
        size = int(request.url.params["limit"])
        entries = [{"namespace": name, "billing_summary": billing_summary(1)} for name in left[:size]]
        pages.reply = {
            "organization": "acme",
            "as_of": "2025-10-01T15:00:00Z",
            "data_version": 7,
            "projects": entries,
            "next": left[size - 1] if len(left) > size else None,
        }
        return pages(request)

    function = make("projects", billing=reply)
    function.billing = BillingClient(function.settings, transport=Double(reply), clock=clock)
    for _ in range(3):
        body = assert_success_envelope(await get(function, "/api/billing/projects", admin("acme")))
        assert body["data"]["total"] == 600
        clock.now += 11
    assert pages.tags == [None, None, None, TAG, TAG]
