"""The rows of a project's cost in a range of time: by SKU, workload and unit price, as those of a month."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.explanations.asked import filters_json, refuse_long
from billing_service.explanations.organization import value_of
from billing_service.explanations.project import MOST_ROWS, rest_of, row_of
from billing_service.figures.adjustments import read_adjustments, shown_adjustments
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, rfc3339
from billing_service.ledger.script import script
from billing_service.money import exact_sum
from billing_service.trends.asked import Asked, refuse
from billing_service.trends.calendar import Month
from billing_service.trends.read import Read, read_all
from billing_service.trends.usage import MOST_LINES, Scope

_SAME = ("sku", "workload", "source", "price", "unit_price")
_SUMS = ("hours", "quantity", "amount")


async def explain_range(
    database: Database, organization: str, namespace: str, asked: Asked, now: datetime | None = None
) -> dict[str, Any]:
    """Raises BadRequest (400), ProjectNotFound (404), PriceMissing, AmountTooLarge (409), DataChanging (503)."""
    return await consistent(lambda: _read(database, Scope(organization, namespace=namespace), asked, now))


async def _read(database: Database, scope: Scope, asked: Asked, now: datetime | None) -> dict[str, Any]:
    read = await read_all(database, scope, asked, now)
    refuse_long(read.range)
    lines = sum(sum(one.lines) for one in read.totals)
    if lines > MOST_LINES:
        refuse("to", f"needs {lines} usage lines, and at most {MOST_LINES} are read: use a shorter range")
    body = await _body(read)
    [version] = await database.fetch(VERSION, organization=scope.organization)
    if not read.clock.data_version == read.facts["data_version"] == version["number"]:
        raise DataChanged
    return body


async def _body(read: Read) -> dict[str, Any]:
    parts: list[DictRow] = []
    corrections: list[DictRow] = []
    for month, life in zip(read.range.months, read.reader.lives or [], strict=True):
        if life is not None:  # the organization owned the project in the month
            parts += await _lines(read, month, life)
            own = ((read.scope.namespace or "", life),)
            corrections += await read_adjustments(read.database.fetch, read.scope.organization, month.period, own)
    rows = _merged(parts)
    exact, value = exact_sum(row["amount"] or Decimal(0) for row in rows), value_of(read)
    _, missing = read.coverage.of_months(read.range.months)
    return {
        **facts(read.facts),
        "complete_through": rfc3339(read.coverage.complete_through(read.range.months)),
        "incomplete_hours": missing,
        "namespace": read.scope.namespace,
        "figure": None,
        "period": None,
        **filters_json(read.asked),
        "from": rfc3339(read.range.since),
        "to": rfc3339(read.range.until),
        "value": value,
        "exact": exact,
        "rounding": None if value is None else exact_sum([value, exact.copy_negate()]),
        "rows": [row_of(row) for row in rows[:MOST_ROWS]],
        "rest": rest_of(rows[MOST_ROWS:]),
        **shown_adjustments(corrections),
    }


async def _lines(read: Read, month: Month, life: int) -> list[DictRow]:
    filters = read.reader.filters
    return await read.database.fetch(
        script("explanations/project.sql"),
        organization=read.scope.organization,
        namespace=read.scope.namespace,
        life=life,
        since=month.since,
        until=month.until,
        currency=read.currency,
        component=None,
        skus=filters.skus,
        workloads=filters.include.of("workload") or None,
        without_workloads=filters.exclude.of("workload"),
    )


def _merged(parts: list[DictRow]) -> list[DictRow]:
    """A row for all months, the largest first. Rows of one month are different already."""
    found: dict[tuple[Any, ...], DictRow] = {}
    for part in parts:
        row = found.setdefault(tuple(part[name] for name in _SAME), part)
        if row is not part:
            row.update({name: _sum(row[name], part[name]) for name in _SUMS})
    return sorted(found.values(), key=lambda row: (row["amount"] is None, -(row["amount"] or Decimal(0)), row["sku"]))


def _sum(one: Decimal | int | None, other: Decimal | int | None) -> Decimal | int | None:
    if one is None or other is None:
        return None
    return one + other if isinstance(one, int) else exact_sum([one, Decimal(other)])
