"""The unusual days of a project or an organization: outside of their forecast, with what made them.

Amounts are usage at the prices of the newest hour: a change of prices, fees and credits are not in them. Projects that
began less than three weeks before the range, or end within it, are left out: it is known that they come and go.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from billing_service.forecasts.anomalies import Anomaly, anomalies
from billing_service.forecasts.history import Floats
from billing_service.forecasts.inputs import Fetch
from billing_service.forecasts.window import Name, Window, read_window
from billing_service.ledger.script import script
from billing_service.money import rounded
from billing_service.trends.usage import Scope

MOST_GROUPS = 5

History = tuple[float | None, ...]


class Group(NamedTuple):
    kind: str
    name: str
    amount: float


class ProjectDay(NamedTuple):
    """A day of a project, with the lives that count."""

    lives: list[Name]
    day: date


@dataclass(frozen=True)
class Sum:
    """Of several projects. `values`: usage at constant prices of each SKU on the days of the window."""

    history: History
    values: Mapping[int, Floats]


async def unusual_days(
    fetch: Fetch, scope: Scope, since: date, until: date, now: datetime | None
) -> list[dict[str, Any]]:
    """Of the days from `since` up to and without `until`, in the organization's time zone. Only complete days."""
    window = await read_window(fetch, scope.organization, scope.names, until, now)
    if window is None or (begin := max(since, window.first)) >= window.last:
        return []
    if scope.namespace is None:
        total = await sum_of(fetch, window, scope, begin)
        found = await _found(total.history, window, begin)
        return [day_json(window, day, await causes_of_sum(fetch, window, scope, total, day.day)) for day in found]
    lives = [life for life, counts in window.counts_since.items() if counts <= begin]
    values = await values_of(fetch, window, scope.names)
    found = await _found(history_of(window, values, lives), window, begin)
    causes = await causes_of_projects(fetch, window, [ProjectDay(lives, day.day) for day in found])
    return [day_json(window, day, groups) for day, groups in zip(found, causes, strict=True)]


async def _found(history: History, window: Window, begin: date) -> list[Anomaly]:
    found = await asyncio.to_thread(anomalies, history, window.days.first)
    return [day for day in found if begin <= day.day]


async def values_of(fetch: Fetch, window: Window, names: Sequence[str] | None) -> dict[Name, Floats]:
    """Usage of each life at constant prices on the days of the window."""
    rows = await fetch(
        script("forecasts/values.sql"),
        organization=window.organization,
        namespaces=names,
        since=window.days.first,
        today=window.days.today,
        **window.constant,
    )
    found = {}
    for row in rows:
        values = np.zeros(window.days.history + 1)
        values[row["days"]] = row["values"]
        found[row["namespace"], row["life"]] = values
    return found


def history_of(window: Window, values: Mapping[Name, Floats], lives: Iterable[Name]) -> History:
    there = [values[life] for life in lives if life in values]
    return window.complete(np.sum(there, axis=0) if there else np.zeros(window.days.history + 1))


async def sum_of(fetch: Fetch, window: Window, scope: Scope, begin: date) -> Sum:
    """Of the projects that count in a range that begins then."""
    left_out = [life for life, counts in window.counts_since.items() if counts > begin]
    rows = await fetch(
        script("forecasts/quantities.sql"),
        organization=window.organization,
        **scope.own,
        since=window.days.first,
        today=window.days.today,
        left_out=[namespace for namespace, _ in left_out],
        lives=[life for _, life in left_out],
    )
    constant = window.prices.constant
    values = {sku: np.zeros(window.days.history + 1) for sku in constant}
    for row in rows:
        if row["sku"] in values:
            values[row["sku"]][row["day"]] = max(row["quantity"], 0.0) * constant[row["sku"]]
    total = np.sum(list(values.values()), axis=0) if values else np.zeros(window.days.history + 1)
    return Sum(window.complete(total), values)


async def causes_of_sum(fetch: Fetch, window: Window, scope: Scope, total: Sum, day: date) -> list[Group]:
    """SKUs and projects, each with its difference to the mean of the seven days before."""
    at, skus = (day - window.days.first).days, window.prices.skus
    rows = await fetch(
        script("forecasts/week.sql"),
        organization=window.organization,
        **scope.own,
        day=day,
        **window.constant,
    )
    return [
        *(
            Group("sku", skus[sku].code, float(values[at] - values[at - 7 : at].mean()))
            for sku, values in total.values.items()
        ),
        *(Group("project", row["namespace"], (row["value"] or 0.0) - row["before"]) for row in rows),
    ]


async def causes_of_projects(fetch: Fetch, window: Window, days: Sequence[ProjectDay]) -> list[list[Group]]:
    """The same of days of projects: only SKUs."""
    if not days:
        return []
    asked = [(place, *life, one.day) for place, one in enumerate(days) for life in one.lives]
    rows = await fetch(
        script("forecasts/causes.sql"),
        organization=window.organization,
        places=[place for place, *_ in asked],
        namespaces=[namespace for _, namespace, *_ in asked],
        lives=[life for _, _, life, _ in asked],
        days=[day for *_, day in asked],
        **window.constant,
    )
    groups: list[list[Group]] = [[] for _ in days]
    for row in rows:
        groups[row["place"]].append(Group("sku", window.prices.skus[row["sku"]].code, row["amount"]))
    return groups


def day_json(window: Window, found: Anomaly, groups: Sequence[Group]) -> dict[str, Any]:
    """`groups`: those that made it, the largest first."""
    digits = window.month["digits"]
    made = sorted((group for group in groups if group.amount * found.beyond > 0), key=lambda group: -abs(group.amount))
    shown = [group for kind in ("sku", "project") for group in [one for one in made if one.kind == kind][:MOST_GROUPS]]
    return {
        "date": found.day.isoformat(),
        "amount": _money(found.value, digits),
        "expected": {name: _money(getattr(found, name), digits) for name in ("p50", "low", "high")},
        "beyond": _money(found.beyond, digits),
        "groups": [group._asdict() | {"amount": _money(group.amount, digits)} for group in shown],
    }


def _money(value: float, digits: int) -> Decimal:
    return rounded(Decimal(repr(float(value))), digits)
