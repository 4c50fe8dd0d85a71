"""Reads Organization and Project resources from the Kubernetes API server, with the pod's service account.

The token and the certificate authority are read again for each reading, because the kubelet renews them in their files.
"""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import httpx2 as httpx
import simplejson

_PAGE_ITEMS = 200
_MAX_PAGES = 10_000
_MAX_PAGE_BYTES = 32 * 1024 * 1024  # a resource with its managed fields is some 10 KiB
_MAX_RESTARTS = 2  # of a list whose continue token expired

Plural = Literal["organizations", "projects"]
_KINDS = {"organizations": "OrganizationList", "projects": "ProjectList"}


class PlatformError(Exception):
    """The resources were not read, and nothing is stored. The text has the reason. It contains no token."""


class _Expired(Exception):
    """410: the list changed too much since its first page (Kubernetes, "Retrieving large results")."""


@dataclass(frozen=True)
class Platform:
    """`credentials`: the folder with `token` and `ca.crt`. `seconds`: for one request, until the end of its reply."""

    url: str
    credentials: Path
    seconds: float

    async def resources(self) -> list[dict[str, Any]]:
        """All Organizations and Projects of the cluster. Raises PlatformError."""
        try:
            tls = ssl.create_default_context(cafile=self.credentials / "ca.crt")
            async with httpx.AsyncClient(verify=tls, timeout=self.seconds, trust_env=False) as client:
                return [one for plural in _KINDS for one in await self._all(client, plural)]
        except (httpx.HTTPError, OSError) as error:
            raise PlatformError(f"the API server of the cluster: {type(error).__name__}") from error

    async def _all(self, client: httpx.AsyncClient, plural: str) -> list[dict[str, Any]]:
        for _ in range(1 + _MAX_RESTARTS):
            try:
                return await self._pages(client, plural)
            except _Expired:
                continue
        raise PlatformError(f"{plural}: the list expired {1 + _MAX_RESTARTS} times while it was read")

    async def _pages(self, client: httpx.AsyncClient, plural: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        query = {"limit": str(_PAGE_ITEMS)}
        for _ in range(_MAX_PAGES):
            page = await self._get(client, plural, query)
            items += [{**item, "kind": _KINDS[plural].removesuffix("List")} for item in page["items"]]
            metadata = page.get("metadata")
            following = metadata.get("continue") if isinstance(metadata, dict) else None
            if not following:
                return items
            query["continue"] = following
        raise PlatformError(f"{plural}: the list has more than {_MAX_PAGES} pages")

    async def _get(self, client: httpx.AsyncClient, plural: str, query: dict[str, str]) -> dict[str, Any]:
        token = (self.credentials / "token").read_text(encoding="ascii").strip()
        url = f"{self.url.rstrip('/')}/apis/kube-dc.com/v1/{plural}"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        async with (
            asyncio.timeout(self.seconds),  # httpx limits each read, not all of them together
            client.stream("GET", url, params=query, headers=headers) as response,
        ):
            body = await _read(response, plural)
        if response.status_code == HTTPStatus.GONE:
            raise _Expired
        if response.status_code != HTTPStatus.OK:
            raise PlatformError(f"{plural}: status {response.status_code}")
        return _page(body, plural)


async def _read(response: httpx.Response, plural: str) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _MAX_PAGE_BYTES:
            raise PlatformError(f"{plural}: a page has more than {_MAX_PAGE_BYTES} bytes")
    return bytes(body)


def _page(body: bytes, plural: str) -> dict[str, Any]:
    try:
        page = simplejson.loads(body, use_decimal=True)
    except (ValueError, RecursionError):
        page = None
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(page, dict) or page.get("kind") != _KINDS[plural] or not isinstance(items, list):
        raise PlatformError(f"{plural}: the reply is not a {_KINDS[plural]}")
    if not all(isinstance(item, dict) for item in items):
        raise PlatformError(f"{plural}: an item of the reply is not an object")
    return page
