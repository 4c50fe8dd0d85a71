"""What the billing service replies about planned resources, and a body."""

from typing import Any

from tests.kit.billing import BillingService

MACHINE = {"kind": "VirtualMachine", "cpu": "4", "memory": "8Gi", "count": 3}
BODIES = {"POST /api/billing/quote": {"resources": [MACHINE]}}


def line(amount: float, **changes: Any) -> dict[str, Any]:
    price = {
        "id": 1,
        "list": None,
        "unit_price": 0.0325,
        "per": "unit",
        "from_quantity": None,
        "counted_before": None,
        "valid_from": "2025-01-01T00:00:00Z",
        "valid_until": None,
    }
    members = {"sku": "cpu_core_hour", "component": "cpu", "unit": "core hour", "quantity": 8760}
    return members | {"amount": amount, "price": price} | changes


def quota(requested: float = 3.5, **changes: Any) -> dict[str, Any]:
    row = {
        "dimension": "cpu",
        "unit": "core",
        "limit": 16,
        "requested": requested,
        "planned": 12,
        "left_now": 16 - requested,
        "left_after": 4 - requested,
    }
    plan = {"id": "scale-pool", "name": "Scale Pool", "monthly_price": 99}
    addon = {"id": "turbo-x1", "name": "turbo-x1", "monthly_price": 9, "quantity": 2}
    option = {"plan": plan, "addons": [addon], "monthly_price": 117, "difference": 68}
    reply = {
        "source": "platform",
        "dimensions": [row],
        "fits": False,
        "exceeded": ["cpu"],
        "unknown": [],
        "upgrade": {"state": "cheapest", "option": option},
    }
    return reply | changes


def quote(**changes: Any) -> dict[str, Any]:
    reply = {
        "resources": [
            {
                "kind": "VirtualMachine",
                "name": None,
                "count": 3,
                "hours_per_month": 730,
                "cpu": 4,
                "memory": 8,
                "storage": 0,
                "public_ips": 0,
            }
        ],
        "components": [{"component": "cpu", "per_hour": 0.39, "per_month": 284.7}],
        "total": {"per_hour": 0.39, "per_month": 284.7, "exact": 284.7, "rounding": 0},
        "lines": [line(284.7)],
        "price_missing": [],
        "not_in_quote": [],
        "on_plan": True,
        "quota": quota(),
    }
    return reply | changes


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    """What others request is in what is left: it is a figure of the organization."""
    del namespace
    return quote(quota=quota(sum(service.amount(name) for name in service.namespaces_of(organization)[:1])))


REPLIES = {"/api/organization/{organization}/quote": _reply}
