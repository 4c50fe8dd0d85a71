"""Every reply proves its owner, for every resource, in every ownership mode, for reads and for changes."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from pydantic import Field

from common.access.roles import Namespace, Organization
from common.billing.resource import Resource
from common.endpoint import Access, Call
from common.function import Function
from common.http.response import Result
from common.identity.caller import Caller
from common.model import Parameters, WireModel
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log
from tests.kit.raw_server import serving
from tests.kit.things import Thing, admin, endpoint, function, guest, on_network, send, user

MODES = ["registry", "kubernetes", "claims"]
ORGANIZATION = "/api/billing/organization/things"
PROJECT = "/api/billing/project/acme-web/things"
OWNED = ["acme-web", "acme-data"]


class Reply(WireModel):
    name: str
    items: list[dict[str, Any]] = Field(default_factory=list)


class Filter(Parameters):
    id: str = "a"
    q: str = ""


def to_thing(reply: Reply, _: object) -> Thing:
    return Thing(name=reply.name)


OF_ORGANIZATION: Resource[Organization, Reply, Thing] = Resource(
    "things", "/api/organization/{organization}/things", Reply, to_thing
)
OF_PROJECT: Resource[Namespace, Reply, Thing] = Resource("things", "/api/project/{namespace}/things", Reply, to_thing)
ONE: Resource[Organization, Reply, Thing] = Resource(
    "things", "/api/organization/{organization}/things/{id}", Reply, to_thing
)
CURRENT: Resource[Organization, Reply, Thing] = Resource(
    "current", "/api/organization/{organization}/current", Reply, to_thing, cached=False
)


def narrow(names: list[str], organization: Organization) -> list[str]:
    return [name for name in names if organization.may_list(name)]


NARROWED: Resource[Organization, Reply, list[str]] = Resource(
    "all",
    "/api/organization/{organization}/all",
    Reply,
    lambda reply, _: [item["namespace"] for item in reply.items],
    narrow=narrow,
)


class Names(WireModel):
    names: list[str]


class Listed:
    """The cluster's list, in the place of the API server's."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return caller.organization == "acme" and namespace in OWNED

    async def list_namespaces(self, caller: Caller) -> list[str]:
        return OWNED if caller.organization == "acme" else []


def fetching(resource: Resource[Any, Any, Any]) -> Callable[[Call[Any, Any]], Any]:
    async def fetch(call: Call[Any, Any]) -> Result[Any]:
        """A thing."""
        result = await call.billing.fetch(resource, call.checked_namespace or call.organization, call.upstream)
        return Result(Names(names=result.value), result.as_of) if resource is NARROWED else result

    return fetch


def changing(method: Any, resource: Resource[Any, Any, Any]) -> Callable[[Call[Any, Any]], Any]:
    async def change(call: Call[Any, Any]) -> Result[Any]:
        """A thing."""
        scope = call.checked_namespace or call.organization
        return await call.billing.send(method, resource, scope, call.upstream, body=b"{}")

    return change


class Billing:
    """Sends the reply that a test sets, and records the requests."""

    def __init__(self, reply: Any = None) -> None:
        self.reply = reply
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, content=json.dumps(self.reply), headers={"content-type": "application/json"})


def declared(billing: Any, mode: str = "registry", **changes: Any) -> Function:
    methods: tuple[Any, ...] = ("POST", "PUT", "PATCH", "DELETE")
    app = function(
        endpoint("GET", ORGANIZATION, access=Access.ORGANIZATION, handle=fetching(OF_ORGANIZATION)),
        endpoint(
            "GET", PROJECT.replace("acme-web", "{namespace}"), access=Access.NAMESPACE, handle=fetching(OF_PROJECT)
        ),
        *(
            endpoint(method, ORGANIZATION, access=Access.ORGANIZATION, handle=changing(method, OF_ORGANIZATION))
            for method in methods
        ),
        *(
            endpoint(
                method,
                PROJECT.replace("acme-web", "{namespace}"),
                access=Access.NAMESPACE,
                handle=changing(method, OF_PROJECT),
            )
            for method in methods
        ),
        endpoint(route="/api/billing/all", access=Access.ORGANIZATION, handle=fetching(NARROWED), data=Names),
        endpoint(route="/api/billing/current", access=Access.ORGANIZATION, handle=fetching(CURRENT)),
        billing=billing,
        namespace_ownership=mode,
        billing_max_retries=0,
        **changes,
    )
    if mode == "kubernetes":
        app.ownership = Listed()
    return app


IF_MATCH = [("if-match", '"1"')]
OWN = {"organization": "acme", "name": "x"}
Case = tuple[str, Callable[[], str], dict[str, Any]]


def web() -> str:
    return user("acme-web")


def both() -> str:
    return user("acme-web", "acme-data")


PROVED: dict[str, Case] = {
    "organization": (ORGANIZATION, admin, OWN),
    "organization, null namespaces": (ORGANIZATION, admin, OWN | {"namespaces": None}),
    "own projects": (ORGANIZATION, both, OWN | {"namespaces": ["acme-data", "acme-web"]}),
    "project": (PROJECT, web, OWN | {"namespace": "acme-web"}),
    "items": (
        ORGANIZATION,
        admin,
        OWN | {"items": [{"organization": "acme", "namespace": "acme-x"}, {"namespace": None}]},
    ),
    "items of own projects": (
        ORGANIZATION,
        web,
        OWN | {"namespaces": ["acme-web"], "items": [{"namespace": "acme-web"}]},
    ),
    "a member of a member": (
        PROJECT,
        web,
        OWN | {"namespace": "acme-web", "items": [{"labels": {"namespace": "mine"}}]},
    ),
}
FOREIGN: dict[str, Case] = {
    "another organization": (ORGANIZATION, admin, OWN | {"organization": "globex"}),
    "the longer name": (ORGANIZATION, admin, OWN | {"organization": "acme-prod"}),
    "another organization's project": (PROJECT, web, OWN | {"organization": "globex", "namespace": "acme-web"}),
    "another project": (PROJECT, web, OWN | {"namespace": "acme-data"}),
    "more projects": (ORGANIZATION, web, OWN | {"namespaces": ["acme-web", "acme-data"]}),
    "fewer projects": (ORGANIZATION, both, OWN | {"namespaces": ["acme-web"]}),
    "other projects": (ORGANIZATION, web, OWN | {"namespaces": ["acme-data"]}),
    "no projects": (ORGANIZATION, web, OWN | {"namespaces": []}),
    "all projects for some": (ORGANIZATION, web, OWN | {"namespaces": None}),
    "silent about the projects": (ORGANIZATION, web, OWN),
    "some projects for all": (ORGANIZATION, admin, OWN | {"namespaces": ["acme-web"]}),
    "an item of another organization": (ORGANIZATION, admin, OWN | {"items": [{}, {"organization": "globex"}]}),
    "an item inside an item": (ORGANIZATION, admin, OWN | {"items": [{"days": [[{"organization": "globex"}]]}]}),
    "an item of another project": (
        PROJECT,
        web,
        OWN | {"namespace": "acme-web", "items": [{"namespace": "acme-data"}]},
    ),
    "an item of a project that is not the caller's": (
        ORGANIZATION,
        web,
        OWN | {"namespaces": ["acme-web"], "items": [{"namespace": "acme-data"}]},
    ),
}
SILENT: dict[str, Case] = {
    "silent about the organization": (ORGANIZATION, admin, {"name": "x"}),
    "null for the organization": (ORGANIZATION, admin, {"name": "x", "organization": None}),
    "silent about the project": (PROJECT, web, OWN),
    "silent about the project's organization": (PROJECT, web, {"name": "x", "namespace": "acme-web"}),
    "silent": (PROJECT, web, {"name": "x"}),
}


@pytest.mark.parametrize("enveloped", [False, True], ids=["bare", "enveloped"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("mode", MODES)
async def test_the_owner_is_proved(mode: str, method: str, enveloped: bool) -> None:
    """A reply with another owner is 503 and is not passed on. A reply without an owner is 503 only in `registry`."""
    expected = [(case, True) for case in PROVED.values()] + [(case, False) for case in FOREIGN.values()]
    expected += [(case, mode != "registry") for case in SILENT.values()]
    for (path, line, reply), is_proved in expected:
        billing = Billing({"success": True, "data": reply} if enveloped else reply)
        with captured_log() as lines:
            response = await send(declared(billing, mode), method, path, line(), IF_MATCH)
        if is_proved:
            assert assert_success_envelope(response)["data"] == {"name": "x"}, reply
            continue
        assert_error_envelope(response, 503, "Billing service unreachable")
        assert lines.requests()[0]["reason"] == "mismatch", reply
        assert "globex" not in response.text + lines.text
        assert len(billing.requests) == 1


@pytest.mark.parametrize("case", [FOREIGN["another organization"], FOREIGN["an item of another organization"]])
async def test_a_mismatch_is_not_cached(case: Case) -> None:
    """Neither for the next request nor as an older result; and a result from before is deleted."""
    path, line, reply = case
    billing = Billing(reply)
    app = declared(billing, cache_fresh_seconds=0.001)
    for _ in range(2):
        assert_error_envelope(await send(app, "GET", path, line()), 503)
    assert len(billing.requests) == 2
    billing.reply = OWN
    assert_success_envelope(await send(app, "GET", path, line()))
    billing.reply = reply
    await asyncio.sleep(0.01)  # the result from before is not fresh any more
    assert_error_envelope(await send(app, "GET", path, line()), 503)
    billing.reply = None
    assert_error_envelope(await send(app, "GET", path, line()), 503)


async def test_a_mismatch_retires_the_connections() -> None:
    """The reply may be one to another request: the connection carries no further one."""

    def reply(organization: str) -> bytes:
        body = json.dumps({"organization": organization, "name": "x"}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body

    scripts = [[reply("acme")], [reply("acme")], [reply("globex")], [reply("acme")]]
    async with serving(*scripts) as server:
        app = on_network(endpoint(access=Access.ORGANIZATION, handle=fetching(CURRENT)), billing_api_url=server.url)
        statuses, connections = [], []
        for _ in range(4):
            statuses.append((await send(app, "GET")).status_code)
            connections.append(server.connections)
        await app.billing.close()
    assert statuses == [200, 200, 503, 200]
    assert connections == [1, 1, 1, 2]


# --- what is requested --------------------------------------------------------


async def test_what_is_requested_of_an_organization() -> None:
    """An org-admin's request names the organization, a project user's the own projects. A guest causes none."""
    billing = Billing(OWN | {"namespaces": ["acme-data", "acme-web"]})
    app = declared(billing)
    assert_success_envelope(await send(app, "GET", ORGANIZATION, user("acme-web", "acme-data")))
    assert_error_envelope(await send(app, "GET", ORGANIZATION, guest()), 403, "Billing access denied")
    billing.reply = OWN
    assert_success_envelope(await send(app, "GET", ORGANIZATION, admin()))
    path = "GET /api/organization/acme/things"
    assert billing.requests == [f"{path}?namespaces=acme-data,acme-web", path]


async def test_a_token_alone_names_no_namespace_of_the_organization() -> None:
    """In mode `kubernetes` those of the cluster's list are requested, and without one of them nothing is."""
    billing = Billing(OWN | {"namespaces": ["acme-web"]})
    app = declared(billing, "kubernetes")
    assert_success_envelope(await send(app, "GET", ORGANIZATION, user("acme-web", "globex-shop", "acme-prod-web")))
    assert billing.requests == ["GET /api/organization/acme/things?namespaces=acme-web"]
    billing.reply = OWN | {"namespaces": []}
    for method in ("GET", "PUT"):
        response = await send(app, method, ORGANIZATION, user("globex-shop", "acme-prod-web"), IF_MATCH)
        assert_error_envelope(response, 403, "Billing access denied")
    assert len(billing.requests) == 1


async def test_parameters_go_into_the_path_or_the_query() -> None:
    """Percent-encoded; the owner's names are never set by an endpoint."""
    billing = Billing(OWN)
    given: dict[str, str] = {}

    async def fetch(call: Call[Any, Any]) -> Result[Thing]:
        """A thing."""
        return await call.billing.fetch(ONE, call.organization, call.upstream, given)

    app = function(endpoint(access=Access.ORG_ADMIN, handle=fetch), billing=billing)
    given = {"id": "a/b?c#%d", "q": "x&organization=globex", "r": "ä"}
    assert_success_envelope(await send(app, "GET"))
    assert billing.requests == [
        "GET /api/organization/acme/things/a%2Fb%3Fc%23%25d?q=x%26organization%3Dglobex&r=%C3%A4"
    ]
    for wrong in ({"id": ".."}, {"id": ""}, {"id": "a", "organization": "globex"}, {"id": "a", "namespaces": "x"}):
        given = wrong
        with captured_log() as lines:
            assert_error_envelope(await send(app, "GET"), 500)
        assert "ValueError" in lines.text
    assert len(billing.requests) == 1


# --- the cache ----------------------------------------------------------------


async def test_a_cached_result_is_narrowed_for_each_caller() -> None:
    """One call, and each caller sees the own part of it, whoever came first."""
    items = [{"namespace": name} for name in ("acme-data", "acme-web", "acme-x")]
    for lines in ([admin(), user("acme-web")], [user("acme-web"), admin()]):
        billing = Billing(OWN | {"items": items})
        app = declared(billing)
        seen = [assert_success_envelope(await send(app, "GET", "/api/billing/all", line)) for line in lines]
        names = {len(body["data"]["names"]): body["data"]["names"] for body in seen}
        assert names == {3: ["acme-data", "acme-web", "acme-x"], 1: ["acme-web"]}
        assert billing.requests == ["GET /api/organization/acme/all"]


async def test_a_result_that_must_be_current_is_not_cached() -> None:
    """Nor shared, nor served when the service fails."""
    billing = Billing(OWN)
    app = declared(billing)
    for _ in range(3):
        assert_success_envelope(await send(app, "GET", "/api/billing/current"))
    assert len(billing.requests) == 3
    billing.reply = None
    assert_error_envelope(await send(app, "GET", "/api/billing/current"), 503)


async def test_a_cached_result_is_not_read_without_access() -> None:
    """The cache is read after the check: the denied caller learns nothing, and no call is made."""
    billing = Billing(OWN | {"namespace": "acme-web"})
    app = declared(billing)
    assert_success_envelope(await send(app, "GET", PROJECT, admin()))
    for line, error in ((user("acme-data"), "Access denied to namespace"), (guest(), "Billing access denied")):
        assert_error_envelope(await send(app, "GET", PROJECT, line), 403, error)
    assert len(billing.requests) == 1
    response = await send(app, "GET", PROJECT, admin("globex"))  # another organization's request is another one
    assert_error_envelope(response, 503)
    assert billing.requests[1] == "GET /api/project/acme-web/things?organization=globex"


# --- the time of the figures --------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-01T15:00:00Z",
        "2025-10-01t15:00:00z",
        "2025-10-01T15:00:00.0Z",
        "2025-10-01T15:00:00.000000000Z",
        "2025-10-01T17:00:00+02:00",
        "2025-10-01T14:59:60Z",
        "2025-10-01T15:00:00-00:00",
        "2025-10-01 15:00:00Z",
    ],
)
async def test_times_of_rfc_3339_are_read(text: str) -> None:
    """With fractions of any length, small letters, a space (section 5.6), a leap second."""
    body = assert_success_envelope(await send(declared(Billing(OWN | {"as_of": text})), "GET", ORGANIZATION))
    assert body["meta"]["as_of"] == "2025-10-01T15:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-01T15:00:00",
        "2025-10-01",
        "20251001T150000Z",
        "2025-10-01T15Z",
        "2025-10-01T15:00Z",
        "2025-10-01T15:00:00,5Z",
        "2025-10-01T15:00:00.Z",
        "2025-W40-3T15:00:00Z",
        "2025-10-01T15:00:00+02:00:30",
        "2025-10-01T15:00:00+0200",
        "2025-10-01T15:00:00Z ",
        "2025-10-01T15:00:00Z\n",
        "2025-02-30T15:00:00Z",
        "2025-10-01T24:00:00Z",
        "2025-10-01T15:00:61Z",
        "\uff12025-10-01T15:00:00Z",
        1759330800,
    ],
    ids=repr,
)
async def test_other_times_are_a_schema_error(text: object) -> None:
    """What only looks like RFC 3339 could be read as another moment."""
    with captured_log() as lines:
        response = await send(declared(Billing(OWN | {"as_of": text})), "GET", ORGANIZATION)
    assert_error_envelope(response, 503)
    assert lines.requests()[0]["reason"] == "schema"


@pytest.mark.parametrize(("seconds", "status"), [(-3600, 200), (20, 200), (40, 503), (2 * 10**9, 503)])
async def test_figures_of_the_future_are_a_schema_error(seconds: int, status: int) -> None:
    """More than the clocks may differ (TOKEN_LEEWAY_SECONDS, 30 s)."""
    as_of = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    with captured_log() as lines:
        response = await send(declared(Billing(OWN | {"as_of": as_of})), "GET", ORGANIZATION)
    assert response.status_code == status
    if status == 503:
        assert lines.requests()[0]["reason"] == "schema"
        assert '"fields": ["as_of"]' in lines.text
