"""What the billing service replies about channels and deliveries."""

from typing import Any

from common.model import EXAMPLE_ID
from tests.kit.billing import AS_OF, BillingService

BODY = {
    "name": "operations",
    "target": {
        "kind": "webhook",
        "url": "https://hooks.example.com/billing",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    },
}
BODIES = {"POST /api/billing/channels": BODY, "PUT /api/billing/channels/{id}": BODY}
PATH = "/api/organization/{organization}"


def channel(**changes: Any) -> dict[str, Any]:
    reply = {
        "id": EXAMPLE_ID,
        "name": "operations",
        "enabled": True,
        "target": {"kind": "webhook", "url": "https://hooks.example.com/billing"},
        "secret_set": True,
        "created_at": AS_OF,
        "updated_at": AS_OF,
    }
    return reply | changes


def delivery(**changes: Any) -> dict[str, Any]:
    reply = {
        "id": EXAMPLE_ID,
        "message_id": f"msg_{EXAMPLE_ID.replace('-', '')}",
        "channel": EXAMPLE_ID,
        "channel_name": "operations",
        "kind": "webhook",
        "state": "pending",
        "title": "Test of operations",
        "events": 1,
        "attempts": 0,
        "created_at": AS_OF,
        "next_attempt_at": AS_OF,
        "settled_at": None,
        "reason": None,
        "explanation": None,
        "status": None,
    }
    return reply | changes


def history(**changes: Any) -> dict[str, Any]:
    entry = {"at": AS_OF, "actor": "alice", "before": None, "after": None, "secret_changed": None, "delivery": None}
    entries = [
        entry | {"action": "test", "delivery": EXAMPLE_ID},
        entry | {"action": "change", "before": channel(), "after": channel(name="new"), "secret_changed": True},
        entry | {"action": "create", "after": channel()},
    ]
    return {"id": EXAMPLE_ID, "entries": entries, "more": False} | changes


def _all(_: BillingService, __: str, ___: str) -> dict[str, Any]:
    """The list, and the reply to a POST."""
    return {"channels": [channel()], **channel()}


def _one(_: BillingService, __: str, ___: str) -> dict[str, Any]:
    return channel()


def _history(_: BillingService, __: str, ___: str) -> dict[str, Any]:
    return history()


def _delivery(_: BillingService, __: str, ___: str) -> dict[str, Any]:
    return delivery()


def _deliveries(_: BillingService, __: str, ___: str) -> dict[str, Any]:
    return {"deliveries": [delivery()]}


REPLIES = {
    f"{PATH}/channels": _all,
    f"{PATH}/channels/{{id}}": _one,
    f"{PATH}/channels/{{id}}/history": _history,
    f"{PATH}/channels/{{id}}/test": _delivery,
    f"{PATH}/deliveries": _deliveries,
    f"{PATH}/deliveries/{{id}}/retry": _delivery,
}
