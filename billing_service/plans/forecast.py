"""The forecast of what an organization requests, by dimension and day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.ledger.script import script
from billing_service.plans.dimensions import shown
from billing_service.plans.exhaustion import HORIZON_DAYS, Day, runs_out
from billing_service.plans.pool import Measured

_HISTORY_DAYS = 365

History = Mapping[date, Decimal]  # by day, in the unit of the dimension; a day that is not there was not measured


@dataclass(frozen=True)
class Forecast:
    dimension: str
    today: date
    days: tuple[Day, ...]
    history_days: int
    quality: str | None  # None: there is nothing to forecast from

    def shown(self, limit: Decimal | None, requested: Decimal | None) -> dict[str, Any] | None:
        """None: there is no limit, or nothing is known of the requests."""
        if limit is None or (requested is None and not self.days):
            return None
        found = runs_out(
            self.days, shown(limit, self.dimension) or Decimal(0), shown(requested, self.dimension), self.today
        )
        return {
            "exhausted_on": found.on and found.on.isoformat(),
            "earliest": found.earliest and found.earliest.isoformat(),
            "latest": found.latest and found.latest.isoformat(),
            "horizon_days": HORIZON_DAYS,
            "history_days": self.history_days,
            "quality": self.quality,
        }


async def forecasts(database: Database, month: DictRow, measured: Measured) -> dict[str, Forecast]:
    """Of each dimension that has requests or a history."""
    today: date = month["today"]
    histories = await _histories(database, month, measured)
    return {name: _forecast(name, today, histories.get(name, {})) for name in {**measured.requested, **histories}}


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


def _forecast(name: str, today: date, history: History) -> Forecast:
    return Forecast(name, today, (), len(history), None)
