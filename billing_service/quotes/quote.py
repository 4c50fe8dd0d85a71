"""The quote: what planned resources cost, and whether they fit the quota."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from billing_service.database import Database
from billing_service.errors import InvalidBody
from billing_service.figures.again import consistent
from billing_service.figures.facts import facts
from billing_service.figures.summary import LARGEST_AMOUNT
from billing_service.plans.dimensions import shown
from billing_service.plans.plan import month_and_catalogue, require_unchanged
from billing_service.plans.pool import measure
from billing_service.plans.subscription import subscription_of
from billing_service.quotes.body import At, WrongMember
from billing_service.quotes.cost import cost, rates
from billing_service.quotes.fit import fit
from billing_service.quotes.needs import Needs
from billing_service.quotes.planned import read_resources


async def quote(
    database: Database, organization: str, body: At, now: datetime | None = None, namespaces: list[str] | None = None
) -> dict[str, Any]:
    """`namespaces`: for a user of these projects, without the quota: it would show what other projects request.

    Raises InvalidBody (422), OrganizationNotFound (404), DataChanging (503).
    """
    needs, mistakes = read_resources(body)
    if mistakes:
        raise _invalid(mistakes)
    found = await consistent(lambda: _read(database, organization, needs, now, namespaces))
    amounts = [line["amount"] for line in found["lines"]] + [found["total"]["exact"] or Decimal(0)]
    if max(amounts) > LARGEST_AMOUNT:
        raise _invalid([body["resources"].wrong("range", "cost more than 10^18")])
    return found


async def _read(
    database: Database, organization: str, needs: list[Needs], now: datetime | None, namespaces: list[str] | None
) -> dict[str, Any]:
    month, catalogue = await month_and_catalogue(database, organization, now)
    rows, unknown = await rates(database, month, needs)
    subscription = subscription_of(month)
    quota = None
    if subscription is not None and namespaces is None:
        measured = await measure(database, organization, month["moment"], None)
        quota = fit(catalogue, subscription, measured, needs, month["currency"])
    await require_unchanged(database, month)
    return {
        **facts(month),
        "namespaces": namespaces,
        "resources": [_resource(one) for one in needs],
        **cost(rows, unknown, month["digits"]),
        "not_in_quote": [{"pointer": one.pointer, "reason": one.reason} for need in needs for one in need.unpriced],
        "on_plan": subscription is not None,
        **({"quota": quota} if namespaces is None else {}),
    }


def _resource(one: Needs) -> dict[str, Any]:
    """How the resource was read: cores and GiB of each."""
    return {
        "kind": one.kind,
        "name": one.name,
        "count": one.number,
        "hours_per_month": one.hours,
        "cpu": one.cpu,
        "memory": shown(one.memory, "memory"),
        "storage": shown(one.storage, "storage"),
        "public_ips": one.addresses,
    }


def _invalid(mistakes: list[WrongMember]) -> InvalidBody:
    """The text is short enough to be shown: the first mistake, and how many more."""
    first, more = mistakes[0], len(mistakes) - 1
    text = f"{first.pointer or 'body'}: {first}" + (f"; and {more} more" if more else "")
    return InvalidBody(text, [{"pointer": one.pointer, "message": str(one), "code": one.code} for one in mistakes])
