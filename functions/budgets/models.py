"""The responses of /budgets, and the replies of the billing service."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from common.access.roles import Organization
from common.billing.resource import Resource, UpstreamFailure
from common.model import Count, Currency, Id, Moment, NamespaceName, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount
from functions.budgets.body import MOST_CHANNELS, MOST_ENTRIES, MOST_THRESHOLDS, Name

MOST_BUDGETS = 1000
MOST_PERIODS = 366


def _day(value: object) -> object:
    return date.fromisoformat(value).isoformat() if isinstance(value, str) else value


def _share(value: object) -> object:
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal) or not 0 <= number <= 1:
        raise ValueError("must be a JSON number from 0 to 1")
    return number


Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Share = Annotated[
    Decimal,
    BeforeValidator(_share),
    WithJsonSchema({"type": "number", "format": "decimal", "minimum": 0, "maximum": 1}),
]
ThresholdId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,64}$")]
ThresholdState = Literal["ok", "pending", "firing", "resolved"]

# --- a budget -----------------------------------------------------------------


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


# --- history ------------------------------------------------------------------


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


# --- resources ----------------------------------------------------------------

M = TypeVar("M", bound=WireModel)


def _same(reply: M, _: Organization) -> M:
    return reply


def _prove(scope: BudgetScope, organization: Organization) -> None:
    """A project-user gets the budgets of the own projects only. Raises UpstreamFailure."""
    if organization.namespaces is not None and scope.namespace not in organization.namespaces:
        raise UpstreamFailure("mismatch", outage=False)


def _to_budget(reply: Budget, organization: Organization) -> Budget:
    _prove(reply.scope, organization)
    return reply


def _to_list(reply: BudgetListReply, organization: Organization) -> BudgetList:
    for budget in reply.budgets:
        _prove(budget.scope, organization)
    namespaces = None if organization.namespaces is None else sorted(organization.namespaces)
    scope = Scope(organization=organization.name, namespaces=namespaces)
    return BudgetList(scope=scope, may_create=reply.may_create, budgets=reply.budgets)


def _to_history(reply: BudgetHistory, organization: Organization) -> BudgetHistory:
    for entry in reply.entries:
        for written in (entry.before, entry.after) if isinstance(entry, BudgetChange) else ():
            if written is not None:
                _prove(written.scope, organization)
    return reply


_PATH = "/api/organization/{organization}/budgets"

BUDGETS = Resource("budgets", _PATH, BudgetListReply, _to_list, cached=False)
CREATED = Resource("budgets", _PATH, Budget, _to_budget, cached=False)
BUDGET = Resource("budgets", f"{_PATH}/{{id}}", Budget, _to_budget, cached=False)
DELETED = Resource("budgets", f"{_PATH}/{{id}}", DeletedBudget, _same, cached=False)
HISTORY = Resource("budgets", f"{_PATH}/{{id}}/history", BudgetHistory, _to_history, cached=False)
PREVIEW = Resource("budgets", f"{_PATH}/preview", BudgetPreview, _same, cached=False)
SETTINGS = Resource("budgets", f"{_PATH}/settings", BudgetSettings, _same, cached=False)
