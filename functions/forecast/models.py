"""Parameters and response of /forecast, and the reply of the billing service."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from common.access.roles import Namespace, Organization
from common.billing.resource import Resource
from common.model import Count, Moment, Month, NamespaceName, Parameters, Scope, WireModel
from common.money.amount import Amount, exact_sum

MOST_DAYS = 100

Horizon = Literal["month_end", "30d", "90d"]


class ForecastParameters(Parameters):
    horizon: Horizon = Field(
        default="month_end",
        description="month_end: until the end of the running month. 30d, 90d: so many days, today is the first",
    )
    level: Literal["80", "95"] = Field(default="80", description="Of the intervals, in percent")

    @property
    def upstream_query(self) -> dict[str, str]:
        return {"horizon": self.horizon, "level": self.level}


def _day(value: str) -> str:
    if len(value) != len("2026-11-01"):
        raise ValueError("must be a date, YYYY-MM-DD")
    return date.fromisoformat(value).isoformat()


Day = Annotated[str, AfterValidator(_day)]


class Band(WireModel):
    """An interval around its median. All three are null if there was never any usage to forecast from."""

    p50: Amount | None
    low: Amount | None
    high: Amount | None

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        known = [amount for amount in (self.low, self.p50, self.high) if amount is not None]
        if len(known) not in {0, 3} or any(first > second for first, second in pairwise(known)):
            raise ValueError("low, p50 and high are all null, or in this order")
        return self


class DayBand(WireModel):
    """A day in the organization's time zone. Of today, only the hours after as_of."""

    date: Day
    p50: Amount
    low: Amount
    high: Amount

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.low <= self.p50 <= self.high:
            raise ValueError("low, p50 and high are not in this order")
        return self


class Backtest(WireModel):
    """Forecasts of this series from past days, with the days before them only."""

    origins: Count = Field(description="Number of past days from which a forecast was made")
    error: Amount | None = Field(
        description="Sum of the absolute errors by the sum of the truths: 0.05 is 5 %. Null: too few days"
    )
    coverage: Amount | None = Field(
        description="Share of the past totals that were within the interval of `level`, 0 to 1. Null: too few days"
    )

    @model_validator(mode="after")
    def _is_a_share(self) -> Self:
        if self.coverage is not None and self.coverage > 1:
            raise ValueError("coverage is more than 1")
        return self


class Fees(WireModel):
    """Plan and add-ons. They are known and not forecast, and are in no other figure."""

    spent: Amount
    remaining: Amount
    total: Amount

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if exact_sum([self.spent, self.remaining]) != self.total:
            raise ValueError("spent and remaining do not add up to the fees")
        return self


class Forecast(WireModel):
    """What usage costs by list price. One-off lines, such as credits, are not in it."""

    period: Month = Field(description="The running month")
    horizon: Horizon
    level: Annotated[int, Field(ge=1, le=99)] = Field(description="Of the intervals, in percent")
    from_: Moment = Field(alias="from", description="Start of the month, UTC")
    until: Moment | None = Field(description="End of the forecast, UTC. Null if nothing was ever metered")
    spent: Amount | None = Field(description="Cost of the month so far, as in the overview. Null: never metered")
    remaining: Band = Field(description="From as_of until the end of the forecast. The days' p50 add up to p50")
    total: Band = Field(description="spent and remaining")
    days: Annotated[list[DayBand], Field(max_length=MOST_DAYS)]
    method: Literal["weighted_models", "run_rate", "ended", "none"] = Field(
        description="run_rate: there are too few days to compare models. ended: the usage has ended. "
        "none: there was never any usage"
    )
    quality: Literal["ok", "short_history", "volatile", "level_shift"] = Field(
        description="short_history: less than 28 days. level_shift: the level changed in the last 14 days. "
        "volatile: the 80 % interval is wide"
    )
    backtest: Backtest
    unrated_lines: Count = Field(description="Usage of the month without a price, which is in no amount")


class ForecastReply(Forecast):
    fees: Fees | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for name in ("p50", "low", "high"):
            remaining, total = getattr(self.remaining, name), getattr(self.total, name)
            if (remaining is None) != (total is None):
                raise ValueError("remaining and total are not known alike")
            if total is not None and exact_sum([self.spent or Decimal(0), remaining]) != total:
                raise ValueError("spent and remaining do not add up to total")
        if self.remaining.p50 is not None and exact_sum(day.p50 for day in self.days) != self.remaining.p50:
            raise ValueError("the days do not add up to remaining")
        return self

    @model_validator(mode="after")
    def _has_no_gap(self) -> Self:
        dates = [date.fromisoformat(day.date) for day in self.days]
        if any((second - first).days != 1 for first, second in pairwise(dates)):
            raise ValueError("a day is missing")
        return self


class ProjectForecast(Forecast):
    namespace: NamespaceName


class OrganizationForecast(Forecast):
    scope: Scope
    fees: Fees | None = Field(default=None, description="Only for an org-admin, of an organization with a plan")


def _of_project(reply: ForecastReply, namespace: Namespace) -> ProjectForecast:
    return ProjectForecast.model_construct(**_without_fees(reply), namespace=namespace.name)


def _of_organization(reply: ForecastReply, organization: Organization) -> OrganizationForecast:
    """Fees are lines of the organization: a project-user does not get them, also if the billing service sends them."""
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    fees = reply.fees if names is None else None
    return OrganizationForecast.model_construct(**_without_fees(reply), fees=fees, scope=scope)


def _without_fees(reply: ForecastReply) -> dict[str, Any]:
    return {name: value for name, value in reply if name != "fees"}


PROJECT_FORECAST = Resource("forecast", "/api/project/{namespace}/forecast", ForecastReply, _of_project)
ORGANIZATION_FORECAST = Resource(
    "organization_forecast", "/api/organization/{organization}/forecast", ForecastReply, _of_organization
)
