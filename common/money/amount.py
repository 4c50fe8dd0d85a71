"""Amounts of money: Decimal from the reply to the response. One function rounds them.

Amounts are JSON numbers from 0 to 10^18; only a correction can be negative. A string, null or NaN is an error.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from common.money.currencies import DIGITS

LARGEST_AMOUNT = Decimal(10) ** 18

_EXACT = Context(prec=100)
RATE_DIGITS = 4  # hourly rates have this many digits more than the currency


def _decimal(value: object, lowest: Decimal) -> Decimal:
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal) or not number.is_finite() or not lowest <= number <= LARGEST_AMOUNT:
        raise ValueError("must be a JSON number from 0 to 10^18" if not lowest else "must be a JSON number to +-10^18")
    return number or abs(number)  # no -0


Amount = Annotated[
    Decimal,
    BeforeValidator(lambda value: _decimal(value, Decimal(0))),
    WithJsonSchema({"type": "number", "format": "decimal", "minimum": 0, "maximum": 10**18}),
]
SignedAmount = Annotated[
    Decimal,
    BeforeValidator(lambda value: _decimal(value, -LARGEST_AMOUNT)),
    WithJsonSchema({"type": "number", "format": "decimal", "minimum": -(10**18), "maximum": 10**18}),
]


def rounded(amount: Decimal, currency: str | None, more_digits: int = 0) -> Decimal:
    """Rounds to the currency's minor unit (ISO 4217), half up. Unchanged if the currency is unknown.

    `more_digits` are kept only if they are not zero: 2.3200 EUR per hour becomes 2.32, 2.3251 stays.
    """
    if currency is None:
        return amount
    digits = DIGITS.get(currency, 2)
    exact = amount.quantize(Decimal(1).scaleb(-digits - more_digits), ROUND_HALF_UP, _EXACT)
    short = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _EXACT)
    return short if short == exact else exact


def round_known(amount: Decimal | None, currency: str | None, more_digits: int = 0) -> Decimal | None:
    """None stays None: the figure is not known."""
    return None if amount is None else rounded(amount, currency, more_digits)


def exact_sum(amounts: Iterable[Decimal | int]) -> Decimal:
    """Python's own sum rounds to 28 digits. Exact amounts have up to 21 after the decimal point."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total
