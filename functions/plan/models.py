"""The response of /plan, and the reply of the billing service."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from common.access.roles import Organization
from common.billing.fees import Fee
from common.billing.resource import Resource
from common.model import Count, Moment, Month, NamespaceName, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum

MOST_PROJECTS = 10_000
MOST_DIMENSIONS = 100

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class PlanEntry(WireModel):
    id: Text | None = Field(description="Null: the platform does not name the plan of a suspended subscription")
    name: Text | None
    monthly_price: Amount | None = Field(default=None, description="Price of a complete month")


class PlanAddon(WireModel):
    id: Text
    name: Text
    quantity: Count
    monthly_price: Amount | None = Field(default=None, description="Price of one add-on for a complete month")


class PlanSubscription(WireModel):
    state: Text = Field(
        description="As the platform states it, such as active or past_due. none: there is no plan, and usage is paid"
    )
    since: Moment | None = Field(description="Begin of this plan with these add-ons. Null: it has no begin")
    suspended: bool = Field(description="The quota is that of the suspended plan, and nothing is paid")


class PlanFees(WireModel):
    """The fees of the running month, as in the statement."""

    lines: list[Fee]
    total: Amount = Field(description="Sum of the complete month, in its currency. Rounded once")


class Exhaustion(WireModel):
    """The forecast of the requests, from their days so far."""

    earliest: Day | None = Field(description="By the upper bound of the forecast's interval")
    latest: Day | None = Field(description="By the lower bound of the forecast's interval")
    horizon_days: Count
    history_days: Count = Field(description="Number of days that the forecast is made from")
    quality: Text | None = Field(description="Of the forecast. Null: there is nothing to forecast from")


class QuotaProject(WireModel):
    namespace: NamespaceName
    requested: Amount | None
    used: Amount | None
    limit: Amount | None = Field(description="Of the project's own quota. Null: it has none")


class QuotaDimension(WireModel):
    """Amounts are exact, in `unit`. Null: not known, or not limited. It is never 0 instead."""

    dimension: Literal["cpu", "memory", "storage", "pods", "public_ipv4", "object_storage", "gpu"]
    profile: Text | None = Field(description="Of a GPU")
    unit: Text
    plan: Amount | None = Field(description="What the plan grants, or the suspended plan")
    addons: SignedAmount | None = Field(description="What the add-ons grant together")
    entitled: Amount | None = Field(description="plan and addons")
    enforced: Amount | None = Field(description="What the platform enforces. It includes room for system pods")
    limit: Amount | None = Field(description="The smaller one of entitled and enforced")
    requested: Amount | None = Field(
        description="What blocks a tenant at the limit. source ledger: the larger one of request and use, as metered"
    )
    used: Amount | None = Field(description="In the newest hour, as metered: the larger one of request and use")
    left: SignedAmount | None = Field(description="limit minus requested. Null for a project-user")
    exhausted_on: Day | None = Field(
        description="Day on which the median of the forecast reaches the limit. Today if nothing is left. Null: not "
        "within `exhaustion.horizon_days`, or `exhaustion` is null"
    )
    exhaustion: Exhaustion | None = Field(
        description="Null: there is no limit, no request is known, or the caller is a project-user"
    )
    projects: Annotated[list[QuotaProject], Field(max_length=MOST_PROJECTS)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        known = [amount for amount in (self.entitled, self.enforced) if amount is not None]
        if self.limit != min(known, default=None):
            raise ValueError("limit is not the smaller one of entitled and enforced")
        if self.plan is not None and self.addons is not None and exact_sum([self.plan, self.addons]) != self.entitled:
            raise ValueError("plan and addons do not add up to entitled")
        if self.left is not None and exact_sum([self.left, self.requested or Decimal(0)]) != self.limit:
            raise ValueError("left is not limit minus requested")
        return self


class Quota(WireModel):
    source: Literal["platform", "ledger", "none"] = Field(
        description="platform: status.quotaUsage of the platform's resources. ledger: metered usage. none: not known"
    )
    last_updated: Moment | None = Field(description="When the platform measured it")
    read_at: Moment | None = Field(description="When the billing service read it")
    dimensions: Annotated[list[QuotaDimension], Field(max_length=MOST_DIMENSIONS)]


class PlanReply(WireModel):
    period: Month
    plan: PlanEntry | None = Field(description="Null: the organization has no plan, and pays by usage")
    addons: list[PlanAddon]
    subscription: PlanSubscription
    monthly_price: Amount | None = Field(default=None, description="Of plan and add-ons, for a complete month")
    fees: PlanFees | None = None
    quota: Quota


class Plan(PlanReply):
    """Prices, `fees`, `left` and `exhaustion` are of the organization: only an org-admin gets them."""

    scope: Scope


def _to_data(reply: PlanReply, organization: Organization) -> Plan:
    """Lines of the organization are left out for a project-user, also if the billing service sends them."""
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    data = Plan.model_construct(**dict(reply), scope=scope)
    if names is None:
        return data
    own = {
        "plan": reply.plan and reply.plan.model_copy(update={"monthly_price": None}),
        "addons": [addon.model_copy(update={"monthly_price": None}) for addon in reply.addons],
        "monthly_price": None,
        "fees": None,
        "quota": reply.quota.model_copy(update={"dimensions": [_own(one) for one in reply.quota.dimensions]}),
    }
    return data.model_copy(update=own)


def _own(dimension: QuotaDimension) -> QuotaDimension:
    return dimension.model_copy(update={"left": None, "exhausted_on": None, "exhaustion": None})


PLAN = Resource("plan", "/api/organization/{organization}/plan", PlanReply, _to_data)
