"""What the billing service replies about budgets."""

from typing import Any

from common.model import EXAMPLE_ID
from tests.kit.billing import AS_OF, BillingService

BODY = {
    "name": "November",
    "scope": {"kind": "project", "namespace": "acme-web"},
    "amount": 500,
    "currency": "EUR",
    "thresholds": [
        {"basis": "actual", "percent": 80},
        {"basis": "forecast", "percent": 100, "probability": 0.8},
    ],
}
SETTINGS = {"project_users_write": True}
ROUTE = "/api/billing/budgets"
BODIES = {
    f"POST {ROUTE}": BODY,
    f"PUT {ROUTE}/{{id}}": BODY,
    f"POST {ROUTE}/preview": BODY,
    f"PUT {ROUTE}/settings": SETTINGS,
}
PATH = "/api/organization/{organization}/budgets"
THRESHOLDS = [
    {"id": "actual-80", "basis": "actual", "percent": 80, "amount": None, "probability": None},
    {"id": "forecast-100-0.8", "basis": "forecast", "percent": 100, "amount": None, "probability": 0.8},
]


def written(namespace: str | None = "acme-web", **changes: Any) -> dict[str, Any]:
    kind = "organization" if namespace is None else "project"
    budget = {
        "id": EXAMPLE_ID,
        "name": "November",
        "scope": {"kind": kind, "namespace": namespace, "label": None},
        "amount": 500,
        "currency": "EUR",
        "period": "month",
        "thresholds": THRESHOLDS,
        "channels": [],
        "notify_on": ["firing", "resolved"],
        "rollover": False,
        "version": 3,
    }
    return budget | changes


def current(**changes: Any) -> dict[str, Any]:
    period = {
        "start": "2026-10-31T23:00:00.000Z",
        "end": "2026-11-30T23:00:00.000Z",
        "limit": 500,
        "spent": 412.34,
        "forecast": 455.1,
        "breach_probability": 0.04,
        "expected_breach_date": None,
        "complete_through": AS_OF,
        "reason": None,
    }
    return period | changes


def budget(namespace: str | None = "acme-web", **changes: Any) -> dict[str, Any]:
    states = [{"state": "firing", "since": AS_OF}, {"state": "ok", "since": None}]
    thresholds = [one | state for one, state in zip(THRESHOLDS, states, strict=True)]
    shown = written(namespace) | {
        "thresholds": thresholds,
        "current": current(),
        "may_change": True,
        "created_at": AS_OF,
        "updated_at": AS_OF,
    }
    return shown | changes


def history(namespace: str | None = "acme-web", **changes: Any) -> dict[str, Any]:
    change = {"kind": "change", "at": AS_OF, "action": "create", "actor": "alice", "before": None}
    alert = {
        "kind": "alert",
        "at": AS_OF,
        "id": EXAMPLE_ID,
        "version": 3,
        "period_start": "2026-11-01",
        "threshold": "actual-80",
        "status": "firing",
        "spent": 400.1,
        "forecast": 455.1,
        "probability": 0.04,
        "limit": 500,
        "currency": "EUR",
    }
    entries = [alert, change | {"after": written(namespace)}]
    return {"id": EXAMPLE_ID, "entries": entries, "more": False} | changes


def preview(**changes: Any) -> dict[str, Any]:
    thresholds = [
        {"id": "actual-80", "fired_at": AS_OF, "late_hours": 2, "warned_in_vain": None},
        {"id": "forecast-100-0.8", "fired_at": AS_OF, "late_hours": None, "warned_in_vain": True},
    ]
    period = {name: current()[name] for name in ("start", "end", "limit", "spent", "reason")}
    return {
        "periods": [period | {"thresholds": thresholds}],
        "summary": [
            {"threshold": "actual-80", "fired": 1, "in_vain": None},
            {"threshold": "forecast-100-0.8", "fired": 1, "in_vain": 1},
        ],
        **changes,
    }


def choices(**changes: Any) -> dict[str, Any]:
    return {"channels": [{"id": EXAMPLE_ID, "name": "operations", "kind": "email", "enabled": True}], **changes}


def _own(service: BillingService, organization: str, _: str) -> str:
    """A project that the caller sees, because a reply about another one is refused."""
    return [*service.namespaces_of(organization), *sorted(service.owners), "acme-web"][0]


def _all(*of: Any) -> dict[str, Any]:
    """The list, and the reply to a POST. The list of a caller who sees no project is empty."""
    one = budget(_own(*of))
    sees = of[0].of_anybody or of[0].owners
    return {"may_create": True, "budgets": [one] if sees else [], **one}


REPLIES = {
    PATH: _all,
    f"{PATH}/{{id}}": lambda *of: budget(_own(*of)),
    f"{PATH}/{{id}}/history": lambda *of: history(_own(*of)),
    f"{PATH}/preview": lambda *_: preview(),
    f"{PATH}/channels": lambda *_: choices(),
    f"{PATH}/settings": lambda *_: SETTINGS,
}
