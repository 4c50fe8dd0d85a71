"""The unusual days of a project or an organization: outside of their forecast, with what made them.

Amounts are usage at the prices of the newest hour: a change of prices, fees and credits are not in them. Projects that
began less than three weeks before the range, or end within it, are left out: it is known that they come and go.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from psycopg.rows import DictRow

from billing_service.forecasts.anomalies import Anomaly, anomalies
from billing_service.forecasts.days import Days, hour_of_bit
from billing_service.forecasts.history import Floats
from billing_service.forecasts.inputs import Fetch
from billing_service.forecasts.pricing import Prices
from billing_service.ledger.script import script
from billing_service.money import rounded
from billing_service.trends.usage import Scope

MOST_DAYS = 100  # of a range that are looked at, the last ones
MOST_GROUPS = 5
_HISTORY_DAYS = 100
_NEW_DAYS = 21


class Group(NamedTuple):
    kind: str
    name: str
    amount: float


@dataclass(frozen=True)
class Looked:
    """`values`: usage at constant prices of each SKU, for the days of the history and the day after it."""

    days: Days
    digits: int
    prices: Prices
    values: dict[int, Floats]


async def unusual_days(
    fetch: Fetch, scope: Scope, since: date, until: date, now: datetime | None
) -> list[dict[str, Any]]:
    """Of the days from `since` up to and without `until`, in the organization's time zone. Only complete days."""
    looked = await _look(fetch, scope, since, until, now)
    if looked is None:
        return []
    days = looked.days
    total = np.sum(list(looked.values.values()), axis=0)
    history = days.complete(total, days.start(days.first))
    known = tuple(None if np.isnan(value) else float(value) for value in history)
    found = await asyncio.to_thread(anomalies, known, days.first)
    return [await _shown(fetch, scope, looked, day) for day in found if since <= day.day < until]


async def _look(fetch: Fetch, scope: Scope, since: date, until: date, now: datetime | None) -> Looked | None:
    given = {"organization": scope.organization, "namespaces": scope.names}
    rows = await fetch(script("forecasts/lives.sql"), **given, now=now, period=None)
    if not rows or rows[0]["as_of"] is None:
        return None
    month = rows[0]
    newest = Days(month["as_of"], ZoneInfo(month["time_zone"]))
    last = min(until, newest.today)
    begin = max(since, last - timedelta(days=MOST_DAYS))
    if begin >= last:
        return None
    ends = newest.as_of if last == newest.today else newest.start(last)
    days = Days(ends, newest.zone, history=(last - begin).days + _HISTORY_DAYS)
    period = {"organization": scope.organization, "period": month["period"]}
    gaps = await fetch(script("forecasts/gaps.sql"), **period, since=days.first.replace(day=1), as_of=newest.as_of)
    days = days.with_missing([(row["period"], row["missing"]) for row in gaps])
    prices = await _prices(fetch, newest, month, days.first)
    left_out = [row for row in rows if _comes_or_goes(row, days, begin)]
    quantities = await fetch(
        script("forecasts/quantities.sql"),
        **given,
        since=days.first,
        today=days.today,
        left_out=[row["namespace"] for row in left_out],
        lives=[row["life"] for row in left_out],
    )
    values = {sku: np.zeros(days.history + 1) for sku in prices.constant}
    for row in quantities:
        if row["sku"] in values:
            values[row["sku"]][row["day"]] = max(row["quantity"], 0.0) * prices.constant[row["sku"]]
    return Looked(days, month["digits"], prices, values) if values else None


async def _prices(fetch: Fetch, days: Days, month: DictRow, since: date) -> Prices:
    """The prices of the newest hour."""
    organization = month["organization"]
    used = await fetch(
        script("forecasts/skus.sql"), organization=organization, period=month["period"], since=since, today=days.today
    )
    moment = days.as_of - timedelta(hours=1)
    listed = await fetch(
        script("forecasts/prices.sql"), organization=organization, currency=month["currency"], moment=moment
    )
    return Prices(days, month["period"], used, listed)


def _comes_or_goes(row: DictRow, days: Days, begin: date) -> bool:
    if row["first_period"] is None:
        return False
    began = hour_of_bit(row["first_period"], row["first_bit"])
    young = began > days.start(begin - timedelta(days=_NEW_DAYS))
    return young or (row["until"] is not None and row["until"] < days.as_of)


async def _shown(fetch: Fetch, scope: Scope, looked: Looked, found: Anomaly) -> dict[str, Any]:
    """`groups`: SKUs and projects, each with its difference to the mean of the seven days before, the largest first."""
    at, digits = (found.day - looked.days.first).days, looked.digits
    groups = [
        Group("sku", looked.prices.skus[sku].code, float(values[at] - values[at - 7 : at].mean()))
        for sku, values in looked.values.items()
    ]
    if scope.namespace is None:
        groups += await _projects(fetch, scope, looked, found.day)
    made = sorted((group for group in groups if group.amount * found.beyond > 0), key=lambda group: -abs(group.amount))
    shown = [group for kind in ("sku", "project") for group in [one for one in made if one.kind == kind][:MOST_GROUPS]]
    return {
        "date": found.day.isoformat(),
        "amount": _money(found.value, digits),
        "expected": {name: _money(getattr(found, name), digits) for name in ("p50", "low", "high")},
        "beyond": _money(found.beyond, digits),
        "groups": [group._asdict() | {"amount": _money(group.amount, digits)} for group in shown],
    }


async def _projects(fetch: Fetch, scope: Scope, looked: Looked, day: date) -> list[Group]:
    constant = looked.prices.constant
    rows = await fetch(
        script("forecasts/week.sql"),
        organization=scope.organization,
        namespaces=scope.names,
        day=day,
        skus=list(constant),
        prices=list(constant.values()),
    )
    return [Group("project", row["namespace"], (row["value"] or 0.0) - row["before"]) for row in rows]


def _money(value: float, digits: int) -> Decimal:
    return rounded(Decimal(repr(float(value))), digits)
