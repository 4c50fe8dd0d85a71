"""Parameters and response of /overview, and the reply of the billing service."""

from typing import Any, Self

from pydantic import Field, model_validator

from common.access.roles import Namespace
from common.billing.resource import Resource
from common.billing.summary import BillingSummary, ProjectFiguresReply
from common.model import Count, NamespaceName, WireModel
from common.money.amount import RATE_DIGITS, Amount, SignedAmount, round_known
from common.money.shares import Share, shares


class ComputeInstances(WireModel):
    running_pods: Count
    running_vms: Count
    cpu_cores: Amount
    memory_gib: Amount
    cost_per_hour: Amount | None = Field(description="Compute part of the run rate. Null for an earlier month")


class CostBreakdown(WireModel):
    """The parts of `current_month_total`. Their sum is the total."""

    cpu_cost: Amount
    memory_cost: Amount
    storage_cost: Amount
    network_cost: Amount
    public_ip_cost: Amount
    gpu_cost: Amount | None = Field(default=None, description="Only if there is such usage")
    other_cost: Amount | None = Field(default=None, description="Only if there is such usage")


class CostShares(WireModel):
    """The parts of `current_month_total` as shares of it. Their sum is 1."""

    cpu_cost: Share
    memory_cost: Share
    storage_cost: Share
    network_cost: Share
    public_ip_cost: Share
    gpu_cost: Share | None = Field(default=None, description="Only if there is such usage")
    other_cost: Share | None = Field(default=None, description="Only if there is such usage")


class Overview(WireModel):
    namespace: NamespaceName
    billing_summary: BillingSummary
    compute_instances: ComputeInstances
    cost_breakdown: CostBreakdown
    cost_shares: CostShares | None = Field(description="Null if the cost of the month is 0")
    adjustments: SignedAmount | None = Field(
        default=None, description="Corrections of closed months that count in this month, apart from its total"
    )


class OverviewReply(ProjectFiguresReply):
    compute_instances: ComputeInstances
    cost_breakdown: CostBreakdown
    adjustments: SignedAmount | None = None

    @model_validator(mode="after")
    def _null_rate_has_a_reason(self) -> Self:
        if (self.compute_instances.cost_per_hour is None) != (self.billing_summary.total_cost_per_hour is None):
            raise ValueError("only one of the two rates is null")
        return self


def _to_data(reply: OverviewReply, namespace: Namespace) -> Overview:
    """Rounds all amounts to the currency's minor unit."""
    currency = reply.billing_summary.currency
    compute = reply.compute_instances
    parts: dict[str, Any] = {name: round_known(part, currency) for name, part in reply.cost_breakdown}
    rate = round_known(compute.cost_per_hour, currency, RATE_DIGITS)
    return Overview.model_construct(
        namespace=namespace.name,
        billing_summary=reply.billing_summary.to_summary(),
        compute_instances=compute.model_copy(update={"cost_per_hour": rate}),
        cost_breakdown=CostBreakdown.model_construct(**parts),
        cost_shares=_shares(parts),
        adjustments=round_known(reply.adjustments, currency),
    )


def _shares(parts: dict[str, Any]) -> CostShares | None:
    known = {name: part for name, part in parts.items() if part is not None}
    found = shares(list(known.values()))
    if found is None:
        return None
    members: dict[str, Any] = dict(zip(known, found, strict=True))
    return CostShares.model_construct(**members)


OVERVIEW = Resource("overview", "/api/project/{namespace}/overview", OverviewReply, _to_data, required=True)
