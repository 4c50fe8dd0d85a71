"""What changed since an earlier range."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.model import Count, Currency, Moment, NamespaceName, Text, WireModel
from common.money.amount import Amount, SignedAmount, exact_sum
from functions.trend.parameters import LARGEST_NUMBER_OF_GROUPS


class Span(WireModel):
    from_: Moment = Field(alias="from", description="Start of the first hour, UTC")
    to: Moment = Field(description="End of the last hour, UTC")


class Parts(WireModel):
    """They add up to the difference."""

    volume: SignedAmount = Field(description="Difference of the quantities at the old price")
    price: SignedAmount = Field(description="The new quantity at the difference of the prices")
    new: SignedAmount = Field(description="Cost of what had no quantity before")
    gone: SignedAmount = Field(description="Cost of what has no quantity now, negative")

    @property
    def parts(self) -> list[Decimal]:
        return [self.volume, self.price, self.new, self.gone]


class Compared(WireModel):
    before: Amount
    after: Amount
    difference: SignedAmount
    ratio: SignedAmount | None = Field(default=None, description="difference divided by before. Absent if before is 0")

    @model_validator(mode="after")
    def _is_the_difference(self) -> Self:
        if exact_sum([self.before, self.difference]) != self.after:
            raise ValueError("a difference does not add up")
        return self


class NotShown(Compared):
    """All groups that are not among the groups of the trend, also those without cost in its range."""

    groups: Count


class Changed(Parts, Compared):
    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if exact_sum(self.parts) != self.difference:
            raise ValueError("the parts do not add up to the difference")
        return self


class ChangedGroup(Changed):
    name: Text | None = Field(description="As in the trend's groups")
    namespace: NamespaceName | None = Field(default=None)
    uid: Text | None = Field(default=None)


class ChangedRest(Changed):
    """All other groups together."""

    groups: Count


class Comparison(WireModel):
    """The amounts are null if one of the two ranges has no data."""

    mode: Literal["previous", "year"]
    from_: Moment | None = Field(alias="from", description="Begin of the earlier range. Null: the range has not begun")
    to: Moment | None = Field(description="End of the earlier range")
    current: Span | None = Field(description="The hours of the range that are compared: until as_of, if it runs")
    incomplete_hours: Count | None = Field(description="Of the earlier range")
    total: Amount | None = Field(description="Cost of the earlier range")
    difference: SignedAmount | None = Field(description="Cost of the range minus total")
    ratio: SignedAmount | None = Field(
        default=None, description="difference divided by total. Absent if total is 0 or null"
    )
    volume: SignedAmount | None
    price: SignedAmount | None
    new: SignedAmount | None
    gone: SignedAmount | None
    rounding: SignedAmount | None = Field(
        default=None, description="difference minus volume, price, new and gone. Only in groups by project"
    )
    groups: Annotated[list[ChangedGroup], Field(max_length=LARGEST_NUMBER_OF_GROUPS)] = Field(
        description="The largest change first"
    )
    rest: ChangedRest | None
    shown: Annotated[list[Compared], Field(max_length=LARGEST_NUMBER_OF_GROUPS)] | None = Field(
        default=None, description="The groups of the trend, in their order"
    )
    not_shown: NotShown | None = None
    other_currencies: dict[Currency, Amount] = Field(description="Exact cost of the earlier range in other currencies")
    unrated_lines: Count = Field(description="Usage of the earlier range without a price, which is in no amount")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.difference is None or self.total is None:
            if self.groups or self.rest or [self.difference, self.total, self.volume] != [None] * 3:
                raise ValueError("there are parts of a difference that is null")
            return self
        groups: list[Changed] = [*self.groups, *([self.rest] if self.rest else [])]
        for name in ("volume", "price", "new", "gone"):
            if exact_sum(getattr(group, name) for group in groups) != getattr(self, name):
                raise ValueError(f"{name} is not the sum of the groups")
        parts = [self.volume, self.price, self.new, self.gone, self.rounding or Decimal(0)]
        if exact_sum(part for part in parts if part is not None) != self.difference:
            raise ValueError("the parts do not add up to the difference")
        beside = [*(self.shown or []), *([self.not_shown] if self.not_shown else [])]
        found = exact_sum([*(one.difference for one in beside), self.rounding or Decimal(0)])
        if self.shown is not None and found != self.difference:
            raise ValueError("the compared groups do not add up to the difference")
        return self
