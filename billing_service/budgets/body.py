"""The body of a budget. A mistake is a 422 that points at the member."""

import re
from decimal import Context, Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from billing_service.budgets.model import BudgetScope, Label, Threshold
from billing_service.changes import invalid
from billing_service.currencies import DIGITS
from billing_service.notifications.targets import Name
from billing_service.trends.filters import LABEL_KEY

MOST_THRESHOLDS = 10
MOST_CHANNELS = 20
LARGEST_AMOUNT = Decimal(10) ** 12
LARGEST_PERCENT = 1_000_000
_PERCENT_DIGITS = 2
_EXACT = Context(prec=100)
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _number(largest: Decimal | int) -> BeforeValidator:
    def read(value: object) -> Decimal:
        number = Decimal(value) if type(value) is int else value
        if not isinstance(number, Decimal) or not 0 < number <= largest:
            raise PydanticCustomError("range", f"must be a JSON number above 0 and at most {largest}")
        return number

    return BeforeValidator(read)


def has_digits(number: Decimal, digits: int) -> bool:
    """At most so many after the decimal point, trailing zeros apart."""
    return bool(number.quantize(Decimal(1).scaleb(-digits), context=_EXACT) == number)


def _two_digits(number: Decimal) -> Decimal:
    if not has_digits(number, _PERCENT_DIGITS):
        raise PydanticCustomError("format", f"must have at most {_PERCENT_DIGITS} digits after the decimal point")
    return number


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise PydanticCustomError("format", rule)
        return value

    return AfterValidator(check)


Amount = Annotated[Decimal, _number(LARGEST_AMOUNT)]
Percent = Annotated[Decimal, AfterValidator(_two_digits), _number(LARGEST_PERCENT)]
Probability = Annotated[Decimal, AfterValidator(_two_digits), _number(1)]
Namespace = Annotated[
    str, _matching(_NAMESPACE, "must be 1 to 63 lower-case letters, digits or hyphens, not a hyphen first or last")
]
Id = Annotated[str, _matching(_UUID, "must be a UUID in lower case")]
LabelKey = Annotated[str, _matching(LABEL_KEY, "must be the key of a Kubernetes label, like app.kubernetes.io/part-of")]
LabelValue = Annotated[str, _matching(_LABEL_VALUE, "must be the value of a Kubernetes label: at most 63 characters")]
Currency = Annotated[str, _matching(re.compile(r"[A-Z]{3}"), "must be the ISO 4217 code of a currency, like EUR")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class LabelBody(_Body):
    key: LabelKey
    value: LabelValue


class ScopeBody(_Body):
    kind: Literal["organization", "project", "label"]
    namespace: Namespace | None = None
    label: LabelBody | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "label") != (self.label is not None):
            raise PydanticCustomError(
                "conflict", "label is required for the kind label, and not allowed for the others"
            )
        if self.kind == "project" and self.namespace is None:
            raise PydanticCustomError("conflict", "namespace is required for the kind project")
        if self.kind == "organization" and self.namespace is not None:
            raise PydanticCustomError("conflict", "namespace is not allowed for the kind organization")
        return self

    @property
    def scope(self) -> BudgetScope:
        label = None if self.label is None else Label(self.label.key, self.label.value)
        return BudgetScope(self.namespace, label)


class ThresholdBody(_Body):
    basis: Literal["actual", "forecast"]
    percent: Percent | None = None
    amount: Amount | None = None
    probability: Probability | None = None

    @model_validator(mode="after")
    def _fits_its_basis(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise PydanticCustomError("conflict", "send either percent or amount")
        if (self.basis == "forecast") != (self.probability is not None):
            raise PydanticCustomError(
                "conflict", "probability is required for the basis forecast, and not allowed for actual"
            )
        return self

    def threshold(self, digits: int) -> Threshold:
        """`digits`: of the currency."""
        amount = None if self.amount is None else _with_digits(self.amount, digits)
        percent, probability = _short(self.percent), _short(self.probability)
        limit = f"a{amount}" if percent is None else f"{percent:f}"
        name = "-".join([self.basis, limit, *([] if probability is None else [f"{probability:f}"])])
        return Threshold(name, self.basis, percent, amount, probability)


class BudgetBody(_Body):
    name: Name
    scope: ScopeBody
    amount: Amount
    currency: Currency
    period: Literal["month", "quarter", "year"] = "month"
    thresholds: list[ThresholdBody] = Field(min_length=1, max_length=MOST_THRESHOLDS)
    channels: list[Id] = Field(default=[], max_length=MOST_CHANNELS)
    notify_on: list[Literal["firing", "resolved"]] = Field(default=["firing", "resolved"], min_length=1, max_length=2)
    rollover: bool = False

    def check(self, currency: str) -> None:
        """`currency`: of the organization. Raises InvalidBody, which names the first mistake."""
        if self.currency != currency:
            raise invalid("choice", f"must be {currency}, the currency of the organization", "currency")
        digits = DIGITS.get(currency, 2)
        rule = f"must have at most {digits} digits after the decimal point, as the currency {currency}"
        if not has_digits(self.amount, digits):
            raise invalid("format", rule, "amount")
        for number, threshold in enumerate(self.thresholds):
            if threshold.amount is not None and not has_digits(threshold.amount, digits):
                raise invalid("format", rule, "thresholds", number, "amount")
        self._check_equal(digits)

    def _check_equal(self, digits: int) -> None:
        """Two thresholds are equal if they fire at the same amount; with a rollover, percents and amounts differ."""
        seen: dict[Any, int] = {}
        for number, one in enumerate(self.thresholds_in(digits)):
            limit = (one.percent, one.amount) if self.rollover else one.of(self.amount)
            first = seen.setdefault((one.basis, limit, one.probability), number)
            if first != number:
                raise invalid("duplicate", f"is equal to /thresholds/{first}", "thresholds", number)
        for name, values in (("channels", self.channels), ("notify_on", self.notify_on)):
            for number, value in enumerate(values):
                if value in values[:number]:
                    raise invalid("duplicate", "comes twice", name, number)

    def thresholds_in(self, digits: int) -> list[Threshold]:
        return [threshold.threshold(digits) for threshold in self.thresholds]

    def columns(self) -> dict[str, Any]:
        """Of a checked body: the members of Budget that a caller sets."""
        digits = DIGITS.get(self.currency, 2)
        return {
            "name": self.name,
            "scope": self.scope.scope,
            "amount": _with_digits(self.amount, digits),
            "currency": self.currency,
            "period": self.period,
            "thresholds": tuple(self.thresholds_in(digits)),
            "channels": tuple(map(UUID, self.channels)),
            "notify_on": tuple(sorted(self.notify_on)),
            "rollover": self.rollover,
        }


def _with_digits(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), context=_EXACT)


def _short(number: Decimal | None) -> Decimal | None:
    """Without trailing zeros: 80.00 is 80."""
    if number is None:
        return None
    whole = number == number.to_integral_value()
    return _with_digits(number, 0) if whole else _with_digits(number, _PERCENT_DIGITS).normalize(_EXACT)
