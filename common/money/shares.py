"""Shares of a sum, for people: with three digits, so that they are per cents with one."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

PARTS = 1000  # of 1
_SMALLEST = Decimal(1).scaleb(-3)


def _share(value: object) -> object:
    number = Decimal(value) if type(value) is int else value
    if not isinstance(number, Decimal) or not 0 <= number <= 1:
        raise ValueError("must be a JSON number from 0 to 1")
    return number


Share = Annotated[
    Decimal,
    BeforeValidator(_share),
    WithJsonSchema({"type": "number", "format": "decimal", "minimum": 0, "maximum": 1}),
]


def shares(parts: Sequence[Decimal]) -> list[Decimal] | None:
    """Of the sum of the parts, which are not negative. They add up to 1: the largest remainders are rounded up.

    None if the sum is 0.
    """
    total = sum(parts)
    if total == 0:
        return None
    exact = [part * PARTS / total for part in parts]
    units = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: units[index] - exact[index])
    for index in by_remainder[: PARTS - sum(units)]:
        units[index] += 1
    return [unit * _SMALLEST for unit in units]


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part` divided by `whole`, with three digits, half up. None if `whole` is 0."""
    return (part / whole).quantize(_SMALLEST, ROUND_HALF_UP) if whole else None
