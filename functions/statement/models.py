"""The response of /statement, and the reply of the billing service."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Organization
from common.billing.adjustments import Adjustment, AdjustmentsRest
from common.billing.fees import Fee
from common.billing.resource import Resource
from common.model import (
    Count,
    Currency,
    FormatParameters,
    Month,
    NamespaceName,
    PeriodParameters,
    Scope,
    Text,
    WireModel,
)
from common.money.amount import Amount, SignedAmount, exact_sum

MOST_PROJECTS = 10_000
MOST_MONTHS = 1000


class StatementParameters(FormatParameters, PeriodParameters):
    pass


class Line(WireModel):
    sku: Text
    component: Text
    unit: Text
    quantity: Amount
    amount: Amount = Field(description="Rounded. The lines of a project add up to its total")


class StatementProject(WireModel):
    """One life of a project: a namespace that was deleted and created again has two."""

    namespace: NamespaceName
    uid: Text = Field(description="Kubernetes uid of the Project resource. Empty if it is not known")
    lines: list[Line]
    total: Amount

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if exact_sum(line.amount for line in self.lines) != self.total:
            raise ValueError("the lines do not add up to the total")
        return self


class Section(WireModel):
    """Usage in one currency."""

    projects: Annotated[list[StatementProject], Field(max_length=MOST_PROJECTS)]
    rounding: SignedAmount = Field(description="usage_total minus the sum of the projects' rounded totals")
    usage_total: Amount = Field(description="Rounded once from the exact sum of all usage")
    unrated_lines: Count = Field(description="Usage without a price, which is in no amount")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if exact_sum([*(project.total for project in self.projects), self.rounding]) != self.usage_total:
            raise ValueError("the projects and rounding do not add up to usage_total")
        return self


class Invoiced(WireModel):
    """What the organization pays. Each amount is rounded once."""

    fees: Amount
    usage: Amount = Field(description="Usage in the hours without a plan")
    adjustments: SignedAmount = Field(description="Credits, and corrections of hours without a plan")
    total: SignedAmount

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if exact_sum([self.fees, self.usage, self.adjustments]) != self.total:
            raise ValueError("fees, usage and adjustments do not add up to total")
        return self


class OtherCurrency(Section):
    """What is in a currency that the organization or its plan had before: usage, fees, corrections and credits.

    It is in no amount of the statement's `invoiced`, which is in the currency of the month.
    """

    currency: Currency
    adjustments_total: SignedAmount | None = Field(
        default=None,
        description="Sum of the adjustments in this currency. Absent in a month that was closed before",
    )
    fees_total: Amount | None = Field(
        default=None, description="Sum of the fees in this currency. Only an org-admin gets it"
    )
    invoiced: Invoiced | None = Field(
        default=None,
        description="What is invoiced in this currency. Only an org-admin gets it. Absent in a month closed before",
    )


class StatementReply(Section):
    period: Month
    adjustments: list[Adjustment] = Field(description="At most 1000, the largest ones")
    adjustments_rest: list[AdjustmentsRest] = Field(
        default=[], description="Sums of the adjustments that are not shown, by currency and sign"
    )
    adjustments_total: SignedAmount | None = Field(
        default=None,
        description="Sum of the adjustments in the currency of the month, rounded once. Absent in a month that was "
        "closed before",
    )
    fees: list[Fee] | None = None
    invoiced: Invoiced | None = None
    other_currencies: list[OtherCurrency]


class Statement(StatementReply):
    """`fees` and `invoiced` are lines of the organization: only an org-admin gets them.

    `usage_total` is what the usage costs by list price. On a plan, it is not what is invoiced.
    """

    scope: Scope


class StatementMonth(WireModel):
    """A month with a statement. `invoiced_total` is a line of the organization: only an org-admin gets it."""

    period: Month
    state: Literal["open", "provisional", "closed"] = Field(
        description="provisional: the month is over, late usage is still included. closed: final"
    )
    currency: Currency
    currency_digits: Annotated[int, Field(ge=0, le=4)]
    cost_basis: Literal["usage", "list_price"] = Field(description="list_price: the organization was on a plan")
    usage_total: Amount = Field(description="As in the statement: what the usage costs by list price")
    unrated_lines: Count = Field(description="Usage without a price, which is in no amount")
    invoiced_total: SignedAmount | None = Field(default=None, description="As in the statement: what is invoiced")


class MonthsReply(WireModel):
    months: Annotated[list[StatementMonth], Field(max_length=MOST_MONTHS)] = Field(description="The newest first")


class StatementMonths(MonthsReply):
    scope: Scope


def _to_data(reply: StatementReply, organization: Organization) -> Statement:
    """Lines of the organization are left out for a project-user, also if the billing service sends them."""
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    data = Statement.model_construct(**dict(reply), scope=scope)
    if names is None:
        return data
    own = [adjustment for adjustment in reply.adjustments if adjustment.namespace is not None]
    others = [section.model_copy(update={"fees_total": None, "invoiced": None}) for section in reply.other_currencies]
    return data.model_copy(update={"adjustments": own, "fees": None, "invoiced": None, "other_currencies": others})


STATEMENT = Resource("statement", "/api/organization/{organization}/statement", StatementReply, _to_data)


def _to_months(reply: MonthsReply, organization: Organization) -> StatementMonths:
    """What is invoiced is left out for a project-user, also if the billing service sends it."""
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    months = reply.months
    if names is not None:
        months = [month.model_copy(update={"invoiced_total": None}) for month in months]
    return StatementMonths.model_construct(months=months, scope=scope)


MONTHS = Resource("statements", "/api/organization/{organization}/statements", MonthsReply, _to_months)
