"""Whether planned resources fit the quota of an organization, and the cheapest plan and add-ons that they fit."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billing_service.money import exact_sum
from billing_service.plans.dimensions import DIMENSIONS, dimension, shown
from billing_service.plans.plan import limit_of
from billing_service.plans.pool import Measured
from billing_service.plans.quantities import EXACT
from billing_service.plans.subscription import (
    Catalogue,
    Entry,
    Grants,
    Subscription,
    all_grants,
    monthly_price,
    plan_grants,
)
from billing_service.quotes.cheapest import Choice, Pack, Search, TooManyCombinations
from billing_service.quotes.needs import Needs

_SCALE = Decimal(10) ** 12  # amounts and prices have at most 12 decimals: the search is in whole numbers


def fit(
    catalogue: Catalogue, subscription: Subscription, measured: Measured, needs: Iterable[Needs], currency: str
) -> dict[str, Any]:
    """`fits` null: it cannot be decided, because a limit is there and what is requested now is not known."""
    planned = _planned(needs)
    entitled = all_grants(catalogue, plan_grants(catalogue, subscription), subscription.addons)
    limits = {name: limit_of(entitled.get(name), measured.hard.get(name)) for name in DIMENSIONS}
    rows = [_row(name, limits[name], measured.requested.get(name), planned[name]) for name in DIMENSIONS]
    exceeded = [row["dimension"] for row in rows if row["left_after"] is not None and row["left_after"] < 0]
    exceeded = [name for name in exceeded if planned[name]]
    unknown = [row["dimension"] for row in rows if planned[row["dimension"]] and row["left_after"] is None]
    fits = False if exceeded else None if unknown else True
    needed = _needed(planned, measured, entitled)
    return {
        "source": measured.source,
        "dimensions": rows,
        "fits": fits,
        "exceeded": exceeded,
        "unknown": unknown,
        "upgrade": _upgrade(catalogue, subscription, needed, currency, fits=fits),
    }


def _planned(needs: Iterable[Needs]) -> dict[str, Decimal]:
    each = [one.quota() for one in needs]
    return {name: exact_sum(one.get(name, Decimal(0)) for one in each) for name in DIMENSIONS}


def _row(name: str, limit: Decimal | None, requested: Decimal | None, planned: Decimal) -> dict[str, Any]:
    now = None if limit is None or requested is None else EXACT.subtract(limit, requested)
    after = None if now is None else EXACT.subtract(now, planned)
    amounts = {"limit": limit, "requested": requested, "planned": planned, "left_now": now, "left_after": after}
    units = {member: shown(amount, name) for member, amount in amounts.items()}
    return {"dimension": name, "unit": dimension(name).unit, **units}


def _needed(planned: Mapping[str, Decimal], measured: Measured, entitled: Grants) -> Grants:
    """What another plan has to grant. A dimension that is not planned keeps what it has, as far as it is used."""
    found: Grants = {}
    for name, more in planned.items():
        requested, granted = measured.requested.get(name), entitled.get(name)
        if more:
            found[name] = None if requested is None else EXACT.add(requested, more)
        elif requested is not None and granted is not None:
            found[name] = min(requested, granted)
    return found


def _upgrade(
    catalogue: Catalogue, subscription: Subscription, needed: Grants, currency: str, *, fits: bool | None
) -> dict[str, Any]:
    """`state`: not_needed, cheapest, none_fits, suspended, or unknown (it cannot be decided)."""
    if fits is not False:
        return {"state": "not_needed" if fits else "unknown", "option": None}
    if subscription.suspended:
        return {"state": "suspended", "option": None}
    amounts = {name: amount for name, amount in needed.items() if amount is not None}
    if len(amounts) != len(needed):
        return {"state": "unknown", "option": None}
    try:
        found = _cheapest(catalogue, subscription, amounts, currency)
    except TooManyCombinations:
        return {"state": "unknown", "option": None}
    if found is None:
        return {"state": "none_fits", "option": None}
    plan, choice = found
    price = exact_sum([plan.price, Decimal(choice.price) / _SCALE])
    before = monthly_price(catalogue, subscription)
    option = {
        "plan": {"id": plan.id, "name": plan.name, "monthly_price": plan.price},
        "addons": [_addon(catalogue.addons[name], number) for name, number in choice.packs],
        "monthly_price": price,
        "difference": None if before is None else EXACT.subtract(price, before),
    }
    return {"state": "cheapest", "option": option}


def _addon(entry: Entry, number: int) -> dict[str, Any]:
    return {"id": entry.id, "name": entry.name, "quantity": number, "monthly_price": entry.price}


def _cheapest(
    catalogue: Catalogue, subscription: Subscription, needed: Mapping[str, Decimal], currency: str
) -> tuple[Entry, Choice] | None:
    """Of equal prices the plan that there is, then fewer add-ons, then the names. An entry that is not sold counts only
    as far as the organization has it."""
    search = Search(
        [pack for pack in (_pack(entry, subscription, currency) for entry in catalogue.addons.values()) if pack]
    )
    found: list[tuple[Decimal, bool, int, str, Entry, Choice]] = []
    for plan in catalogue.plans.values():
        if plan.currency != currency or not (plan.sold or plan.id == subscription.plan):
            continue
        missing = _missing(plan.grants, needed)
        choice = None if missing is None else search.cheapest(missing)
        if choice is not None:
            price = exact_sum([plan.price, Decimal(choice.price) / _SCALE])
            found.append((price, plan.id != subscription.plan, choice.number, plan.id, plan, choice))
    best = min(found, key=lambda one: one[:4], default=None)
    return None if best is None else best[4:]


def _pack(entry: Entry, subscription: Subscription, currency: str) -> Pack | None:
    owned = subscription.addons.get(entry.id, 0)
    if entry.currency != currency or not (entry.sold or owned):
        return None
    brings = {name: _whole(amount) for name, amount in entry.grants.items() if amount}
    return Pack(entry.id, _whole(entry.price), brings, None if entry.sold else owned)


def _missing(granted: Grants, needed: Mapping[str, Decimal]) -> dict[str, int] | None:
    """None: it is not known what the plan grants of something that is needed."""
    found: dict[str, int] = {}
    for name, amount in needed.items():
        grant = granted.get(name)
        if grant is None and amount:
            return None
        found[name] = _whole(EXACT.subtract(amount, grant or Decimal(0)))
    return found


def _whole(amount: Decimal) -> int:
    return int(EXACT.multiply(amount, _SCALE))
