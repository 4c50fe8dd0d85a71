"""Some projects of a closed month, out of its stored statement: always the same bytes, as those of the organization.

The facts are those of the day on which the month was closed, its data version too. A unit or a uid that was changed
later is as it was. Only the total comes from the ledger, because the statement has no exact sums. The statement has no
lives: the lives of a namespace are in it in the order of the ledger.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.rows import DictRow

from billing_service import strict_json
from billing_service.currencies import DIGITS
from billing_service.figures.adjustments import MOST_ADJUSTMENTS, largest, shown_adjustments
from billing_service.figures.lives import Lives
from billing_service.money import exact_sum, rounded
from billing_service.render import text

_LARGEST_BYTES = 1_000_000
_OF_THE_ORGANIZATION = ("fees", "invoiced", "fees_total")


@dataclass(frozen=True)
class Ledger:
    """`usage`: exact sums of the namespaces in the month, by life and SKU. `lives`: those that the caller sees.

    `adjustments`: of these lives. They never change.
    """

    usage: Sequence[DictRow]
    adjustments: Sequence[DictRow]
    lives: Lives

    def exact(self, currency: str) -> Decimal:
        return _exact((row for row in self.usage if (row["namespace"], row["life"]) in self.lives), currency)

    def seen(self, projects: Iterable[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
        """Of the projects of the statement in this currency."""
        found = dict.fromkeys((row["namespace"], row["life"]) for row in self.usage if row["currency"] == currency)
        lives: dict[str, list[int]] = {}
        for namespace, life in found:
            lives.setdefault(namespace, []).append(life)
        shown = []
        for project in projects:
            namespace = project["namespace"]
            if lives.get(namespace) and (namespace, lives[namespace].pop(0)) in self.lives:
                shown.append(project)
        return shown


def short(statement: str) -> str:
    """JSON. An earlier version kept all adjustments: of a statement that no function can read, the largest are sent."""
    if len(statement.encode()) <= _LARGEST_BYTES:
        return statement
    kept = strict_json.loads(statement)
    if len(kept["adjustments"]) <= MOST_ADJUSTMENTS:
        return statement
    return text(kept | largest(kept["adjustments"], kept.get("adjustments_rest", ())))


def of_projects(statement: str, ledger: Ledger, namespaces: Sequence[str]) -> dict[str, Any]:
    """`statement`: JSON, of the organization."""
    kept = strict_json.loads(statement)
    currency, digits = kept["currency"], kept["currency_digits"]
    others = [_other(section, ledger) for section in kept["other_currencies"]]
    return _of_projects(kept) | {
        "namespaces": list(namespaces),
        **_section(kept, digits, ledger, currency),
        **shown_adjustments(ledger.adjustments),
        "adjustments_total": rounded(_exact(ledger.adjustments, currency), digits),
        "other_currencies": [section for section in others if section is not None],
    }


def _of_projects(kept: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in _OF_THE_ORGANIZATION}


def _exact(rows: Iterable[dict[str, Any]], currency: str) -> Decimal:
    return exact_sum(row["amount"] for row in rows if row["currency"] == currency)


def _section(kept: dict[str, Any], digits: int, ledger: Ledger, currency: str) -> dict[str, Any]:
    projects = ledger.seen(kept["projects"], currency)
    total = rounded(ledger.exact(currency), digits)
    rounding = total - exact_sum(project["total"] for project in projects)
    return {"projects": projects, "rounding": rounding, "usage_total": total}


def _other(kept: dict[str, Any], ledger: Ledger) -> dict[str, Any] | None:
    """None: these projects have nothing in this currency."""
    currency, digits = kept["currency"], DIGITS[kept["currency"]]
    section = _section(kept, digits, ledger, currency)
    total = rounded(_exact(ledger.adjustments, currency), digits)
    found = section["projects"] or any(one["currency"] == currency for one in ledger.adjustments)
    return _of_projects(kept) | section | {"adjustments_total": total} if found else None
