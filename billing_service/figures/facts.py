"""The facts in every response: how fresh and complete it is, in which currency, of which month and version."""

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from billing_service.errors import PeriodNotFound

_FIRST_BIT_HOURS = 14  # bit N of a month is the hour that begins N - 14 hours after the month began in UTC


def rfc3339(moment: datetime | None) -> str | None:
    """UTC with milliseconds and Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refuse_future(row: DictRow) -> None:
    """Raises PeriodNotFound (404) if the month has not begun."""
    if row["period"] > row["this_period"]:
        raise PeriodNotFound(f"The month has not begun: the running one is {row['this_period']:%Y-%m}")


def facts(row: DictRow) -> dict[str, Any]:
    """`as_of` is the end of the newest hour that is there, within the month; null: nothing was ever metered."""
    return {
        "organization": row["organization"],
        "as_of": rfc3339(_as_of(row)),
        "currency": row["currency"],
        "currency_digits": row["digits"],
        "time_zone": row["time_zone"],
        "period_state": period_state(row),
        "cost_basis": "list_price" if row["on_plan"] else "usage",
        "data_version": row["data_version"],
    }


def coverage(row: DictRow) -> dict[str, Any]:
    """`complete_through`: until then, each hour of the month is there. `incomplete_hours`: how many are not."""
    return {
        "complete_through": rfc3339(complete_through(row)),
        "incomplete_hours": row["incomplete_hours"] or 0,
    }


def complete_through(row: DictRow) -> datetime | None:
    """None: nothing was ever metered."""
    as_of = _as_of(row)
    if row["first_missing"] is None or as_of is None:
        return None if row["incomplete_hours"] is None else as_of
    began = datetime(row["period"].year, row["period"].month, 1, tzinfo=UTC)
    missing: datetime = began + timedelta(hours=row["first_missing"] - _FIRST_BIT_HOURS)
    return missing


def period_state(row: DictRow) -> str:
    """`provisional`: the month is over and still takes late lines."""
    if row["closed"]:
        return "closed"
    return "open" if row["period"] == row["this_period"] else "provisional"


def _as_of(row: DictRow) -> datetime | None:
    as_of: datetime | None = row["as_of"]
    return as_of and min(as_of, row["ends"])
