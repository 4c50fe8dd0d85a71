"""What the billing service replies about the cost of a range."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.kit.billing import BillingService

BEGIN = datetime(2025, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 31


def bucket(day: int, amount: float | None, **changes: Any) -> dict[str, Any]:
    """The first day has the amount, the others are not there yet."""
    begin = BEGIN + day * DAY
    body = {
        "from": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{begin + DAY:%Y-%m-%dT%H:%M:%SZ}",
        "amount": amount,
        "complete": amount is not None,
        "state": "future" if amount is None else "complete",
        "incomplete_hours": 0,
    }
    return body | ({} if amount is None else {"groups": [amount]}) | changes


def trend(amount: float = 12.5, **changes: Any) -> dict[str, Any]:
    reply = {
        "granularity": "day",
        "group_by": "component",
        "from": "2025-10-01T00:00:00Z",
        "to": "2025-11-01T00:00:00Z",
        "total": amount,
        "groups": [{"name": "cpu", "amount": amount}],
        "rest": None,
        "buckets": [bucket(day, None if day else amount) for day in range(DAYS)],
        "adjustments": [],
        "other_currencies": {},
        "unrated_lines": 0,
    }
    return reply | changes


def _of_project(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del organization
    return trend(service.amount(namespace))


def _of_organization(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    amounts = [Decimal(str(service.amount(name))) for name in service.namespaces_of(organization)]
    return trend(float(sum(amounts)))


REPLIES = {
    "/api/project/{namespace}/trend": _of_project,
    "/api/organization/{organization}/trend": _of_organization,
}
