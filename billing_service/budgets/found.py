"""What was found about a budget in a period: the limit, what is spent, and how the period is expected to end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from billing_service.budgets.thresholds import Found


@dataclass(frozen=True)
class Finding:
    """`first`: the first local day of the period. `at`: the end of the newest hour of the ledger.

    `limit`, `spent`, `forecast`: None if not known; `reason`: why the first of them is not. `at_least`: something
    is missing in `spent`. `probabilities`: by threshold.
    """

    first: date
    start: datetime
    end: datetime
    at: datetime
    data_version: int
    limit: Decimal | None
    spent: Decimal | None
    at_least: bool
    forecast: Decimal | None
    breach_probability: Decimal | None
    expected_breach_date: date | None
    complete_through: datetime | None
    reason: str | None
    probabilities: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def compared(self) -> Found:
        return Found(self.spent, self.at_least, self.probabilities)

    def but(self, **changes: Any) -> Self:
        return type(self)(**{one.name: getattr(self, one.name) for one in fields(self)} | changes)

    def to_json(self) -> dict[str, Any]:
        """Numbers are text, so that they stay exact."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        given = {one.name: stored[one.name] for one in fields(cls)}
        for name in ("first", "expected_breach_date"):
            given[name] = given[name] and date.fromisoformat(given[name])
        for name in ("start", "end", "at", "complete_through"):
            given[name] = given[name] and datetime.fromisoformat(given[name])
        for name in ("limit", "spent", "forecast", "breach_probability"):
            given[name] = None if given[name] is None else Decimal(given[name])
        given["probabilities"] = {name: Decimal(value) for name, value in given["probabilities"].items()}
        return cls(**given)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
