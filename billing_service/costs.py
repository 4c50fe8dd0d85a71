"""The cost of projects, as the members of the JSON responses.

Amounts are Decimal in the organization's currency, rounded by PostgreSQL's `round(numeric)`: half away from zero, to
the currency's ISO 4217 minor units, rates per hour to 4 digits more. Times are UTC. `as_of` is the end of the last
included hour, the last full one. Usage of quantity 0 needs no price.
"""

from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any, LiteralString

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import AmountTooLarge, OrganizationNotFound, PriceMissing, ProjectNotFound

_COSTS: LiteralString = files("billing_service").joinpath("costs.sql").read_text(encoding="utf-8")


LARGEST_AMOUNT = Decimal(10) ** 18  # the functions accept no larger one
_PARTS = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")
_COUNTS = ("running_pods", "running_vms", "cpu_cores", "memory_gib")
_SUMMARY = ("current_month_total", "last_day_spend", "billing_period", "total_cost_per_hour", "currency")


async def overview(
    database: Database, organization: str, namespace: str, now: datetime | None = None
) -> dict[str, Any]:
    """Raises ProjectNotFound (404), PriceMissing (409), AmountTooLarge (409)."""
    rows = await database.fetch(_COSTS, **_question(organization, now) | {"namespace": namespace})
    if not rows or rows[0]["namespace"] is None:
        raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
    row = rows[0]
    if error := _not_shown(row):
        raise error
    return {
        "organization": organization,
        "as_of": _rfc3339(row["as_of"]),
        "namespace": namespace,
        "billing_summary": _billing_summary(row),
        "compute_instances": {name: row[name] for name in _COUNTS} | {"cost_per_hour": row["compute_cost_per_hour"]},
        "cost_breakdown": {name: row[name] for name in _PARTS},
    }


async def project_list(
    database: Database,
    organization: str,
    now: datetime | None = None,
    *,
    limit: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """All projects sorted by namespace, or a page: `limit` projects after `after`, and `next`, the next page's `after`.

    A project whose figures cannot be computed has an `error` instead. Raises OrganizationNotFound (404).
    """
    one_more = None if limit is None else limit + 1
    rows = await database.fetch(_COSTS, **_question(organization, now) | {"most": one_more, "after": after})
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    entries = [_list_entry(row) for row in rows if row["namespace"] is not None]
    page = {"organization": organization, "as_of": _rfc3339(rows[0]["as_of"]), "projects": entries[:limit]}
    if limit is None:
        return page
    return page | {"next": entries[limit - 1]["namespace"] if len(entries) > limit else None}


def _question(organization: str, now: datetime | None) -> dict[str, object]:
    return {"organization": organization, "now": now, "namespace": None, "after": None, "most": None}


async def organization_list(database: Database) -> dict[str, Any]:
    """The names of all organizations. A function uses them to reject realms that do not exist."""
    rows = await database.fetch("SELECT name FROM organizations ORDER BY name")
    return {"organizations": [row["name"] for row in rows]}


def _list_entry(row: DictRow) -> dict[str, Any]:
    error = _not_shown(row)
    return {
        "namespace": row["namespace"],
        "billing_summary": None if error else _billing_summary(row),
        "error": error.body() if error else None,
    }


def _billing_summary(row: DictRow) -> dict[str, Any]:
    return {name: row[name] for name in _SUMMARY}


def _not_shown(row: DictRow) -> PriceMissing | AmountTooLarge | None:
    resource, month = row["unpriced_resource"], row["unpriced_month"]
    if resource is not None:
        text = f"Usage of {resource} in {month} has no price in {row['currency']}"
        return PriceMissing(text, resource=resource, month=month)
    if max(row["current_month_total"], row["last_day_spend"], row["total_cost_per_hour"]) > LARGEST_AMOUNT:
        return AmountTooLarge(f"An amount of project {row['namespace']} is larger than 10^18")
    return None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
