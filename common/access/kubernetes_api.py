"""Lists the Project resources of an organization from the Kubernetes API server.

An organization's projects are the `projects.kube-dc.com` (v1) in the namespace named like the organization. The
namespace that backs a project is its `status.namespace` ("Namespace created for project" in Kube-DC's
CustomResourceDefinition), which only the platform's controller writes, through the status subresource. Ownership is
never built from names here.
"""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import quote

from pydantic import Field, ValidationError

from common.billing.transport import HttpClient, Timeouts, TransportFailure, UpstreamResponse
from common.model import NAMESPACE_PATTERN, NamespaceName, WireModel
from common.money.strict_json import parse_json
from common.process import log
from common.process.settings import Settings

R = TypeVar("R", bound=WireModel)

NAMESPACE: Final = re.compile(NAMESPACE_PATTERN[1:-1])

PAGE_PROJECTS: Final = 100
MAX_PAGES: Final = 100  # with PAGE_PROJECTS: the maximum number of projects in a project list
MAX_RESTARTS: Final = 2  # of a listing whose continue token expired
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024  # a Project with its managed fields is some 10 KiB


class _Metadata(WireModel):
    name: str
    namespace: str


class _Status(WireModel):
    namespace: NamespaceName | Literal[""] | None = None


class _Project(WireModel):
    metadata: _Metadata
    status: _Status | None = None


class _ListMetadata(WireModel):
    next: Annotated[str, Field(max_length=8192)] | None = Field(None, alias="continue")


class _ProjectList(WireModel):
    version: Literal["kube-dc.com/v1"] = Field(alias="apiVersion")
    kind: Literal["ProjectList"]
    metadata: _ListMetadata
    items: list[_Project]


class _Named(WireModel):
    name: str
    namespace: str


class _Organization(WireModel):
    version: Literal["kube-dc.com/v1"] = Field(alias="apiVersion")
    kind: Literal["Organization"]
    metadata: _Named


@dataclass(frozen=True, slots=True)
class Projects:
    """`expected`: for display only. A project without a namespace (new, or stuck) owns nothing yet. Kube-DC will
    usually call its namespace {organization}-{project}.
    """

    namespaces: frozenset[str]
    expected: frozenset[str]


class NotListed(Exception):
    """The API server did not return a usable list. `reason` is a code for the log."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone  # the organization does not exist any more: its cached list is invalid


class _Expired(Exception):
    """410: the continue token is too old. The listing must start again (Kubernetes, "Retrieving large results")."""


class ApiServer:
    """Reads the pod's token and certificate authority again for every call, because the kubelet renews them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http: HttpClient | None = None
        self._ca_changed_at = 0

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def list_projects(self, organization: str) -> Projects:
        """Raises NotListed."""
        try:
            async with asyncio.timeout(self._settings.kubernetes_timeout_seconds):
                for _ in range(1 + MAX_RESTARTS):
                    try:
                        return await self._list(organization)
                    except _Expired:
                        continue
        except TimeoutError:
            raise NotListed("timeout") from None
        raise NotListed("http_410")

    async def _list(self, organization: str) -> Projects:
        path = f"/apis/kube-dc.com/v1/namespaces/{organization}/projects?limit={PAGE_PROJECTS}"
        items: list[_Project] = []
        following: str | None = None
        for _ in range(MAX_PAGES):
            reply = await self._get(path + (f"&continue={quote(following, safe='')}" if following else ""))
            page = _read(_ProjectList, reply)
            items += page.items
            following = page.metadata.next
            if not following:
                break
        else:
            raise NotListed("too_many")
        if any(item.metadata.namespace != organization for item in items):
            raise NotListed("mismatch")
        if not items:
            await self._require_organization(organization)
        return _projects(items, organization)

    async def _require_organization(self, organization: str) -> None:
        """The API server returns 200 without items for a missing namespace. The Organization shows if it exists."""
        try:
            reply = await self._get(f"/apis/kube-dc.com/v1/namespaces/{organization}/organizations/{organization}")
        except NotListed as exc:
            raise NotListed(exc.reason, gone=exc.reason == "http_404") from exc
        found = _read(_Organization, reply).metadata
        if (found.name, found.namespace) != (organization, organization):
            raise NotListed("mismatch")

    async def _get(self, path: str) -> UpstreamResponse:
        """A 200 in JSON. Raises NotListed or _Expired."""
        try:
            http = await self._open()
            token = _read_token(self._settings.kubernetes_credentials / "token")
            url = self._settings.kubernetes_api_url + path
            reply = await http.get(url, headers={"authorization": f"Bearer {token}"})
        except OSError as exc:  # also from ssl, if ca.crt is not a certificate
            raise NotListed("credentials") from exc
        except TransportFailure as exc:
            raise NotListed(exc.reason) from exc
        if reply.status == HTTPStatus.GONE:
            raise _Expired
        if reply.status != HTTPStatus.OK:
            raise NotListed(f"http_{reply.status}")
        if not reply.is_json:
            raise NotListed("content_type")
        return reply

    async def _open(self) -> HttpClient:
        """A client that trusts the current cluster CA. The kubelet writes a new file when the CA changes."""
        ca_file = self._settings.kubernetes_credentials / "ca.crt"
        changed_at = ca_file.stat().st_mtime_ns
        if self._http is not None and changed_at == self._ca_changed_at:
            return self._http
        t = self._settings.kubernetes_timeout_seconds
        old, new = self._http, HttpClient(Timeouts(connect=t, read=t, pool=t, total=t), MAX_PAGE_BYTES, ca_file=ca_file)
        self._http, self._ca_changed_at = new, changed_at
        if old is not None:
            await old.close()
        return new


def _projects(items: list[_Project], organization: str) -> Projects:
    namespaces, expected = set(), set()
    for item in items:
        if item.status and item.status.namespace:
            namespaces.add(item.status.namespace)
        elif NAMESPACE.fullmatch(name := f"{organization}-{item.metadata.name}"):
            expected.add(name)
    return Projects(frozenset(namespaces), frozenset(expected - namespaces))


def _read_token(path: Path) -> str:
    """Read for every call. The kubelet replaces the pod's token in the file long before the old token expires."""
    token = path.read_bytes().strip()
    if not token.isascii() or not token or not token.decode().isprintable():
        raise NotListed("credentials")
    return token.decode()


def _read(model: type[R], reply: UpstreamResponse) -> R:
    try:
        return model.model_validate(parse_json(reply.body))
    except ValidationError as exc:
        where = [".".join(map(str, error["loc"])) for error in exc.errors(include_url=False, include_input=False)[:5]]
        log.error("reply of the API server refused", reason="schema", fields=where)
        raise NotListed("schema") from None
    except (ValueError, RecursionError):
        raise NotListed("bad_json") from None
