"""An explanation as a CSV file: `amount` of all rows adds up to `amount` of the total."""

from collections.abc import Iterator
from typing import Final

from common.billing.adjustments import Adjustment
from common.endpoint import Call
from common.http.response import Result
from common.http.table import Row as TableRow
from common.http.table import Table
from functions.explain.models import ExplainParameters, Explanation, Price, Row

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


def explanation_table(call: Call[ExplainParameters, None], result: Result[Explanation]) -> Table:
    del call
    data, currency = result.value, result.quality.currency
    total: TableRow = {
        "row": "total",
        "amount": data.value,
        "currency": currency,
        "from": data.from_,
        "to": data.to,
    }
    name = f"explain-{data.namespace}-{data.figure}-{data.period}"
    return Table(name, COLUMNS, _rows(data, currency), total)


def _rows(data: Explanation, currency: str | None) -> Iterator[TableRow]:
    yield from (_usage(row, currency) for row in data.rows)
    if data.rest is not None:
        yield {"row": f"{data.rest.rows} more rows", "amount": data.rest.amount, "currency": currency}
    if data.rounding is not None:
        yield {"row": "rounding", "amount": data.rounding, "currency": currency}
    yield from map(_adjustment, data.adjustments)


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


def _price(price: Price) -> TableRow:
    return {
        "price": price.id,
        "price_list": price.list,
        "unit_price": price.unit_price,
        "valid_from": price.valid_from,
        "valid_until": price.valid_until,
    }


def _adjustment(adjustment: Adjustment) -> TableRow:
    """It counts in the month, apart from the figure."""
    return {
        "row": "adjustment",
        "sku": adjustment.sku,
        "workload": adjustment.refers_to.workload if adjustment.refers_to else None,
        "quantity": adjustment.quantity,
        "adjustment": adjustment.amount,
        "reason": adjustment.reason,
        "currency": adjustment.currency,
    }
