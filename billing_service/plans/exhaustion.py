"""When the requests of an organization reach its limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

HORIZON_DAYS = 90


@dataclass(frozen=True)
class Day:
    """A day of the forecast of the requests, in the unit of the limit."""

    day: date
    p50: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Exhaustion:
    """None: not within HORIZON_DAYS."""

    on: date | None
    earliest: date | None
    latest: date | None


def runs_out(days: Iterable[Day], limit: Decimal, requested: Decimal | None, today: date) -> Exhaustion:
    """Today if nothing is left now. `days` begins with today or tomorrow."""
    if requested is not None and requested >= limit:
        return Exhaustion(today, today, today)
    found = sorted(days, key=lambda day: day.day)
    return Exhaustion(
        on=_first(found, [day.p50 for day in found], limit),
        earliest=_first(found, [day.high for day in found], limit),
        latest=_first(found, [day.low for day in found], limit),
    )


def _first(days: list[Day], amounts: list[Decimal], limit: Decimal) -> date | None:
    return next((day.day for day, amount in zip(days, amounts, strict=True) if amount >= limit), None)
