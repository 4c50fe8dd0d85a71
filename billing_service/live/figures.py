"""The figures of now: month to date, run rate, and an estimate of the running hour, which is not metered yet."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import OrganizationNotFound
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import complete_through, facts, rfc3339
from billing_service.figures.never_metered import never_metered
from billing_service.figures.summary import LARGEST_AMOUNT
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, exact_sum, rounded
from billing_service.trends.coverage import read_completeness

_SECONDS_OF_HOUR = 3600
_FIGURES = ("month_to_date", "run_rate", "hour_to_date")


async def live_figures(
    database: Database,
    organization: str,
    namespaces: Sequence[str] | None,
    projects: Sequence[str] = (),
    now: datetime | None = None,
) -> dict[str, Any]:
    """`namespaces` None: the total of the organization, and those of `projects` that it owns now. Otherwise those of
    `namespaces` that it owns now, and their total.

    Raises OrganizationNotFound (404), DataChanging (503).
    """
    if namespaces is None:
        return await consistent(lambda: _organization(database, organization, projects, now))
    return await consistent(lambda: _limited(database, organization, namespaces, now))


async def _organization(
    database: Database, organization: str, projects: Sequence[str], now: datetime | None
) -> dict[str, Any]:
    query = script("live/organization.sql")
    rows = await database.fetch(query, organization=organization, now=now, period=None)
    if not rows:
        raise _unknown(organization)
    [row] = rows
    owned = await _owned(database, organization, projects, now) if projects else []
    through, _ = await read_completeness(database, row)
    found = await _entries(database, organization, owned)
    [version] = await database.fetch(VERSION, organization=organization)
    if {version["number"], *(project["data_version"] for project in owned)} != {row["data_version"]}:
        raise DataChanged
    total = _total(row, [row["total"]], [row["last_hour"]], row["unrated"])
    budgets = await _budgets(database, organization, None)
    return {**_head(row, through), "total": total, "projects": found, "budgets": budgets}


async def _limited(
    database: Database, organization: str, namespaces: Sequence[str], now: datetime | None
) -> dict[str, Any]:
    rows = await _rows(database, organization, namespaces, now)
    if not rows:
        raise _unknown(organization)
    owned = [row for row in rows if row["namespace"] is not None]
    through = [found for row in owned if (found := complete_through(row)) is not None]
    months, hours = [row["total"] for row in owned], [row["last_hour"] for row in owned]
    return {
        **_head(rows[0], min(through, default=None)),
        "namespaces": list(namespaces),
        "total": _total(rows[0], months, hours, sum(row["unrated"] for row in owned)),
        "projects": await _entries(database, organization, owned),
        "budgets": await _budgets(database, organization, [row["namespace"] for row in owned]),
    }


async def _rows(
    database: Database, organization: str, namespaces: Sequence[str], now: datetime | None
) -> list[DictRow]:
    query = script("live/projects.sql")
    arguments = {"organization": organization, "namespaces": list(namespaces), "now": now, "period": None}
    return await database.fetch(query, **arguments)


async def _owned(database: Database, organization: str, projects: Sequence[str], now: datetime | None) -> list[DictRow]:
    rows = await _rows(database, organization, projects, now)
    return [row for row in rows if row["namespace"] is not None]


async def _entries(database: Database, organization: str, owned: Sequence[DictRow]) -> list[dict[str, Any]]:
    unused = [(row["namespace"], row["life"]) for row in owned if complete_through(row) is None]
    unknown = await never_metered(database, organization, unused, owned[0]["as_of"]) if unused else set()
    return [_project(row, is_metered=row["namespace"] not in unknown) for row in owned]


async def _budgets(database: Database, organization: str, namespaces: Sequence[str] | None) -> list[dict[str, Any]]:
    """`states` by threshold: what the worker found last. It is empty before its first look at the budget's version."""
    rows = await database.fetch(script("live/budgets.sql"), organization=organization, namespaces=namespaces)
    return [
        {
            "id": str(row["id"]),
            "namespace": row["namespace"] or None,
            "version": row["version"],
            "states": row["states"] or {},
        }
        for row in rows
    ]


def _unknown(organization: str) -> OrganizationNotFound:
    return OrganizationNotFound(f"Organization {organization} is not registered")


def _head(row: DictRow, through: datetime | None) -> dict[str, Any]:
    """`estimated_at`: the end of the estimate of `hour_to_date`, which begins with the hour of the clock."""
    return {
        **facts(row),
        "complete_through": rfc3339(through),
        "period": f"{row['period']:%Y-%m}",
        "estimated_at": rfc3339(row["moment"]),
    }


def _total(row: DictRow, months: Sequence[Decimal], hours: Sequence[Decimal], unrated: int) -> dict[str, Any]:
    """Rounded once from the exact sum. Lines without a price are not in it: `unrated_lines` counts them."""
    if row["as_of"] is None:
        return dict.fromkeys(_FIGURES) | {"unrated_lines": unrated}
    return _figures(row, exact_sum(months), exact_sum(hours)) | {"unrated_lines": unrated}


def _figures(row: DictRow, month: Decimal, hour: Decimal) -> dict[str, Any]:
    """`hour_to_date` is the run rate for the part of the hour that has passed."""
    digits = row["digits"]
    passed = hour * row["seconds"] / _SECONDS_OF_HOUR
    return {
        "month_to_date": rounded(month, digits),
        "run_rate": rounded(hour, digits + RATE_DIGITS),
        "hour_to_date": rounded(passed, digits + RATE_DIGITS),
    }


def _project(row: DictRow, *, is_metered: bool) -> dict[str, Any]:
    """The same figures and errors as in the list of projects."""
    error = _error(row, is_metered=is_metered)
    figures = dict.fromkeys(_FIGURES) if error else _figures(row, row["total"], row["last_hour"])
    through = rfc3339(complete_through(row))
    return {"namespace": row["namespace"], **figures, "complete_through": through, "error": error and {"code": error}}


def _error(row: DictRow, *, is_metered: bool) -> str | None:
    if not is_metered:
        return "not_metered"
    if row["unrated"]:
        return "price_missing"
    return "amount_too_large" if max(row["total"], row["last_hour"]) > LARGEST_AMOUNT else None
