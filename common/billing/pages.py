"""A list that the billing service sends in pages: `limit` and `after` in the query, `next` in the reply.

Every page proves its owner. A billing service without `limit` and `after` sends the complete list at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Generic, Protocol, TypeVar

from common.billing.resource import UpstreamFailure
from common.http.response import Result
from common.process import log

PAGE_ITEMS: Final = 250  # parsed and validated in about 10 ms, during which no other request is served
ITEM_BYTES: Final = 1024  # more than an item of our billing service has
MAX_ITEMS: Final = 10_000
MAX_RESTARTS: Final = 2  # of a list whose figures change between two pages
REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


class Named(Protocol):
    @property
    def namespace(self) -> str: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next`: the `after` of the next page, None on the last one. `numbered`: the reply has the member `next`.

    `total`: the figures of the complete list, the same on each page.
    """

    items: list[T]
    next: str | None = None
    numbered: bool = False
    total: Any = None


Fetch = Callable[[Mapping[str, str]], Awaitable[Result[Page[Any]] | None]]
"""Fetches one page, or with no parameters the complete list. None if the service refuses the parameters."""


class _FiguresChanged(Exception):
    """Two pages have figures of different hours or versions. Their sum would have no meaning."""


async def fetch_pages(fetch: Fetch, max_page_bytes: int) -> Result[Page[Any]]:
    """The complete list as one Page. Raises UpstreamFailure (schema, too_large) and whatever `fetch` raises."""
    size = max(1, min(PAGE_ITEMS, max_page_bytes // ITEM_BYTES))
    for _ in range(1 + MAX_RESTARTS):
        try:
            return await _fetch_all(fetch, size) or await _fetch_at_once(fetch)
        except _FiguresChanged:
            continue
    raise _invalid("the figures changed again and again")


async def _fetch_at_once(fetch: Fetch) -> Result[Page[Any]]:
    result = await fetch({})
    if result is None or result.value.next is not None:
        raise _invalid("not the complete list")
    return result


async def _fetch_all(fetch: Fetch, size: int) -> Result[Page[Any]] | None:
    """None if the service has no pages."""
    first = await fetch({"limit": str(size)})
    if first is None or (len(first.value.items) == size and not first.value.numbered):
        return None
    page, as_of = first.value, first.as_of
    if page.next is None:
        return first
    items, names = list(page.items), _check(page, set())
    while page.next is not None:
        result = await fetch({"limit": str(size), "after": page.next})
        if result is None or not result.value.numbered:
            raise _invalid("a page without next")
        if _version(result) != _version(first):
            raise _FiguresChanged
        page, as_of = result.value, min(as_of, result.as_of) if as_of and result.as_of else None
        names |= _check(page, names)
        items += page.items
        if len(items) > MAX_ITEMS:
            raise UpstreamFailure("too_large", outage=False)
        await asyncio.sleep(0)  # lets other requests run
    version = first.quality.data_version
    return Result(
        Page(items, numbered=True), as_of, etag=None if version is None else first.etag, quality=first.quality
    )


def _check(page: Page[Any], before: set[str]) -> set[str]:
    """The names of a page. Each is new, and `next` does not lead back."""
    names = {item.namespace for item in page.items}
    if not names.isdisjoint(before):
        raise _invalid("a page repeats")
    if page.next is not None and (not page.items or page.next < page.items[-1].namespace):
        raise _invalid("next does not advance")
    return names


def _version(page: Result[Page[Any]]) -> tuple[datetime | None, int | None]:
    hour = page.as_of.replace(minute=0, second=0, microsecond=0) if page.as_of else None
    return hour, page.quality.data_version


def _invalid(what: str) -> UpstreamFailure:
    log.error("pages of a billing reply rejected", reason="schema", what=what)
    return UpstreamFailure("schema", outage=False)
