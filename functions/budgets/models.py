"""A budget in the responses of /budgets, and in the replies of the billing service."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from common.model import Currency, Id, Moment, NamespaceName, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount
from common.money.shares import Share
from functions.budgets.body import MOST_CHANNELS, MOST_THRESHOLDS, Name

MOST_BUDGETS = 1000
MOST_CHOICES = 1000


def _day(value: object) -> object:
    return date.fromisoformat(value).isoformat() if isinstance(value, str) else value


Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
ThresholdId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,64}$")]
ThresholdState = Literal["ok", "pending", "firing", "resolved"]


class ScopeLabel(WireModel):
    key: Text
    value: Text


class BudgetScope(WireModel):
    kind: Literal["organization", "project", "label"]
    namespace: NamespaceName | None
    label: ScopeLabel | None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        kind = "label" if self.label is not None else "organization" if self.namespace is None else "project"
        if kind != self.kind:
            raise ValueError("the scope does not fit its kind")
        return self


class WrittenThreshold(WireModel):
    id: ThresholdId = Field(description="Stays the same while the threshold does, also in a new version of the budget")
    basis: Literal["actual", "forecast"]
    percent: Amount | None = Field(description="Of the period's limit")
    amount: Amount | None
    probability: Share | None = Field(description="Of the basis forecast")


class BudgetThreshold(WrittenThreshold):
    state: ThresholdState = Field(description="In the running period. A threshold fires once in a version and period")
    since: Moment | None = Field(description="End of the metered hour of the last change. Null: there was none")


class WrittenBudget(WireModel):
    """What callers wrote."""

    id: Id
    name: Name
    scope: BudgetScope
    amount: Amount = Field(description="Of one period")
    currency: Currency
    period: Literal["month", "quarter", "year"]
    thresholds: Annotated[list[WrittenThreshold], Field(max_length=MOST_THRESHOLDS)]
    channels: Annotated[list[Id], Field(max_length=MOST_CHANNELS)]
    notify_on: list[Literal["firing", "resolved"]]
    rollover: bool
    version: Annotated[int, Field(ge=1)]


class RunningPeriod(WireModel):
    """The running period. Null: cannot be decided, for the `reason`."""

    start: Moment
    end: Moment = Field(description="Exclusive")
    limit: Amount | None = Field(description="The amount, with what was left of the period before if it rolls over")
    spent: SignedAmount | None = Field(description="Until complete_through")
    spent_ratio: SignedAmount | None = Field(
        default=None, description="spent divided by limit, with three digits: above 1 it is exceeded. Absent if unknown"
    )
    forecast: SignedAmount | None = Field(description="What the period will have cost at its end")
    breach_probability: Share | None = Field(description="That the period exceeds its limit")
    expected_breach_date: Day | None = Field(
        description="Day of the organization's time zone on which the limit is exceeded. Null: not expected, or unknown"
    )
    complete_through: Moment | None
    reason: Text | None = Field(description="Why a figure is null, for programs")

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.start >= self.end:
            raise ValueError("the period ends before it begins")
        if self.reason is None and (self.limit is None or self.spent is None):
            raise ValueError("a figure is missing without a reason")
        return self


class Budget(WrittenBudget):
    thresholds: Annotated[list[BudgetThreshold], Field(max_length=MOST_THRESHOLDS)]  # type: ignore[assignment] # narrower
    current: RunningPeriod | None = Field(description="Null in the response to a change if it takes too long: read it")
    may_change: bool = Field(description="Whether the caller may change and delete it")
    created_at: Moment
    updated_at: Moment


class BudgetListReply(WireModel):
    may_create: bool
    budgets: Annotated[list[Budget], Field(max_length=MOST_BUDGETS)]


class BudgetList(WireModel):
    scope: Scope
    may_create: bool = Field(description="Whether the caller may create budgets: a project-user, of the own projects")
    budgets: list[Budget] = Field(description="By name")


class DeletedBudget(WireModel):
    id: Id


class BudgetSettings(WireModel):
    project_users_write: bool = Field(description="Project-users may write the budgets of the projects in their token")


class ChannelChoice(WireModel):
    """A channel that a budget can name. Its address is for org-admins only."""

    id: Id
    name: Name
    kind: Literal["webhook", "email", "slack", "teams", "alertmanager"]
    enabled: bool = Field(description="A disabled channel gets no notifications")


class ChannelChoices(WireModel):
    channels: Annotated[list[ChannelChoice], Field(max_length=MOST_CHOICES)] = Field(description="By name")
