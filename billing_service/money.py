"""The rule of rounding, for every figure of this service: one exact sum, rounded once, half up.

Half up means away from zero, for credits too: -0.005 is -0.01. It is also the rule of PostgreSQL's `round(numeric)`.
docs/decisions/0014-rounding.md
"""

from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache

_EXACT = Context(prec=100)
RATE_DIGITS = 4  # more digits than the currency has, for amounts per hour


def rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(_unit(digits), ROUND_HALF_UP, _EXACT)


@cache
def _unit(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


def split(exact: Mapping[str, Decimal], digits: int) -> dict[str, Decimal]:
    """Rounds the parts of a figure by largest remainder: their sum is the rounded sum of the exact parts.

    The parts are not negative. Equal remainders: the earlier part gets the unit.
    """
    unit = _unit(digits)
    total = rounded(sum(exact.values(), Decimal(0)), digits)
    parts = {name: amount.quantize(unit, ROUND_DOWN, _EXACT) for name, amount in exact.items()}
    units = int((total - sum(parts.values(), Decimal(0))) / unit)
    for name in sorted(exact, key=lambda name: parts[name] - exact[name])[:units]:
        parts[name] += unit
    return parts
