"""A budget as it is stored, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, LiteralString, Self
from uuid import UUID

_EXACT = Context(prec=100)

COLUMNS: LiteralString = """
    organization, id, name, namespace, label_key, label_value, amount, currency, period, thresholds, channels,
    notify_on, rollover, version, created_at, updated_at
"""


@dataclass(frozen=True)
class Label:
    key: str
    value: str


@dataclass(frozen=True)
class BudgetScope:
    """`namespace` None: the complete organization. `label`: only the workloads with it."""

    namespace: str | None
    label: Label | None = None

    @property
    def kind(self) -> str:
        if self.label is not None:
            return "label"
        return "organization" if self.namespace is None else "project"

    def to_json(self) -> dict[str, Any]:
        label = None if self.label is None else {"key": self.label.key, "value": self.label.value}
        return {"kind": self.kind, "namespace": self.namespace, "label": label}


@dataclass(frozen=True)
class Threshold:
    """Either `percent` of the period's limit, or an `amount`. `probability` (0.01 to 1) with the basis forecast only.

    `id` is made of the other members: it stays the same when the budget gets a new version.
    """

    id: str
    basis: str  # actual or forecast
    percent: Decimal | None
    amount: Decimal | None
    probability: Decimal | None

    def of(self, limit: Decimal) -> Decimal:
        """The exact amount above which it fires. `limit`: of the period."""
        if self.percent is None:
            return self.amount or Decimal(0)
        return _EXACT.divide(_EXACT.multiply(limit, self.percent), Decimal(100))

    def to_json(self) -> dict[str, Any]:
        """Numbers are text, so that they stay exact."""
        numbers = {"percent": self.percent, "amount": self.amount, "probability": self.probability}
        texts = {name: None if number is None else f"{number:f}" for name, number in numbers.items()}
        return {"id": self.id, "basis": self.basis, **texts}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        numbers = {
            name: None if stored[name] is None else Decimal(stored[name])
            for name in ("percent", "amount", "probability")
        }
        return cls(id=stored["id"], basis=stored["basis"], **numbers)


@dataclass(frozen=True)
class Budget:
    """`amount` of one `period`: month, quarter or year of the organization's time zone.

    `rollover`: what was left of the period before is added, at most one period's amount.
    """

    organization: str
    id: UUID
    name: str
    scope: BudgetScope
    amount: Decimal
    currency: str
    period: str
    thresholds: tuple[Threshold, ...]
    channels: tuple[UUID, ...]
    notify_on: tuple[str, ...]  # firing, resolved
    rollover: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Of a row with COLUMNS."""
        label = None if row["label_key"] is None else Label(row["label_key"], row["label_value"])
        return cls(
            organization=row["organization"],
            id=row["id"],
            name=row["name"],
            scope=BudgetScope(row["namespace"] or None, label),
            amount=row["amount"],
            currency=row["currency"],
            period=row["period"],
            thresholds=tuple(map(Threshold.from_json, row["thresholds"])),
            channels=tuple(row["channels"]),
            notify_on=tuple(row["notify_on"]),
            rollover=row["rollover"],
            version=row["version"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )


@dataclass(frozen=True)
class State:
    """`state`: ok, pending, firing or resolved. `since`: an hour of the ledger, UTC; None if it was never evaluated."""

    state: str
    since: datetime | None


@dataclass(frozen=True)
class Standing:
    """Of the running period, which is half-open and in UTC. None: it cannot be decided, for the `reason`.

    Amounts are rounded to the digits of the currency. `breach_probability` is from 0 to 1; `expected_breach_date` is a
    day of the organization's time zone. `states` by the id of the threshold.
    """

    start: datetime
    end: datetime
    limit: Decimal | None  # with what was left of the period before
    spent: Decimal | None
    forecast: Decimal | None
    breach_probability: Decimal | None
    expected_breach_date: date | None
    complete_through: datetime | None
    reason: str | None
    states: Mapping[str, State]
