"""What a forecast quantity costs: by the prices that are announced for its day.

A forecast is in floats. Facts never come from here: what was used is rated by the ledger, exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from psycopg.rows import DictRow

from billing_service.errors import PriceMissing
from billing_service.forecasts.days import Days

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Price:
    """One price of a SKU. `rating`: `unit`, `steps` or `month`, as in the ledger."""

    rating: str
    unit_price: float
    since: datetime | None
    until: datetime | None
    steps: list[tuple[float, float]]

    def holds(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)

    def amount(self, first: float, last: float) -> float:
        """Of the organization's quantity of a month from `first` to `last`, by steps."""
        ends = [start for start, _ in self.steps[1:]] + [float("inf")]
        parts = zip(self.steps, ends, strict=True)
        return sum(max(min(last, end) - max(first, start), 0.0) * price for (start, price), end in parts)


@dataclass(frozen=True)
class Sku:
    """`week`: the organization's quantity of the last seven complete days. `month`: of the running month."""

    code: str
    week: float
    month: float
    prices: list[Price]  # the organization's own list first


class Prices:
    """The prices of an organization for the days of a forecast."""

    def __init__(self, days: Days, period: date, used: Sequence[DictRow], rows: Sequence[DictRow]) -> None:
        self._days = days
        self._period = period
        self.skus = {
            row["sku"]: Sku(row["code"], row["week"], row["month"], [_price(p) for p in rows if p["sku"] == row["sku"]])
            for row in used
        }

    @cached_property
    def constant(self) -> dict[int, float]:
        """One price for each SKU, at which the usage of the past is comparable: that of the last hour.

        If all are 0, quantities are added up instead: a price above 0 may be announced.
        """
        moment = self._days.as_of - _HOUR
        found = {sku: self._constant(known, moment) for sku, known in self.skus.items()}
        return found if any(found.values()) else dict.fromkeys(found, 1.0)

    def _constant(self, sku: Sku, moment: datetime) -> float:
        price = next((price for price in sku.prices if price.holds(moment)), None)
        if price is None:
            return 0.0
        if price.rating == "steps":
            most = max(sku.month, 30 * sku.week / 7, 1.0)
            return price.amount(0, most) / most
        return price.unit_price / self._month_hours(moment) if price.rating == "month" else price.unit_price

    def costs(self, path: Sequence[float], mix: Mapping[int, float], *, whole: bool) -> list[float]:
        """Of each day from today on. `path`: usage at constant prices. `mix`: quantity of each SKU for one unit of it.

        `whole`: it is all usage of the organization, so it alone fills the steps of a price. Otherwise, the
        organization uses as much as in the last week. Raises PriceMissing (409).
        """
        costs = [0.0] * len(path)
        for sku, share in mix.items():
            prices = self._flat(sku, len(path))
            if prices is None:
                self._add_stepped(costs, path, sku, share, whole=whole)
            else:
                for index, price in enumerate(prices):
                    costs[index] += path[index] * share * price
        return costs

    def _flat(self, sku: int, number: int) -> list[float] | None:
        """The unit price of each day, if it does not depend on the quantity, and if every day has one."""
        if (sku, number) not in self._flats:
            parts = [self._parts(sku, self._days.today + timedelta(days=index)) for index in range(number)]
            flat = all(part and all(price.rating != "steps" for price, _ in part) for part in parts)
            self._flats[sku, number] = (
                [self._unit_price(sku, self._days.today + timedelta(days=index), 0, 1) for index in range(number)]
                if flat
                else None
            )
        return self._flats[sku, number]

    @cached_property
    def _flats(self) -> dict[tuple[int, int], list[float] | None]:
        return {}

    def _add_stepped(self, costs: list[float], path: Sequence[float], sku: int, share: float, *, whole: bool) -> None:
        month, before = self._period, self.skus[sku].month
        for index, value in enumerate(path):
            day = self._days.today + timedelta(days=index)
            if day.replace(day=1) != month:
                month, before = day.replace(day=1), 0.0
            quantity = value * share
            left = self._days.left_today() if index == 0 else 1.0
            everything = quantity if whole else max(self.skus[sku].week / 7 * left, quantity)
            costs[index] += quantity * self._unit_price(sku, day, before, everything) if quantity else 0.0
            before += everything

    def _unit_price(self, sku: int, day: date, before: float, quantity: float) -> float:
        """The mean of the day: a price may change within it."""
        parts = self._parts(sku, day)
        if parts is None:
            code = self.skus[sku].code
            text = f"Usage of {code} in {day:%Y-%m} has no price"
            raise PriceMissing(text, resource=code, sku=code, month=f"{day:%Y-%m}")
        return sum(share * self._rated(price, day, before, quantity) for price, share in parts)

    def _rated(self, price: Price, day: date, before: float, quantity: float) -> float:
        if price.rating == "steps":
            return price.amount(before, before + quantity) / quantity
        hours = self._month_hours(self._days.start(day)) if price.rating == "month" else 1
        return price.unit_price / hours

    def _parts(self, sku: int, day: date) -> list[tuple[Price, float]] | None:
        """The prices of a day with their share of its hours after `as_of`. None: an hour has no price."""
        key = (sku, day)
        if key not in self._known:
            self._known[key] = self._find(sku, day)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[int, date], list[tuple[Price, float]] | None]:
        return {}

    def _find(self, sku: int, day: date) -> list[tuple[Price, float]] | None:
        starts, ends = max(self._days.start(day), self._days.as_of), self._days.start(day + timedelta(days=1))
        bounds = {starts, ends}
        for price in self.skus[sku].prices:
            bounds |= {at for at in (price.since, price.until) if at is not None and starts < at < ends}
        ordered = sorted(bounds)
        found = []
        for since, until in pairwise(ordered):
            held = next((price for price in self.skus[sku].prices if price.holds(since)), None)
            if held is None:
                return None
            found.append((held, (until - since) / (ends - starts)))
        return found

    def _month_hours(self, moment: datetime) -> int:
        first = moment.astimezone(self._days.zone).date().replace(day=1)
        next_month = (first + timedelta(days=32)).replace(day=1)
        return (self._days.start(next_month) - self._days.start(first)) // _HOUR


def _price(row: DictRow) -> Price:
    steps = list(zip(row["froms"], row["steps"], strict=True))
    return Price(row["rating"], row["unit_price"], row["since"], row["until"], steps)
