"""What the billing service replies about the figures of now."""

from typing import Any

from tests.kit.billing import AMOUNT, BillingService

FIGURES = {"month_to_date": AMOUNT, "run_rate": 2.3251, "hour_to_date": 0.5813}
COMPLETE = "2025-10-01T15:00:00Z"


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    return {
        "data_version": 7,
        "currency": "EUR",
        "complete_through": COMPLETE,
        "period": "2025-10",
        "estimated_at": "2025-10-01T15:15:00Z",
        "total": {**FIGURES, "unrated_lines": 0},
        "projects": [
            {"namespace": name, **FIGURES, "complete_through": COMPLETE, "error": None}
            for name in service.namespaces_of(organization)
        ],
    }


REPLIES = {"/api/organization/{organization}/live": _reply}
