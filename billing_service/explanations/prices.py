"""The prices of a range of time. The lines of a SKU between two moments at which prices change have one price."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.figures.facts import rfc3339
from billing_service.ledger.script import script
from billing_service.trends.read import Read


@dataclass(frozen=True)
class Price:
    """A row of the price list. `since` and `until` None: no begin, no end."""

    id: int
    price_list: str
    rating: str
    unit_price: Decimal
    since: datetime | None
    until: datetime | None

    def is_valid(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)

    def json(self) -> dict[str, Any]:
        """`unit_price` is null for a price with steps: each step has its own. By the month, it is for a month."""
        return {
            "id": self.id,
            "list": self.price_list or None,
            "rating": self.rating,
            "unit_price": None if self.rating == "steps" else self.unit_price,
            "valid_from": rfc3339(self.since),
            "valid_until": rfc3339(self.until),
        }


@dataclass(frozen=True)
class PriceLists:
    """Of each SKU its unit, and its prices: the organization's own list before the general one."""

    units: dict[int, str]
    prices: dict[int, list[Price]]

    def of(self, sku: int, moment: datetime) -> Price | None:
        return next((price for price in self.prices[sku] if price.is_valid(moment)), None)

    def changes(self, since: datetime, until: datetime) -> list[datetime]:
        """The moments within the range at which the price of a SKU begins or ends."""
        moments = {
            moment
            for prices in self.prices.values()
            for price in prices
            for moment in (price.since, price.until)
            if moment is not None and since < moment < until
        }
        return sorted(moments)


async def read_prices(read: Read, skus: Collection[int]) -> PriceLists:
    rows = await read.database.fetch(
        script("explanations/prices.sql"),
        organization=read.scope.organization,
        currency=read.currency,
        skus=sorted(skus),
        since=read.range.since,
        until=read.range.until,
    )
    prices: dict[int, list[Price]] = defaultdict(list)
    for row in rows:
        if row["id"] is not None:
            prices[row["sku"]].append(_price(row))
    return PriceLists({row["sku"]: row["unit"] for row in rows}, prices)


def _price(row: DictRow) -> Price:
    names = ("id", "price_list", "rating", "unit_price")
    return Price(**{name: row[name] for name in names}, since=row["valid_from"], until=row["valid_until"])
