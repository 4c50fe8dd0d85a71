"""Amounts of money: Decimal from the reply to the response. One function rounds them.

Amounts are JSON numbers from 0 to 10^18. A string, null, NaN or a negative number is an error.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

from common.money.currencies import DIGITS

LARGEST_AMOUNT = Decimal(10) ** 18

RATE_DIGITS = 4  # hourly rates have this many digits more than the currency


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


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "number", "format": "decimal", "minimum": 0, "maximum": 10**18}),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def rounded(amount: Decimal, currency: str | None, more_digits: int = 0) -> Decimal:
    """Rounds to the currency's minor unit (ISO 4217), half to even. Unchanged if the currency is unknown.

    `more_digits` are kept only if they are not zero: 2.3200 EUR per hour becomes 2.32, 2.3251 stays.
    """
    if currency is None:
        return amount
    digits = DIGITS.get(currency, 2)
    exact = amount.quantize(Decimal(1).scaleb(-digits - more_digits), ROUND_HALF_EVEN)
    short = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return short if short == exact else exact
