"""The fees of plans and add-ons. The functions plan and statement share their model."""

from typing import Literal

from pydantic import Field

from common.model import Count, Currency, Moment, Text, WireModel
from common.money.amount import Amount


class Fee(WireModel):
    """A plan or an add-on, by the hour."""

    kind: Literal["plan", "addon"]
    id: Text
    quantity: Count
    currency: Currency
    monthly_price: Amount
    hours: Count = Field(description="Hours of the month with this subscription and price")
    amount: Amount = Field(description="Exact, not rounded")
    from_: Moment = Field(alias="from", description="Start of the first hour, UTC")
    to: Moment = Field(description="End of the last hour, UTC")
