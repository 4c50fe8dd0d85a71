"""The query parameters of a trend. What needs the organization's time zone is checked by the billing service."""

import re
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from common.filters import EXCLUDE, INCLUDE, LABEL, OrganizationFilter, ProjectFilter, split
from common.http.server_errors import NotOffered
from common.model import FormatParameters, whole_number
from common.ranges import SHAPE, End, check_order, require_end

if TYPE_CHECKING:
    from functions.trend.models import TrendReply

LARGEST_NUMBER_OF_GROUPS = 100


def _group(*names: str) -> AfterValidator:
    def read(text: str) -> str:
        if text not in names and not re.fullmatch(LABEL, text):
            raise ValueError(
                f"must be one of {', '.join(names)}, or label:KEY with a Kubernetes label key: 1 to 63 characters, "
                "which a domain and / can precede"
            )
        return text

    return AfterValidator(read)


class TrendParameters(FormatParameters):
    granularity: Literal["hour", "day", "week", "month"] = Field(
        "day", description="Length of a bucket. A week begins on Monday (ISO 8601). At most 400 buckets"
    )
    from_: End | None = Field(
        None,
        alias="from",
        description="Begin of the range: a date of the organization's time zone, or a full hour (RFC 3339). The "
        "default is the first day of the running month; by the hour, of the running day; by the month, eleven months "
        "before it",
        json_schema_extra={"pattern": SHAPE},
    )
    to: End | None = Field(
        None,
        description="End of the range, which is not in it. The default is the end of the running month or day",
        json_schema_extra={"pattern": SHAPE},
    )
    limit: Annotated[int, whole_number(1, LARGEST_NUMBER_OF_GROUPS)] = Field(
        10, ge=1, le=LARGEST_NUMBER_OF_GROUPS, description="Maximum number of groups; all others are in `rest`"
    )
    compare: Literal["previous", "year"] | None = Field(
        None, description="previous: the range of the same length before. year: the same dates of the year before"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.from_, self.to)
        return self

    @property
    def upstream_query(self) -> dict[str, str]:
        given = {"from": self.from_, "to": self.to, "compare": self.compare, "limit": str(self.limit)}
        return {"granularity": self.granularity} | {name: value for name, value in given.items() if value is not None}

    def require(self, reply: "TrendReply") -> None:
        """Raises NotOffered: a foreign billing service can ignore a parameter."""
        require_end("from", self.from_, reply.from_)
        require_end("to", self.to, reply.to)
        if reply.granularity != self.granularity:
            raise NotOffered("granularity")
        if (reply.compare and reply.compare.mode) != self.compare:
            raise NotOffered("compare")


class ProjectParameters(TrendParameters):
    group_by: Annotated[str, _group("component", "sku", "workload")] = Field(
        "component",
        description="component, sku, workload, or label:KEY for the values of a label of workloads",
        json_schema_extra={"pattern": f"^(component|sku|workload|{LABEL})$"},
    )
    include: ProjectFilter | None = Field(None, description=INCLUDE)
    exclude: ProjectFilter | None = Field(None, description=EXCLUDE)

    @property
    def upstream_query(self) -> dict[str, str]:
        filters = {name: text for name in ("include", "exclude") if (text := getattr(self, name)) is not None}
        return {"group_by": self.group_by, **super().upstream_query, **filters}

    def require(self, reply: "TrendReply") -> None:
        super().require(reply)
        if reply.group_by != self.group_by:
            raise NotOffered("group_by")
        for name, given, used in (("include", self.include, reply.include), ("exclude", self.exclude, reply.exclude)):
            if used != split(given):
                raise NotOffered(name)


class OrganizationParameters(ProjectParameters):
    group_by: Annotated[str, _group("component", "sku", "workload", "project")] = Field(
        "component",
        description="component, sku, workload, project, or label:KEY for the values of a label",
        json_schema_extra={"pattern": f"^(component|sku|workload|project|{LABEL})$"},
    )
    include: OrganizationFilter | None = Field(None, description=INCLUDE)
    exclude: OrganizationFilter | None = Field(None, description=EXCLUDE)
