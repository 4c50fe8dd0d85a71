"""A statement as a CSV file.

`amount` of the usage and rounding rows adds up to `amount` of the total of their currency. `invoiced` of its three rows
adds up to `invoiced` of the total of their currency. `exact` has fees and adjustments before they are rounded.
"""

from collections.abc import Iterator
from typing import Final

from common.billing.adjustments import Adjustment, AdjustmentsRest
from common.billing.fees import Fee
from common.endpoint import Call
from common.http.response import Result
from common.http.table import Cell, Row, Table
from functions.statement.models import Invoiced, Section, Statement, StatementParameters, StatementProject

COLUMNS: Final = (
    "row",
    "namespace",
    "uid",
    "item",
    "component",
    "unit",
    "quantity",
    "from",
    "to",
    "reason",
    "exact",
    "amount",
    "invoiced",
    "currency",
)


def statement_table(call: Call[StatementParameters, None], result: Result[Statement]) -> Table:
    del call
    data, currency = result.value, result.quality.currency
    total = _total(data, currency, data.invoiced)
    return Table(f"statement-{data.scope.organization}-{data.period}", COLUMNS, _rows(data, currency), total)


def _rows(data: Statement, currency: str | None) -> Iterator[Row]:
    for other in data.other_currencies:
        yield from _section(other, other.currency)
        if other.invoiced is not None:
            yield from _invoiced(other.invoiced, other.currency)
        yield _total(other, other.currency, other.invoiced)
    yield from _section(data, currency)
    yield from map(_fee, data.fees or [])
    yield from map(_adjustment, data.adjustments)
    yield from map(_more_adjustments, data.adjustments_rest)
    if data.invoiced is not None:
        yield from _invoiced(data.invoiced, currency)


def _section(section: Section, currency: str | None) -> Iterator[Row]:
    for project in section.projects:
        yield from _lines(project, currency)
    yield {"row": "rounding", "amount": section.rounding, "currency": currency}


def _lines(project: StatementProject, currency: str | None) -> Iterator[Row]:
    for line in project.lines:
        yield {
            "row": "usage",
            "namespace": project.namespace,
            "uid": project.uid,
            "item": line.sku,
            "component": line.component,
            "unit": line.unit,
            "quantity": line.quantity,
            "amount": line.amount,
            "currency": currency,
        }


def _total(section: Section, currency: str | None, invoiced: Invoiced | None) -> dict[str, Cell]:
    paid = None if invoiced is None else invoiced.total
    return {"row": "total", "amount": section.usage_total, "invoiced": paid, "currency": currency}


def _fee(fee: Fee) -> Row:
    return {
        "row": fee.kind,
        "item": fee.id,
        "unit": "hour",
        "quantity": fee.hours,
        "from": fee.from_,
        "to": fee.to,
        "exact": fee.amount,
        "currency": fee.currency,
    }


def _adjustment(adjustment: Adjustment) -> Row:
    return {
        "row": "adjustment" if adjustment.invoiced is not False else "adjustment not invoiced",
        "namespace": adjustment.namespace,
        "item": adjustment.sku,
        "quantity": adjustment.quantity,
        "from": adjustment.refers_to.hour if adjustment.refers_to else None,
        "reason": adjustment.reason,
        "exact": adjustment.amount,
        "currency": adjustment.currency,
    }


def _more_adjustments(rest: AdjustmentsRest) -> Row:
    row = f"{rest.rows} more adjustments{'' if rest.invoiced is not False else ' not invoiced'}"
    return {"row": row, "exact": rest.amount, "currency": rest.currency}


def _invoiced(invoiced: Invoiced, currency: str | None) -> Iterator[Row]:
    for name in ("fees", "usage", "adjustments"):
        yield {"row": f"invoiced {name}", "invoiced": getattr(invoiced, name), "currency": currency}
