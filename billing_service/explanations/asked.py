"""The parameters of an explanation: a figure of a month, or a range of time. A mistake is a 400 that names it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing_service.trends.asked import Asked, asked, refuse
from billing_service.trends.calendar import Range, next_month

RANGE = ("from", "to", "include", "exclude")
MOST_DAYS = 400


@dataclass(frozen=True)
class Figure:
    """Of a month. `period` None: the running one."""

    name: str
    period: date | None = None


def figure_or_range(
    given: dict[str, str], figure: str | None, period: date | None, *, of_organization: bool
) -> Figure | Asked:
    """Raises BadRequest (400)."""
    named = [name for name in RANGE if name in given]
    if not named:
        if figure is None:
            refuse("figure", "is required without a range, 'from' and 'to'")
        return Figure(figure, period)
    for name, value in (("figure", figure), ("period", period)):
        if value is not None:
            refuse(name, f"must not come with '{named[0]}'")
    for name in ("from", "to"):
        if name not in given:
            refuse(name, f"is required with '{named[0]}'")
    ends = {name: given[name] for name in named}
    kind = "project" if of_organization else "sku"
    found = asked(ends | {"granularity": "month", "group_by": kind}, of_organization=of_organization)
    if not of_organization and (found.filters.include.labels or found.filters.exclude.labels):
        name = "include" if found.filters.include.labels else "exclude"
        refuse(name, "must have no labels here: terms are component:NAME, sku:NAME, workload:NAME")
    return found


def of_range(since: date | datetime, until: date | datetime) -> Asked:
    """All usage of an organization."""
    given = {"from": since.isoformat(), "to": until.isoformat(), "granularity": "month", "group_by": "project"}
    return asked(given, of_organization=True)


def of_month(period: date) -> Asked:
    return of_range(period, next_month(period))


def refuse_long(given: Range) -> None:
    """Raises BadRequest (400)."""
    if (given.last_day - given.first_day).days >= MOST_DAYS:
        refuse("to", f"must be at most {MOST_DAYS} days after 'from'")


def filters_json(found: Asked) -> dict[str, Any]:
    return {"include": list(found.filters.include.texts), "exclude": list(found.filters.exclude.texts)}
