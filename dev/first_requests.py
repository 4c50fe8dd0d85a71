"""One request to each endpoint that can be read, through the ingress: then the local platform is ready."""

import time
from collections.abc import Callable, Mapping, Sequence

import httpx2

from common.endpoint import Access
from dev.declarations import readable_paths
from dev.settings import PlatformError

DEMO_NAMESPACE = "acme-web"
PROJECT_USER = "bob"


def send(
    api_url: str, username: str, headers: Mapping[str, str], allowed: Sequence[int], say: Callable[[str], None]
) -> None:
    """Raises PlatformError with the path whose status is not as expected.

    A new function may be there before its resource in the billing service: the start continues.
    """
    for path, access in readable_paths(DEMO_NAMESPACE):
        started = time.monotonic()
        response = httpx2.get(api_url + path, headers=headers, timeout=15, trust_env=False)
        only_admins = username == PROJECT_USER and access is Access.ORG_ADMIN
        expected = (httpx2.codes.FORBIDDEN,) if only_admins else allowed
        note = ""
        if _has_code(response, httpx2.codes.NOT_IMPLEMENTED, "not_offered"):
            note = ": not offered by the billing service yet"
        elif response.status_code not in expected and not _needs_permission(username, response):
            raise PlatformError(f"{username} got {response.status_code} for {path}: {response.text[:500]}")
        say(f"{username:<6} {response.status_code} {path} {time.monotonic() - started:5.2f} s{note}")


def _needs_permission(username: str, response: httpx2.Response) -> bool:
    """A setting of the organization allows it to project-users, such as the names of channels."""
    return username == PROJECT_USER and _has_code(response, httpx2.codes.FORBIDDEN, "org_admin_required")


def _has_code(response: httpx2.Response, status: int, code: str) -> bool:
    return response.status_code == status and bool(response.json()["code"] == code)
