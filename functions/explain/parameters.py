"""The query parameters of /explain: a figure of a month, or a range of time."""

from typing import Literal, Protocol, Self

from pydantic import Field, model_validator

from common.filters import INCLUDE, OrganizationFilter, UsageFilter, split
from common.http.server_errors import NotOffered
from common.model import FormatParameters, Moment, PeriodParameters
from common.ranges import SHAPE, End, check_order, require_end

SummaryFigure = Literal["current_month_total", "last_day_spend", "total_cost_per_hour"]
Figure = Literal[SummaryFigure, "cpu", "memory", "storage", "network", "public_ip", "gpu", "other"]
DEFAULT: SummaryFigure = "current_month_total"

_FROM = "Begin of a range instead of a month: a date of the organization's time zone, or a full hour (RFC 3339)"
_TO = "End of the range, which is not in it: at most 400 days after `from`"
_EXCLUDE = "Only of a range: without usage that fits one of these terms, which have the form of `include`"


class Explained(Protocol):
    """What a reply states about the request."""

    @property
    def figure(self) -> str | None: ...
    @property
    def period(self) -> str | None: ...
    @property
    def from_(self) -> Moment: ...
    @property
    def to(self) -> Moment: ...
    @property
    def include(self) -> list[str]: ...
    @property
    def exclude(self) -> list[str]: ...


class _RangeParameters(FormatParameters, PeriodParameters):
    figure: Figure | None = Field(
        None,
        description="A figure of the billing summary, or a component of the month's cost. The default without a range "
        f"is {DEFAULT}",
    )
    from_: End | None = Field(None, alias="from", description=_FROM, json_schema_extra={"pattern": SHAPE})
    to: End | None = Field(None, description=_TO, json_schema_extra={"pattern": SHAPE})
    include: UsageFilter | None = Field(None, description=f"Only of a range. {INCLUDE}")
    exclude: UsageFilter | None = Field(None, description=_EXCLUDE)

    @model_validator(mode="after")
    def _is_a_month_or_a_range(self) -> Self:
        given = self._range
        if given and (missing := next((name for name in ("from", "to") if name not in given), None)):
            raise ValueError(f"Query parameter '{missing}': is required with '{next(iter(given))}'")
        for name in ("figure", "period"):
            if given and getattr(self, name) is not None:
                raise ValueError(f"Query parameter '{name}': must not come with 'from' and 'to'")
        check_order(self.from_, self.to)
        return self

    @property
    def _range(self) -> dict[str, str]:
        given = {"from": self.from_, "to": self.to, "include": self.include, "exclude": self.exclude}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def upstream_query(self) -> dict[str, str]:
        return self._range or {"figure": self.figure or DEFAULT, **super().upstream_query}

    def require(self, reply: Explained) -> None:
        """Raises NotOffered (501): a foreign billing service can ignore a parameter."""
        if self._range:
            require_end("from", self.from_, reply.from_)
            require_end("to", self.to, reply.to)
        elif reply.figure != (self.figure or DEFAULT):
            raise NotOffered("figure")
        if self.period not in {None, reply.period}:
            raise NotOffered("period")
        for name, asked, used in (("include", self.include, reply.include), ("exclude", self.exclude, reply.exclude)):
            if used != split(asked):
                raise NotOffered(name)


class ProjectParameters(_RangeParameters):
    pass


class OrganizationParameters(_RangeParameters):
    figure: SummaryFigure | None = Field(
        None, description=f"A figure of the billing summary. The default without a range is {DEFAULT}"
    )
    include: OrganizationFilter | None = Field(None, description=f"Only of a range. {INCLUDE}")
    exclude: OrganizationFilter | None = Field(None, description=_EXCLUDE)
