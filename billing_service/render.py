"""The JSON of a response: decimals digit by digit, no exponent, no binary float."""

from decimal import Decimal
from typing import Any

import simplejson
from fastapi import Response


def render(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return render_text(status, text(body), headers)


def render_text(status: int, body: str, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def text(body: object) -> str:
    return str(simplejson.dumps(body, use_decimal=False, default=_plain, allow_nan=False, separators=(",", ":")))


def _plain(value: object) -> simplejson.RawJSON:
    """Writes a Decimal without an exponent. simplejson alone would write 0.0000000 as 0E-7."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    return simplejson.RawJSON(format(value, "f"))
