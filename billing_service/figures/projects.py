"""The list of an organization's projects with their summaries, and the organization's total."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import DictRow
from simplejson import RawJSON

from billing_service.database import Database
from billing_service.errors import NotMetered, OrganizationNotFound, ServiceError
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, refuse_future, rfc3339
from billing_service.figures.never_metered import never_metered
from billing_service.figures.summary import LARGEST_AMOUNT, prices_missing, summary_writer, too_large
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, rounded
from billing_service.render import text
from billing_service.trends.coverage import read_completeness

_ARRAYS = ("namespaces", "totals", "days", "rates", "almost_nothing")
Lives = list[tuple[str, int]]


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
    rows = await database.fetch(
        script("figures/projects.sql"),
        organization=organization,
        now=now,
        period=period,
        most=None if limit is None else limit + 1,
        after=after,
        rate_digits=RATE_DIGITS,
        largest=LARGEST_AMOUNT,
    )
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    [month] = rows
    refuse_future(month)
    names = month["namespaces"][:limit]
    page = {
        **facts(month),
        **({} if after else await _completeness(database, month)),
        "total": _total(month),
        "projects": _entries(month, names, await _errors(database, month, set(names))),
    }
    if limit is None:
        return page
    return page | {"next": names[-1] if len(month["namespaces"]) > limit else None}


async def _completeness(database: Database, month: DictRow) -> dict[str, Any]:
    """Of all projects of the organization. Only the first page has it, so that the other ones are as fast as before."""
    through, missing = await read_completeness(database, month)
    [version] = await database.fetch(VERSION, organization=month["organization"])
    if version["number"] != month["data_version"]:
        raise DataChanged
    return {"complete_through": rfc3339(through), "incomplete_hours": missing}


async def _errors(database: Database, month: DictRow, names: set[str]) -> dict[str, ServiceError]:
    """Why a project has no figures. Raises DataChanged if a price was added just now."""
    unused = _lives(month, "unused", names)
    unknown = await never_metered(database, month["organization"], unused, month["as_of"])
    unrated = _lives(month, "unrated", names)
    missing: Mapping[str, ServiceError] = {}
    if unrated:
        since = month["starts"]
        if month["period"] == month["this_period"]:
            since = min(since, month["as_of"] - timedelta(days=1))
        missing = await prices_missing(database, month["organization"], unrated, since, month["ends"])
    if any(name not in missing for name, _ in unrated):
        raise DataChanged
    return {
        **{name: too_large(name) for name in month["large"]},
        **{name: NotMetered(f"No usage of project {name} was ever metered") for name in unknown},
        **missing,
    }


def _lives(month: DictRow, name: str, names: set[str]) -> Lives:
    pairs = zip(month[name], month[f"{name}_lives"], strict=True)
    return [(namespace, life) for namespace, life in pairs if namespace in names]


def _entries(month: DictRow, names: list[str], errors: Mapping[str, ServiceError]) -> RawJSON:
    """The text of the list: its ten thousand dictionaries would take four times as long. A name needs no escape."""
    write = summary_writer(month)
    found = zip(*(month[name][: len(names)] for name in _ARRAYS), strict=True)
    entries = [f'{{"namespace":"{name}","billing_summary":{write(*figures)},"error":null}}' for name, *figures in found]
    if errors:
        for number, name in enumerate(names):
            if error := errors.get(name):
                entries[number] = text({"namespace": name, "billing_summary": None, "error": error.body()})
    return RawJSON(f"[{','.join(entries)}]")


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
