"""The billing summary of a project. The functions overview and projects share it."""

from typing import Self

from pydantic import Field, model_validator

from common.http.server_errors import NotOffered
from common.model import Currency, Moment, Month, Quality, WireModel
from common.money.amount import RATE_DIGITS, Amount, round_known


class BillingSummary(WireModel):
    """A month of the organization's time zone, the last 24 full hours, and the run rate of the last full hour.

    All three amounts are null if nothing was ever metered.
    """

    current_month_total: Amount | None = Field(description="Cost of the month, up to now if it is the running one")
    last_day_spend: Amount | None = Field(description="Cost of the last 24 full hours. Null for an earlier month")
    billing_period: Month = Field(description="The month, YYYY-MM")
    total_cost_per_hour: Amount | None = Field(description="Run rate of the last full hour. Null for an earlier month")
    currency: Currency | None = Field(description="ISO 4217 code. Null if the billing service does not send a currency")
    almost_nothing: bool = Field(description="True if the cost of the month is more than 0 and is rounded to 0")


class SummaryReply(WireModel):
    """As the billing service sends it. A foreign billing service may omit the currency."""

    current_month_total: Amount | None
    last_day_spend: Amount | None
    billing_period: Month
    total_cost_per_hour: Amount | None
    currency: Currency | None = None
    almost_nothing: bool = False

    def to_summary(self) -> BillingSummary:
        """Rounds all amounts to the currency's minor unit."""
        total = round_known(self.current_month_total, self.currency)
        return BillingSummary.model_construct(
            current_month_total=total,
            last_day_spend=round_known(self.last_day_spend, self.currency),
            billing_period=self.billing_period,
            total_cost_per_hour=round_known(self.total_cost_per_hour, self.currency, RATE_DIGITS),
            currency=self.currency,
            almost_nothing=self.almost_nothing or (total == 0 and self.current_month_total != 0),
        )


def require_month(summary: BillingSummary, period: str | None) -> None:
    """Raises NotOffered: a foreign billing service may ignore `period`, and its figures are of another month."""
    if period is not None and summary.billing_period != period:
        raise NotOffered("period")


class FiguresReply(Quality):
    """A reply with summaries. An amount can be null if nothing was ever metered, or if the month is over."""

    as_of: Moment | None = None

    def check(self, summary: SummaryReply) -> None:
        """Raises ValueError for a null that has no such reason."""
        if "as_of" in self.model_fields_set and self.as_of is None:
            return
        if summary.current_month_total is None:
            raise ValueError("current_month_total is null")
        is_over = self.period_state in {"provisional", "closed"}
        if not is_over and (summary.last_day_spend is None or summary.total_cost_per_hour is None):
            raise ValueError("last_day_spend or total_cost_per_hour is null")


class ProjectFiguresReply(FiguresReply):
    """Figures of one project."""

    billing_summary: SummaryReply

    @model_validator(mode="after")
    def _nulls_have_a_reason(self) -> Self:
        self.check(self.billing_summary)
        return self
