"""Some projects of a closed month, out of its stored statement: always the same bytes, as those of the organization.

The facts are those of the day on which the month was closed, its data version too. A unit or a uid that was changed
later is as it was. Only the total comes from the ledger, because the statement has no exact sums.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service import strict_json
from billing_service.currencies import DIGITS
from billing_service.money import exact_sum, rounded

_OF_THE_ORGANIZATION = ("fees", "invoiced", "fees_total")


def of_projects(statement: str, usage: Sequence[DictRow], namespaces: Sequence[str]) -> dict[str, Any]:
    """`statement`: JSON, of the organization. `usage`: exact sums of these projects in the month, by SKU."""
    kept = strict_json.loads(statement)
    names = set(namespaces)
    adjustments = [one for one in kept["adjustments"] if one["namespace"] in names]
    currency, digits = kept["currency"], kept["currency_digits"]
    others = [_other(section, usage, adjustments, names) for section in kept["other_currencies"]]
    return _of_projects(kept) | {
        "namespaces": list(namespaces),
        **_section(kept, digits, _exact(usage, currency), names),
        "adjustments": adjustments,
        "adjustments_total": rounded(_exact(adjustments, currency), digits),
        "other_currencies": [section for section in others if section is not None],
    }


def _of_projects(kept: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in _OF_THE_ORGANIZATION}


def _exact(rows: Iterable[dict[str, Any]], currency: str) -> Decimal:
    return exact_sum(row["amount"] for row in rows if row["currency"] == currency)


def _section(kept: dict[str, Any], digits: int, exact: Decimal, names: Collection[str]) -> dict[str, Any]:
    projects = [project for project in kept["projects"] if project["namespace"] in names]
    total = rounded(exact, digits)
    rounding = total - exact_sum(project["total"] for project in projects)
    return {"projects": projects, "rounding": rounding, "usage_total": total}


def _other(
    kept: dict[str, Any], usage: Sequence[DictRow], adjustments: list[dict[str, Any]], names: Collection[str]
) -> dict[str, Any] | None:
    """None: these projects have nothing in this currency."""
    currency, digits = kept["currency"], DIGITS[kept["currency"]]
    section = _section(kept, digits, _exact(usage, currency), names)
    total = rounded(_exact(adjustments, currency), digits)
    found = section["projects"] or any(one["currency"] == currency for one in adjustments)
    return _of_projects(kept) | section | {"adjustments_total": total} if found else None
