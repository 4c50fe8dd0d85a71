"""The billing summary of a project, and the errors that take its place."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Reads
from billing_service.errors import AmountTooLarge, PriceMissing
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, rounded

LARGEST_AMOUNT = Decimal(10) ** 18  # the functions accept no larger one


def billing_summary(month: DictRow, row: DictRow, total: Decimal) -> dict[str, Any]:
    """`month` has the facts of the month, `row` those of the project. `total` is the exact cost of the month.

    The last day and the rate are null in a month that is over.
    `almost_nothing`: the cost is more than 0 and is rounded to 0.
    """
    digits = month["digits"]
    running = month["period"] == month["this_period"]
    shown = rounded(total, digits)
    return {
        "current_month_total": shown,
        "last_day_spend": rounded(row["last_day"], digits) if running else None,
        "billing_period": f"{month['period']:%Y-%m}",
        "total_cost_per_hour": rounded(row["last_hour"], digits + RATE_DIGITS) if running else None,
        "currency": month["currency"],
        "almost_nothing": total > 0 and shown == 0,
    }


def summary_writer(month: DictRow) -> Callable[[str, str, str, bool], str]:
    """Writes what `billing_summary` returns as JSON, from the rounded figures of a project as text."""
    running = month["period"] == month["this_period"]
    period, currency = f"{month['period']:%Y-%m}", month["currency"]

    def write(total: str, day: str, rate: str, almost_nothing: bool) -> str:
        if not running:
            day = rate = "null"
        return (
            f'{{"current_month_total":{total},"last_day_spend":{day},"billing_period":"{period}",'
            f'"total_cost_per_hour":{rate},"currency":"{currency}",'
            f'"almost_nothing":{"true" if almost_nothing else "false"}}}'
        )

    return write


def too_large(namespace: str) -> AmountTooLarge:
    return AmountTooLarge(f"An amount of project {namespace} is larger than 10^18")


async def prices_missing(
    database: Reads, organization: str, lives: list[tuple[str, int]], since: datetime, until: datetime
) -> dict[str, PriceMissing]:
    """The first unrated usage of each namespace: the SKU and the month of the organization's time zone.

    It reads lines. Only an error needs it.
    """
    rows = await database.fetch(
        script("figures/unrated.sql"),
        organization=organization,
        namespaces=[namespace for namespace, _ in lives],
        lives=[life for _, life in lives],
        since=since,
        until=until,
    )
    return {row["namespace"]: _price_missing(row) for row in rows}


def _price_missing(row: DictRow) -> PriceMissing:
    text = f"Usage of {row['sku']} in {row['month']} has no price in {row['currency']}"
    return PriceMissing(text, resource=row["sku"], sku=row["sku"], month=row["month"])
