"""What the billing service replies about the statement of an organization."""

from decimal import Decimal
from typing import Any

from tests.kit.billing import BillingService


def project(namespace: str, amount: float) -> dict[str, Any]:
    line = {"sku": "cpu_core_hour", "component": "cpu", "unit": "core hour", "quantity": 1, "amount": amount}
    return {"namespace": namespace, "uid": "", "lines": [line], "total": amount}


def statement(amounts: dict[str, float], **changes: Any) -> dict[str, Any]:
    total = float(sum(Decimal(str(amount)) for amount in amounts.values()))
    reply = {
        "period": "2025-10",
        "projects": [project(name, amount) for name, amount in amounts.items()],
        "rounding": 0,
        "usage_total": total,
        "unrated_lines": 0,
        "adjustments": [],
        "fees": [],
        "invoiced": {"fees": 0, "usage": total, "adjustments": 0, "total": total},
        "other_currencies": [],
    }
    return reply | changes


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    return statement({name: service.amount(name) for name in service.namespaces_of(organization)})


REPLIES = {"/api/organization/{organization}/statement": _reply}
