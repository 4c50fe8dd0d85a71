"""What the billing service replies about one project."""

from typing import Any

from tests.kit.billing import AMOUNT, BillingService, billing_summary


def overview(amount: float = AMOUNT) -> dict[str, Any]:
    return {
        "billing_summary": billing_summary(amount),
        "compute_instances": {
            "running_pods": 10,
            "running_vms": 1,
            "cpu_cores": 2.4,
            "memory_gib": 8.8,
            "cost_per_hour": 0.15,
        },
        "cost_breakdown": {
            "cpu_cost": 989.45,
            "memory_cost": 445.23,
            "storage_cost": 212.63,
            "network_cost": 0.00,
            "public_ip_cost": 25.00,
        },
    }


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del organization
    return overview(service.amount(namespace))


REPLIES = {"/api/project/{namespace}/overview": _reply}
