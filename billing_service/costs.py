"""What a project costs, in the shape of the wire.

Amounts are Decimal in the organization's currency, rounded by PostgreSQL's `round(numeric)`: half away from zero, to
the currency's ISO 4217 minor units, rates per hour to 4 digits more. The time is UTC; `as_of` is the end of the last
full hour, which is the last one counted. Usage of quantity 0 needs no price.
"""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, LiteralString

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import OrganizationNotFound, PriceMissing, ProjectNotFound

_COSTS: LiteralString = files("billing_service").joinpath("costs.sql").read_text(encoding="utf-8")


async def overview(
    database: Database, organization: str, namespace: str, now: datetime | None = None
) -> dict[str, Any]:
    """Raises ProjectNotFound (404), PriceMissing (409)."""
    rows = await database.fetch(_COSTS, organization=organization, namespace=namespace, now=now)
    if not rows or rows[0]["namespace"] is None:
        raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
    row = rows[0]
    if error := _price_missing(row):
        raise error
    parts = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")
    counts = ("running_pods", "running_vms", "cpu_cores", "memory_gib")
    return {
        "organization": organization,
        "as_of": _rfc3339(row["as_of"]),
        "namespace": namespace,
        "billing_summary": _billing_summary(row),
        "compute_instances": {name: row[name] for name in counts} | {"cost_per_hour": row["compute_cost_per_hour"]},
        "cost_breakdown": {name: row[name] for name in parts},
    }


async def project_list(database: Database, organization: str, now: datetime | None = None) -> dict[str, Any]:
    """Raises OrganizationNotFound (404); a project without a price has its error beside it."""
    rows = await database.fetch(_COSTS, organization=organization, namespace=None, now=now)
    if not rows:
        raise OrganizationNotFound(f"There is no organization {organization}")
    return {
        "organization": organization,
        "as_of": _rfc3339(rows[0]["as_of"]),
        "projects": [_list_entry(row) for row in rows if row["namespace"] is not None],
    }


def _list_entry(row: DictRow) -> dict[str, Any]:
    error = _price_missing(row)
    return {
        "namespace": row["namespace"],
        "billing_summary": None if error else _billing_summary(row),
        "error": error.body() if error else None,
    }


def _billing_summary(row: DictRow) -> dict[str, Any]:
    names = ("current_month_total", "last_day_spend", "billing_period", "total_cost_per_hour", "currency")
    return {name: row[name] for name in names}


def _price_missing(row: DictRow) -> PriceMissing | None:
    resource, month = row["unpriced_resource"], row["unpriced_month"]
    if resource is None:
        return None
    return PriceMissing(
        f"There is usage of {resource} in {month} without a price in {row['currency']}", resource=resource, month=month
    )


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
