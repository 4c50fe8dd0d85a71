"""Strict JSON (RFC 8259). Each number with a fraction or an exponent becomes a Decimal."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

LONGEST_NUMBER: Final = 4300  # characters; Python's own limit for integers (sys.int_info)


class DuplicateMemberError(ValueError):
    """An object has a member twice (RFC 8259 section 4), so its meaning is not clear."""


class NonFiniteError(ValueError):
    """NaN, Infinity (RFC 8259 section 6), or an exponent beyond the range of Decimal."""


class TooDeepError(ValueError):
    """Objects and arrays are nested deeper than allowed."""


def parse_json(text: bytes, max_depth: int | None = None) -> Any:
    """Raises ValueError or one of its subclasses above; RecursionError for deep nesting without `max_depth`."""
    try:
        value = json.loads(
            text.decode("utf-8"),
            parse_float=_decimal,
            parse_constant=_reject_constant,
            object_pairs_hook=_unique_members,
        )
    except InvalidOperation:  # an ArithmeticError, which callers do not expect
        raise NonFiniteError("an exponent is out of range") from None
    except RecursionError:
        if max_depth is None:
            raise
        raise TooDeepError("nested too deep") from None
    if max_depth is not None and _depth_exceeds(value, max_depth):
        raise TooDeepError("nested too deep")
    return value


def _decimal(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return Decimal(text)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMemberError("a member appears twice")
    return members


def _reject_constant(name: str) -> Any:
    raise NonFiniteError(f"{name} is not JSON")


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
