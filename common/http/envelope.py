"""The JSON envelope of all responses. No other module writes "success".

    {"success": true, "data": {...}, "meta": {"as_of": "...", "stale": false}, "timestamp": "2025-10-01T15:25:00.000Z"}
    {"success": false, "error": "...", "code": "...", "details": {...}, "timestamp": "..."}

Timestamps are UTC, RFC 3339, milliseconds, `Z`. Amounts are JSON numbers written from Decimal, never through a float.
"""

import functools
from datetime import UTC, datetime
from typing import Any, Final

import simplejson

from common.http.errors import ApiError
from common.model import Quality


def _to_plain(value: object) -> Any:
    """Times as text. A model as its fields, in their order: pydantic's serializer is not used."""
    if isinstance(value, datetime):
        return timestamp(value)
    shape = _shape(type(value))  # type: ignore[arg-type] # mypy takes it for an instance, a class can be hashed
    if shape is None:
        return vars(value)
    aliases, optional = shape
    members = vars(value).items()
    return {aliases[name]: member for name, member in members if member is not None or name not in optional}


@functools.cache
def _shape(model: type[object]) -> tuple[dict[str, str], frozenset[str]] | None:
    """The names on the wire, and the members that are absent if they are null: those with the default None.

    None: every member is written under its own name.
    """
    fields: dict[str, Any] = getattr(model, "model_fields", {})
    aliases = {name: field.alias or name for name, field in fields.items()}
    optional = frozenset(name for name, field in fields.items() if field.default is None)
    return (aliases, optional) if optional or aliases.keys() != set(aliases.values()) else None


_encoder: Final = simplejson.JSONEncoder(
    default=_to_plain,
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
    text: str = _encoder.encode(value)
    return text.encode()


def encode_result(data: Any, as_of: datetime | None, quality: Quality) -> bytes:
    """The part of the envelope that does not change, because a cached result is encoded once and sent many times."""
    meta = {"as_of": as_of, **_to_plain(quality)}
    return b'"data":%b,"meta":%b' % (to_json(data), to_json(meta)[:-1])  # `stale` follows


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
