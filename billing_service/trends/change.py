"""What changed between two ranges, split into volume, price, new and gone.

For each group and SKU: `volume` is the difference of the quantities at the old price, `price` the new quantity at the
difference of the prices. A price is the amount by the quantity, because tiers and changes give one range several. If
the price list of the SKU is the same in both ranges, everything is volume, also what another tier costs. Quantities of
a price by the month are counted in months, so that a longer month does not count as a change. What had no quantity
before is `new`, what has none now is `gone`.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing_service.figures.facts import rfc3339
from billing_service.ledger.script import script
from billing_service.trends.asked import Kind
from billing_service.trends.calendar import HOUR
from billing_service.trends.coverage import read_coverage
from billing_service.trends.earlier import earlier
from billing_service.trends.frame import Frame, coarse
from billing_service.trends.groups import Margins, by_month, figures, margins
from billing_service.trends.read import Read, read_lives, read_uids, refuse_unpriced
from billing_service.trends.response import currencies, key_json, seen_by_bucket
from billing_service.trends.rounding import apportion_signed, decimal, half_up
from billing_service.trends.usage import Key, Reader, Usage, by_piece, check_lines, grouped, key_of

PARTS = ("volume", "price", "new", "gone")


@dataclass(frozen=True)
class Side:
    """One of the two ranges: its usage by the pieces of `frame`, and the figures of its groups and months in units."""

    usage: list[Usage]
    frame: Frame
    groups: Margins
    total: int


@dataclass(frozen=True)
class Prices:
    """`same`: SKUs with the same price list in both ranges. `by_month`: those with a price by the month in both."""

    same: set[int] = field(default_factory=set)
    by_month: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Changed:
    """In units. `parts` add up to the difference."""

    before: int
    after: int
    parts: list[int]

    @classmethod
    def sum(cls, changes: "list[Changed]") -> "Changed":
        parts = [sum(column) for column in zip(*(one.parts for one in changes), strict=True)] or [0] * len(PARTS)
        return cls(sum(one.before for one in changes), sum(one.after for one in changes), parts)

    def json(self, read: Read) -> dict[str, Any]:
        return {
            "before": read.amount(self.before),
            "after": read.amount(self.after),
            "difference": read.amount(self.after - self.before),
            "ratio": ratio(self.after - self.before, self.before),
            **{name: read.amount(part) for name, part in zip(PARTS, self.parts, strict=True)},
        }


def ratio(difference: int, before: int) -> Decimal | None:
    """Of a difference to what was before, with four digits, half up. None: there was nothing before."""
    return decimal(half_up(difference * 10_000, before), 4) if before > 0 else None


async def change(read: Read, after: Side, shown: Sequence[Key], *, known: bool) -> dict[str, Any]:
    """`shown`: the groups of the trend. `known`: the range has an amount. What is not known is null.

    Raises BadRequest (400), PriceMissing (409).
    """
    found = await earlier(read)
    if found is None:
        nothing: dict[str, Any] = {"incomplete_hours": None, "other_currencies": {}, "unrated_lines": 0}
        return {"mode": read.asked.compare, "from": None, "to": None, "current": None} | nothing | _unknown()
    given, until = found
    lives, _ = await read_lives(read.database, read.scope, given.months, read.clock.moment)
    reader, cut = Reader(read.database, read.scope, lives, read.reader.filters, quantities=True), coarse(given)
    coverage = await read_coverage(read.database, read.scope, given.months, lives, read.clock.as_of)
    if reader.filters.of_lines:
        check_lines(await reader.of_sums().by_sku(cut), read.asked)
    totals = await reader.by_sku(cut)
    await refuse_unpriced(reader, totals, given.months)
    [seen] = seen_by_bucket(totals, cut, read.currency)
    hours, missing = coverage.of_months(given.months)
    about = {
        "mode": read.asked.compare,
        "from": rfc3339(given.since),
        "to": rfc3339(given.until),
        "current": {"from": rfc3339(read.range.since), "to": rfc3339(until)},
        "incomplete_hours": missing,
        "other_currencies": currencies([seen]),
        "unrated_lines": seen.unrated,
    }
    if not (known and (hours or seen.lines) and seen.has_amount):
        return about | _unknown()
    before = await _side(read, reader, cut, totals)
    prices = await _prices(read, [(given.since, given.until), (read.range.since, until)])
    uids = await read_uids(read, {*before.groups.units, *after.groups.units})
    return about | _changes(read, before, after, prices, uids) | _beside(read, before, after, shown)


def _unknown() -> dict[str, Any]:
    nothing = dict.fromkeys(("total", "difference", "ratio", *PARTS))
    return nothing | {"groups": [], "rest": None, "shown": None, "not_shown": None}


def _beside(read: Read, before: Side, after: Side, shown: Sequence[Key]) -> dict[str, Any]:
    """The groups of the trend in their order, and all others together: for columns beside the trend."""
    others = {**before.groups.units, **after.groups.units}.keys() - set(shown)

    def compared(keys: Collection[Key]) -> dict[str, Any]:
        old, new = (sum(side.groups.total(key) for key in keys) for side in (before, after))
        return {
            "before": read.amount(old),
            "after": read.amount(new),
            "difference": read.amount(new - old),
            "ratio": ratio(new - old, old),
        }

    return {
        "shown": [compared([key]) for key in shown],
        "not_shown": {"groups": len(others)} | compared(others) if others else None,
    }


async def _side(read: Read, reader: Reader, cut: Frame, totals: list[Usage]) -> Side:
    kind, usage = read.asked.kind, totals
    if kind not in {"component", "sku"}:
        if kind != "project":
            check_lines(totals, read.asked)
        usage = await reader.by_group(cut, read.asked, by_sku=True)
    found = figures(cut, by_piece(totals, cut, read.currency), read.unit)
    groups = margins(by_month(grouped(usage, kind, read.currency), cut), found.months, kind, read.unit)
    return Side(usage, cut, groups, sum(found.months))


async def _prices(read: Read, ranges: list[tuple[Any, Any]]) -> Prices:
    rows = await read.database.fetch(
        script("trends/prices.sql"),
        organization=read.scope.organization,
        currency=read.currency,
        since=[since for since, _ in ranges],
        until=[until for _, until in ranges],
    )
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    for row in rows:
        found[row["sku"]][row["place"]] = row
    prices = Prices()
    for sku, both in found.items():
        if len(both) == len(ranges):
            if len(both[1]["prices"]) == 1 and both[1]["prices"] == both[2]["prices"]:
                prices.same.add(sku)
            if both[1]["by_month"] and both[2]["by_month"]:
                prices.by_month.add(sku)
    return prices


def _changes(read: Read, before: Side, after: Side, prices: Prices, uids: dict[Key, str]) -> dict[str, Any]:
    parts = _parts(read, before, after, prices)
    changes = []
    for key in {**after.groups.units, **before.groups.units}:
        old, new = before.groups.total(key), after.groups.total(key)
        changes.append((key, Changed(old, new, apportion_signed(parts[key], new - old, read.unit))))
    changes.sort(key=lambda one: (-abs(one[1].after - one[1].before), one[0].name or "", one[0].namespace or ""))
    shown, others = changes[: read.asked.limit], [one for _, one in changes[read.asked.limit :]]
    total = Changed.sum([one for _, one in changes])
    difference = after.total - before.total
    body = {
        "total": read.amount(before.total),
        "difference": read.amount(difference),
        "ratio": ratio(difference, before.total),
        **{name: read.amount(part) for name, part in zip(PARTS, total.parts, strict=True)},
        "groups": [key_json(key, uids) | one.json(read) for key, one in shown],
        "rest": {"groups": len(others)} | Changed.sum(others).json(read) if others else None,
    }
    if read.asked.kind == "project":
        body["rounding"] = read.amount(difference - (total.after - total.before))
    return body


def _parts(read: Read, before: Side, after: Side, prices: Prices) -> dict[Key, list[int]]:
    """Exact parts of the difference of each group, in units of 10^-21."""
    old, new = (_sums(side, read.asked.kind, read.currency, prices) for side in (before, after))
    found: dict[Key, list[int]] = defaultdict(lambda: [0] * len(PARTS))
    for key, sku in {**old, **new}:
        parts = _split(old.get((key, sku), _NOTHING), new.get((key, sku), _NOTHING), same_price=sku in prices.same)
        found[key] = [one + other for one, other in zip(found[key], parts, strict=True)]
    return found


_NOTHING = (Fraction(0), 0)


def _split(old: tuple[Fraction, int], new: tuple[Fraction, int], *, same_price: bool) -> tuple[int, int, int, int]:
    (old_quantity, old_amount), (quantity, amount) = old, new
    difference = amount - old_amount
    if not old_quantity:
        return 0, 0, difference, 0
    if not quantity:
        return 0, 0, 0, difference
    if same_price:
        return difference, 0, 0, 0
    volume = round((quantity - old_quantity) * old_amount / old_quantity)
    return volume, difference - volume, 0, 0


def _sums(side: Side, kind: Kind, currency: str, prices: Prices) -> dict[tuple[Key, int | None], tuple[Fraction, int]]:
    """The quantity and the exact amount of each group and SKU."""
    found: dict[tuple[Key, int | None], tuple[Fraction, int]] = {}
    for one in side.usage:
        if one.currency == currency:
            key = key_of(one, kind), one.sku
            quantity, amount = found.get(key, _NOTHING)
            found[key] = (quantity + _quantity(one, side, prices), amount + sum(one.amounts))
    return found


def _quantity(usage: Usage, side: Side, prices: Prices) -> Fraction:
    """In months for a price by the month."""
    if usage.sku not in prices.by_month:
        return sum((Fraction(quantity) for quantity in usage.quantities), Fraction(0))
    months = [side.frame.months[side.frame.pieces[piece].month] for piece in usage.pieces]
    hours = [(month.ends - month.starts) // HOUR for month in months]
    return sum((Fraction(one) / length for one, length in zip(usage.quantities, hours, strict=True)), Fraction(0))
