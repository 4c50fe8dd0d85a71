"""What a forecast is made of, read from the sums of the ledger: no line is read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from psycopg.rows import DictRow

from billing_service.figures.again import VERSION, DataChanged
from billing_service.forecasts.days import HISTORY_DAYS, Days, hour_of_bit
from billing_service.forecasts.history import Floats
from billing_service.forecasts.pricing import Prices
from billing_service.ledger.script import script
from billing_service.money import exact_sum

Fetch = Callable[..., Awaitable[list[DictRow]]]
Mix = dict[int, float]
LONG_LIFE = timedelta(days=60)


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
    fetch: Fetch,
    organization: str,
    namespaces: Sequence[str] | None,
    now: datetime | None,
    *,
    each: bool = False,
) -> Inputs | None:
    """Of these projects, or of the organization: then its projects are one life, unless `each` is needed.

    None: the organization is not registered.
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
    moment = days.as_of - timedelta(hours=1)  # a price that ends with the newest hour is that of the past
    listed = await fetch(
        script("forecasts/prices.sql"), organization=organization, currency=month["currency"], moment=moment
    )
    prices = Prices(days, month["period"], used, listed)
    whole = namespaces is None and not each
    lives = await (_organization if whole else _projects)(fetch, scope, projects, days, prices)
    [version] = await fetch(VERSION, organization=organization)
    if version["number"] != month["data_version"]:
        raise DataChanged
    return Inputs(month, lives, days, prices)


async def _projects(
    fetch: Fetch, scope: dict[str, Any], projects: list[DictRow], days: Days, prices: Prices
) -> list[Life]:
    values = await fetch(
        script("forecasts/values.sql"),
        **scope,
        since=days.first,
        today=days.today,
        skus=list(prices.constant),
        prices=list(prices.constant.values()),
    )
    mixes = await fetch(script("forecasts/mix.sql"), **scope, today=days.today)
    by_life = {(row["namespace"], row["life"]): row for row in values}
    weeks, four_weeks = _mixes(mixes, "week"), _mixes(mixes, "four_weeks")
    return [_life(row, by_life.get((row["namespace"], row["life"])), weeks, four_weeks) for row in projects]


async def _organization(
    fetch: Fetch, scope: dict[str, Any], projects: list[DictRow], days: Days, prices: Prices
) -> list[Life]:
    """One life for all projects that go on, from the organization's sums, and one for each project with a dated end.

    A project that ended and existed for 60 days is left out. Ones with a shorter life are followed by others like them.
    """
    ending = [row for row in projects if row["until"] is not None and row["until"] > days.as_of]
    left_out = [row for row in projects if _is_gone(row, days)] + ending
    quantities = await fetch(
        script("forecasts/quantities.sql"),
        organization=scope["organization"],
        own_names=None,
        own_lives=None,
        since=days.first,
        today=days.today,
        left_out=[row["namespace"] for row in left_out],
        lives=[row["life"] for row in left_out],
    )
    names = sorted({row["namespace"] for row in ending})
    alone = await _projects(fetch, scope | {"namespaces": names}, ending, days, prices) if ending else []
    return [_summed([row for row in projects if row not in ending], quantities, prices), *alone]


def _is_gone(row: DictRow, days: Days) -> bool:
    began = _began(row)
    return (
        began is not None
        and row["until"] is not None
        and row["until"] <= days.as_of
        and (row["until"] - began >= LONG_LIFE)
    )


def _summed(projects: list[DictRow], quantities: list[DictRow], prices: Prices) -> Life:
    values = np.zeros(HISTORY_DAYS + 1)
    week: Mix = {}
    four_weeks: Mix = {}
    for row in quantities:
        quantity = max(row["quantity"], 0.0)
        values[row["day"]] += quantity * prices.constant.get(row["sku"], 0.0)
        for mix, number in ((week, 7), (four_weeks, 28)):
            if row["day"] >= HISTORY_DAYS - number and quantity:
                mix[row["sku"]] = mix.get(row["sku"], 0.0) + quantity
    began = [moment for row in projects if (moment := _began(row)) is not None]
    going = not projects or any(row["until"] is None for row in projects)
    facts = {
        "namespace": None,
        "life": 0,
        "present": True,
        "until": None if going else max(row["until"] for row in projects),
        "spent": exact_sum(row["spent"] for row in projects),
        "unrated": sum(row["unrated"] for row in projects),
    }
    return Life(facts, min(began, default=None), values, week, four_weeks)


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
    name = (row["namespace"], row["life"])
    return Life(row, _began(row), values, weeks.get(name, {}), four_weeks.get(name, {}))


def _began(row: DictRow) -> datetime | None:
    return None if row["first_period"] is None else hour_of_bit(row["first_period"], row["first_bit"])
