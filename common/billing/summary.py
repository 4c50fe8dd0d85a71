"""The billing summary of a project. The functions overview and projects share it."""

from typing import Self

from pydantic import Field

from common.model import Currency, Month, WireModel
from common.money.amount import RATE_DIGITS, Amount, rounded


class BillingSummary(WireModel):
    """Month to date (since the month began in UTC), the last 24 full hours, and the run rate of the last full hour."""

    current_month_total: Amount = Field(description="Cost since the month began in UTC")
    last_day_spend: Amount = Field(description="Cost of the last 24 full hours")
    billing_period: Month = Field(description="The month, YYYY-MM, UTC")
    total_cost_per_hour: Amount = Field(description="Run rate of the last full hour")
    currency: Currency | None = Field(description="ISO 4217 code. Null if the billing service does not send a currency")

    def rounded(self) -> Self:
        return self.model_copy(
            update={
                "current_month_total": rounded(self.current_month_total, self.currency),
                "last_day_spend": rounded(self.last_day_spend, self.currency),
                "total_cost_per_hour": rounded(self.total_cost_per_hour, self.currency, RATE_DIGITS),
            }
        )


class SummaryReply(BillingSummary):
    """As the billing service sends it. A foreign billing service may omit the currency."""

    currency: Currency | None = None
