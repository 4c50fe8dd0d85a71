"""The forecast of what an organization requests, by dimension and day."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.forecasts.series import Forecast as Series
from billing_service.forecasts.series import forecast_all
from billing_service.ledger.script import script
from billing_service.plans.dimensions import shown
from billing_service.plans.exhaustion import HORIZON_DAYS, Day, runs_out
from billing_service.plans.pool import Measured

_HISTORY_DAYS = 365
_LEVEL = 80  # percent, of the interval

History = Mapping[date, Decimal]  # by day, in the unit of the dimension; a day that is not there was not measured


NOT_FORECAST: dict[str, Any] = {"exhausted_on": None, "exhaustion": None}


@dataclass(frozen=True)
class Forecast:
    dimension: str
    today: date
    days: tuple[Day, ...]
    history_days: int
    quality: str | None  # None: there is nothing to forecast from

    def shown(self, limit: Decimal | None, requested: Decimal | None) -> dict[str, Any]:
        """All null: there is no limit, or nothing is known of the requests."""
        if limit is None or (requested is None and not self.days):
            return NOT_FORECAST
        unit = shown(limit, self.dimension) or Decimal(0)
        found = runs_out(self.days, unit, shown(requested, self.dimension), self.today)
        return {
            "exhausted_on": _text(found.on),
            "exhaustion": {
                "earliest": _text(found.earliest),
                "latest": _text(found.latest),
                "horizon_days": HORIZON_DAYS,
                "history_days": self.history_days,
                "quality": self.quality,
            },
        }


async def forecasts(database: Database, month: DictRow, measured: Measured) -> dict[str, Forecast]:
    """Of each dimension that has requests or a history."""
    today: date = month["today"]
    histories = await _histories(database, month, measured)
    made = await asyncio.to_thread(_forecast_all, today, histories)  # some 100 ms
    return {name: made.get(name) or Forecast(name, today, (), 0, None) for name in {**measured.requested, **histories}}


async def _histories(database: Database, month: DictRow, measured: Measured) -> dict[str, dict[date, Decimal]]:
    given = {"organization": month["organization"], "days": _HISTORY_DAYS}
    if measured.source == "platform":
        rows = await database.fetch(
            script("plans/history_platform.sql"), **given, uid=measured.uid, today=month["today"]
        )
        amounts = [(row, shown(row["used"], row["dimension"]) or Decimal(0)) for row in rows]
    else:
        bounds = {name: month[name] for name in ("as_of", "first_hour", "time_zone")}
        rows = await database.fetch(script("plans/history_metered.sql"), **given, **bounds)
        amounts = [(row, row["used"]) for row in rows]
    found: dict[str, dict[date, Decimal]] = {}
    for row, amount in amounts:
        found.setdefault(row["dimension"], {})[row["day"]] = amount
    return found


def _forecast_all(today: date, histories: Mapping[str, History]) -> dict[str, Forecast]:
    """From yesterday backwards: a day that is not there is not known. The first day of the forecast is today."""
    days = {name: history for name, history in histories.items() if history}
    if not days:
        return {}
    first = min(min(history) for history in days.values())
    series = [
        [float(history.get(first + timedelta(days=n), "nan")) for n in range((today - first).days)]
        for history in days.values()
    ]
    made = forecast_all(np.array(series), [first] * len(series), HORIZON_DAYS + 1)
    return {
        name: Forecast(name, today, tuple(_days(today, one)), len(days[name]), _quality(one))
        for name, one in zip(days, made, strict=True)
    }


def _days(today: date, made: Series) -> Iterator[Day]:
    if made.method == "none":
        return
    for lead, band in enumerate(made.days):
        low, high = band.intervals[_LEVEL]
        yield Day(today + timedelta(days=lead), Decimal(band.p50), Decimal(low), Decimal(high))


def _quality(made: Series) -> str | None:
    return None if made.method == "none" else made.quality


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
