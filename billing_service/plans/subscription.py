"""The plan that an organization has now, and what it grants."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import simplejson
from psycopg.rows import DictRow

from billing_service.money import exact_sum
from billing_service.plans.dimensions import entitled, granted_by_addon, granted_by_plan
from billing_service.plans.resources import PREFIX, SUSPENDED

Grants = dict[str, Decimal | None]  # by dimension; None: not known


@dataclass(frozen=True)
class Entry:
    """A plan or an add-on of the catalogue. `sold`: an organization that does not have it can buy it."""

    id: str
    name: str
    currency: str
    price: Decimal  # a month
    grants: Grants
    sold: bool


@dataclass(frozen=True)
class Catalogue:
    plans: Mapping[str, Entry]
    addons: Mapping[str, Entry]
    suspended: Grants


@dataclass(frozen=True)
class Subscription:
    """`plan` is what the organization subscribed to, also while it is suspended. None: not known."""

    state: str
    plan: str | None
    addons: Mapping[str, int]

    @property
    def suspended(self) -> bool:
        return self.state in {"suspended", "canceled"}


def read_catalogue_rows(rows: list[DictRow]) -> Catalogue:
    documents = [(row, _document(row["document"])) for row in rows]
    members = {row["id"]: document for row, document in documents if row["kind"] is None}
    addresses = members.get("eipQuota", {})
    return Catalogue(
        plans={
            row["id"]: _entry(row, document, granted_by_plan(document, addresses.get(row["id"])))
            for row, document in documents
            if row["kind"] == "plan"
        },
        addons={
            row["id"]: _entry(row, document, granted_by_addon(document))
            for row, document in documents
            if row["kind"] == "addon"
        },
        suspended=granted_by_plan(members.get(SUSPENDED, {})),
    )


def subscription_of(month: DictRow) -> Subscription | None:
    """None: the organization has no subscription, and pays by usage."""
    if month["plan"] is None:
        return None
    document = _document(month["subscription"])
    state = document.get(f"{PREFIX}subscription") or ("suspended" if month["plan"] == SUSPENDED else "active")
    plan = document.get(f"{PREFIX}plan-id") if month["plan"] == SUSPENDED else month["plan"]
    return Subscription(state, plan, {name: int(number) for name, number in _document(month["addons"]).items()})


def plan_grants(catalogue: Catalogue, subscription: Subscription) -> Grants:
    """What the plan alone grants. A plan that the catalogue does not have grants nothing that is known."""
    if subscription.suspended:
        return catalogue.suspended
    entry = catalogue.plans.get(subscription.plan or "")
    return entry.grants if entry else granted_by_plan({})


def all_grants(catalogue: Catalogue, plan: Grants, addons: Mapping[str, int]) -> Grants:
    unknown = granted_by_plan({})
    brought = {
        name: (catalogue.addons[name].grants if name in catalogue.addons else unknown, number)
        for name, number in addons.items()
    }
    return entitled(plan, brought)


def monthly_price(catalogue: Catalogue, subscription: Subscription) -> Decimal | None:
    """Of the plan and its add-ons, for a complete month. None: the catalogue does not have one of them."""
    if subscription.suspended:
        return Decimal(0)
    plan = catalogue.plans.get(subscription.plan or "")
    prices = [plan.price if plan else None]
    for name, number in subscription.addons.items():
        addon = catalogue.addons.get(name)
        prices.append(addon.price * number if addon else None)
    known = [price for price in prices if price is not None]
    return exact_sum(known) if len(known) == len(prices) else None


def _entry(row: DictRow, document: dict[str, Any], grants: Grants) -> Entry:
    """`selfService: false`, `disabled: true` and `hidden: true` hide an entry from purchase."""
    hidden = document.get("disabled") is True or document.get("hidden") is True
    sold = document.get("selfService") is not False and not hidden
    name = document.get("displayName")
    return Entry(
        row["id"], name if isinstance(name, str) else row["id"], row["currency"], row["monthly_price"], grants, sold
    )


def _document(text: str) -> dict[str, Any]:
    document = simplejson.loads(text, use_decimal=True)
    return document if isinstance(document, dict) else {}
