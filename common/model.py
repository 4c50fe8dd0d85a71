"""Base classes and field types of all request, response and reply models.

A member of a response model is always present, unless it has the default None: then it is absent if it is None. Numbers
from the billing service are validated strictly: a string, null or a negative number is an error.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NAMESPACE_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"  # RFC 1123 label, as in Kubernetes


# RFC 3339 section 5.6, with its note: small letters, and a space for the T.
DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d:)(\d\d)(\.\d+)?(?:[Zz]|([+-]\d\d:\d\d))", re.ASCII
)


def _moment(value: object) -> datetime:
    match = DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an RFC 3339 timestamp with its offset")
    date, time, seconds, fraction, offset = match.groups()
    leap = timedelta(seconds=seconds == "60")
    text = f"{date}T{time}{'59' if leap else seconds}{(fraction or '.0')[:7]}{offset or '+00:00'}"
    try:
        return datetime.fromisoformat(text).astimezone(UTC) + leap
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999, in UTC") from None


Count = Annotated[int, Field(ge=0, le=10**9)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
NamespaceName = Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN, max_length=63)]
Text = Annotated[str, StringConstraints(max_length=1000)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"  # a UUID

EXAMPLE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def _path_id(value: str) -> str:
    if not re.fullmatch(ID_PATTERN[1:-1], value):
        raise ValueError(f"must be a UUID in lower case, such as {EXAMPLE_ID}")
    return value


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
PathId = Annotated[
    str, AfterValidator(_path_id), Field(examples=[EXAMPLE_ID], json_schema_extra={"pattern": ID_PATTERN})
]


class WireModel(BaseModel):
    """What the API returns and what the billing service sends. Unknown members are dropped."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        defer_build=True,  # a model is built when it is first used
    )


class BodyModel(BaseModel):
    """A request body. An unknown member is an error, so that a typing error is not ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)


class Parameters(BaseModel):
    """Path and query parameters of an endpoint, read from text. A field is required if it is in the path."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PeriodParameters(Parameters):
    """Of an endpoint whose figures are of one month."""

    period: Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None = Field(
        default=None, description="A month that has begun, YYYY-MM. The default is the running month"
    )

    @property
    def upstream_query(self) -> dict[str, str]:
        return {} if self.period is None else {"period": self.period}


class FormatParameters(Parameters):
    """Of an endpoint that also sends its response as a file."""

    format: Literal["json", "csv"] = Field(
        default="json", description="csv: the same figures as a file. An error is always JSON"
    )


class Quality(WireModel):
    """How complete and how final figures are. The billing service sends these members; a foreign one may omit them."""

    complete_through: Moment | None = Field(
        default=None, description="End of the last hour before the first incomplete one, UTC"
    )
    incomplete_hours: Count | None = Field(default=None, description="Hours of the period with missing samples")
    data_version: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Grows with every change of the organization's figures"
    )
    currency: Currency | None = Field(default=None, description="ISO 4217 code of the amounts")
    currency_digits: Annotated[int, Field(ge=0, le=4)] | None = Field(
        default=None,
        description="Decimal digits to which amounts are rounded; hourly rates have 4 more",
    )
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] | None = Field(
        default=None, description="IANA time zone in which the organization's days and months begin"
    )
    period_state: Literal["open", "provisional", "closed"] | None = Field(
        default=None, description="provisional: the month is over, late usage is still included. closed: final"
    )
    cost_basis: Literal["usage", "list_price"] | None = Field(
        default=None,
        description="usage: will be invoiced. list_price: what the usage would cost without the plan",
    )


class Meta(Quality):
    """About the figures in a response. A member is absent if the billing service does not send it."""

    as_of: datetime | None = Field(description="Time of the figures, UTC. Null if nothing was ever metered")
    stale: bool = Field(description="True if the billing service failed and this is an older response (RFC 5861)")


class Scope(WireModel):
    """`namespaces`: only these projects. Null: the complete organization."""

    organization: NamespaceName
    namespaces: list[NamespaceName] | None


def wire_names(model: type[BaseModel]) -> list[str]:
    """The names of a model's fields as a client writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def whole_number(lowest: int, highest: int) -> BeforeValidator:
    """Text of ASCII digits only. Python also accepts `1_0`, ` 5` and `+5`; they are rejected here."""

    def read(value: object) -> object:
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(10**9))
        if isinstance(value, str) and not (digits and lowest <= int(value) <= highest):
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return value

    return BeforeValidator(read)
