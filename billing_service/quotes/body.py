"""Reads the JSON body of a quote: each value has its place, so that an error points at it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing_service.errors import BadRequest
from billing_service.plans.quantities import quantity
from billing_service.strict_json import loads

LARGEST_BODY = 65_536
_DEEPEST = 32
_TEXT = re.compile(r"[ -~]{1,253}")


class WrongMember(Exception):
    """`pointer`: RFC 6901. `code`: of member_errors.py. The text has what is allowed."""

    def __init__(self, pointer: str, code: str, text: str) -> None:
        super().__init__(text)
        self.pointer = pointer
        self.code = code


@dataclass(frozen=True)
class At:
    """A value of the body. Every method raises WrongMember."""

    value: Any
    pointer: str

    def __contains__(self, name: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def __getitem__(self, name: str) -> "At":
        """The member of an object. A member that is not there, or null, has the value None."""
        escaped = name.replace("~", "~0").replace("/", "~1")
        return At(self.object().get(name), f"{self.pointer}/{escaped}")

    def items(self) -> Iterator["At"]:
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.wrong("type", "must be an array")
        yield from (At(value, f"{self.pointer}/{number}") for number, value in enumerate(self.value))

    def object(self) -> dict[str, Any]:
        if self.value is None:
            raise self.wrong("required", "is required")
        if not isinstance(self.value, dict):
            raise self.wrong("type", "must be an object")
        return self.value

    def text(self) -> str:
        if self.value is None:
            raise self.wrong("required", "is required")
        if not isinstance(self.value, str) or not _TEXT.fullmatch(self.value):
            raise self.wrong("format", "must be a text of 1 to 253 ASCII characters")
        return self.value

    def whole(self, lowest: int, highest: int, default: int) -> int:
        if self.value is None:
            return default
        if type(self.value) is not int or not lowest <= self.value <= highest:
            raise self.wrong("range", f"must be a whole number from {lowest} to {highest}")
        return self.value

    def amount(self, largest: Decimal, *, positive: bool = False) -> Decimal:
        """A quantity of Kubernetes."""
        if self.value is None:
            raise self.wrong("required", "is required")
        try:
            found = quantity(self.value)
        except ValueError as error:
            raise self.wrong("format", str(error)) from None
        if found > largest or (positive and not found):
            raise self.wrong("range", f"must be {'above 0' if positive else 'from 0'} and at most {_short(largest)}")
        return found

    def only(self, *allowed: str) -> None:
        for name in self.object():
            if name not in allowed:
                raise self[name].wrong("unknown_member", f"unknown member; allowed: {', '.join(allowed)}")

    def wrong(self, code: str, text: str) -> WrongMember:
        return WrongMember(self.pointer, code, text)


def _short(amount: Decimal) -> str:
    """In binary units where it is one: 1024Ti is easier to read than its bytes."""
    for power, prefix in ((50, "Pi"), (40, "Ti"), (30, "Gi")):
        if amount and not amount % 2**power:
            return f"{amount / 2**power:f}{prefix}"
    return f"{amount:f}"


def read_json(content: bytes) -> At:
    """Strict: no member twice, no NaN. Raises BadRequest (400)."""
    if len(content) > LARGEST_BODY:
        raise BadRequest(f"The body must have at most {LARGEST_BODY} bytes")
    try:
        value = loads(content)
        _check_depth(value)
    except ValueError:
        raise BadRequest(
            f"The body must be JSON in UTF-8, no member twice, no NaN, and at most {_DEEPEST} levels deep"
        ) from None
    return At(value, "")


def _check_depth(value: Any, level: int = 1) -> None:
    if level > _DEEPEST:
        raise ValueError("too deep")
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(child, level + 1)
