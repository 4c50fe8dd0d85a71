"""The messages of /live, and the reply of the billing service that they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Organization
from common.billing.resource import Resource
from common.http.envelope import to_json
from common.model import BodyModel, Count, Currency, Id, Moment, Month, NamespaceName, Quality, Text, WireModel
from common.money.amount import RATE_DIGITS, Amount, round_known

MOST_NAMESPACES = 200
MOST_BUDGETS = 200  # of an organization


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


# --- the reply of the billing service -------------------------------------------


class LiveFigures(WireModel):
    month_to_date: Amount | None
    run_rate: Amount | None
    hour_to_date: Amount | None

    @model_validator(mode="after")
    def _all_or_none_and_a_part_of_the_hour(self) -> Self:
        if len({self.month_to_date is None, self.run_rate is None, self.hour_to_date is None}) != 1:
            raise ValueError("some figures are null")
        if self.run_rate is not None and self.hour_to_date is not None and self.hour_to_date > self.run_rate:
            raise ValueError("hour_to_date is more than a full hour")
        return self


class LiveTotal(LiveFigures):
    unrated_lines: Count


class ReplyError(WireModel):
    code: Text


class LiveProject(LiveFigures):
    namespace: NamespaceName
    complete_through: Moment | None
    error: ReplyError | None

    @property
    def code(self) -> str | None:
        return self.error.code if self.error else None

    @model_validator(mode="after")
    def _null_has_a_reason(self) -> Self:
        if (self.month_to_date is None) != (self.error is not None):
            raise ValueError("figures are null without an error, or an error has figures")
        return self


class LiveReply(Quality):
    as_of: Moment | None
    data_version: Annotated[int, Field(ge=0)]
    currency: Currency
    period: Month
    estimated_at: Moment
    total: LiveTotal
    projects: list[LiveProject] = Field(default=[])
    budgets: Annotated[list[BudgetStates], Field(max_length=MOST_BUDGETS)] = Field(default=[])

    @model_validator(mode="after")
    def _totals_are_known_and_projects_differ(self) -> Self:
        if (self.as_of is None) != (self.total.month_to_date is None):
            raise ValueError("the total is null although usage was metered, or the reverse")
        if len({project.namespace for project in self.projects}) != len(self.projects):
            raise ValueError("a project appears twice")
        return self


@dataclass(frozen=True)
class Figures:
    """`messages` of a subscription to these namespaces, by topic: written once for all connections."""

    data_version: int
    owned: frozenset[str]
    total: str
    projects: dict[str, str]
    complete_through: datetime | None
    complete: dict[str, datetime | None]
    budgets: list[BudgetStates]

    def budget_message(self, namespaces: Sequence[str], *, with_total: bool) -> dict[str, str]:
        """With the total, those of the complete scope."""
        seen = [one for one in self.budgets if with_total or one.namespace in namespaces]
        message = Budgets.model_construct(type="budget", data_version=self.data_version, budgets=seen)
        return {"budget": write(message)}

    def messages(self, namespaces: Sequence[str], *, with_total: bool) -> dict[str, str]:
        found = {"cost": self.total} if with_total else {}
        found |= {f"cost {name}": self.projects[name] for name in namespaces}
        complete = CompleteThrough.model_construct(
            type="complete_through",
            data_version=self.data_version,
            complete_through=self.complete_through,
            namespaces={name: self.complete[name] for name in namespaces},
        )
        budgets = self.budget_message(namespaces, with_total=with_total) if self.budgets else {}
        return found | budgets | {"complete_through": write(complete)}


def _to_data(reply: LiveReply, scope: Organization) -> Figures:
    del scope
    return Figures(
        data_version=reply.data_version,
        owned=frozenset(project.namespace for project in reply.projects),
        total=_cost(reply, reply.total, None, None, reply.total.unrated_lines),
        projects={
            project.namespace: _cost(reply, project, project.namespace, project.code, None)
            for project in reply.projects
        },
        complete_through=reply.complete_through,
        complete={project.namespace: project.complete_through for project in reply.projects},
        budgets=reply.budgets,
    )


def _cost(
    reply: LiveReply, figures: LiveFigures, namespace: str | None, code: str | None, unrated_lines: int | None
) -> str:
    """Rounds all amounts to the currency's minor unit."""
    currency = reply.currency
    hour = round_known(figures.hour_to_date, currency, RATE_DIGITS)
    message = Cost.model_construct(
        type="cost",
        namespace=namespace,
        data_version=reply.data_version,
        as_of=reply.as_of,
        currency=currency,
        period=reply.period,
        month_to_date=round_known(figures.month_to_date, currency),
        run_rate=round_known(figures.run_rate, currency, RATE_DIGITS),
        hour_to_date=Estimate.model_construct(amount=hour, estimate=True, at=reply.estimated_at),
        code=code,
        unrated_lines=unrated_lines,
    )
    return write(message)


def write(message: WireModel) -> str:
    return to_json(message).decode()


LIVE = Resource("live", "/api/organization/{organization}/live", LiveReply, _to_data, cached=False)
