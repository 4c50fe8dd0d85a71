"""What crosses the wire. The billing service's replies are validated strictly: what is not certain is no number.

Amounts are Decimal: JSON numbers only (a string, null, NaN or a negative one fails), up to 18 digits kept as sent.
Response models have no defaults, so a client knows that every member is always there.
"""

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

NAMESPACE_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"  # RFC 1123 label, as Kubernetes has it
LARGEST_AMOUNT = Decimal(10) ** 18

# ISO 4217 (list one): the currencies whose minor unit is not a hundredth.
MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
RATE_DIGITS = 4  # hourly rates have this many digits more than the currency


class DuplicateMemberError(ValueError):
    """A JSON object that has a member twice says two things (RFC 8259 section 4)."""


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMemberError("a member appears twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise NonFiniteError(f"{name} is no JSON")


class NonFiniteError(ValueError):
    """NaN and Infinity are no JSON (RFC 8259 section 6), 1e9999999999999999999 is beyond Decimal: no amounts."""


def parse_json(text: bytes) -> Any:
    """Strict JSON with Decimal for every number that has a fraction or exponent.

    Raises ValueError (DuplicateMemberError, NonFiniteError among them), or RecursionError when nested too deep.
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_members,
        )
    except InvalidOperation:  # an ArithmeticError, which no reader of JSON expects
        raise NonFiniteError("an exponent is out of range") from None


def _amount(value: object) -> Decimal:
    if type(value) is int:
        value = Decimal(value)
    if (
        not isinstance(value, Decimal)
        or not value.is_finite()
        or (value.is_signed() and value)
        or value > LARGEST_AMOUNT
    ):
        msg = "must be a JSON number from 0 to 10^18"
        raise ValueError(msg)
    return abs(value)  # no -0


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        msg = "must be an RFC 3339 timestamp with its offset"
        raise ValueError(msg)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999, in UTC") from None


Amount = Annotated[
    Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10**18})
]
Count = Annotated[int, Field(ge=0, le=10**9)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Moment = Annotated[datetime, BeforeValidator(_moment)]
NamespaceName = Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN, max_length=63)]
Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


def rounded(amount: Decimal, currency: str | None, more_digits: int = 0) -> Decimal:
    """To the currency's minor unit (ISO 4217), half to even; as it is where the currency is not known.

    `more_digits` are kept only where they say something: 2.3200 EUR an hour is 2.32, 2.3251 stays.
    """
    if currency is None:
        return amount
    digits = MINOR_UNITS.get(currency, 2)
    exact = amount.quantize(Decimal(1).scaleb(-digits - more_digits), ROUND_HALF_EVEN)
    short = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return short if short == exact else exact


class Wire(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        defer_build=True,  # a function builds the models that it uses, with its first answer
    )


class BillingSummary(Wire):
    """Month to date (since the month began in UTC), the last 24 full hours, and the run rate of the last full hour."""

    current_month_total: Amount = Field(description="Cost since the month began in UTC")
    last_day_spend: Amount = Field(description="Cost of the last 24 full hours")
    billing_period: Month = Field(description="The month, YYYY-MM, UTC")
    total_cost_per_hour: Amount = Field(description="Run rate of the last full hour")
    currency: Currency | None = Field(description="ISO 4217; null when the billing service does not say")

    def rounded(self) -> Self:
        return self.model_copy(
            update={
                "current_month_total": rounded(self.current_month_total, self.currency),
                "last_day_spend": rounded(self.last_day_spend, self.currency),
                "total_cost_per_hour": rounded(self.total_cost_per_hour, self.currency, RATE_DIGITS),
            }
        )


class ComputeInstances(Wire):
    running_pods: Count
    running_vms: Count
    cpu_cores: Amount
    memory_gib: Amount
    cost_per_hour: Amount = Field(description="The compute part of the run rate")


class CostBreakdown(Wire):
    """What `current_month_total` is made of."""

    cpu_cost: Amount
    memory_cost: Amount
    storage_cost: Amount
    network_cost: Amount
    public_ip_cost: Amount


class Overview(Wire):
    namespace: NamespaceName
    billing_summary: BillingSummary
    compute_instances: ComputeInstances
    cost_breakdown: CostBreakdown

    def rounded(self) -> Self:
        """Every amount to the currency's minor unit."""
        currency = self.billing_summary.currency
        compute, parts = self.compute_instances, self.cost_breakdown
        rate = rounded(compute.cost_per_hour, currency, RATE_DIGITS)
        return self.model_copy(
            update={
                "billing_summary": self.billing_summary.rounded(),
                "compute_instances": compute.model_copy(update={"cost_per_hour": rate}),
                "cost_breakdown": parts.model_copy(update={k: rounded(v, currency) for k, v in parts}),
            }
        )


class Project(Wire):
    namespace: NamespaceName
    billing_summary: BillingSummary | None
    error: str | None = Field(description="Why there is no figure; null when there is one")

    @classmethod
    def priced(cls, namespace: str, summary: BillingSummary) -> Self:
        return cls.model_construct(namespace=namespace, billing_summary=summary, error=None)

    @classmethod
    def unpriced(cls, namespace: str, why: str) -> Self:
        return cls.model_construct(namespace=namespace, billing_summary=None, error=why)


class Totals(Wire):
    """Decimal sums over the matching projects that have a figure, one per currency."""

    currency: Currency | None
    current_month_total: Amount
    last_day_spend: Amount
    total_cost_per_hour: Amount


class ProjectList(Wire):
    organization: str
    projects: list[Project]
    total: Count = Field(description="Projects that match, on every page")
    totals: list[Totals]
    unpriced: Count = Field(description="Matching projects without a figure")


class Health(Wire):
    status: Literal["healthy"]
    billing_service: Literal["healthy"]


class Meta(Wire):
    as_of: datetime = Field(description="What time the numbers are of, UTC")
    stale: bool = Field(description="The billing service is away and this is an older answer (RFC 5861)")


# --- what a client asks -------------------------------------------------------


LARGEST_PAGE = 1000
LARGEST_OFFSET = 10**6


def _whole_number(lowest: int, highest: int) -> BeforeValidator:
    """Written in ASCII digits alone; to Python `1_0`, ` 5` and `+5` are numbers too. A refusal says what is allowed."""

    def read(value: object) -> object:
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(10**9))
        if isinstance(value, str) and not (digits and lowest <= int(value) <= highest):
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return value

    return BeforeValidator(read)


class NoParameters(BaseModel):
    """For functions without a query."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ListParameters(NoParameters):
    """Ties are ordered by namespace; projects without a figure come last in either direction."""

    search: Annotated[str, StringConstraints(max_length=63, to_lower=True)] = Field(
        "", description="Substring of the namespace's name"
    )
    sort: Literal[
        "namespace",
        "-namespace",
        "current_month_total",
        "-current_month_total",
        "last_day_spend",
        "-last_day_spend",
        "total_cost_per_hour",
        "-total_cost_per_hour",
    ] = Field("namespace", description="- before the name for descending")
    limit: Annotated[int, _whole_number(1, LARGEST_PAGE)] = Field(
        LARGEST_PAGE, ge=1, le=LARGEST_PAGE, description="Projects on a page"
    )
    offset: Annotated[int, _whole_number(0, LARGEST_OFFSET)] = Field(
        0, ge=0, le=LARGEST_OFFSET, description="Projects to leave out before the page"
    )


# --- what the billing service sends ------------------------------------------


class SummaryReply(BillingSummary):
    currency: Currency | None = None


class OverviewReply(Overview):
    """`namespace` and `organization` say whose numbers these are; a foreign service may leave them out."""

    namespace: NamespaceName | None = None  # type: ignore[assignment] # filled from the question when left out
    billing_summary: SummaryReply
    organization: str | None = None
    as_of: Moment | None = None


class ReplyError(Wire):
    code: str


class ProjectReply(Wire):
    namespace: NamespaceName
    billing_summary: SummaryReply | None
    error: ReplyError | None = None


class ProjectListReply(Wire):
    organization: str
    as_of: Moment | None = None
    projects: Annotated[list[ProjectReply], Field(max_length=10_000)]
