"""The rows of a figure of a project's month: by SKU, workload and unit price."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import ProjectNotFound
from billing_service.figures.adjustments import read_adjustments, shown_adjustments
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import coverage, facts, refuse_future, rfc3339
from billing_service.figures.overview import overview
from billing_service.ledger.script import script
from billing_service.money import exact_sum
from billing_service.parameters import COMPONENTS

MOST_ROWS = 1000
NO_FILTERS: dict[str, Any] = {"skus": None, "workloads": None, "without_workloads": []}


async def explain(
    database: Database,
    organization: str,
    namespace: str,
    *,
    figure: str,
    now: datetime | None = None,
    period: date | None = None,
) -> dict[str, Any]:
    """`figure` is a figure of the billing summary, or a component of the month.

    Raises ProjectNotFound (404), PriceMissing (409), AmountTooLarge (409), PeriodNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(database, organization, namespace, figure=figure, now=now, period=period))


async def _read(
    database: Database, organization: str, namespace: str, *, figure: str, now: datetime | None, period: date | None
) -> dict[str, Any]:
    shown = await overview(database, organization, namespace, now, period)
    sql = script("figures/overview.sql")
    rows = await database.fetch(sql, organization=organization, namespace=namespace, now=now, period=period)
    if not rows:
        raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
    [row] = rows
    refuse_future(row)
    since, until = _window(row, figure)
    parts = await database.fetch(
        script("explanations/project.sql"),
        organization=organization,
        namespace=namespace,
        life=row["life"],
        since=since,
        until=until,
        currency=row["currency"],
        component=figure if figure in COMPONENTS else None,
        **NO_FILTERS,
    )
    corrections = await read_adjustments(database.fetch, organization, row["period"], ((namespace, row["life"]),))
    [version] = await database.fetch(VERSION, organization=organization)
    if not shown["data_version"] == row["data_version"] == version["number"]:  # an import came in between
        raise DataChanged
    exact = exact_sum(part["amount"] or Decimal(0) for part in parts)
    value = _value(shown, figure)
    return {
        **facts(row),
        **coverage(row),
        "namespace": namespace,
        "figure": figure,
        "period": f"{row['period']:%Y-%m}",
        "from": rfc3339(since),
        "to": rfc3339(until),
        "value": value,
        "exact": exact,
        "rounding": None if value is None else exact_sum([value, exact.copy_negate()]),
        "include": [],
        "exclude": [],
        "rows": [row_of(part) for part in parts[:MOST_ROWS]],
        "rest": rest_of(parts[MOST_ROWS:]),
        **shown_adjustments(corrections),
    }


def _window(row: DictRow, figure: str) -> tuple[datetime, datetime]:
    as_of = row["as_of"] or row["starts"]
    hours = {"last_day_spend": 24, "total_cost_per_hour": 1}.get(figure)
    return (row["starts"], row["ends"]) if hours is None else (as_of - timedelta(hours=hours), as_of)


def _value(shown: dict[str, Any], figure: str) -> Decimal | None:
    """None: the response does not have this figure. A month that is over has no last day."""
    if figure in COMPONENTS:
        found: Decimal | None = shown["cost_breakdown"].get(f"{figure}_cost")
    else:
        found = shown["billing_summary"][figure]
    return found


def row_of(part: Mapping[str, Any]) -> dict[str, Any]:
    """`amount` is exact. `price` is null for quantity 0. `list` is null for the general price list."""
    price = part["price"] and {
        "id": part["price"],
        "list": part["price_list"] or None,
        "unit_price": part["unit_price"],
        "valid_from": rfc3339(part["valid_from"]),
        "valid_until": rfc3339(part["valid_until"]),
    }
    names = ("sku", "component", "unit", "workload", "source", "hours", "quantity", "amount")
    return {name: part[name] for name in names} | {"price": price}


def rest_of(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The sum of the rows that are not shown."""
    if not parts:
        return None
    return {"rows": len(parts), "amount": exact_sum(part["amount"] or Decimal(0) for part in parts)}
