"""The plan of an organization: fees, what is granted and enforced, what is requested, and when it runs out."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import OrganizationNotFound
from billing_service.figures.again import DataChanged, consistent
from billing_service.figures.facts import facts, rfc3339
from billing_service.ledger.script import script
from billing_service.plans.dimensions import DIMENSIONS, GPU, dimension, shown
from billing_service.plans.forecast import NOT_FORECAST, Forecast, forecasts
from billing_service.plans.pool import Measured, measure
from billing_service.plans.quantities import EXACT
from billing_service.plans.subscription import (
    Catalogue,
    Subscription,
    all_grants,
    monthly_price,
    plan_grants,
    read_catalogue_rows,
    subscription_of,
)
from billing_service.statements.statement import fees_of

_VERSION: LiteralString = """
    SELECT coalesce(max(version), 0) AS number FROM data_versions WHERE organization = %(organization)s
"""


async def plan(
    database: Database, organization: str, now: datetime | None = None, namespaces: list[str] | None = None
) -> dict[str, Any]:
    """`namespaces`: the part of these projects, without fees, prices and what is left.

    Raises OrganizationNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(database, organization, now, namespaces))


async def _read(
    database: Database, organization: str, now: datetime | None, namespaces: list[str] | None
) -> dict[str, Any]:
    month, catalogue = await month_and_catalogue(database, organization, now)
    subscription = subscription_of(month)
    measured = await measure(database, organization, now, namespaces)
    runs_out = await forecasts(database, month, measured) if namespaces is None else {}
    fees = await _fees(database, month) if namespaces is None else {}
    await require_unchanged(database, month)
    return {
        **facts(month),
        "namespaces": namespaces,
        "period": f"{month['period']:%Y-%m}",
        **_plan(month, catalogue, subscription, of_all=namespaces is None),
        **fees,
        "quota": {
            "source": measured.source,
            "last_updated": rfc3339(measured.last_updated),
            "read_at": rfc3339(measured.read_at),
            "dimensions": _dimensions(catalogue, subscription, measured, runs_out, of_all=namespaces is None),
        },
    }


async def month_and_catalogue(database: Database, organization: str, now: datetime | None) -> tuple[DictRow, Catalogue]:
    """The running month. Raises OrganizationNotFound."""
    months = await database.fetch(script("plans/month.sql"), organization=organization, period=None, now=now)
    if not months:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    return months[0], read_catalogue_rows(await database.fetch(script("plans/catalogue.sql"), now=months[0]["moment"]))


async def require_unchanged(database: Database, month: DictRow) -> None:
    """Raises DataChanged if the organization's data are not those of `month` any more."""
    [version] = await database.fetch(_VERSION, organization=month["organization"])
    if version["number"] != month["data_version"]:
        raise DataChanged


async def _fees(database: Database, month: DictRow) -> dict[str, Any]:
    lines, fees = await fees_of(database.fetch, month)
    return {"fees": {"lines": lines, "total": fees}}


def _plan(month: DictRow, catalogue: Catalogue, subscription: Subscription | None, *, of_all: bool) -> dict[str, Any]:
    if subscription is None:
        state = {"state": "none", "since": None, "suspended": False}
        return {"plan": None, "addons": [], "subscription": state} | ({"monthly_price": None} if of_all else {})
    entry = catalogue.plans.get(subscription.plan or "")
    plan = {"id": subscription.plan, "name": entry.name if entry else subscription.plan}
    addons = [_addon(catalogue, name, number, of_all=of_all) for name, number in sorted(subscription.addons.items())]
    prices = {"monthly_price": monthly_price(catalogue, subscription)} if of_all else {}
    return {
        "plan": plan | ({"monthly_price": entry.price if entry else None} if of_all else {}),
        "addons": addons,
        "subscription": {
            "state": subscription.state,
            "since": rfc3339(month["subscribed"]),
            "suspended": subscription.suspended,
        },
        **prices,
    }


def _addon(catalogue: Catalogue, name: str, number: int, *, of_all: bool) -> dict[str, Any]:
    entry = catalogue.addons.get(name)
    price = {"monthly_price": entry.price if entry else None} if of_all else {}
    return {"id": name, "name": entry.name if entry else name, "quantity": number} | price


def _dimensions(
    catalogue: Catalogue,
    subscription: Subscription | None,
    measured: Measured,
    runs_out: Mapping[str, Forecast],
    *,
    of_all: bool,
) -> list[dict[str, Any]]:
    granted = plan_grants(catalogue, subscription) if subscription else {}
    entitled = all_grants(catalogue, granted, subscription.addons) if subscription else {}
    names = dict.fromkeys([*DIMENSIONS, *(name for name in entitled if name.startswith(GPU)), *measured.hard])
    return [
        _dimension(name, granted.get(name), entitled.get(name), measured, runs_out.get(name), of_all=of_all)
        for name in names
    ]


def _dimension(
    name: str,
    plan: Decimal | None,
    entitled: Decimal | None,
    measured: Measured,
    forecast: Forecast | None,
    *,
    of_all: bool,
) -> dict[str, Any]:
    limit = limit_of(entitled, measured.hard.get(name))
    requested = measured.requested.get(name)
    left = EXACT.subtract(limit, requested) if of_all and limit is not None and requested is not None else None
    amounts = {
        "plan": plan,
        "addons": None if plan is None or entitled is None else EXACT.subtract(entitled, plan),
        "entitled": entitled,
        "enforced": measured.hard.get(name),
        "limit": limit,
        "requested": requested,
        "used": measured.used(name),
        "left": left,
    }
    gpu, _, profile = name.partition("/")
    return {
        "dimension": gpu,
        "profile": profile or None,
        "unit": dimension(name).unit,
        **{member: shown(amount, name) for member, amount in amounts.items()},
        **(forecast.shown(limit, requested) if forecast else NOT_FORECAST),
        "projects": [_project(project, name, measured) for project in sorted(measured.projects)],
    }


def limit_of(entitled: Decimal | None, enforced: Decimal | None) -> Decimal | None:
    """The smaller one of what is granted and what is enforced. None: neither is known."""
    known = [amount for amount in (entitled, enforced) if amount is not None]
    return min(known, default=None)


def _project(project: str, name: str, measured: Measured) -> dict[str, Any]:
    """`limit`: of the project's own quota."""
    amounts = {
        "requested": measured.projects[project].get(name),
        "used": measured.used_by(project, name),
        "limit": measured.own_limits.get(project, {}).get(name),
    }
    return {"namespace": project, **{member: shown(amount, name) for member, amount in amounts.items()}}
