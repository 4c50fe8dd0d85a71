"""The rows of a figure of an organization, or of some of its projects: by project, SKU and price.

They come from sums by month and day, because an organization can have millions of lines. Where a price changes within
the range, the sums before and after it are read apart, with the lines of the day in which it changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from billing_service.database import Database
from billing_service.errors import AmountTooLarge
from billing_service.explanations.asked import Figure, filters_json, of_month, of_range, refuse_long
from billing_service.explanations.prices import Price, PriceLists, read_prices
from billing_service.explanations.project import MOST_ROWS, rest_of
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, refuse_future, rfc3339
from billing_service.figures.summary import LARGEST_AMOUNT
from billing_service.ledger.script import script
from billing_service.money import RATE_DIGITS, exact_sum, rounded
from billing_service.trends.asked import Asked, asked, refuse
from billing_service.trends.calendar import clock, ends_of, read_range
from billing_service.trends.frame import coarse
from billing_service.trends.groups import figures
from billing_service.trends.read import Read, read_all
from billing_service.trends.response import currencies, seen_by_bucket
from billing_service.trends.rounding import exact_decimal
from billing_service.trends.usage import Key, Scope, Usage, by_piece

MOST_CHANGES = 60
_HOURS = {"last_day_spend": 24, "total_cost_per_hour": 1}


class Cell(NamedTuple):
    """`price` None: usage without a price, or a quantity of 0, which needs none."""

    key: Key
    sku: int
    price: Price | None


@dataclass
class Sum:
    """Exact."""

    code: str
    component: str
    quantity: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)


async def explain_organization(
    database: Database, scope: Scope, about: Figure | Asked, now: datetime | None = None
) -> dict[str, Any]:
    """`about`: a figure of the billing summary, or a range of time.

    Raises BadRequest (400), OrganizationNotFound, PeriodNotFound (404), AmountTooLarge (409), DataChanging (503).
    """
    return await consistent(lambda: _read(database, scope, about, now))


async def _read(database: Database, scope: Scope, about: Figure | Asked, now: datetime | None) -> dict[str, Any]:
    if isinstance(about, Asked):
        named: dict[str, Any] = {"figure": None, "period": None}
        read = await read_all(database, scope, about, now)
    else:
        period, wanted = await _range_of(database, scope, about, now)
        named = {"figure": about.name, "period": period}
        read = await read_all(database, scope, wanted, now)
    refuse_long(read.range)
    body = named | await _body(read, about)
    [version] = await database.fetch(VERSION, organization=scope.organization)
    if not read.clock.data_version == read.facts["data_version"] == version["number"]:
        raise DataChanged
    return body


async def _range_of(database: Database, scope: Scope, figure: Figure, now: datetime | None) -> tuple[str, Asked]:
    """The month of the figure, and its hours. Raises PeriodNotFound (404), BadRequest (400)."""
    present, _ = await clock(database, scope.organization, asked({}, of_organization=True), now)
    running = present.today.replace(day=1)
    period = figure.period or running
    refuse_future({"period": period, "this_period": running})
    hours = _HOURS.get(figure.name)
    if hours is not None and period != running:
        refuse("figure", "is of the running month: a month that is over has no last day and no last hour")
    if hours is None or present.as_of is None:
        return f"{period:%Y-%m}", of_month(period)
    return f"{period:%Y-%m}", of_range(present.as_of - timedelta(hours=hours), present.as_of)


async def _body(read: Read, about: Figure | Asked) -> dict[str, Any]:
    rows = await _rows(read)
    exact = exact_sum(row["amount"] or Decimal(0) for row in rows)
    value = value_of(read) if isinstance(about, Asked) else _figure(read, about, exact)
    seen = seen_by_bucket(read.totals, read.frame, read.currency)
    _, missing = read.coverage.of_months(read.range.months)
    return {
        **facts(read.facts),
        "complete_through": rfc3339(read.coverage.complete_through(read.range.months)),
        "incomplete_hours": missing,
        "namespaces": read.scope.namespaces,
        **filters_json(read.asked),
        "from": rfc3339(read.range.since),
        "to": rfc3339(read.range.until),
        "value": value,
        "exact": exact,
        "rounding": None if value is None else exact_sum([value, exact.copy_negate()]),
        "rows": rows[:MOST_ROWS],
        "rest": rest_of(rows[MOST_ROWS:]),
        "adjustments": await _adjustments(read),
        "other_currencies": currencies(seen),
        "unrated_lines": sum(one.unrated for one in seen),
    }


def value_of(read: Read) -> Decimal | None:
    """The figure of a range as a trend has it: the sum of the rounded figures of its months. None: nothing is known.

    Raises AmountTooLarge (409).
    """
    months = figures(read.frame, by_piece(read.totals, read.frame, read.currency), read.unit).months
    if read.amount(max(months)) > LARGEST_AMOUNT:
        raise AmountTooLarge(f"An amount of {read.scope.namespace or read.scope.organization} is larger than 10^18")
    known, _ = read.coverage.of_months(read.range.months)
    seen = seen_by_bucket(read.totals, read.frame, read.currency)
    has_amount = any((known or one.lines) and one.has_amount for one in seen)
    return read.amount(sum(months)) if has_amount else None


def _figure(read: Read, figure: Figure, exact: Decimal) -> Decimal:
    """As the list of projects has it: rounded once. Raises AmountTooLarge (409)."""
    if exact > LARGEST_AMOUNT:
        raise AmountTooLarge(f"An amount of {read.scope.organization} is larger than 10^18")
    return rounded(exact, read.digits + (RATE_DIGITS if figure.name == "total_cost_per_hour" else 0))


async def _rows(read: Read) -> list[dict[str, Any]]:
    """The largest first."""
    skus = {one.sku for one in read.totals if one.sku is not None and one.currency == read.currency}
    lists = await read_prices(read, skus)
    sums: dict[Cell, Sum] = {}
    for since, until in _parts(read, lists):
        for one in await _usage(read, since, until):
            if one.currency == read.currency and one.sku is not None:
                _add(sums, one, one.sku, lists.of(one.sku, since))
    uids = await _uids(read, sums)
    order = sorted(sums, key=lambda cell: (-sums[cell].amount, _place(cell)))
    return [_row(cell, sums[cell], lists.units[cell.sku], uids) for cell in order]


def _parts(read: Read, lists: PriceLists) -> Sequence[tuple[datetime, datetime]]:
    """The range, cut where a price changes. Raises BadRequest (400)."""
    since, until = read.range.since, read.range.until
    changes = lists.changes(since, until)
    if len(changes) > MOST_CHANGES:
        refuse("to", f"has more than {MOST_CHANGES} changes of prices before it in this range: use a shorter range")
    return list(pairwise([since, *changes, until]))


async def _usage(read: Read, since: datetime, until: datetime) -> list[Usage]:
    given = read.range
    if (since, until) != (given.since, given.until):
        organization = read.scope.organization
        ends = await ends_of(read.database, organization, since, until)
        given = await read_range(read.database, organization, ends, "month")
    return await read.reader.with_quantities().by_group(coarse(given), read.asked, by_sku=True)


def _add(sums: dict[Cell, Sum], one: Usage, sku: int, price: Price | None) -> None:
    found = sums.setdefault(Cell(one.key, sku, price), Sum(one.code or "", one.component or ""))
    found.quantity = exact_sum([found.quantity, *one.quantities])
    found.amount = exact_sum([found.amount, *map(exact_decimal, one.amounts)])


def _place(cell: Cell) -> tuple[str, int, int, int]:
    return cell.key.namespace or "", cell.key.life or 0, cell.sku, cell.price.id if cell.price else 0


async def _uids(read: Read, sums: dict[Cell, Sum]) -> dict[tuple[str, int], str]:
    names = sorted({cell.key.namespace or "" for cell in sums})
    given = {"organization": read.scope.organization, "namespaces": names}
    rows = await read.database.fetch(script("trends/uids.sql"), **given)
    return {(row["namespace"], row["life"]): row["uid"] for row in rows}


def _row(cell: Cell, found: Sum, unit: str, uids: dict[tuple[str, int], str]) -> dict[str, Any]:
    """`amount` is exact, and null for usage without a price."""
    namespace, life = cell.key.namespace or "", cell.key.life or 0
    return {
        "namespace": namespace,
        "uid": uids.get((namespace, life), ""),
        "sku": found.code,
        "component": found.component,
        "unit": unit,
        "quantity": found.quantity,
        "amount": None if cell.price is None and found.quantity > 0 else found.amount,
        "price": cell.price and cell.price.json(),
    }


async def _adjustments(read: Read) -> list[dict[str, Any]]:
    """Corrections of closed months and credits by month and currency, rounded. They are in no other amount."""
    rows = await read.database.fetch(
        script("trends/adjustments.sql"),
        organization=read.scope.organization,
        namespaces=read.scope.names,
        **read.scope.own,
        periods=[month.period for month in read.range.months],
        lives=None,
    )
    return [
        {
            "period": f"{row['period']:%Y-%m}",
            "currency": row["currency"],
            "amount": rounded(row["amount"], row["digits"]),
        }
        for row in rows
    ]
