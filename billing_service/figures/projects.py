"""The list of an organization's projects with their summaries, and the organization's total."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import NotMetered, OrganizationNotFound, PriceMissing, ServiceError
from billing_service.figures.again import DataChanged, consistent
from billing_service.figures.facts import facts, refuse_future
from billing_service.figures.never_metered import never_metered
from billing_service.figures.summary import prices_missing, summary_writer, too_large
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, rounded

_ARRAYS = ("namespaces", "lives", "totals", "last_days", "last_hours", "unrated", "have_usage")


class _Project(NamedTuple):
    """One element of each array: exact amounts, the number of lines without a price, whether the month has lines."""

    namespace: str
    life: int
    total: Decimal
    last_day: Decimal
    last_hour: Decimal
    unrated: int
    has_usage: bool


async def project_list(
    database: Database,
    organization: str,
    now: datetime | None = None,
    *,
    limit: int | None = None,
    after: str | None = None,
    period: date | None = None,
) -> dict[str, Any]:
    """All projects sorted by namespace, or a page: `limit` projects after `after`, and `next`, the next page's `after`.

    `period` is a month of the organization's time zone; None: the running one. A project whose figures cannot be
    computed has an `error` instead. Raises OrganizationNotFound (404), PeriodNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(database, organization, now, limit=limit, after=after, period=period))


async def _read(
    database: Database,
    organization: str,
    now: datetime | None,
    *,
    limit: int | None,
    after: str | None,
    period: date | None,
) -> dict[str, Any]:
    most = None if limit is None else limit + 1
    sql = script("figures/projects.sql")
    rows = await database.fetch(sql, organization=organization, now=now, period=period, most=most, after=after)
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    [month] = rows
    refuse_future(month)
    listed = [_Project(*values) for values in zip(*(month[name] for name in _ARRAYS), strict=True)]
    found = listed[:limit]
    unrated = await _prices_missing(database, month, [row for row in found if row.unrated])
    if any(row.unrated and row.namespace not in unrated for row in found):
        raise DataChanged  # a price was added just now
    unused = [(row.namespace, row.life) for row in found if not row.has_usage]
    unknown = await never_metered(database, organization, unused, month["as_of"])
    errors = {name: NotMetered(f"No usage of project {name} was ever metered") for name in unknown}
    page = {
        **facts(month),
        "total": _total(month),
        "projects": _entries(month, found, {**errors, **unrated}),
    }
    if limit is None:
        return page
    return page | {"next": found[-1].namespace if len(listed) > limit else None}


async def _prices_missing(database: Database, month: DictRow, rows: list[_Project]) -> dict[str, PriceMissing]:
    if not rows:
        return {}
    since = month["starts"]
    if month["period"] == month["this_period"]:
        since = min(since, month["as_of"] - timedelta(days=1))
    lives = [(row.namespace, row.life) for row in rows]
    return await prices_missing(database, month["organization"], lives, since, month["ends"])


def _entries(month: DictRow, rows: list[_Project], errors: Mapping[str, ServiceError]) -> list[dict[str, Any]]:
    written = summary_writer(month)
    entries: list[dict[str, Any]] = []
    for row in rows:
        error = errors.get(row.namespace) or too_large(row.namespace, row.total, row.last_day, row.last_hour)
        summary = None if error else written(row.total, row.last_day, row.last_hour)
        entries.append(
            {"namespace": row.namespace, "billing_summary": summary, "error": error.body() if error else None}
        )
    return entries


def _total(row: DictRow) -> dict[str, Any]:
    """Rounded once from the exact sum of all projects, on every page. `rounding` is the difference to the sum of their
    rounded figures. `former_projects` is the part of projects that moved or were deleted: they are not in the list.
    `unrated_lines` are lines without a price: they are not in the total."""
    digits, running = row["digits"], row["period"] == row["this_period"]
    total = rounded(row["all_total"], digits)
    return {
        "current_month_total": total,
        "rounding": total - rounded(row["all_rounded"], digits),
        "former_projects": rounded(row["former_rounded"], digits),
        "last_day_spend": rounded(row["all_last_day"], digits) if running else None,
        "total_cost_per_hour": rounded(row["all_last_hour"], digits + RATE_DIGITS) if running else None,
        "adjustments": rounded(row["all_adjustments"], digits),
        "unrated_lines": row["all_unrated"],
        "currency": row["currency"],
    }


async def organization_list(database: Database) -> dict[str, Any]:
    """The names of all organizations. A function uses them to reject realms that do not exist."""
    rows = await database.fetch("SELECT name FROM organizations ORDER BY name")
    return {"organizations": [row["name"] for row in rows]}
