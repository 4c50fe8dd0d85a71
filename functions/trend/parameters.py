"""The query parameters of a trend. What needs the organization's time zone is checked by the billing service."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from common.http.server_errors import NotOffered
from common.model import DATE_TIME, FormatParameters, whole_number
from functions.trend.filters import EXCLUDE, INCLUDE, LABEL, OrganizationFilter, ProjectFilter, split

if TYPE_CHECKING:
    from functions.trend.models import TrendReply

LARGEST_NUMBER_OF_GROUPS = 100
_DATE: Final = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)
_SHAPE: Final = (  # for OpenAPI
    r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):00:00(\.0+)?(Z|[+-](0\d|1[0-4]):00))?$"
)
_WHEN: Final = "must be a date like 2026-11-01, or a full hour with its offset like 2026-11-01T13:00:00Z"
_ZONES: Final = timedelta(hours=15)  # a day begins at most so far from its beginning in UTC


def _end(text: str) -> str:
    try:
        moment = _moment(text)
    except ValueError:
        raise ValueError(f"is not a date of the calendar or not a time of the day: it {_WHEN}") from None
    if moment is None or moment.minute or moment.second or moment.microsecond:
        raise ValueError(_WHEN)
    return text


def _moment(text: str) -> datetime | None:
    """A date as its beginning in UTC. None: neither a date nor a time. Raises ValueError: it does not exist."""
    if _DATE.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    if not text.startswith("20") or not DATE_TIME.fullmatch(text):
        return None
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _group(*names: str) -> AfterValidator:
    def read(text: str) -> str:
        if text not in names and not re.fullmatch(LABEL, text):
            raise ValueError(
                f"must be one of {', '.join(names)}, or label:KEY with a Kubernetes label key: 1 to 63 characters, "
                "which a domain and / can precede"
            )
        return text

    return AfterValidator(read)


End = Annotated[str, AfterValidator(_end)]


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
        json_schema_extra={"pattern": _SHAPE},
    )
    to: End | None = Field(
        None,
        description="End of the range, which is not in it. The default is the end of the running month or day",
        json_schema_extra={"pattern": _SHAPE},
    )
    limit: Annotated[int, whole_number(1, LARGEST_NUMBER_OF_GROUPS)] = Field(
        10, ge=1, le=LARGEST_NUMBER_OF_GROUPS, description="Maximum number of groups; all others are in `rest`"
    )
    compare: Literal["previous", "year"] | None = Field(
        None, description="previous: the range of the same length before. year: the same dates of the year before"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """If one is a date and the other a time, the time zone decides."""
        ends = [self.from_, self.to]
        first, last = (None if end is None else _moment(end) for end in ends)
        dates = {_DATE.fullmatch(end) is not None for end in ends if end is not None}
        if first is not None and last is not None and len(dates) == 1 and last <= first:
            raise ValueError("Query parameter 'to': must be after 'from'")
        return self

    @property
    def upstream_query(self) -> dict[str, str]:
        given = {"from": self.from_, "to": self.to, "compare": self.compare, "limit": str(self.limit)}
        return {"granularity": self.granularity} | {name: value for name, value in given.items() if value is not None}

    def require(self, reply: "TrendReply") -> None:
        """Raises NotOffered: a foreign billing service can ignore a parameter."""
        for name, asked, shown in (("from", self.from_, reply.from_), ("to", self.to, reply.to)):
            moment = None if asked is None else _moment(asked)
            leeway = _ZONES if asked and _DATE.fullmatch(asked) else timedelta(0)
            if moment is not None and abs(shown - moment) > leeway:
                raise NotOffered(name)
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
