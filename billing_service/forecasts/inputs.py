"""What a forecast is made of, read from the sums of the ledger: no line is read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from zoneinfo import ZoneInfo

import numpy as np
from psycopg.rows import DictRow

from billing_service.figures.again import DataChanged
from billing_service.forecasts.days import HISTORY_DAYS, Days, hour_of_bit
from billing_service.forecasts.history import Floats
from billing_service.forecasts.pricing import Prices
from billing_service.ledger.script import script

Fetch = Callable[..., Awaitable[list[DictRow]]]
Mix = dict[int, float]
_VERSION: LiteralString = """
    SELECT coalesce(max(version), 0) AS number FROM data_versions WHERE organization = %(organization)s
"""


@dataclass(frozen=True)
class Life:
    """One life of a project. `values`: usage of each day of the history and today, at constant prices. `row`: facts.

    `began` is null if nothing was ever metered. `mix`: quantity of each SKU for one unit of usage, of the last days.
    """

    row: DictRow
    began: datetime | None
    values: Floats
    week: Mix
    four_weeks: Mix

    @property
    def name(self) -> tuple[str, int]:
        return self.row["namespace"], self.row["life"]


@dataclass(frozen=True)
class Inputs:
    """`month`: the facts of the running month. `days` and `prices` are null if nothing was ever metered."""

    month: DictRow
    lives: list[Life]
    days: Days | None
    prices: Prices | None


async def read(
    fetch: Fetch, organization: str, namespaces: Sequence[str] | None, now: datetime | None
) -> Inputs | None:
    """Of all projects, or of these. None: the organization is not registered.

    Raises DataChanged if an import came between two queries.
    """
    names = None if namespaces is None else list(namespaces)
    scope = {"organization": organization, "namespaces": names}
    rows = await fetch(script("forecasts/lives.sql"), **scope, now=now, period=None)
    if not rows:
        return None
    month = rows[0]
    projects = [row for row in rows if row["namespace"] is not None]
    if month["as_of"] is None:
        return Inputs(month, [_life(row, None, {}, {}) for row in projects], None, None)
    days = Days(month["as_of"], ZoneInfo(month["time_zone"]))
    period = {"organization": organization, "period": month["period"]}
    gaps = await fetch(script("forecasts/gaps.sql"), **period, since=days.first.replace(day=1), as_of=days.as_of)
    days = days.with_missing([(row["period"], row["missing"]) for row in gaps])
    used = await fetch(script("forecasts/skus.sql"), **period, since=days.first, today=days.today)
    listed = await fetch(
        script("forecasts/prices.sql"), organization=organization, currency=month["currency"], moment=days.as_of
    )
    prices = Prices(days, month["period"], used, listed)
    values = await fetch(
        script("forecasts/values.sql"),
        **scope,
        since=days.first,
        today=days.today,
        skus=list(prices.constant),
        prices=list(prices.constant.values()),
    )
    mixes = await fetch(script("forecasts/mix.sql"), **scope, today=days.today)
    [version] = await fetch(_VERSION, organization=organization)
    if version["number"] != month["data_version"]:
        raise DataChanged
    by_life = {(row["namespace"], row["life"]): row for row in values}
    weeks, four_weeks = _mixes(mixes, "week"), _mixes(mixes, "four_weeks")
    lives = [_life(row, by_life.get((row["namespace"], row["life"])), weeks, four_weeks) for row in projects]
    return Inputs(month, lives, days, prices)


def _mixes(rows: list[DictRow], column: str) -> dict[tuple[str, int], Mix]:
    found: dict[tuple[str, int], Mix] = {}
    for row in rows:
        if row[column] > 0:
            found.setdefault((row["namespace"], row["life"]), {})[row["sku"]] = row[column]
    return found


def _life(
    row: DictRow, found: DictRow | None, weeks: dict[tuple[str, int], Mix], four_weeks: dict[tuple[str, int], Mix]
) -> Life:
    values = np.zeros(HISTORY_DAYS + 1)
    if found is not None:
        values[found["days"]] = found["values"]
    began = None if row["first_period"] is None else hour_of_bit(row["first_period"], row["first_bit"])
    name = (row["namespace"], row["life"])
    return Life(row, began, values, weeks.get(name, {}), four_weeks.get(name, {}))
