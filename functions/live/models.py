"""The messages of /live."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.http.envelope import to_json
from common.model import BodyModel, Count, Currency, Id, Moment, Month, NamespaceName, Text, WireModel
from common.money.amount import Amount

MOST_NAMESPACES = 200


class Subscribe(BodyModel):
    """Replaces the earlier subscription of the connection."""

    type: Literal["subscribe"]
    namespaces: Annotated[list[NamespaceName], Field(default=[], max_length=MOST_NAMESPACES)]
    organization: bool = Field(
        default=False, description="Also the total: of the organization, or of the own projects of a project-user"
    )
    data_version: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None,
        description="Of the last complete_through message. If it is still current, no figure is sent",
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.namespaces and not self.organization:
            raise ValueError("names no namespace and not the organization")
        return self


class Subscribed(WireModel):
    """The subscription is accepted: access to each namespace was checked."""

    type: Literal["subscribed"]
    namespaces: list[NamespaceName]
    organization: bool
    data_version: int


class Estimate(WireModel):
    amount: Amount | None = Field(description="Null if the figures of the project are not known")
    estimate: Literal[True] = Field(
        description="The hour is not metered yet: the run rate for the part that has passed"
    )
    at: Moment = Field(description="End of the estimate, UTC. It begins with the hour")


class Cost(WireModel):
    """The figures of a project, or with `namespace` null the total."""

    type: Literal["cost"]
    namespace: NamespaceName | None
    data_version: int
    as_of: Moment | None = Field(description="End of the newest metered hour, UTC. Null if nothing was ever metered")
    currency: Currency
    period: Month
    month_to_date: Amount | None
    run_rate: Amount | None = Field(description="Cost per hour, of the last full hour")
    hour_to_date: Estimate
    code: Text | None = Field(description="Why the figures are null: not_metered, price_missing, amount_too_large")
    unrated_lines: Count | None = Field(
        description="Usage without a price, which is not in a total. Null for a project"
    )


class BudgetStates(WireModel):
    id: Id
    namespace: NamespaceName | None = Field(description="Null: a budget of the organization")
    version: Count
    states: dict[Text, Literal["ok", "pending", "firing", "resolved"]] = Field(
        description="By the id of the threshold. Empty until the worker has evaluated the version"
    )


class Budgets(WireModel):
    """The states of all budgets that the subscription covers. It is sent when one of them changes."""

    type: Literal["budget"]
    data_version: int
    budgets: list[BudgetStates]


class CompleteThrough(WireModel):
    """Until then, each hour of the month is there. It is the last message of a data version."""

    type: Literal["complete_through"]
    data_version: int
    complete_through: Moment | None = Field(description="Of the total, or of all namespaces of the subscription")
    namespaces: dict[NamespaceName, Moment | None]


class Resync(WireModel):
    """Changes may have been missed: read again what is shown from the other endpoints."""

    type: Literal["resync"]
    data_version: int


class Failure(WireModel):
    """The subscription is rejected; the earlier one stays. Members as in an error response."""

    type: Literal["error"]
    code: Text
    error: Text
    details: dict[str, object]


class Heartbeat(WireModel):
    """Every 15 s."""

    type: Literal["heartbeat"]
    at: Moment


def write(message: WireModel) -> str:
    return to_json(message).decode()
