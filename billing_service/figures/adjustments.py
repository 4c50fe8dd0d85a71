"""How an adjustment is shown."""

from typing import Any

from psycopg.rows import DictRow

from billing_service.figures.facts import rfc3339


def shown(row: DictRow) -> dict[str, Any]:
    """`amount` is exact and signed. `refers_to` is the closed month, and the line of it, that it corrects.

    `invoiced` is false if the organization was on a plan in that hour.
    """
    names = ("id", "namespace", "sku", "quantity", "currency", "amount", "invoiced", "reason")
    refers = row["refers_period"] and {
        "period": f"{row['refers_period']:%Y-%m}",
        "hour": rfc3339(row["refers_hour"]),
        "workload": row["workload"],
    }
    return {name: row[name] for name in names} | {"refers_to": refers, "created_at": rfc3339(row["created_at"])}
