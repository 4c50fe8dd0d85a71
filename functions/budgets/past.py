"""What was: the history of a budget, and its preview over the past."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.model import Count, Currency, Id, Moment, Text, WireModel
from common.money.amount import Amount, SignedAmount
from common.money.shares import Share
from functions.budgets.body import MOST_ENTRIES
from functions.budgets.models import Day, ThresholdId, WrittenBudget

MOST_PERIODS = 366


class BudgetChange(WireModel):
    kind: Literal["change"]
    at: Moment
    action: Literal["create", "change", "delete"]
    actor: Text = Field(description="Subject of the token")
    before: WrittenBudget | None = Field(description="Null: it was created")
    after: WrittenBudget | None = Field(description="Null: it was deleted")


class BudgetAlert(WireModel):
    kind: Literal["alert"]
    at: Moment = Field(description="End of the metered hour")
    id: Id
    version: Count = Field(description="Of the budget")
    period_start: Day = Field(description="First day of the period, in the organization's time zone")
    threshold: ThresholdId
    status: Literal["firing", "resolved"]
    spent: SignedAmount | None
    forecast: SignedAmount | None
    probability: Share | None
    limit: Amount = Field(description="Of the period")
    currency: Currency


class BudgetHistory(WireModel):
    id: Id
    entries: Annotated[
        list[Annotated[BudgetChange | BudgetAlert, Field(discriminator="kind")]], Field(max_length=MOST_ENTRIES)
    ] = Field(description="The newest ones first")
    more: bool = Field(description="There are older ones")


# --- preview ------------------------------------------------------------------


class PreviewThreshold(WireModel):
    id: ThresholdId
    fired_at: Moment | None = Field(description="End of the metered hour. Null: it would not have fired")
    late_hours: Count | None = Field(
        description="Since the hour in which the cost arose. Null: it did not fire, or of a forecast"
    )
    warned_in_vain: bool | None = Field(
        description="Of a forecast that fired: the limit was not exceeded. Null: it did not fire, or of an actual"
    )


class PreviewPeriod(WireModel):
    """Null: cannot be decided, for the `reason`."""

    start: Moment
    end: Moment = Field(description="Exclusive")
    limit: Amount | None
    spent: SignedAmount | None
    reason: Text | None
    thresholds: list[PreviewThreshold]


class PreviewSummary(WireModel):
    threshold: ThresholdId
    fired: Count = Field(description="Periods")
    in_vain: Count | None = Field(description="Periods in which a forecast warned in vain. Null: of an actual")


class BudgetPreview(WireModel):
    periods: Annotated[list[PreviewPeriod], Field(max_length=MOST_PERIODS)] = Field(description="The oldest one first")
    summary: list[PreviewSummary] = Field(description="Of each threshold")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for number, summary in enumerate(self.summary):
            ours = [period.thresholds[number] for period in self.periods]
            if any(one.id != summary.threshold for one in ours):
                raise ValueError("the thresholds are not in the same order")
            if summary.fired != sum(one.fired_at is not None for one in ours):
                raise ValueError("the fired thresholds do not add up")
            if summary.in_vain is not None and summary.in_vain != sum(one.warned_in_vain is True for one in ours):
                raise ValueError("the warnings in vain do not add up")
        return self
