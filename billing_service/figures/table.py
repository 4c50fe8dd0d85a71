"""An explanation as text, for a terminal."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any


def table(explained: dict[str, Any]) -> Iterator[str]:
    """One line for each row, then the sum: exact amounts, the rounding, and the figure that is shown."""
    yield f"{explained['namespace']} {explained['figure']} {explained['period']}, {explained['currency']}"
    yield f"from {explained['from']} to {explained['to']}, {explained['period_state']}"
    for row in explained["rows"]:
        price = row["price"]
        unit_price = f"{price['unit_price']:f} (price {price['id']})" if price else "no price"
        yield (
            f"{row['sku']:<24} {row['workload']:<24} {row['hours']:>6} h  {row['quantity']:f} {row['unit']} x "
            f"{unit_price} = {row['amount'] or Decimal(0):f}"
        )
    if explained["rest"]:
        yield f"{explained['rest']['rows']} more rows = {explained['rest']['amount']:f}"
    yield f"exact {explained['exact']:f}"
    if explained["value"] is not None:
        yield f"rounding {explained['rounding']:f}"
        yield f"shown {explained['value']:f}"
    for adjustment in explained["adjustments"]:
        yield f"adjustment {adjustment['id']}: {adjustment['amount']:f} {adjustment['reason']}"
