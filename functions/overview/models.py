"""The response of /overview, and the reply of the billing service."""

from typing import Self

from pydantic import Field

from common.access.roles import Namespace
from common.billing.resource import Resource
from common.billing.summary import BillingSummary, SummaryReply
from common.model import Count, NamespaceName, WireModel
from common.money.amount import RATE_DIGITS, Amount, rounded


class ComputeInstances(WireModel):
    running_pods: Count
    running_vms: Count
    cpu_cores: Amount
    memory_gib: Amount
    cost_per_hour: Amount = Field(description="Compute part of the run rate")


class CostBreakdown(WireModel):
    """The parts of `current_month_total`."""

    cpu_cost: Amount
    memory_cost: Amount
    storage_cost: Amount
    network_cost: Amount
    public_ip_cost: Amount


class Overview(WireModel):
    namespace: NamespaceName
    billing_summary: BillingSummary
    compute_instances: ComputeInstances
    cost_breakdown: CostBreakdown

    def rounded(self) -> Self:
        """Rounds all amounts to the currency's minor unit."""
        currency = self.billing_summary.currency
        compute, parts = self.compute_instances, self.cost_breakdown
        rate = rounded(compute.cost_per_hour, currency, RATE_DIGITS)
        return self.model_copy(
            update={
                "billing_summary": self.billing_summary.rounded(),
                "compute_instances": compute.model_copy(update={"cost_per_hour": rate}),
                "cost_breakdown": parts.model_copy(update={k: rounded(v, currency) for k, v in parts}),
            }
        )


class OverviewReply(WireModel):
    billing_summary: SummaryReply
    compute_instances: ComputeInstances
    cost_breakdown: CostBreakdown


def _to_data(reply: OverviewReply, namespace: Namespace) -> Overview:
    overview = Overview.model_construct(
        namespace=namespace.name,
        billing_summary=reply.billing_summary,
        compute_instances=reply.compute_instances,
        cost_breakdown=reply.cost_breakdown,
    )
    return overview.rounded()


OVERVIEW = Resource("overview", "/api/project/{namespace}/overview", OverviewReply, _to_data)
