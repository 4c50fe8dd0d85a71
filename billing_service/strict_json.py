"""Strict JSON (RFC 8259): no member twice, no NaN. A number with a fraction or an exponent is a Decimal."""

from typing import Any

import simplejson


def loads(content: bytes | str) -> Any:
    """Raises ValueError, also for an exponent that is out of range and for nesting that is too deep."""
    try:
        text = content if isinstance(content, str) else content.decode()
        return simplejson.loads(text, use_decimal=True, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
