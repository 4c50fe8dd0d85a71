"""The responses of /explain, and the replies of the billing service."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Namespace, Organization
from common.billing.adjustments import Adjustment, AdjustmentsRest, MonthAdjustment
from common.billing.resource import Resource
from common.filters import Terms
from common.model import Count, Currency, Moment, Month, NamespaceName, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum
from functions.explain.parameters import Figure, SummaryFigure

LARGEST_NUMBER_OF_ROWS = 1000


class Price(WireModel):
    """The row of the price list that a row was rated with."""

    id: Count
    list: Text | None = Field(description="The organization whose own price list has it. Null: the general list")
    unit_price: Amount
    valid_from: Moment | None = Field(description="Null: it has no begin")
    valid_until: Moment | None = Field(description="Null: no end is known")


class Row(WireModel):
    sku: Text
    component: Text
    unit: Text
    workload: Text = Field(description="Kind/name, or - if the usage is not known by workload")
    source: Text
    hours: Count = Field(description="Number of hours with this usage")
    quantity: Amount
    amount: Amount | None = Field(description="Exact, not rounded. Null: the usage has no price")
    price: Price | None = Field(description="Null for the quantity 0, which needs no price")


class Rest(WireModel):
    """The rows that are not shown."""

    rows: Count
    amount: Amount


class _Explained(WireModel):
    """A figure of a month, or the cost of a range of time."""

    period: Month | None = Field(description="The month of the figure. Null: a range")
    include: Terms = Field(default=[], description="The filter of the request")
    exclude: Terms = Field(default=[], description="The filter of the request")
    from_: Moment = Field(alias="from", description="Start of the first hour, UTC")
    to: Moment = Field(description="End of the last hour, UTC")
    value: Amount | None = Field(
        description="The figure as the overview shows it; of a range, the total of its trend. Null if it has none"
    )
    exact: Amount = Field(description="Sum of all rows, not rounded")
    rounding: SignedAmount | None = Field(description="value minus exact")
    rest: Rest | None = Field(description="Null if all rows are shown")

    def check(self, amounts: list[Decimal | None]) -> Self:
        """An explanation that does not add up explains nothing."""
        known = [amount for amount in amounts if amount is not None]
        if exact_sum([*known, self.rest.amount if self.rest else Decimal(0)]) != self.exact:
            raise ValueError("the rows do not add up to exact")
        if self.value is not None and exact_sum([self.exact, self.rounding or Decimal(0)]) != self.value:
            raise ValueError("rounding is not the difference of value and exact")
        return self


class Explanation(_Explained):
    namespace: NamespaceName
    figure: Figure | None = Field(description="Null: a range")
    rows: Annotated[list[Row], Field(max_length=LARGEST_NUMBER_OF_ROWS)]
    adjustments: list[Adjustment] = Field(
        description="Corrections that count in these months, apart from the figure. At most 1000, the largest ones"
    )
    adjustments_rest: list[AdjustmentsRest] = Field(
        default=[], description="Sums of the adjustments that are not shown, by currency and sign"
    )


class ExplainReply(Explanation):
    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        return self.check([row.amount for row in self.rows])


class ListedPrice(WireModel):
    """A row of the price list."""

    id: Count
    list: Text | None = Field(description="The organization whose own price list has it. Null: the general list")
    rating: Literal["unit", "month", "steps"] = Field(
        description="unit: quantity times unit_price. month: unit_price is for a unit in every hour of a month. "
        "steps: it depends on the organization's quantity of the month"
    )
    unit_price: Amount | None = Field(
        description="Null for a price with steps: the explanation of the project has them"
    )
    valid_from: Moment | None = Field(description="Null: it has no begin")
    valid_until: Moment | None = Field(description="Null: no end is known")


class ProjectRow(WireModel):
    """The usage of a SKU in a project at one price of the price list."""

    namespace: NamespaceName
    uid: Text = Field(description="Kubernetes uid of the Project resource. Empty if it is not known")
    sku: Text
    component: Text
    unit: Text
    quantity: Amount
    amount: Amount | None = Field(description="Exact, not rounded. Null: the usage has no price")
    price: ListedPrice | None = Field(description="Null for the quantity 0, which needs no price")


class OrganizationRows(_Explained):
    figure: SummaryFigure | None = Field(description="Null: a range")
    rows: Annotated[list[ProjectRow], Field(max_length=LARGEST_NUMBER_OF_ROWS)] = Field(description="The largest first")
    adjustments: list[MonthAdjustment]
    other_currencies: dict[Currency, Amount] = Field(
        description="Exact cost in a currency that the organization had before. It is in no other amount"
    )
    unrated_lines: Count = Field(description="Usage without a price, which is in no amount")


class OrganizationExplanation(OrganizationRows):
    scope: Scope


class OrganizationReply(OrganizationRows):
    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        return self.check([row.amount for row in self.rows])


def _of_project(reply: ExplainReply, namespace: Namespace) -> Explanation:
    del namespace
    return Explanation.model_construct(**dict(reply))


def _of_organization(reply: OrganizationReply, organization: Organization) -> OrganizationExplanation:
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    members: dict[str, Any] = dict(reply)
    return OrganizationExplanation.model_construct(**members, scope=scope)


EXPLAIN = Resource("explain", "/api/project/{namespace}/explain", ExplainReply, _of_project)
ORGANIZATION_EXPLAIN = Resource(
    "organization_explain", "/api/organization/{organization}/explain", OrganizationReply, _of_organization
)
