"""The rule of rounding, for every figure of this service: one exact sum, rounded once, half up.

Half up means away from zero, for credits too: -0.005 is -0.01. It is also the rule of PostgreSQL's `round(numeric)`.
docs/decisions/0014-rounding.md
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache

_EXACT = Context(prec=100)
RATE_DIGITS = 4  # more digits than the currency has, for amounts per hour


def rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(_unit(digits), ROUND_HALF_UP, _EXACT)


@cache
def _unit(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Python's own sum rounds to 28 digits. An exact amount has up to 21 after the decimal point alone."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def split(exact: Mapping[str, Decimal], digits: int) -> dict[str, Decimal]:
    """Rounds the parts of a figure by largest remainder: their sum is the rounded sum of the exact parts.

    The parts are not negative. Equal remainders: the earlier part gets the unit.
    """
    unit = _unit(digits)
    total = rounded(exact_sum(exact.values()), digits)
    parts = {name: amount.quantize(unit, ROUND_DOWN, _EXACT) for name, amount in exact.items()}
    units = int((total - exact_sum(parts.values())) / unit)
    for name in sorted(exact, key=lambda name: parts[name] - exact[name])[:units]:
        parts[name] += unit
    return parts
