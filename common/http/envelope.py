"""The JSON envelope of all responses. No other module writes "success".

    {"success": true, "data": {...}, "meta": {"as_of": "...", "stale": false}, "timestamp": "2025-10-01T15:25:00.000Z"}
    {"success": false, "error": "...", "code": "...", "details": {...}, "timestamp": "..."}

Timestamps are UTC, RFC 3339, milliseconds, `Z`. Amounts are JSON numbers written from Decimal, never through a float.
"""

from datetime import UTC, datetime
from typing import Any, Final

import simplejson

from common.http.errors import ApiError
from common.model import Quality

_encoder: Final = simplejson.JSONEncoder(
    default=vars,
    use_decimal=True,
    namedtuple_as_object=False,  # otherwise the encoder checks every model for being a named tuple
    ensure_ascii=False,
    allow_nan=False,
    separators=(",", ":"),
)


def timestamp(moment: datetime | None = None) -> str:
    moment = moment.astimezone(UTC) if moment else datetime.now(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def to_json(value: Any) -> bytes:
    """Models are written by their fields, in their order. pydantic's serializer is not used."""
    text: str = _encoder.encode(value)
    return text.encode()


def encode_result(data: Any, as_of: datetime, quality: Quality) -> bytes:
    """The part of the envelope that does not change, because a cached result is encoded once and sent many times."""
    meta = {"as_of": as_of, **{name: value for name, value in quality if value is not None}}
    text = {name: timestamp(value) if isinstance(value, datetime) else value for name, value in meta.items()}
    return b'"data":%b,"meta":%b' % (to_json(data), to_json(text)[:-1])  # `stale` follows


def render_success(encoded_result: bytes, *, stale: bool) -> bytes:
    stale_json = b"true" if stale else b"false"
    return b'{"success":true,%b,"stale":%b},"timestamp":"%b"}' % (encoded_result, stale_json, timestamp().encode())


def render_error(error: ApiError) -> bytes:
    body = {
        "success": False,
        "error": error.public,
        "code": error.code,
        "details": error.details,
        "timestamp": timestamp(),
    }
    return to_json(body)
