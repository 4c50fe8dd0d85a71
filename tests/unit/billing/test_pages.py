"""The project list comes in pages, and every page is checked: owner, progress, size, hour."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from common.billing.pages import MAX_ITEMS, PAGE_ITEMS
from tests.kit.billing import billing_summary
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log, get, make
from tests.kit.tenants import admin, user

PATH = "/api/billing/projects"
AS_OF = "2025-10-01T15:00:00.000Z"
COUNT = 2 * PAGE_ITEMS + 50
NAMES = [f"p-{n:05}" for n in range(COUNT)]


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"namespace": name, "billing_summary": billing_summary(1), "error": None, **more}


def page_of(query: dict[str, str], names: list[str] = NAMES) -> dict[str, Any]:
    """As our billing service replies."""
    left = [name for name in names if name > query.get("after", "")]
    size = int(query["limit"]) if "limit" in query else len(left)
    reply = {"organization": "acme", "as_of": AS_OF, "projects": [entry(name) for name in left[:size]]}
    return reply | ({"next": left[size - 1] if len(left) > size else None} if "limit" in query else {})


class Paging:
    """`change` gets each reply with the number of the page, and returns what is sent instead."""

    def __init__(self, change: Callable[[dict[str, Any], int], Any] = lambda reply, _: reply) -> None:
        self.change = change
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        self.queries.append(query)
        reply = self.change(page_of(query), len(self.queries))
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, content=json.dumps(reply).encode())


def with_type(response: httpx.Response) -> httpx.Response:
    response.headers["content-type"] = "application/json"
    return response


async def listed(billing: Callable[[httpx.Request], httpx.Response], **changes: Any) -> dict[str, Any]:
    function = make("projects", billing=lambda request: with_type(billing(request)), **changes)
    data: dict[str, Any] = assert_success_envelope(await get(function, PATH, admin("acme")))["data"]
    return data


async def test_all_pages_are_one_list() -> None:
    """Each page begins after the last project of the page before."""
    billing = Paging()
    data = await listed(billing)
    assert [project["namespace"] for project in data["projects"]] == NAMES
    assert data["totals"][0]["current_month_total"] == COUNT
    assert [query.get("after") for query in billing.queries] == [None, NAMES[249], NAMES[499]]
    assert {query["limit"] for query in billing.queries} == {str(PAGE_ITEMS)}


async def test_a_page_fits_the_size_limit_of_a_reply() -> None:
    """With a smaller BILLING_MAX_BODY_BYTES, a page has fewer projects."""
    billing = Paging()
    assert (await listed(billing, billing_max_body_bytes=65_536))["total"] == COUNT
    assert {query["limit"] for query in billing.queries} == {"64"}


@pytest.mark.parametrize("size", [0, 1, PAGE_ITEMS - 1, PAGE_ITEMS, PAGE_ITEMS + 1, 2 * PAGE_ITEMS])
async def test_lists_around_the_size_of_a_page_are_complete(size: int) -> None:
    """Also an empty one."""
    billing = Paging(lambda _, number: page_of(billing.queries[number - 1], NAMES[:size]))
    assert (await listed(billing))["total"] == size
    assert len(billing.queries) == max(1, -(-size // PAGE_ITEMS))


WHOLE: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "ignores the parameters": lambda _, __: page_of({}),
    "ignores them and does not sort": lambda _, __: page_of({}) | {"projects": [entry(n) for n in reversed(NAMES)]},
    "refuses them with 400": lambda _, number: httpx.Response(400) if number == 1 else page_of({}),
    "refuses them with 422": lambda _, number: httpx.Response(422) if number == 1 else page_of({}),
    "pages in another way": lambda reply, number: without_next(reply) if number == 1 else page_of({}),
}


def without_next(reply: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name != "next"}


@pytest.mark.parametrize("change", WHOLE.values(), ids=WHOLE)
async def test_a_billing_service_without_pages_works(change: Callable[[dict[str, Any], int], Any]) -> None:
    """It sends the complete list, at once or for a request without parameters."""
    billing = Paging(change)
    data = await listed(billing)
    assert (data["total"], [project["namespace"] for project in data["projects"]]) == (COUNT, NAMES)
    assert len(billing.queries) <= 2


async def test_other_requests_are_served_while_a_large_list_without_pages_is_read() -> None:
    """The event loop runs at least 5 times between the arrival of 3 000 projects and their list."""
    reply = httpx.Response(200, content=json.dumps(page_of({}, [f"p-{n:05}" for n in range(3000)])).encode())
    turns, turns_at_arrival = 0, 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    def arrive(_: httpx.Request) -> httpx.Response:
        nonlocal turns_at_arrival
        turns_at_arrival = turns
        return reply

    counting = asyncio.create_task(count_turns())
    assert (await listed(arrive))["total"] == 3000
    counting.cancel()
    assert turns - turns_at_arrival >= 5


def identical(reply: httpx.Response, _: httpx.Request) -> httpx.Response:
    return reply


async def test_a_large_reply_is_proved_like_a_small_one() -> None:
    """Also a reply that is too deep for the parser, and one whose last project belongs to another organization."""
    names = [f"p-{n:05}" for n in range(3000)]
    foreign = page_of({}, names) | {"projects": [*map(entry, names), entry("zz", organization="globex")]}
    for body, reason in ((b"[" * 500_000, "bad_json"), (json.dumps(foreign).encode(), "mismatch")):
        reply = with_type(httpx.Response(200, content=body))
        function = make("projects", billing=partial(identical, reply))
        with captured_log() as lines:
            assert_error_envelope(await get(function, PATH, admin("acme")), 503)
        assert lines.requests()[0]["reason"] == reason


WRONG: dict[str, tuple[Callable[[dict[str, Any], int], Any], str]] = {
    "the same page again": (lambda _, __: page_of({"limit": "250"}), "schema"),
    "one project of the page before": (
        lambda reply, number: reply | {"projects": [entry(NAMES[3]), *reply["projects"][1:]]} if number == 2 else reply,
        "schema",
    ),
    "next leads back": (lambda reply, _: reply | {"next": NAMES[0]}, "schema"),
    "next is before the last project": (lambda reply, _: reply | {"next": NAMES[248]}, "schema"),
    "an empty page with next": (lambda reply, _: reply | {"projects": [], "next": "zz"}, "schema"),
    "an empty second page with next": (
        lambda reply, number: reply | {"projects": [], "next": "zz"} if number == 2 else reply,
        "schema",
    ),
    "next is a number": (lambda reply, _: reply | {"next": 2}, "schema"),
    "next is a URL": (lambda reply, _: reply | {"next": "https://billing/page/2"}, "schema"),
    "next is missing later": (lambda reply, number: without_next(reply) if number == 2 else reply, "schema"),
    "a page is refused": (
        lambda reply, number: httpx.Response(400) if number == 2 else reply,
        "schema",
    ),
    "a page of another organization": (
        lambda reply, number: reply | {"organization": "globex"} if number == 2 else reply,
        "mismatch",
    ),
    "a page without owner": (
        lambda reply, number: {k: v for k, v in reply.items() if number == 1 or k != "organization"},
        "mismatch",
    ),
    "a project of another organization on the last page": (
        lambda reply, number: (
            reply | {"projects": [*reply["projects"], entry("zz", organization="globex")]} if number == 3 else reply
        ),
        "mismatch",
    ),
    "a project twice on a page": (
        lambda reply, number: (
            reply | {"projects": [reply["projects"][0], *reply["projects"]]} if number == 3 else reply
        ),
        "schema",
    ),
    "a page is 404": (lambda reply, number: httpx.Response(404, content=b"{}") if number == 2 else reply, "http_404"),
}


@pytest.mark.parametrize(("change", "reason"), WRONG.values(), ids=WRONG)
async def test_a_wrong_page_is_503(change: Callable[[dict[str, Any], int], Any], reason: str) -> None:
    """Never an endless loop, and never a part of the list."""
    billing = Paging(change)
    function = make("projects", billing=lambda request: with_type(billing(request)))
    with captured_log() as lines:
        response = await get(function, PATH, admin("acme"))
    assert_error_envelope(response, 503, "Billing service unreachable")
    assert lines.requests()[0]["reason"] == reason
    assert len(billing.queries) <= 3


async def test_a_list_without_end_is_503() -> None:
    """New projects on every page: the list is given up at its limit."""

    def endless(_: dict[str, Any], number: int) -> dict[str, Any]:
        names = [f"p-{number:04}-{n:03}" for n in range(PAGE_ITEMS)]
        return {"organization": "acme", "as_of": AS_OF, "projects": [entry(n) for n in names], "next": names[-1]}

    billing = Paging(endless)
    function = make("projects", billing=lambda request: with_type(billing(request)))
    with captured_log() as lines:
        assert_error_envelope(await get(function, PATH, admin("acme")), 503, "Billing service unreachable")
    assert lines.requests()[0]["reason"] == "too_large"
    assert len(billing.queries) == MAX_ITEMS // PAGE_ITEMS + 1


async def test_figures_of_two_hours_are_not_mixed() -> None:
    """When the hour ends between two pages, the list starts again. All its figures are of one hour."""
    later = "2025-10-01T16:00:00.000Z"
    billing = Paging(lambda reply, number: reply | {"as_of": AS_OF if number == 1 else later})
    function = make("projects", billing=lambda request: with_type(billing(request)))
    body = assert_success_envelope(await get(function, PATH, admin("acme")))
    assert (body["data"]["total"], body["meta"]["as_of"]) == (COUNT, later)
    assert len(billing.queries) == 2 + 3


async def test_figures_of_two_versions_are_not_mixed() -> None:
    """When a late line is booked between two pages, the list starts again. All its figures are of one version."""
    billing = Paging(lambda reply, page: {**reply, "data_version": 1 if page == 1 else 2})
    body = assert_success_envelope(
        await get(make("projects", billing=lambda request: with_type(billing(request))), PATH, admin("acme"))
    )
    assert body["meta"]["data_version"] == 2
    assert ["after" in query for query in billing.queries] == [False, True, False, True, True]


async def test_an_hour_that_changes_with_each_page_is_503() -> None:
    """The list is started three times."""
    billing = Paging(lambda reply, number: reply | {"as_of": f"2025-10-01T{number:02}:00:00.000Z"})
    function = make("projects", billing=lambda request: with_type(billing(request)))
    assert_error_envelope(await get(function, PATH, admin("acme")), 503, "Billing service unreachable")
    assert len(billing.queries) == 3 * 2


async def test_a_project_user_gets_the_own_projects_of_all_pages() -> None:
    """From the same cached list as an org-admin."""
    billing = Paging()
    function = make("projects", billing=lambda request: with_type(billing(request)))
    await get(function, PATH, admin("acme"))
    body = assert_success_envelope(await get(function, PATH, user("acme", NAMES[0], NAMES[-1])))
    assert [project["namespace"] for project in body["data"]["projects"]] == [NAMES[0], NAMES[-1]]
    assert len(billing.queries) == 3
