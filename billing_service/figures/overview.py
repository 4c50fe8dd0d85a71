"""The overview of a project: the month by component, the last day, the rate of the last hour, and what runs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import PriceMissing, ProjectNotFound
from billing_service.figures.again import DataChanged, consistent
from billing_service.figures.facts import complete_through, coverage, facts, refuse_future, rfc3339
from billing_service.figures.never_metered import never_metered
from billing_service.figures.summary import LARGEST_AMOUNT, billing_summary, prices_missing, too_large
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, exact_sum, rounded, split

_PARTS = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")
_RARE_PARTS = ("gpu_cost", "other_cost")  # only where there is such usage
_COUNTS = ("running_pods", "running_vms", "cpu_cores", "memory_gib")


async def overview(
    database: Database,
    organization: str,
    namespace: str,
    now: datetime | None = None,
    period: date | None = None,
) -> dict[str, Any]:
    """`period` is a month of the organization's time zone; None: the running one.

    Raises ProjectNotFound (404), PriceMissing (409), AmountTooLarge (409), PeriodNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(database, organization, namespace, now, period))


async def _read(
    database: Database, organization: str, namespace: str, now: datetime | None, period: date | None
) -> dict[str, Any]:
    sql = script("figures/overview.sql")
    rows = await database.fetch(sql, organization=organization, namespace=namespace, now=now, period=period)
    if not rows:
        raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
    [row] = rows
    refuse_future(row)
    if row["unrated"]:
        if missing := await _price_missing(database, row):
            raise missing
        raise DataChanged  # a price was added just now
    exact = {name: row[name] for name in _PARTS} | {name: row[name] for name in _RARE_PARTS if row[name] is not None}
    total = exact_sum(exact.values())
    if max(total, row["last_day"], row["last_hour"]) > LARGEST_AMOUNT:
        raise too_large(row["namespace"])
    if complete_through(row) is None and await never_metered(
        database, organization, [(row["namespace"], row["life"])], row["as_of"]
    ):
        return _never_metered(row)
    return {
        **facts(row),
        **coverage(row),
        "namespace": namespace,
        "billing_summary": billing_summary(row, row, total),
        "compute_instances": _instances(row),
        "cost_breakdown": split(exact, row["digits"]),
        "adjustments": _adjustments(row),
        "other_currencies": _other_currencies(row),
    }


def _never_metered(row: DictRow) -> dict[str, Any]:
    """Null is not 0: 0 is measured. The parts and the instances are not measured either."""
    unknown = dict.fromkeys(("current_month_total", "last_day_spend", "total_cost_per_hour"))
    zero = rounded(Decimal(0), row["digits"])
    return {
        **facts(row),
        **coverage(row),
        "as_of": None,
        "namespace": row["namespace"],
        "billing_summary": billing_summary(row, row, Decimal(0)) | unknown,
        "compute_instances": _instances(row) | {"cost_per_hour": None},
        "cost_breakdown": dict.fromkeys(_PARTS, zero),
        "adjustments": _adjustments(row),
        "other_currencies": {},
    }


async def _price_missing(database: Database, row: DictRow) -> PriceMissing | None:
    since = row["starts"]
    if row["period"] == row["this_period"]:
        since = min(since, row["as_of"] - timedelta(days=1))
    lives = [(row["namespace"], row["life"])]
    return (await prices_missing(database, row["organization"], lives, since, row["ends"])).get(row["namespace"])


def _instances(row: DictRow) -> dict[str, Any]:
    """`measured_at` is null if the instances are not known: the zeros are not measured then."""
    running = row["period"] == row["this_period"]
    rate = rounded(row["last_compute"], row["digits"] + RATE_DIGITS)
    counts = {name: (row[name] if running else None) or 0 for name in _COUNTS}
    return counts | {"cost_per_hour": rate if running else None, "measured_at": rfc3339(row["measured_at"])}


def _adjustments(row: DictRow) -> Decimal:
    """Corrections of closed months and credits that count in this month. They are not part of its total."""
    return rounded(row["adjustments"] or Decimal(0), row["digits"])


def _other_currencies(row: DictRow) -> dict[str, Decimal]:
    """Exact cost of the month in currencies that the organization had before, by code."""
    return {code: Decimal(amount) for code, amount in (row["others"] or {}).items()}
