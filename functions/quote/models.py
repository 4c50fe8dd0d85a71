"""The response of /quote, and the reply of the billing service."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Organization
from common.billing.resource import Resource
from common.model import Count, Moment, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum
from functions.quote.body import MOST_RESOURCES, QuoteBody

__all__ = ["QUOTE", "Quote", "QuoteBody"]

MOST_LINES = 10_000
MOST_NAMES = 1000


class QuotedResource(WireModel):
    """How a resource of the body was read. Amounts are of one of them."""

    kind: Text
    name: Text | None
    count: Count
    hours_per_month: Count
    cpu: Amount = Field(description="Cores")
    memory: Amount = Field(description="GiB")
    storage: Amount = Field(description="GiB")
    public_ips: Count


class QuotedComponent(WireModel):
    """Null: a part of it has no price."""

    component: Text
    per_hour: Amount | None = Field(description="While everything runs. Rounded, with 4 digits more than the currency")
    per_month: Amount | None = Field(description="Rounded. The components add up to the total")


class QuotedTotal(WireModel):
    """Null: a part has no price."""

    per_hour: Amount | None
    per_month: Amount | None = Field(description="Rounded once from the exact sum of the lines")
    exact: Amount | None
    rounding: SignedAmount | None = Field(description="per_month minus exact")


class QuotedPrice(WireModel):
    """The row of the price list that is used."""

    id: Count
    list: Text | None = Field(description="The organization whose own price list has it. Null: the general list")
    unit_price: Amount
    per: Literal["unit", "month"] = Field(description="month: for a unit that is there in every hour of a month")
    from_quantity: Amount | None = Field(description="Where this step of the price begins. Null: it has no steps")
    counted_before: Amount | None = Field(
        description="The organization's quantity of a month, from which the steps go on. Null: it has no steps"
    )
    valid_from: Moment | None = Field(description="Null: it has no begin")
    valid_until: Moment | None = Field(description="Null: no end is known")


class QuotedLine(WireModel):
    sku: Text
    component: Text
    unit: Text
    quantity: Amount = Field(description="Of a month")
    amount: Amount = Field(description="Exact, not rounded")
    price: QuotedPrice


class NotInQuote(WireModel):
    """A part of a manifest that requests nothing: what it uses is billed."""

    pointer: Text = Field(description="JSON pointer into the body")
    reason: Text


class QuotedDimension(WireModel):
    """Null: not known, or not limited."""

    dimension: Text
    unit: Text
    limit: Amount | None
    requested: Amount | None = Field(description="Now, by all projects")
    planned: Amount
    left_now: SignedAmount | None
    left_after: SignedAmount | None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.left_now is not None:
            if exact_sum([self.left_now, self.requested or Decimal(0)]) != self.limit:
                raise ValueError("left_now is not limit minus requested")
            if self.left_after is None or exact_sum([self.left_after, self.planned]) != self.left_now:
                raise ValueError("left_after is not left_now minus planned")
        return self


class OptionPlan(WireModel):
    id: Text
    name: Text
    monthly_price: Amount


class OptionAddon(OptionPlan):
    quantity: Count


class UpgradeOption(WireModel):
    """The complete configuration, and not only what is added."""

    plan: OptionPlan
    addons: list[OptionAddon]
    monthly_price: Amount = Field(description="Of plan and add-ons, for a complete month")
    difference: SignedAmount | None = Field(description="To the monthly price now")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        addons = [addon.monthly_price * addon.quantity for addon in self.addons]
        if exact_sum([self.plan.monthly_price, *addons]) != self.monthly_price:
            raise ValueError("plan and addons do not add up to monthly_price")
        return self


class Upgrade(WireModel):
    state: Literal["not_needed", "cheapest", "none_fits", "suspended", "unknown"] = Field(
        description="cheapest: `option` is the cheapest one that is sold. none_fits: nothing that is sold is enough. "
        "suspended: the subscription is suspended. unknown: it cannot be decided"
    )
    option: UpgradeOption | None


class QuotedQuota(WireModel):
    source: Literal["platform", "ledger", "none"]
    dimensions: list[QuotedDimension]
    fits: bool | None = Field(description="Null: it cannot be decided, because `unknown` is not known")
    exceeded: list[Text] = Field(description="Dimensions of which too little is left")
    unknown: list[Text] = Field(description="Planned dimensions of which it is not known what is left")
    upgrade: Upgrade


class QuoteReply(WireModel):
    resources: Annotated[list[QuotedResource], Field(max_length=MOST_RESOURCES)]
    components: list[QuotedComponent]
    total: QuotedTotal
    lines: Annotated[list[QuotedLine], Field(max_length=MOST_LINES)]
    price_missing: Annotated[list[Text], Field(max_length=MOST_NAMES)] = Field(
        description="SKUs, and resources of Kubernetes, that have no price. Their cost is in no amount"
    )
    not_in_quote: list[NotInQuote]
    on_plan: bool = Field(
        description="The organization is on a plan: then usage is not invoiced, and this is list price"
    )
    quota: QuotedQuota | None = Field(default=None, description="Absent without a plan, and for a project-user")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.price_missing and self.total.per_month is not None:
            raise ValueError("a part has no price, and there is a total")
        if self.total.per_month is None or self.total.exact is None:
            return self
        for member, total in (("per_month", self.total.per_month), ("per_hour", self.total.per_hour)):
            parts = [getattr(component, member) or Decimal(0) for component in self.components]
            if exact_sum(parts) != total:
                raise ValueError(f"the components do not add up to {member}")
        if exact_sum(line.amount for line in self.lines) != self.total.exact:
            raise ValueError("the lines do not add up to exact")
        if exact_sum([self.total.exact, self.total.rounding or Decimal(0)]) != self.total.per_month:
            raise ValueError("rounding is not the difference of per_month and exact")
        return self


class Quote(QuoteReply):
    scope: Scope


def _to_data(reply: QuoteReply, organization: Organization) -> Quote:
    """The quota is of the organization: a project-user does not get it, also if the billing service sends it."""
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    data = Quote.model_construct(**dict(reply), scope=scope)
    return data if names is None else data.model_copy(update={"quota": None})


QUOTE = Resource("quote", "/api/organization/{organization}/quote", QuoteReply, _to_data, cached=False)
