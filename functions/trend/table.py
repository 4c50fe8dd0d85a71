"""A trend as a CSV file: one row for each bucket and group.

`amount` of the rows in a currency adds up to its total. A bucket without data is one row without an amount. The rows
`change` compare the groups with the earlier range; their columns are empty in all other rows but the last.
"""

from collections.abc import Iterator
from typing import Any, Final

from common.endpoint import Call
from common.http.response import Result
from common.http.table import Cell, Row, Table
from functions.trend.change import Changed, Comparison
from functions.trend.models import Bucket, ProjectTrend, TrendReply

CHANGE: Final = ("before", "after", "difference", "volume", "price", "new", "gone")
PARTS: Final = ("difference", "volume", "price", "new", "gone")
COLUMNS: Final = (
    "row",
    "from",
    "to",
    "name",
    "namespace",
    "uid",
    "amount",
    "complete",
    "state",
    "incomplete_hours",
    *CHANGE,
    "adjustment",
    "currency",
)


def trend_table(call: Call[Any, None], result: Result[Any]) -> Table:
    del call
    data: TrendReply = result.value
    owner = data.namespace if isinstance(data, ProjectTrend) else result.value.scope.organization
    total: dict[str, Cell] = {"row": "total", "from": data.from_, "to": data.to, "amount": data.total}
    if data.compare is not None:
        total |= {"before": data.compare.total, **{name: getattr(data.compare, name) for name in PARTS}}
    currency = result.quality.currency
    name = f"trend-{owner}-{data.from_:%Y-%m-%d}-{data.granularity}"
    return Table(name, COLUMNS, _rows(data, currency), total | {"currency": currency})


def _rows(data: TrendReply, currency: str | None) -> Iterator[Row]:
    for bucket in data.buckets:
        about = _about(bucket)
        yield from (about | part | {"currency": currency} for part in _parts(bucket, data))
        for code, amount in (bucket.other_currencies or {}).items():
            yield about | {"row": "other currency", "amount": amount, "currency": code}
    if data.compare is not None:
        yield from (change | {"currency": currency} for change in _changes(data.compare))
    for adjustment in data.adjustments:
        yield {
            "row": "adjustment",
            "name": adjustment.period,
            "adjustment": adjustment.amount,
            "currency": adjustment.currency,
        }


def _about(bucket: Bucket) -> dict[str, Cell]:
    return {
        "from": bucket.from_,
        "to": bucket.to,
        "complete": bucket.complete,
        "state": bucket.state,
        "incomplete_hours": bucket.incomplete_hours,
    }


def _parts(bucket: Bucket, data: TrendReply) -> Iterator[dict[str, Cell]]:
    if bucket.groups is None:
        yield {"row": "bucket"}
        return
    for group, amount in zip(data.groups, bucket.groups, strict=True):
        yield {
            "row": "group",
            "name": group.name,
            "namespace": group.namespace,
            "uid": group.uid,
            "amount": amount,
        }
    if data.rest is not None:
        yield {"row": "rest", "name": f"{data.rest.groups} more groups", "amount": bucket.rest}
    if bucket.rounding is not None:
        yield {"row": "rounding", "amount": bucket.rounding}


def _changes(compared: Comparison) -> Iterator[dict[str, Cell]]:
    for group in compared.groups:
        names: dict[str, Cell] = {"name": group.name, "namespace": group.namespace, "uid": group.uid}
        yield {"row": "change", **names, **_change(group)}
    if compared.rest is not None:
        yield {"row": "change", "name": f"{compared.rest.groups} more groups", **_change(compared.rest)}
    if compared.rounding is not None:
        yield {"row": "change rounding", "difference": compared.rounding}


def _change(changed: Changed) -> dict[str, Cell]:
    return {name: getattr(changed, name) for name in CHANGE}
