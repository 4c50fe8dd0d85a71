"""The billing summary of a project, and the errors that take its place."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow
from simplejson import RawJSON

from billing_service.database import Database
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


def summary_writer(month: DictRow) -> Callable[[Decimal, Decimal, Decimal], RawJSON]:
    """Writes what `billing_summary` returns for the exact month, last day and last hour of a project.

    An organization can have ten thousand projects: dictionaries with decimals would take four times as long.
    """
    digits, rate_digits = month["digits"], month["digits"] + RATE_DIGITS
    running = month["period"] == month["this_period"]
    period, currency = f"{month['period']:%Y-%m}", month["currency"]

    def write(total: Decimal, last_day: Decimal, last_hour: Decimal) -> RawJSON:
        shown = rounded(total, digits)
        day = f"{rounded(last_day, digits):f}" if running else "null"
        rate = f"{rounded(last_hour, rate_digits):f}" if running else "null"
        almost_nothing = "true" if total > 0 and not shown else "false"
        return RawJSON(
            f'{{"current_month_total":{shown:f},"last_day_spend":{day},"billing_period":"{period}",'
            f'"total_cost_per_hour":{rate},"currency":"{currency}","almost_nothing":{almost_nothing}}}'
        )

    return write


def too_large(namespace: str, *amounts: Decimal) -> AmountTooLarge | None:
    if max(amounts) <= LARGEST_AMOUNT:
        return None
    return AmountTooLarge(f"An amount of project {namespace} is larger than 10^18")


async def prices_missing(
    database: Database, organization: str, lives: list[tuple[str, int]], since: datetime, until: datetime
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
