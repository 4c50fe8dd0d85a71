"""What the billing service replies about the rows of a figure."""

from decimal import Decimal
from typing import Any

from tests.kit.billing import BillingService


def explanation(amount: float = 12.5, **changes: Any) -> dict[str, Any]:
    price = {"id": 1, "list": None, "unit_price": amount, "valid_from": "2025-01-01T00:00:00Z", "valid_until": None}
    row = {
        "sku": "cpu_core_hour",
        "component": "cpu",
        "unit": "core hour",
        "workload": "Deployment/api",
        "source": "meter",
        "hours": 1,
        "quantity": 1,
        "amount": amount,
        "price": price,
    }
    reply = {
        "figure": "current_month_total",
        "period": "2025-10",
        "from": "2025-10-01T00:00:00Z",
        "to": "2025-10-01T15:00:00Z",
        "value": amount,
        "exact": amount,
        "rounding": 0,
        "rows": [row],
        "rest": None,
        "adjustments": [],
    }
    return reply | changes


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del organization
    return explanation(service.amount(namespace))


def project_row(namespace: str, amount: float) -> dict[str, Any]:
    price = {
        "id": 1,
        "list": None,
        "rating": "unit",
        "unit_price": amount,
        "valid_from": "2025-01-01T00:00:00Z",
        "valid_until": None,
    }
    return {
        "namespace": namespace,
        "uid": "",
        "sku": "cpu_core_hour",
        "component": "cpu",
        "unit": "core hour",
        "quantity": 1,
        "amount": amount,
        "price": price,
    }


def organization_explanation(amounts: dict[str, float], **changes: Any) -> dict[str, Any]:
    total = float(sum(Decimal(str(amount)) for amount in amounts.values()))
    reply = {
        "figure": "current_month_total",
        "period": "2025-10",
        "include": [],
        "exclude": [],
        "from": "2025-10-01T00:00:00Z",
        "to": "2025-11-01T00:00:00Z",
        "value": total,
        "exact": total,
        "rounding": 0,
        "rows": [project_row(namespace, amount) for namespace, amount in amounts.items()],
        "rest": None,
        "adjustments": [],
        "other_currencies": {},
        "unrated_lines": 0,
    }
    return reply | changes


def _organization_reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    return organization_explanation({name: service.amount(name) for name in service.namespaces_of(organization)})


REPLIES = {
    "/api/project/{namespace}/explain": _reply,
    "/api/organization/{organization}/explain": _organization_reply,
}
