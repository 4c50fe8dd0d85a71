"""What the billing service replies about the projects of an organization."""

from typing import Any

from tests.kit.billing import BillingService, billing_summary


def _reply(service: BillingService, organization: str, namespace: str) -> dict[str, Any]:
    del namespace
    names = service.namespaces_of(organization)
    return {"projects": [{"namespace": n, "billing_summary": billing_summary(service.amount(n))} for n in names]}


REPLIES = {"/api/organization/{organization}/projects": _reply}
