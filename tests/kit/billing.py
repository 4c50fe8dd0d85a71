"""The one double of the billing service: it replies per resource that a function declares.

What a resource replies stands beside the function's tests, in tests/functions/<folder>/replies.py: REPLIES maps the
resource's path to a factory of its members. The owner and the time are added here. A resource without an entry replies
these alone.
"""

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx

from common.billing.resource import Resource
from dev.declarations import ROOT
from tests.kit.server import Exchange, Server, answer

Reply = tuple[int, object]  # status and JSON
Factory = Callable[["BillingService", str, str], dict[str, Any]]  # of the organization, and of the namespace or ""

OWNERS: Final = {"acme-web": "acme", "acme-data": "acme", "acme-prod-web": "acme-prod", "globex-shop": "globex"}
NAME: Final = "[a-z0-9-]+"
AS_OF: Final = "2025-10-01T15:00:00Z"
AMOUNT: Final = 1672.31
NOT_FOUND: Final = (404, {"error": {"code": "not_found"}})
NO_PROJECT: Final = (404, {"error": {"code": "project_not_found"}})


class BillingService:
    """`owners`: the organization of each namespace; with None, a namespace belongs to whoever requests it.

    Without `registry` it does not name the owner, and no resource of an organization exists. `fail` is called first:
    its reply is sent in place of the usual one, its exception is raised.
    """

    def __init__(
        self,
        owners: Mapping[str, str] | None = OWNERS,
        *,
        registry: bool = True,
        amounts: Mapping[str, float] | None = None,
    ) -> None:
        self.owners = dict(owners or {})
        self.of_anybody = owners is None
        self.registry = registry
        self.amounts = dict(amounts or {})
        self.fail: Callable[[str], Reply | None] = lambda _: None
        self.requests: list[str] = []

    def amount(self, namespace: str) -> float:
        """The month's total of a project."""
        return self.amounts.get(namespace, AMOUNT)

    def namespaces_of(self, organization: str) -> list[str]:
        return sorted(name for name, owner in self.owners.items() if owner == organization)

    def reply(self, target: str, content: bytes = b"") -> Reply:
        """`content`: a body whose `scope` can name a project, which must be the organization's."""
        self.requests.append(target)
        failed = self.fail(target)
        if failed is not None:
            return failed
        url = urlsplit(target)
        if url.path == "/api/health":
            return 200, {"status": "ok"}
        if url.path == "/api/organizations" and self.registry and not self.of_anybody:
            return 200, {"organizations": sorted(set(self.owners.values()))}
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        for path, factory in resources().items():
            if match := re.fullmatch(re.sub(r"\{(\w+)\}", rf"(?P<\1>{NAME})", path), url.path):
                named = json.loads(content).get("scope", {}).get("namespace") if content else None
                if named and not self.of_anybody and self.owners.get(named) != match.groupdict().get("organization"):
                    return NO_PROJECT
                return self._reply(factory, {**query, **match.groupdict()}, of_project="{namespace}" in path)
        return NOT_FOUND

    def _reply(self, factory: Factory, names: dict[str, str], *, of_project: bool) -> Reply:
        organization, namespace = names.get("organization", ""), names.get("namespace", "") if of_project else ""
        if not of_project and not self.registry:
            return NOT_FOUND
        if of_project and not self.of_anybody:
            owner = self.owners.get(namespace)
            if owner is None or (self.registry and owner != organization):
                return NO_PROJECT
        members = self.owner(organization, namespace) | {"as_of": AS_OF}
        limited = self
        if "namespaces" in names:
            members["namespaces"] = names["namespaces"].split(",")
            limited = copy(self)
            limited.owners = {name: self.owners[name] for name in members["namespaces"] if name in self.owners}
        return 200, members | factory(limited, organization, namespace)

    def owner(self, organization: str, namespace: str) -> dict[str, Any]:
        """The members that prove whose reply it is."""
        named = {"namespace": namespace} if namespace else {}
        return {**named, "organization": organization} if self.registry else named

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """In the process, as a transport."""
        status, body = self.reply(request.url.raw_path.decode(), request.content)
        return httpx.Response(status, json=body)


def away(target: str) -> Reply:
    """The in-process form of `fail`: the connection is refused."""
    raise httpx.ConnectError(f"refused: {target}")


def serving(service: BillingService) -> Server:
    """`service` on a separate port."""

    async def behaviour(exchange: Exchange) -> bool:
        status, body = service.reply(exchange.target)
        return await answer(status, json.dumps(body).encode())(exchange)

    return Server(behaviour)


# --- the resources of the functions ---------------------------------------------


@cache
def resources() -> dict[str, Factory]:
    """The factory of every declared resource by its path."""
    found: dict[str, Factory] = {resource.path: _nothing_but_the_owner(resource) for resource in declared_resources()}
    for file in sorted((ROOT / "tests" / "functions").glob("*/replies.py")):
        found |= importlib.import_module(f"tests.functions.{file.parent.name}.replies").REPLIES
    return dict(sorted(found.items(), key=lambda item: item[0].count("{")))  # budgets/settings before budgets/{id}


def declared_resources() -> Iterator[Resource[Any, Any, Any]]:
    """Every Resource in a module of a function."""
    for file in sorted((ROOT / "functions").glob("*/*.py")):
        module = importlib.import_module(f"functions.{file.parent.name}.{file.stem}")
        yield from (value for value in vars(module).values() if isinstance(value, Resource))


def _nothing_but_the_owner(resource: Resource[Any, Any, Any]) -> Factory:
    required = [name for name, field in resource.reply.model_fields.items() if field.is_required()]

    def members(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
        del service, organization, namespace
        assert not required, (
            f"the members {', '.join(required)} of {resource.path} are not defined: "
            "add it to REPLIES in tests/functions/<folder>/replies.py"
        )
        return {}

    return members


def billing_summary(amount: float = AMOUNT) -> dict[str, Any]:
    return {
        "current_month_total": amount,
        "last_day_spend": 55.68,
        "billing_period": "2025-10",
        "total_cost_per_hour": 2.32,
        "currency": "EUR",
    }


# --- replies as bytes, to be changed and broken -----------------------------------

ANYONES: Final = BillingService(None)


def good_body(exchange: Exchange) -> bytes:
    """The good reply of the resource that is requested, whoever owns it."""
    return json.dumps(ANYONES.reply(exchange.target)[1]).encode()


def changed_body(**changes: str) -> Callable[[Exchange], bytes]:
    """The good reply with one raw JSON text instead of an amount: `current_month_total="NaN"`."""

    def body(exchange: Exchange) -> bytes:
        text = good_body(exchange).decode()
        for member, value in changes.items():
            old = json.dumps(_find(json.loads(text), member))
            text = text.replace(f'"{member}": {old}', f'"{member}": {value}', 1)
        return text.encode()

    return body


def _find(value: dict[str, Any], member: str) -> Any:
    return next(part[member] for part in (value, *(v for v in value.values() if isinstance(v, dict))) if member in part)


good: Final = answer(200, good_body)
