"""What the billing service replies about a forecast."""

from decimal import Decimal
from typing import Any

from tests.kit.billing import BillingService


def forecast(spent: float, **changes: Any) -> dict[str, Any]:
    """An hour before the end of October 2025: one and a half remain, from one to two."""
    remaining = {"p50": 1.5, "low": 1, "high": 2}
    total = {name: float(Decimal(str(spent)) + Decimal(str(amount))) for name, amount in remaining.items()}
    reply = {
        "period": "2025-10",
        "horizon": "month_end",
        "level": 80,
        "from": "2025-10-01T00:00:00Z",
        "until": "2025-11-01T00:00:00Z",
        "spent": spent,
        "remaining": remaining,
        "total": total,
        "days": [
            {"date": "2025-10-30", "p50": 1, "low": 0.5, "high": 1.25},
            {"date": "2025-10-31", "p50": 0.5, "low": 0.25, "high": 1},
        ],
        "method": "weighted_models",
        "quality": "ok",
        "backtest": {"origins": 40, "error": 0.0312, "coverage": 0.8125},
        "unrated_lines": 0,
    }
    return reply | changes


def _of_project(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del organization
    return {"namespace": namespace, **forecast(service.amount(namespace))}


def _of_organization(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    names = service.namespaces_of(organization)
    total = sum(Decimal(str(service.amount(name))) for name in names)
    fees = {"spent": 30, "remaining": 19, "total": 49}
    return forecast(float(total), fees=fees)


REPLIES = {
    "/api/project/{namespace}/forecast": _of_project,
    "/api/organization/{organization}/forecast": _of_organization,
}
