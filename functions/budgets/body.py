"""The request bodies and parameters of /budgets. The billing service checks what depends on the organization."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from common.http.envelope import to_json
from common.model import BodyModel, Id, NamespaceName, Parameters, PathId, whole_number

MOST_THRESHOLDS = 10
MOST_CHANNELS = 20
MOST_ENTRIES = 1000
LARGEST_AMOUNT = 10**12
LARGEST_PERCENT = 10**6

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9][-.a-z0-9]{0,252}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", max_length=317
    ),
]
LabelValue = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$", max_length=63)
]


def _read(largest: int) -> BeforeValidator:
    def read(value: object) -> object:
        number = Decimal(value) if type(value) is int else value
        if not isinstance(number, Decimal) or not 0 < number <= largest:
            raise PydanticCustomError("range", f"must be a JSON number above 0 and at most {largest}")
        return number

    return BeforeValidator(read)


def _schema(largest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "format": "decimal", "exclusiveMinimum": 0, "maximum": largest})


PositiveAmount = Annotated[Decimal, _read(LARGEST_AMOUNT), _schema(LARGEST_AMOUNT)]
Percent = Annotated[Decimal, _read(LARGEST_PERCENT), _schema(LARGEST_PERCENT)]
Probability = Annotated[Decimal, _read(1), _schema(1)]


class BudgetLabel(BodyModel):
    """A label of workloads."""

    key: LabelKey
    value: LabelValue


class _WithoutNulls(BodyModel):
    """A member that is not needed is left out."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("required", "must not be null: leave the member out")
        return value


class BudgetScopeBody(_WithoutNulls):
    kind: Literal["organization", "project", "label"]
    namespace: NamespaceName | None = Field(
        default=None,
        description="Of a project, or of a label within a project. A label without it is organization-wide",
    )
    label: BudgetLabel | None = Field(default=None, description="Of the kind label")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "label") != (self.label is not None):
            raise PydanticCustomError(
                "conflict", "label is required for the kind label, and not allowed for the others"
            )
        if self.kind == "project" and self.namespace is None:
            raise PydanticCustomError("conflict", "namespace is required for the kind project")
        if self.kind == "organization" and self.namespace is not None:
            raise PydanticCustomError("conflict", "namespace is not allowed for the kind organization")
        return self


class BudgetThresholdBody(_WithoutNulls):
    """Either `percent` of the limit or an `amount`."""

    basis: Literal["actual", "forecast"] = Field(
        description="actual: what was spent. forecast: what the period will have cost at its end"
    )
    percent: Percent | None = Field(default=None, description="Of the period's limit, with at most 2 decimal digits")
    amount: PositiveAmount | None = Field(default=None, description="With at most the digits of the currency")
    probability: Probability | None = Field(
        default=None,
        description="Of a forecast: fires if the limit is exceeded with at least this probability, such as 0.8",
    )

    @model_validator(mode="after")
    def _fits_its_basis(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise PydanticCustomError("conflict", "send either percent or amount")
        if (self.basis == "forecast") != (self.probability is not None):
            raise PydanticCustomError(
                "conflict", "probability is required for the basis forecast, and not allowed for actual"
            )
        return self


class BudgetBody(BodyModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "November",
                    "scope": {"kind": "project", "namespace": "acme-web"},
                    "amount": 500,
                    "currency": "EUR",
                    "period": "month",
                    "thresholds": [
                        {"basis": "actual", "percent": 80},
                        {"basis": "forecast", "percent": 100, "probability": 0.8},
                    ],
                }
            ]
        }
    )

    name: Name
    scope: BudgetScopeBody = Field(description="Cannot be changed")
    amount: PositiveAmount = Field(description="Of one period, with at most the digits of the currency")
    currency: Currency = Field(description="That of the organization")
    period: Literal["month", "quarter", "year"] = Field(
        default="month", description="Of the calendar, in the organization's time zone"
    )
    thresholds: Annotated[list[BudgetThresholdBody], Field(min_length=1, max_length=MOST_THRESHOLDS)] = Field(
        description="No two of them are equal"
    )
    channels: Annotated[list[Id], Field(max_length=MOST_CHANNELS)] = Field(
        default=[], description="Ids of channels that get the notifications"
    )
    notify_on: Annotated[list[Literal["firing", "resolved"]], Field(min_length=1, max_length=2)] = Field(
        default=["firing", "resolved"]
    )
    rollover: bool = Field(
        default=False, description="What is left of a period is added to the next one, at most one period's amount"
    )

    def to_json(self) -> bytes:
        return to_json(self.model_dump(exclude_unset=True))


class BudgetSettingsBody(BodyModel):
    project_users_write: bool = Field(description="Project-users may write the budgets of the projects in their token")

    def to_json(self) -> bytes:
        return to_json(self.model_dump())


class BudgetPath(Parameters):
    id: PathId = Field(description="Id of the budget")


class BudgetHistoryParameters(BudgetPath):
    limit: Annotated[int, whole_number(1, MOST_ENTRIES)] = Field(
        default=100, ge=1, le=MOST_ENTRIES, description="The newest entries"
    )

    @property
    def upstream_query(self) -> dict[str, str]:
        return {"id": self.id, "limit": str(self.limit)}
