"""The tenant table: each kind of caller, and what it has access to.

acme-prod-web begins with "acme-" and is acme-prod's: acme's project prod-web would have the same namespace string. In
`kubernetes` mode the ownership source is a working list in the place of the cluster's.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from common.billing.client import BillingClient
from common.endpoint import Access
from common.function import Function
from common.http.errors import AdminRequired
from common.identity.caller import Caller
from tests.kit.billing import OWNERS, BillingService
from tests.kit.in_process import Double, Lines, make
from tests.kit.tokens import ABSENT, claims, realm_signer, token

Refusal = tuple[int, str]  # status and error

AMOUNTS = {"acme-web": 1111.01, "acme-data": 2323.02, "acme-prod-web": 4747.03, "globex-shop": 8989.04}
"""What each project costs, which no foreigner may find in a response or a log."""
MODES = ["registry", "kubernetes", "claims"]
DENIED = "Access denied to namespace"
GUEST = "Billing access denied"
NOBODY = (401, "Authentication token required")
EXPIRED = (401, "Authentication token expired")
INVALID = (401, "Invalid authentication token")
NO_GUESTS = (403, GUEST)


def priced() -> BillingService:
    return BillingService(amounts=AMOUNTS)


def bearer(realm: str, **changes: Any) -> bytes:
    return b"Bearer " + token(payload=claims(realm, **changes), signer=realm_signer(realm)).encode()


def user(realm: str, *namespaces: str) -> bytes:
    return bearer(realm, namespaces=list(namespaces), groups=[])


def admin(realm: str, *namespaces: str) -> bytes:
    return bearer(realm, namespaces=list(namespaces) or ABSENT, groups=["org-admin"])


def guest(realm: str, *groups: str) -> bytes:
    return bearer(realm, namespaces=ABSENT, groups=list(groups))


@dataclass
class Listed:
    """In the place of the cluster: which namespaces an organization has, from a source that tenants cannot write."""

    owners: dict[str, str]

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return self.owners.get(namespace) == caller.organization

    async def list_namespaces(self, caller: Caller) -> list[str]:
        return sorted(name for name, owner in self.owners.items() if owner == caller.organization)

    async def list_expected(self, caller: Caller) -> list[str]:
        del caller
        return []


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def endpoint(name: str, mode: str, billing: BillingService, clock: Callable[[], float] | None = None) -> Function:
    function = make(name, billing=billing, namespace_ownership=mode, billing_max_retries=0)
    if mode == "kubernetes":
        function.ownership = Listed(billing.owners)
    if clock:
        function.billing = BillingClient(function.settings, transport=Double(billing), clock=clock)
    return function


def assert_nothing_of(
    unseen: set[str], response: httpx.Response, lines: Lines, organization: str | None = None
) -> None:
    """No amount of such a project in body, headers or log, and no owner but the caller's own organization."""
    said = response.text + json.dumps(list(response.headers.multi_items())) + lines.text
    for namespace in unseen:
        assert str(AMOUNTS[namespace]) not in said
        assert OWNERS[namespace] == organization or f'"{OWNERS[namespace]}"' not in response.text


@dataclass(frozen=True)
class Row:
    name: str
    line: Callable[[], bytes] | None
    organization: str | None
    sees: tuple[str, ...]  # the namespaces that the caller has access to
    refused: Refusal = (403, DENIED)  # for every other namespace
    admin: bool = False
    claims_differ: bool = False  # without a source but the token, an org-admin's organization is not known

    def __str__(self) -> str:
        return self.name

    def expected(self, access: Access, namespace: str) -> Refusal | None:
        """The status and error of an endpoint with this access; None for success."""
        if self.organization is None or (self.refused == NO_GUESTS and access is not Access.TOKEN):
            return self.refused
        if access is Access.NAMESPACE and namespace not in self.sees:
            return self.refused
        if access is Access.ORG_ADMIN and not self.admin:
            return 403, AdminRequired.text
        return None


TABLE = [
    Row("nobody", None, None, (), NOBODY),
    Row("expired", lambda: bearer("acme", exp=1, groups=["org-admin"]), None, (), EXPIRED),
    Row(
        "another realm's key",
        lambda: b"Bearer " + token(signer=realm_signer("globex")).encode(),
        None,
        (),
        INVALID,
    ),
    Row("guest", lambda: guest("acme"), "acme", (), NO_GUESTS),
    Row(
        "guest in other groups",
        lambda: guest("acme", "developers", "org-admins", "ORG-ADMIN", "/acme/org-admin"),
        "acme",
        (),
        NO_GUESTS,
    ),
    Row(
        "guest, admin of another organization by group",
        lambda: guest("globex", "acme:org-admin"),
        "globex",
        (),
        NO_GUESTS,
    ),
    Row(
        "guest with invalid names",
        lambda: user("acme", "", "../acme-web", "ACME-WEB"),
        "acme",
        (),
        NO_GUESTS,
    ),
    Row("user", lambda: user("acme", "acme-web"), "acme", ("acme-web",)),
    Row("user of two", lambda: user("acme", "acme-web", "acme-data"), "acme", ("acme-data", "acme-web")),
    Row("org-admin", lambda: admin("acme"), "acme", ("acme-data", "acme-web"), admin=True, claims_differ=True),
    Row(
        "org-admin by path",
        lambda: bearer("acme", groups=["/org-admin"], namespaces=ABSENT),
        "acme",
        ("acme-data", "acme-web"),
        admin=True,
        claims_differ=True,
    ),
    Row(
        "org-admin by prefix",
        lambda: bearer("acme", groups=["acme:org-admin"], namespaces=ABSENT),
        "acme",
        ("acme-data", "acme-web"),
        admin=True,
        claims_differ=True,
    ),
    Row("foreign user", lambda: user("globex", "globex-shop"), "globex", ("globex-shop",)),
    Row("foreign org-admin", lambda: admin("globex"), "globex", ("globex-shop",), admin=True, claims_differ=True),
    Row("user of the longer name", lambda: user("acme-prod", "acme-prod-web"), "acme-prod", ("acme-prod-web",)),
    Row(
        "org-admin of the longer name",
        lambda: admin("acme-prod"),
        "acme-prod",
        ("acme-prod-web",),
        admin=True,
        claims_differ=True,
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
        admin=True,
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

ROWS = [(row, mode) for mode in MODES for row in TABLE if not (mode == "claims" and row.claims_differ)]
