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


def month(period: str, amount: float, **changes: Any) -> dict[str, Any]:
    listed = {
        "period": period,
        "state": "closed",
        "currency": "EUR",
        "currency_digits": 2,
        "cost_basis": "usage",
        "usage_total": amount,
        "unrated_lines": 0,
        "invoiced_total": amount,
    }
    return listed | changes


def _months(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    total = sum(Decimal(str(service.amount(name))) for name in service.namespaces_of(organization))
    return {"months": [month("2025-10", float(total), state="open")]}


REPLIES = {
    "/api/organization/{organization}/statement": _reply,
    "/api/organization/{organization}/statements": _months,
}
