"""Parameters and response of /explain, and the reply of the billing service."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Namespace
from common.billing.adjustments import Adjustment
from common.billing.resource import Resource
from common.model import Count, FormatParameters, Moment, Month, NamespaceName, PeriodParameters, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum

LARGEST_NUMBER_OF_ROWS = 1000

Figure = Literal[
    "current_month_total",
    "last_day_spend",
    "total_cost_per_hour",
    "cpu",
    "memory",
    "storage",
    "network",
    "public_ip",
    "gpu",
    "other",
]


class ExplainParameters(FormatParameters, PeriodParameters):
    figure: Figure = Field(
        "current_month_total", description="A figure of the billing summary, or a component of the month's cost"
    )

    @property
    def upstream_query(self) -> dict[str, str]:
        return {"figure": self.figure, **super().upstream_query}


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


class Explanation(WireModel):
    namespace: NamespaceName
    figure: Figure
    period: Month
    from_: Moment = Field(alias="from", description="Start of the first hour, UTC")
    to: Moment = Field(description="End of the last hour, UTC")
    value: Amount | None = Field(description="The figure as the overview shows it. Null if it has none")
    exact: Amount = Field(description="Sum of all rows, not rounded")
    rounding: SignedAmount | None = Field(description="value minus exact")
    rows: Annotated[list[Row], Field(max_length=LARGEST_NUMBER_OF_ROWS)]
    rest: Rest | None = Field(description="Null if all rows are shown")
    adjustments: list[Adjustment] = Field(description="Corrections that count in this month, apart from the figure")


class ExplainReply(Explanation):
    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        """An explanation that does not add up explains nothing."""
        amounts = [row.amount for row in self.rows if row.amount is not None]
        if exact_sum([*amounts, self.rest.amount if self.rest else Decimal(0)]) != self.exact:
            raise ValueError("the rows do not add up to exact")
        if self.value is not None and exact_sum([self.exact, self.rounding or Decimal(0)]) != self.value:
            raise ValueError("rounding is not the difference of value and exact")
        return self


def _to_data(reply: ExplainReply, namespace: Namespace) -> Explanation:
    del namespace
    return Explanation.model_construct(**dict(reply))


EXPLAIN = Resource("explain", "/api/project/{namespace}/explain", ExplainReply, _to_data)
