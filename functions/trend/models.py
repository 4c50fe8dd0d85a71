"""The response of /trend, and the reply of the billing service."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.access.roles import Namespace, Organization
from common.billing.adjustments import MonthAdjustment
from common.billing.resource import Resource
from common.filters import Terms
from common.model import Count, Currency, Moment, NamespaceName, Scope, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum
from functions.trend.change import Comparison
from functions.trend.parameters import LARGEST_NUMBER_OF_GROUPS

LARGEST_NUMBER_OF_BUCKETS = 400
ZERO = Decimal(0)


class Group(WireModel):
    name: Text | None = Field(description="Null: usage without the label")
    amount: Amount
    namespace: NamespaceName | None = Field(default=None, description="Of a project or a workload")
    uid: Text | None = Field(
        default=None, description="Of a project: one that was deleted and created again is two groups. Can be empty"
    )


class RestOfGroups(WireModel):
    groups: Count = Field(description="Number of the other groups")
    amount: Amount


class Bucket(WireModel):
    """An hour, a day, a week or a month."""

    from_: Moment = Field(alias="from", description="Start of the first hour, UTC")
    to: Moment = Field(description="End of the last hour, UTC")
    amount: Amount | None = Field(description="Null: nothing is known. It is not 0: 0 is measured")
    cumulative: Amount | None = Field(
        default=None, description="Sum of the amounts up to and with this bucket. Absent if the amount is null"
    )
    complete: bool = Field(description="True if every hour is there, with a price")
    state: Literal["complete", "incomplete", "running", "no_data", "future"] = Field(
        description="incomplete: hours are missing. running: it ends after as_of. future: it begins after as_of"
    )
    incomplete_hours: Count
    partial: bool | None = Field(default=None, description="True if the range begins or ends within the bucket")
    groups: Annotated[list[Amount], Field(max_length=LARGEST_NUMBER_OF_GROUPS)] | None = Field(
        default=None, description="The amounts of `groups`, in their order. Absent if the amount is null"
    )
    rest: Amount | None = Field(default=None, description="Of all other groups, if there are some")
    rounding: SignedAmount | None = Field(default=None, description="Only in groups by project")
    unrated_lines: Count | None = Field(default=None, description="Usage without a price, which is in no amount")
    other_currencies: dict[Currency, Amount] | None = Field(
        default=None, description="Exact cost in a currency that the organization had before"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.amount is None) != (self.groups is None) or (self.complete and self.amount is None):
            raise ValueError("an amount is known if and only if its groups are")
        if self.amount is not None:
            parts = [*(self.groups or []), self.rest or ZERO, self.rounding or ZERO]
            if exact_sum(parts) != self.amount:
                raise ValueError("the groups do not add up to the bucket")
        return self


class Expected(WireModel):
    """What was forecast for the day from the days before it."""

    p50: Amount
    low: Amount = Field(description="Lower bound of the 99 % interval")
    high: Amount = Field(description="Upper bound of the 99 % interval")


class AnomalyGroup(WireModel):
    kind: Literal["sku", "project"]
    name: Text
    amount: SignedAmount = Field(description="The difference to the mean of the seven days before")


class Anomaly(WireModel):
    """A day whose usage was outside of the 99 % interval that was forecast for it.

    Amounts are usage at the prices of the newest hour: a change of prices is not in them.
    """

    date: Text = Field(description="YYYY-MM-DD, in the organization's time zone")
    amount: Amount
    expected: Expected
    beyond: SignedAmount = Field(description="What amount is above high, or below low (negative)")
    groups: list[AnomalyGroup] = Field(description="What made it: SKUs, and projects of an organization")


class TrendReply(WireModel):
    granularity: Literal["hour", "day", "week", "month"]
    group_by: Text
    include: Terms = Field(default=[], description="The filter of the request")
    exclude: Terms = Field(default=[], description="The filter of the request")
    from_: Moment = Field(alias="from", description="Begin of the range, UTC")
    to: Moment = Field(description="End of the range, UTC")
    total: Amount | None = Field(
        description="Sum of the buckets: the rounded figure of each month, or of its part. Null: nothing is known"
    )
    rounding: SignedAmount | None = Field(
        default=None, description="total minus the sum of the projects' rounded figures. Only in groups by project"
    )
    groups: Annotated[list[Group], Field(max_length=LARGEST_NUMBER_OF_GROUPS)] = Field(description="The largest first")
    rest: RestOfGroups | None = Field(description="Null if all groups are shown")
    buckets: Annotated[list[Bucket], Field(min_length=1, max_length=LARGEST_NUMBER_OF_BUCKETS)]
    adjustments: list[MonthAdjustment]
    other_currencies: dict[Currency, Amount] = Field(
        description="Exact cost of the range in a currency that the organization had before. It is in no other amount"
    )
    unrated_lines: Count = Field(description="Usage without a price, which is in no amount")
    compare: Comparison | None = None
    anomalies: Annotated[list[Anomaly], Field(max_length=LARGEST_NUMBER_OF_BUCKETS)] | None = Field(
        default=None, description="Only of days: the complete ones among the last 100 of the range"
    )

    @model_validator(mode="after")
    def _has_no_gap(self) -> Self:
        ends = [self.from_, *(bucket.to for bucket in self.buckets)]
        if [bucket.from_ for bucket in self.buckets] != ends[:-1] or ends[-1] != self.to:
            raise ValueError("a bucket is missing")
        if any(last <= first for first, last in pairwise(ends)):
            raise ValueError("a bucket is empty")
        return self

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        known = [bucket for bucket in self.buckets if bucket.amount is not None]
        if (self.total is None) != (not known):
            raise ValueError("the total is known if and only if a bucket is")
        rest = self.rest.amount if self.rest else ZERO
        total = self.total or ZERO
        if _sum([bucket.amount for bucket in known]) != total:
            raise ValueError("the buckets do not add up to the total")
        if _sum([*(group.amount for group in self.groups), rest, self.rounding]) != total:
            raise ValueError("the groups do not add up to the total")
        rows = [[*(bucket.groups or []), bucket.rest or ZERO, bucket.rounding or ZERO] for bucket in known]
        expected = [*(group.amount for group in self.groups), rest, self.rounding or ZERO]
        if any(len(row) != len(expected) for row in rows):
            raise ValueError("a bucket has another number of groups")
        if rows and [exact_sum(column) for column in zip(*rows, strict=True)] != expected:
            raise ValueError("a group is not the sum of its buckets")
        sums = list(accumulate((bucket.amount or ZERO for bucket in known), lambda one, more: exact_sum([one, more])))
        if any(bucket.cumulative not in {None, so_far} for bucket, so_far in zip(known, sums, strict=True)):
            raise ValueError("cumulative is not the sum of the buckets")
        return self

    @model_validator(mode="after")
    def _compares_with_the_shown(self) -> Self:
        compare = self.compare
        if compare is None or compare.total is None:
            return self
        if exact_sum([compare.total, compare.difference or ZERO]) != (self.total or ZERO):
            raise ValueError("the difference is not the one to the earlier total")
        if compare.shown is not None and [one.after for one in compare.shown] != [one.amount for one in self.groups]:
            raise ValueError("the compared groups are not the shown ones")
        return self


def _sum(amounts: Sequence[Decimal | None]) -> Decimal:
    return exact_sum(amount for amount in amounts if amount is not None)


class ProjectTrend(TrendReply):
    namespace: NamespaceName


class OrganizationTrend(TrendReply):
    scope: Scope


def _of_project(reply: TrendReply, namespace: Namespace) -> ProjectTrend:
    return ProjectTrend.model_construct(**dict(reply), namespace=namespace.name)


def _of_organization(reply: TrendReply, organization: Organization) -> OrganizationTrend:
    names = organization.namespaces
    scope = Scope(organization=organization.name, namespaces=None if names is None else sorted(names))
    return OrganizationTrend.model_construct(**dict(reply), scope=scope)


PROJECT_TREND = Resource("trend", "/api/project/{namespace}/trend", TrendReply, _of_project)
ORGANIZATION_TREND = Resource(
    "organization_trend", "/api/organization/{organization}/trend", TrendReply, _of_organization
)
