"""The adjustments of a month, and how they are shown: at most 1000, and the sums of the others."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.figures.facts import rfc3339
from billing_service.figures.lives import Lives, own_lives
from billing_service.ledger.script import script
from billing_service.money import exact_sum

MOST_ADJUSTMENTS = 1000  # a late month can have one for each hour and SKU, and a reply must stay below 1 MiB


async def read_adjustments(
    fetch: Callable[..., Awaitable[list[DictRow]]], organization: str, period: date, lives: Lives | None
) -> list[DictRow]:
    """`lives`: of these, None: of the organization. A row without an id is the sum of those that are not shown."""
    given = {"organization": organization, "period": period, "most": MOST_ADJUSTMENTS}
    return await fetch(script("figures/adjustments.sql"), **given, **own_lives(lives))


def shown_adjustments(rows: Sequence[DictRow]) -> dict[str, Any]:
    """Members of a response. `rows`: of one month, or of several."""
    return largest([shown(row) for row in rows if row["id"] is not None], [row for row in rows if row["id"] is None])


def largest(adjustments: Sequence[dict[str, Any]], rest: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The largest adjustments in their order, and the exact sums of the others and of `rest`: by currency, sign and
    whether they are invoiced (None: of a month that was closed before that was known)."""
    by_size = sorted(range(len(adjustments)), key=lambda place: -abs(adjustments[place]["amount"]))
    kept = set(by_size[:MOST_ADJUSTMENTS])
    sums: dict[tuple[str, bool, bool | None], tuple[int, Decimal]] = {}
    for one in [*(adjustments[place] for place in by_size[MOST_ADJUSTMENTS:]), *rest]:
        key = one["currency"], one["amount"] < 0, one.get("invoiced")
        number, amount = sums.get(key, (0, Decimal(0)))
        sums[key] = number + one.get("rows", 1), exact_sum([amount, one["amount"]])
    return {
        "adjustments": [one for place, one in enumerate(adjustments) if place in kept],
        "adjustments_rest": [
            {"currency": currency, "rows": number, "amount": amount}
            | ({} if invoiced is None else {"invoiced": invoiced})
            for (currency, _, invoiced), (number, amount) in sorted(sums.items(), key=str)
        ],
    }


def shown(row: DictRow) -> dict[str, Any]:
    """`amount` is exact and signed. `refers_to` is the closed month, and the line of it, that it corrects.

    `invoiced` is false if the organization was on a plan in that hour.
    """
    names = ("id", "namespace", "sku", "quantity", "currency", "amount", "invoiced", "reason")
    refers = row["refers_period"] and {
        "period": f"{row['refers_period']:%Y-%m}",
        "hour": rfc3339(row["refers_hour"]),
        "workload": row["workload"],
    }
    return {name: row[name] for name in names} | {"refers_to": refers, "created_at": rfc3339(row["created_at"])}
