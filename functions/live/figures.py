"""The figures of a scope: the reply of the billing service, and the messages that are made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from common.access.roles import Organization
from common.billing.resource import Resource
from common.model import Count, Currency, Moment, Month, NamespaceName, Quality, Text, WireModel
from common.money.amount import RATE_DIGITS, Amount, round_known
from functions.live.models import Budgets, BudgetStates, CompleteThrough, Cost, Estimate, write

MOST_BUDGETS = 200  # of an organization


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


LIVE = Resource("live", "/api/organization/{organization}/live", LiveReply, _to_data, cached=False)
