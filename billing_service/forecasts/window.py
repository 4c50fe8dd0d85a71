"""The days that are looked at for unusual ones: the last 100 of a range, with the 100 before them as their history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from psycopg.rows import DictRow

from billing_service.forecasts.days import Days, hour_of_bit
from billing_service.forecasts.history import Floats
from billing_service.forecasts.inputs import Fetch
from billing_service.forecasts.pricing import Prices
from billing_service.ledger.script import script

MOST_DAYS = 100
_HISTORY_DAYS = 2 * MOST_DAYS
_NEW_DAYS = 21
_NEVER = date.max

Name = tuple[str, int]  # of a project: namespace and life


@dataclass(frozen=True)
class Window:
    """`month`: facts of the running month. `days`: the days before `last`. `lives`: rows of forecasts/lives.sql."""

    month: DictRow
    days: Days
    prices: Prices
    lives: Sequence[DictRow]

    @property
    def organization(self) -> str:
        name: str = self.month["organization"]
        return name

    @property
    def last(self) -> date:
        """It is not complete, or not in the range: the days end before it."""
        return self.days.today

    @property
    def first(self) -> date:
        return self.last - timedelta(days=MOST_DAYS)

    @property
    def constant(self) -> dict[str, Any]:
        """Arguments of the queries of usage at constant prices."""
        return {"skus": list(self.prices.constant), "prices": list(self.prices.constant.values())}

    @cached_property
    def counts_since(self) -> dict[Name, date]:
        """Of each life: it counts in ranges that begin on this day or later."""
        return {(row["namespace"], row["life"]): self._counts_since(row) for row in self.lives}

    def _counts_since(self, row: DictRow) -> date:
        if row["first_period"] is None:  # never metered
            return self.first
        if row["until"] is not None and row["until"] < self.days.as_of:
            return _NEVER
        began = hour_of_bit(row["first_period"], row["first_bit"])
        day = began.astimezone(self.days.zone).date()
        whole = day if began == self.days.start(day) else day + timedelta(days=1)
        return max(whole + timedelta(days=_NEW_DAYS), self.first)

    def complete(self, values: Floats) -> tuple[float | None, ...]:
        """Without today. With twelve digits, so that another order of a sum is the same history."""
        history = self.days.complete(values, self.days.start(self.days.first))
        return tuple(None if np.isnan(value) else float(f"{value:.12g}") for value in history)


async def read_window(
    fetch: Fetch, organization: str, names: Sequence[str] | None, until: date | None, now: datetime | None
) -> Window | None:
    """Up to and without `until`, or up to the day of the newest hour. None: nothing was ever metered."""
    rows = await fetch(script("forecasts/lives.sql"), organization=organization, namespaces=names, now=now, period=None)
    if not rows or rows[0]["as_of"] is None:
        return None
    month = rows[0]
    newest = Days(month["as_of"], ZoneInfo(month["time_zone"]))
    last = newest.today if until is None else min(until, newest.today)
    days = Days(newest.as_of if last == newest.today else newest.start(last), newest.zone, history=_HISTORY_DAYS)
    period = {"organization": organization, "period": month["period"]}
    gaps = await fetch(script("forecasts/gaps.sql"), **period, since=days.first.replace(day=1), as_of=newest.as_of)
    days = days.with_missing([(row["period"], row["missing"]) for row in gaps])
    prices = await _prices(fetch, newest, month, days.first)
    return Window(month, days, prices, [row for row in rows if row["namespace"] is not None])


async def _prices(fetch: Fetch, newest: Days, month: DictRow, since: date) -> Prices:
    """The prices of the newest hour."""
    organization = month["organization"]
    used = await fetch(
        script("forecasts/skus.sql"), organization=organization, period=month["period"], since=since, today=newest.today
    )
    moment = newest.as_of - timedelta(hours=1)
    listed = await fetch(
        script("forecasts/prices.sql"), organization=organization, currency=month["currency"], moment=moment
    )
    return Prices(newest, month["period"], used, listed)
