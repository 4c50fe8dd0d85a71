"""The tenant table: what each kind of caller sees of its own organization, and that it sees nothing of another's.

acme-prod-web begins with "acme-" and is acme-prod's: acme's project prod-web would have the same namespace string. In
`kubernetes` mode the ownership source is a working list in the place of the cluster's.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2 as httpx
import pytest

from common.billing.client import BillingClient
from common.function import Function
from common.identity.caller import Caller
from tests.envelopes import assert_error_envelope, assert_success_envelope
from tests.unit.endpoints import Double, Lines, captured_log, get, make
from tests.unit.tokens import ABSENT, claims, realm_signer, token

OWNERS = {"acme-web": "acme", "acme-data": "acme", "acme-prod-web": "acme-prod", "globex-shop": "globex"}
AMOUNTS = {"acme-web": "1111.01", "acme-data": "2323.02", "acme-prod-web": "4747.03", "globex-shop": "8989.04"}
"""What each project costs, which no foreigner may find in anything we say."""
MODES = ["registry", "kubernetes", "claims"]
DENIED = "Access denied to namespace"
GUEST = "Billing access denied"


def bearer(realm: str, **changes: Any) -> bytes:
    return b"Bearer " + token(payload=claims(realm, **changes), signer=realm_signer(realm)).encode()


def user(realm: str, *namespaces: str) -> bytes:
    return bearer(realm, namespaces=list(namespaces), groups=[])


def admin(realm: str, *namespaces: str) -> bytes:
    return bearer(realm, namespaces=list(namespaces) or ABSENT, groups=["org-admin"])


def guest(realm: str, *groups: str) -> bytes:
    return bearer(realm, namespaces=ABSENT, groups=list(groups))


def overview(namespace: str) -> dict[str, Any]:
    amount = float(AMOUNTS[namespace])
    parts = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")
    return {
        "organization": OWNERS[namespace],
        "namespace": namespace,
        "billing_summary": summary(namespace),
        "compute_instances": {
            "running_pods": 1,
            "running_vms": 0,
            "cpu_cores": 1,
            "memory_gib": 1,
            "cost_per_hour": 0.5,
        },
        "cost_breakdown": dict.fromkeys(parts, 0) | {"cpu_cost": amount},
    }


def summary(namespace: str) -> dict[str, Any]:
    return {
        "current_month_total": float(AMOUNTS[namespace]),
        "last_day_spend": 1,
        "billing_period": "2025-09",
        "total_cost_per_hour": 0.5,
        "currency": "EUR",
    }


@dataclass
class Billing:
    """A billing service with a registry, which a test may change, turn off, or make send anybody's numbers."""

    owners: dict[str, str] = field(default_factory=lambda: dict(OWNERS))
    away: bool = False
    lies: bool = False
    instead: httpx.Response | Exception | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.raw_path.decode())
        if self.away:
            raise httpx.ConnectError("refused", request=request)
        if isinstance(self.instead, Exception):
            raise self.instead
        if self.instead is not None:
            return self.instead
        match request.url.path.split("/")[2:]:
            case ["project", namespace, "overview"]:
                organization = parse_qs(request.url.query.decode())["organization"][0]
                if self.lies or self.owners.get(namespace) == organization:
                    return httpx.Response(200, json=overview(namespace))
                return httpx.Response(404, json={"error": "no such project", "code": "project_not_found"})
            case ["organization", organization, "projects"]:
                own = [name for name, owner in self.owners.items() if owner == organization]
                projects = [{"namespace": name, "billing_summary": summary(name), "error": None} for name in own]
                return httpx.Response(200, json={"organization": organization, "projects": projects})
            case ["health"]:
                return httpx.Response(200, json={"status": "ok"})
        return httpx.Response(404, json={"error": "no such path"})


@dataclass
class Listed:
    """In the place of the cluster: which namespaces an organization has, from a source that tenants cannot write."""

    owners: dict[str, str]

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return self.owners.get(namespace) == caller.organization

    async def list_namespaces(self, caller: Caller) -> list[str]:
        return sorted(name for name, owner in self.owners.items() if owner == caller.organization)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def endpoint(name: str, mode: str, billing: Billing, clock: Callable[[], float] | None = None) -> Function:
    function = make(name, billing=billing, namespace_ownership=mode, billing_max_retries=0)
    if mode == "kubernetes":
        function.ownership = Listed(billing.owners)
    if clock:
        function.billing = BillingClient(function.settings, transport=Double(billing), clock=clock)
    return function


def path(namespace: str) -> str:
    return f"/api/billing/project/{namespace}/overview"


def assert_nothing_of(
    unseen: set[str], response: httpx.Response, lines: Lines, organization: str | None = None
) -> None:
    """No amount of such a project in body, headers or log, and no owner but the caller's own organization."""
    said = response.text + json.dumps(list(response.headers.multi_items())) + lines.text
    for namespace in unseen:
        assert AMOUNTS[namespace] not in said
        assert OWNERS[namespace] == organization or f'"{OWNERS[namespace]}"' not in response.text


# --- the table ----------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    name: str
    line: Callable[[], bytes] | None
    organization: str | None
    sees: tuple[str, ...]  # the namespaces whose overview is 200, and which the list holds
    refused: tuple[int, str] = (403, DENIED)  # what every other namespace is
    listed: tuple[int, str] | None = None  # what the list is, where it is no list
    claims_differ: bool = False  # without a source but the token, an org-admin's organization is not known

    def __str__(self) -> str:
        return self.name


NOBODY = (401, "Authentication token required")
EXPIRED = (401, "Authentication token expired")
INVALID = (401, "Invalid authentication token")
NO_GUESTS = (403, GUEST)
TABLE = [
    Row("nobody", None, None, (), NOBODY, NOBODY),
    Row("expired", lambda: bearer("acme", exp=1, groups=["org-admin"]), None, (), EXPIRED, EXPIRED),
    Row(
        "another realm's key",
        lambda: b"Bearer " + token(signer=realm_signer("globex")).encode(),
        None,
        (),
        INVALID,
        INVALID,
    ),
    Row("guest", lambda: guest("acme"), "acme", (), NO_GUESTS, NO_GUESTS),
    Row(
        "guest in other groups",
        lambda: guest("acme", "developers", "org-admins", "ORG-ADMIN", "/acme/org-admin"),
        "acme",
        (),
        NO_GUESTS,
        NO_GUESTS,
    ),
    Row(
        "guest, admin of another organization by group",
        lambda: guest("globex", "acme:org-admin"),
        "globex",
        (),
        NO_GUESTS,
        NO_GUESTS,
    ),
    Row(
        "guest with names that are none",
        lambda: user("acme", "", "../acme-web", "ACME-WEB"),
        "acme",
        (),
        NO_GUESTS,
        NO_GUESTS,
    ),
    Row("user", lambda: user("acme", "acme-web"), "acme", ("acme-web",)),
    Row("user of two", lambda: user("acme", "acme-web", "acme-data"), "acme", ("acme-data", "acme-web")),
    Row("org-admin", lambda: admin("acme"), "acme", ("acme-data", "acme-web"), claims_differ=True),
    Row(
        "org-admin by path",
        lambda: bearer("acme", groups=["/org-admin"], namespaces=ABSENT),
        "acme",
        ("acme-data", "acme-web"),
        claims_differ=True,
    ),
    Row(
        "org-admin by prefix",
        lambda: bearer("acme", groups=["acme:org-admin"], namespaces=ABSENT),
        "acme",
        ("acme-data", "acme-web"),
        claims_differ=True,
    ),
    Row("foreign user", lambda: user("globex", "globex-shop"), "globex", ("globex-shop",)),
    Row("foreign org-admin", lambda: admin("globex"), "globex", ("globex-shop",), claims_differ=True),
    Row("user of the longer name", lambda: user("acme-prod", "acme-prod-web"), "acme-prod", ("acme-prod-web",)),
    Row(
        "org-admin of the longer name", lambda: admin("acme-prod"), "acme-prod", ("acme-prod-web",), claims_differ=True
    ),
    Row(
        "a realm that mints a foreign namespace",
        lambda: user("globex", "globex-shop", "acme-web"),
        "globex",
        ("globex-shop",),
        claims_differ=True,
    ),
    Row(
        "a realm that mints only foreign ones",
        lambda: user("globex", "acme-web", "acme-data"),
        "globex",
        (),
        claims_differ=True,
    ),
    Row(
        "an org-admin that mints a foreign namespace",
        lambda: admin("globex", "acme-web"),
        "globex",
        ("globex-shop",),
        claims_differ=True,
    ),
    Row(
        "the shorter name mints the longer one's",
        lambda: user("acme", "acme-web", "acme-prod-web"),
        "acme",
        ("acme-web",),
        claims_differ=True,
    ),
    Row(
        "the longer name mints the shorter one's",
        lambda: user("acme-prod", "acme-web"),
        "acme-prod",
        (),
        claims_differ=True,
    ),
]
CASES = [(row, mode) for mode in MODES for row in TABLE if not (mode == "claims" and row.claims_differ)]


@pytest.mark.parametrize(("row", "mode"), CASES, ids=str)
async def test_overview(row: Row, mode: str) -> None:
    """Each project that is seen, and every other one there is, and one there is not."""
    for namespace in [*OWNERS, "nowhere"]:
        billing = Billing()
        with captured_log() as lines:
            response = await get(
                endpoint("overview", mode, billing), path(namespace), *([row.line()] if row.line else [])
            )
        if namespace in row.sees:
            assert assert_success_envelope(response)["data"]["namespace"] == namespace
            assert AMOUNTS[namespace] in response.text
        else:
            assert_error_envelope(response, *row.refused)
        assert_nothing_of({name for name in OWNERS if name not in row.sees}, response, lines, row.organization)
        assert all(f"organization={row.organization}" in asked for asked in billing.asked)
        assert row.refused == (403, DENIED) or billing.asked == []


@pytest.mark.parametrize(("row", "mode"), CASES, ids=str)
async def test_projects(row: Row, mode: str) -> None:
    """The list and its totals are made of what the caller sees, and of nothing else."""
    billing = Billing()
    with captured_log() as lines:
        response = await get(
            endpoint("projects", mode, billing), "/api/billing/projects", *([row.line()] if row.line else [])
        )
    if row.listed:
        assert_error_envelope(response, *row.listed)
        assert billing.asked == []
    else:
        data = assert_success_envelope(response)["data"]
        assert [project["namespace"] for project in data["projects"]] == sorted(row.sees)
        assert data["organization"] == row.organization
        total = sum(float(AMOUNTS[name]) for name in row.sees)
        assert sum(entry["current_month_total"] for entry in data["totals"]) == pytest.approx(total)
    assert_nothing_of({name for name in OWNERS if name not in row.sees}, response, lines, row.organization)


@pytest.mark.parametrize(("row", "mode"), CASES, ids=str)
async def test_health(row: Row, mode: str) -> None:
    """For every valid token, a guest's too, and for no other."""
    billing = Billing()
    response = await get(endpoint("health", mode, billing), "/api/billing/health", *([row.line()] if row.line else []))
    if row.organization:
        assert assert_success_envelope(response)["data"] == {"status": "healthy", "billing_service": "healthy"}
    else:
        assert_error_envelope(response, *row.refused)
        assert billing.asked == []


# --- a token alone ------------------------------------------------------------


async def test_claims_mode_cannot_say_what_an_org_admin_has() -> None:
    """A token without namespaces is no source: 503, never an empty list."""
    for name, asked in (("overview", path("acme-web")), ("projects", "/api/billing/projects")):
        response = await get(endpoint(name, "claims", Billing()), asked, admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")


async def test_claims_mode_still_asks_as_the_callers_organization() -> None:
    """A minted namespace is listed, since the token is believed, but a billing service with owners gives no price."""
    billing = Billing()
    minted = user("globex", "globex-shop", "acme-web")
    with captured_log() as lines:
        denied = await get(endpoint("overview", "claims", billing), path("acme-web"), minted)
        listed = await get(endpoint("projects", "claims", billing), "/api/billing/projects", minted)
    assert_error_envelope(denied, 403, DENIED)
    projects = {p["namespace"]: p["billing_summary"] for p in assert_success_envelope(listed)["data"]["projects"]}
    assert projects["acme-web"] is None
    for response in (denied, listed):
        assert_nothing_of({"acme-web", "acme-data", "acme-prod-web"}, response, lines)


# --- foreign and unknown are one ----------------------------------------------

TIMES = {"duration_ms", "upstream_ms", "time", "request_id"}


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
@pytest.mark.parametrize(
    "line",
    [
        lambda: admin("acme"),
        lambda: user("acme", "acme-web"),
        lambda: user("acme", "acme-web", "globex-shop", "nowhere-sho"),
        lambda: admin("acme", "globex-shop", "nowhere-sho"),
        lambda: guest("acme"),
    ],
    ids=["org-admin", "user", "user who names both", "org-admin who names both", "guest"],
)
async def test_foreign_and_unknown_take_the_same_way(mode: str, line: Callable[[], bytes]) -> None:
    """The same upstream calls, body, headers and log, but for the name asked for."""
    ways = []
    for namespace in ("globex-shop", "nowhere-sho"):
        billing = Billing()
        function = endpoint("overview", mode, billing)
        sent = line()
        with captured_log() as lines:
            await get(function, path("acme-web"), sent)  # the keys are known: only the namespace differs below
            response = await get(function, path(namespace), sent, x_request_id="same")
        body = {name: value for name, value in response.json().items() if name != "timestamp"}
        logged = {name: value for name, value in lines.requests()[-1].items() if name not in TIMES}
        way = json.dumps([response.status_code, body, sorted(response.headers.items()), logged, billing.asked])
        ways.append(way.replace("nowhere-sho", "globex-shop"))  # as long as the other: lengths are compared too
    assert ways[0] == ways[1]


# --- what is kept -------------------------------------------------------------


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_kept_answer_is_for_those_with_access(mode: str) -> None:
    """The org-admin's answer is in the cache; nobody else gets it on that account."""
    billing = Billing()
    function = endpoint("overview", mode, billing)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    for line, error in [
        (admin("globex"), DENIED),
        (user("globex", "acme-web"), DENIED),
        (admin("acme-prod"), DENIED),
        (user("acme", "acme-data"), DENIED),
        (guest("acme"), GUEST),
    ]:
        with captured_log() as lines:
            response = await get(function, path("acme-web"), line)
        assert_error_envelope(response, 403, error)
        assert_nothing_of({"acme-web"}, response, lines)
    billing.away = True
    assert_success_envelope(await get(function, path("acme-web"), user("acme", "acme-web")))


async def test_a_kept_list_is_cut_for_each_caller() -> None:
    """One answer for the organization; each caller sees its own part, whoever came first."""
    billing = Billing()
    function = endpoint("projects", "registry", billing)
    seen = []
    for line in (admin("acme"), user("acme", "acme-data"), user("acme", "acme-web"), admin("acme")):
        data = assert_success_envelope(await get(function, "/api/billing/projects", line))["data"]
        seen.append((data["total"], [project["namespace"] for project in data["projects"]]))
    assert seen == [
        (2, ["acme-data", "acme-web"]),
        (1, ["acme-data"]),
        (1, ["acme-web"]),
        (2, ["acme-data", "acme-web"]),
    ]
    assert len(billing.asked) == 1


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_namespace_that_moved_is_gone_with_the_fresh_time(mode: str) -> None:
    """The old owner is refused at the latest when the kept answer is no longer fresh, and no stale one comes back."""
    billing, clock = Billing(), Clock()
    function = endpoint("overview", mode, billing, clock)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    billing.owners["acme-web"] = "globex"
    clock.now += function.settings.cache_fresh_seconds
    for _ in range(2):
        assert_error_envelope(await get(function, path("acme-web"), admin("acme")), 403, DENIED)
    billing.away = True
    clock.now += function.settings.cache_fresh_seconds
    response = await get(function, path("acme-web"), admin("acme"))
    refused = (403, DENIED) if mode == "kubernetes" else (503, "Billing service unreachable")
    assert_error_envelope(response, *refused)
    assert AMOUNTS["acme-web"] not in response.text


async def test_a_stale_answer_is_for_its_own_organization() -> None:
    """Billing is away: the owner gets an older answer that says so, a stranger cannot be told anything: 503."""
    billing, clock = Billing(), Clock()
    function = endpoint("overview", "registry", billing, clock)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    billing.away = True
    clock.now += function.settings.cache_fresh_seconds
    assert assert_success_envelope(await get(function, path("acme-web"), admin("acme")))["meta"]["stale"] is True
    for line in (admin("globex"), user("acme-prod", "acme-web")):
        response = await get(function, path("acme-web"), line)
        assert_error_envelope(response, 503, "Billing service unreachable")
        assert AMOUNTS["acme-web"] not in response.text


@pytest.mark.parametrize(("name", "where"), [("overview", path("acme-web")), ("projects", "/api/billing/projects")])
async def test_what_was_kept_is_gone_after_any_404(name: str, where: str) -> None:
    """Whatever a 404 meant, an answer from before it is never served again as an older one."""
    billing, clock = Billing(), Clock()
    function = endpoint(name, "registry", billing, clock)
    assert_success_envelope(await get(function, where, admin("acme")))
    for reply in (httpx.Response(404, json={"code": "organization_not_found"}), httpx.ConnectError("refused")):
        billing.instead = reply
        clock.now += function.settings.cache_fresh_seconds
        response = await get(function, where, admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")


async def test_equal_questions_of_two_organizations_are_two() -> None:
    """Asked at the same moment, the call of one is not shared with the other."""
    billing = Billing()
    function = endpoint("overview", "registry", billing)
    own, foreign = await asyncio.gather(
        get(function, path("acme-web"), admin("acme")), get(function, path("acme-web"), admin("globex"))
    )
    assert_success_envelope(own)
    assert_error_envelope(foreign, 403, DENIED)
    assert len(billing.asked) == 2


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_reply_about_another_organization_is_503(mode: str) -> None:
    """A billing service that sends somebody else's numbers is broken; nothing of them is passed on or kept."""
    billing = Billing(lies=True)
    function = endpoint("overview", mode, billing)
    function.ownership = Listed({"globex-shop": "acme"}) if mode == "kubernetes" else function.ownership
    for _ in range(2):
        with captured_log() as lines:
            response = await get(function, path("globex-shop"), admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")
        assert_nothing_of({"globex-shop"}, response, lines)
    assert len(billing.asked) == 2
