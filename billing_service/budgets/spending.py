"""What a scope has spent in a period, by the rules of the trend: so it is the figure that trend and overview show.

The figure of each month is rounded once, and a period is the sum of its months. A label has its part of the month by
largest remainder.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing_service.budgets.calendar import Clock, Period
from billing_service.budgets.model import Budget
from billing_service.database import Reads
from billing_service.errors import BadRequest, PriceMissing
from billing_service.figures.summary import LARGEST_AMOUNT, too_large
from billing_service.ledger.script import script
from billing_service.trends.asked import MOST_GROUPS, Asked, Granularity
from billing_service.trends.calendar import Ends, Month, Range, read_range
from billing_service.trends.coverage import Coverage, read_coverage
from billing_service.trends.filters import Filters
from billing_service.trends.frame import Frame, coarse, frame
from billing_service.trends.groups import by_month, figures, margins
from billing_service.trends.read import read_lives, refuse_unpriced
from billing_service.trends.response import Seen, seen_by_bucket
from billing_service.trends.rounding import decimal, unit_of
from billing_service.trends.usage import Key, Reader, Scope, Usage, by_piece, check_lines, grouped


@dataclass(frozen=True)
class Spending:
    """`spent` None: it is not known, for the `reason`: one of REASONS. `at_least`: some of it is missing in `spent`."""

    spent: Decimal | None
    at_least: bool
    reason: str | None
    complete_through: datetime | None


REASONS = {
    "currency_differs": "the organization has another currency than the budget",
    "other_currencies": "a part of the cost is in another currency, and not in the figure",
    "price_missing": "usage has no price",
    "not_metered": "no usage was ever metered",
    "project_not_found": "the organization does not have the project in this period",
    "too_many_lines": "the period has too many usage lines for the figure of a label",
}


@dataclass(frozen=True)
class Terms:
    currency: str
    digits: int


@dataclass(frozen=True)
class Ledger:
    """The usage of a scope in a range, by month or day. `of_label`: the groups of its label, by the same pieces."""

    given: Range
    frame: Frame
    coverage: Coverage
    totals: list[Usage]
    of_label: list[Usage] | None

    def own(self, budget: Budget) -> Iterator[Usage]:
        """Of the budget's label only."""
        value = budget.scope.label and budget.scope.label.value
        return (one for one in self.of_label or () if one.key.name == value)

    def exact(self, budget: Budget) -> list[int]:
        """Of each piece, in units of 10^-21."""
        usage = self.totals if self.of_label is None else self.own(budget)
        return by_piece(usage, self.frame, budget.currency)


async def spending(reads: Reads, budget: Budget, clock: Clock, period: Period) -> Spending:
    """Raises AmountTooLarge (409)."""
    if clock.as_of is None:
        return unknown("not_metered")
    terms = await read_terms(reads, clock, period)
    if terms is None or budget.currency != terms.currency:
        return unknown("currency_differs")
    try:
        ledger = await read_ledger(reads, budget, clock, (period.first, period.last), "month")
    except PriceMissing:
        return unknown("price_missing")
    except BadRequest:
        return unknown("too_many_lines")
    if ledger is None:
        return unknown("project_not_found")
    return of_months(ledger, budget, terms.digits, ledger.given.months)


async def read_ledger(
    reads: Reads, budget: Budget, clock: Clock, days: tuple[date, date], by: Granularity
) -> Ledger | None:
    """Of the local days from the first to the last one. None: the organization has no such project then.

    Raises PriceMissing (409) of a project, BadRequest (400) if too many lines must be read: of a label, or by the hour.
    """
    scope, label = Scope(budget.organization, budget.scope.namespace), budget.scope.label
    asked = Asked(by, "label", label.key if label else None, None, None, MOST_GROUPS, None, Filters())
    given = await read_range(reads, budget.organization, Ends(*days), by)
    lives, _ = await read_lives(reads, scope, given.months, clock.moment)
    if lives is not None and all(life is None for life in lives):
        return None
    reader, whole = Reader(reads, scope, lives, Filters(), quantities=False), coarse(given)
    cut = whole if by == "month" else frame(given, by)
    coverage = await read_coverage(reads, scope, given.months, lives, clock.as_of)
    if by == "hour":
        check_lines(await reader.by_sku(whole), asked)
    totals = await reader.by_sku(cut, hourly=by == "hour")
    await refuse_unpriced(reader, totals, given.months)
    groups = None
    if label is not None:
        check_lines(totals, asked)
        groups = await reader.by_group(cut, asked, by_sku=False)
    return Ledger(given, cut, coverage, totals, groups)


def of_months(ledger: Ledger, budget: Budget, digits: int, months: Sequence[Month]) -> Spending:
    """Of these months of the range. Raises AmountTooLarge (409)."""
    known, _ = ledger.coverage.of_months(months)
    whole = _seen(ledger, ledger.totals, months, budget.currency)
    if not (known or whole.lines or whole.others):
        return unknown("not_metered")
    seen = whole if ledger.of_label is None else _seen(ledger, ledger.own(budget), months, budget.currency)
    reason = _missing(seen)
    if not (whole.has_amount and seen.has_amount):
        return unknown(reason or _missing(whole) or "not_metered")
    figure = _figure(ledger, budget, digits, months)
    if figure > LARGEST_AMOUNT:
        raise too_large(budget.scope.namespace or budget.organization)
    return Spending(figure, reason is not None, reason, ledger.coverage.complete_through(months))


def _seen(ledger: Ledger, usage: Iterable[Usage], months: Sequence[Month], currency: str) -> Seen:
    """The lines of the months as one bucket."""
    pieces = [
        piece._replace(bucket=int(ledger.frame.months[piece.month] not in months)) for piece in ledger.frame.pieces
    ]
    bucket = ledger.frame.buckets[0]
    frame = Frame([bucket, bucket], pieces, ledger.frame.months, [], [], [])
    return seen_by_bucket(usage, frame, currency)[0]


def _missing(seen: Seen) -> str | None:
    return "price_missing" if seen.unrated else "other_currencies" if seen.others else None


def _figure(ledger: Ledger, budget: Budget, digits: int, months: Sequence[Month]) -> Decimal:
    unit, label, frame = unit_of(digits), budget.scope.label, ledger.frame
    units = figures(frame, by_piece(ledger.totals, frame, budget.currency), unit).months
    if label is not None and ledger.of_label is not None:
        sums = by_month(grouped(ledger.of_label, "label", budget.currency), frame)
        units = margins(sums, units, "label", unit).units.get(Key(label.value), [0] * len(units))
    of_period = [one for one, month in zip(units, frame.months, strict=True) if month in months]
    return decimal(sum(of_period), digits)


async def read_terms(reads: Reads, clock: Clock, period: Period) -> Terms | None:
    """In the newest hour of the period. None: the organization was not registered then."""
    rows = await reads.fetch(
        script("budgets/terms.sql"), organization=clock.organization, newest=clock.newest, ends=period.ends
    )
    return Terms(**rows[0]) if rows else None


def unknown(reason: str) -> Spending:
    return Spending(None, False, reason, None)
