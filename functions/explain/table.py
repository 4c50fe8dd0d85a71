"""Explanations as CSV files: `amount` of all rows adds up to `amount` of the total."""

from collections.abc import Iterator
from typing import Final

from common.billing.adjustments import Adjustment, AdjustmentsRest, MonthAdjustment
from common.endpoint import Call
from common.http.response import Result
from common.http.table import Cell, Table
from common.http.table import Row as TableRow
from functions.explain.models import Explanation, ListedPrice, OrganizationExplanation, Price, ProjectRow, Row
from functions.explain.parameters import OrganizationParameters, ProjectParameters

COLUMNS: Final = (
    "row",
    "sku",
    "component",
    "unit",
    "workload",
    "source",
    "hours",
    "quantity",
    "price",
    "price_list",
    "unit_price",
    "valid_from",
    "valid_until",
    "amount",
    "adjustment",
    "reason",
    "currency",
    "from",
    "to",
)
OF_ORGANIZATION: Final = (
    "row",
    "namespace",
    "uid",
    "sku",
    "component",
    "unit",
    "quantity",
    "price",
    "price_list",
    "rating",
    "unit_price",
    "valid_from",
    "valid_until",
    "amount",
    "adjustment",
    "period",
    "currency",
    "from",
    "to",
)


def explanation_table(call: Call[ProjectParameters, None], result: Result[Explanation]) -> Table:
    del call
    data, currency = result.value, result.quality.currency
    name = f"explain-{data.namespace}-{_about(data)}"
    return Table(name, COLUMNS, _rows(data, currency), _total(data, currency))


def organization_table(call: Call[OrganizationParameters, None], result: Result[OrganizationExplanation]) -> Table:
    del call
    data, currency = result.value, result.quality.currency
    name = f"explain-{data.scope.organization}-{_about(data)}"
    return Table(name, OF_ORGANIZATION, _organization_rows(data, currency), _total(data, currency))


def _about(data: Explanation | OrganizationExplanation) -> str:
    return f"{data.from_:%Y-%m-%d}" if data.figure is None else f"{data.figure}-{data.period}"


def _total(data: Explanation | OrganizationExplanation, currency: str | None) -> TableRow:
    return {
        "row": "total",
        "amount": data.value,
        "currency": currency,
        "from": data.from_,
        "to": data.to,
    }


def _organization_rows(data: OrganizationExplanation, currency: str | None) -> Iterator[TableRow]:
    yield from (_project_usage(row, currency) for row in data.rows)
    yield from _rest_and_rounding(data, currency)
    yield from map(_month_adjustment, data.adjustments)


def _project_usage(row: ProjectRow, currency: str | None) -> TableRow:
    return {
        "row": "usage",
        "namespace": row.namespace,
        "uid": row.uid,
        "sku": row.sku,
        "component": row.component,
        "unit": row.unit,
        "quantity": row.quantity,
        **(_price(row.price) | {"rating": row.price.rating} if row.price else {}),
        "amount": row.amount,
        "currency": currency,
    }


def _month_adjustment(adjustment: MonthAdjustment) -> TableRow:
    return {
        "row": "adjustment",
        "adjustment": adjustment.amount,
        "period": adjustment.period,
        "currency": adjustment.currency,
    }


def _rows(data: Explanation, currency: str | None) -> Iterator[TableRow]:
    yield from (_usage(row, currency) for row in data.rows)
    yield from _rest_and_rounding(data, currency)
    yield from map(_adjustment, data.adjustments)
    yield from map(_more_adjustments, data.adjustments_rest)


def _rest_and_rounding(data: Explanation | OrganizationExplanation, currency: str | None) -> Iterator[TableRow]:
    if data.rest is not None:
        yield {"row": f"{data.rest.rows} more rows", "amount": data.rest.amount, "currency": currency}
    if data.rounding is not None:
        yield {"row": "rounding", "amount": data.rounding, "currency": currency}


def _usage(row: Row, currency: str | None) -> TableRow:
    return {
        "row": "usage",
        "sku": row.sku,
        "component": row.component,
        "unit": row.unit,
        "workload": row.workload,
        "source": row.source,
        "hours": row.hours,
        "quantity": row.quantity,
        **(_price(row.price) if row.price else {}),
        "amount": row.amount,
        "currency": currency,
    }


def _price(price: Price | ListedPrice) -> dict[str, Cell]:
    return {
        "price": price.id,
        "price_list": price.list,
        "unit_price": price.unit_price,
        "valid_from": price.valid_from,
        "valid_until": price.valid_until,
    }


def _more_adjustments(rest: AdjustmentsRest) -> TableRow:
    return {"row": f"{rest.rows} more adjustments", "adjustment": rest.amount, "currency": rest.currency}


def _adjustment(adjustment: Adjustment) -> TableRow:
    """It counts in the month, apart from the figure."""
    return {
        "row": "adjustment" if adjustment.invoiced is not False else "adjustment not invoiced",
        "sku": adjustment.sku,
        "workload": adjustment.refers_to.workload if adjustment.refers_to else None,
        "quantity": adjustment.quantity,
        "adjustment": adjustment.amount,
        "reason": adjustment.reason,
        "currency": adjustment.currency,
    }
