"""What the billing service replies about the rows of a figure."""

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


REPLIES = {"/api/project/{namespace}/explain": _reply}
