"""Corrections of closed months. The functions explain, statement and trend share their models."""

from pydantic import Field

from common.model import Count, Currency, Moment, Month, NamespaceName, Text, WireModel
from common.money.amount import SignedAmount


class Correction(WireModel):
    """What an adjustment corrects."""

    period: Month = Field(description="The closed month")
    hour: Moment | None = Field(description="Start of the corrected hour, UTC. Null: the complete month")
    workload: Text | None


class Adjustment(WireModel):
    """A signed amount in an open month, because a closed month never changes."""

    id: Text
    namespace: NamespaceName | None = Field(description="Null: the organization, not one project")
    sku: Text | None
    quantity: SignedAmount | None = Field(description="Null: an amount without a quantity, such as a credit")
    currency: Currency
    amount: SignedAmount = Field(description="Exact, not rounded")
    invoiced: bool | None = Field(
        default=None,
        description="False: it corrects an hour in which the organization was on a plan. Its amount is by list price, "
        "and is not invoiced. Absent in a month that was closed before",
    )
    reason: Text
    refers_to: Correction | None = Field(description="Null: it corrects no usage, such as a credit")
    created_at: Moment


class AdjustmentsRest(WireModel):
    """The adjustments that are not shown: those in one currency, with one sign, and with one `invoiced`."""

    currency: Currency
    rows: Count = Field(description="Number of adjustments")
    amount: SignedAmount = Field(description="Their sum, exact")
    invoiced: bool | None = Field(default=None, description="As of a single adjustment")


class MonthAdjustment(WireModel):
    """Corrections of closed months, also of hours with a plan, and credits. They are in no other amount."""

    period: Month = Field(description="The month in which they count")
    currency: Currency
    amount: SignedAmount
