"""An explanation as text, for a terminal."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any


def table(explained: dict[str, Any]) -> Iterator[str]:
    """One line for each row, then the sum: exact amounts, the rounding, and the figure that is shown."""
    owner = explained.get("namespace") or explained["organization"]
    yield f"{owner} {explained['figure']} {explained['period']}, {explained['currency']}"
    yield f"from {explained['from']} to {explained['to']}, {explained['period_state']}"
    yield from map(_row, explained["rows"])
    if explained["rest"]:
        yield f"{explained['rest']['rows']} more rows = {explained['rest']['amount']:f}"
    yield f"exact {explained['exact']:f}"
    if explained["value"] is not None:
        yield f"rounding {explained['rounding']:f}"
        yield f"shown {explained['value']:f}"
    for adjustment in explained["adjustments"]:
        name = f"{adjustment['id']}:" if "id" in adjustment else f"in {adjustment['currency']}:"
        yield f"adjustment {name} {adjustment['amount']:f} {adjustment.get('reason', '')}".rstrip()
    for rest in explained.get("adjustments_rest", []):
        yield f"{rest['rows']} more adjustments in {rest['currency']}: {rest['amount']:f}"


def _row(row: dict[str, Any]) -> str:
    """Of a project its workload and hours; of an organization its project."""
    about = f"{row['workload']:<24} {row['hours']:>6} h" if "workload" in row else f"{row['namespace']:<33}"
    amount = row["amount"] or Decimal(0)
    return f"{row['sku']:<24} {about}  {row['quantity']:f} {row['unit']} x {_price(row['price'])} = {amount:f}"


def _price(price: dict[str, Any] | None) -> str:
    if price is None:
        return "no price"
    unit_price = "by steps" if price["unit_price"] is None else f"{price['unit_price']:f}"
    per = " per month" if price.get("rating") == "month" else ""
    return f"{unit_price}{per} (price {price['id']})"
