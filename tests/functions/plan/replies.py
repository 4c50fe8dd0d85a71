"""What the billing service replies about the plan of an organization."""

from decimal import Decimal
from typing import Any

from tests.kit.billing import BillingService

EXHAUSTION = {
    "earliest": "2025-11-11",
    "latest": None,
    "horizon_days": 90,
    "history_days": 60,
    "quality": "ok",
}


def dimension(amounts: dict[str, float], **changes: Any) -> dict[str, Any]:
    requested = sum((Decimal(str(amount)) for amount in amounts.values()), Decimal(0))
    reply = {
        "dimension": "cpu",
        "profile": None,
        "unit": "core",
        "plan": 8000,
        "addons": 16000,
        "entitled": 24000,
        "enforced": 24500.5,
        "limit": 24000,
        "requested": float(requested),
        "used": 2.25,
        "left": float(24000 - requested),
        "exhausted_on": "2025-11-20",
        "exhaustion": EXHAUSTION,
        "projects": [
            {"namespace": name, "requested": amount, "used": None, "limit": None} for name, amount in amounts.items()
        ],
    }
    return reply | changes


def plan(amounts: dict[str, float], **changes: Any) -> dict[str, Any]:
    fee = {
        "kind": "plan",
        "id": "pro-pool",
        "quantity": 1,
        "currency": "EUR",
        "monthly_price": 49,
        "hours": 744,
        "amount": 49,
        "from": "2025-10-01T00:00:00Z",
        "to": "2025-11-01T00:00:00Z",
    }
    quota = {
        "source": "platform",
        "last_updated": "2025-10-01T14:59:30Z",
        "read_at": "2025-10-01T15:00:00Z",
        "dimensions": [dimension(amounts)],
    }
    reply = {
        "period": "2025-10",
        "plan": {"id": "pro-pool", "name": "Pro Pool", "monthly_price": 49},
        "addons": [{"id": "turbo-x1", "name": "turbo-x1", "quantity": 8, "monthly_price": 9}],
        "subscription": {"state": "active", "since": None, "suspended": False},
        "monthly_price": 121,
        "fees": {"lines": [fee], "total": 49},
        "quota": quota,
    }
    return reply | changes


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    return plan({name: service.amount(name) for name in service.namespaces_of(organization)})


REPLIES = {"/api/organization/{organization}/plan": _reply}
