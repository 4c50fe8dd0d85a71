"""The codes of `errors` in a 422: what is wrong with a member of a body. The functions have the same list."""

from typing import Final

MEMBER_CODES: Final = (
    "required",
    "unknown_member",
    "type",
    "choice",
    "length",
    "format",
    "range",
    "duplicate",
    "conflict",
    "unknown",
    "refused",
    "invalid",
)
_BY_TYPE: Final = {
    "missing": "required",
    "extra_forbidden": "unknown_member",
    "literal_error": "choice",
    "union_tag_invalid": "choice",
    "string_pattern_mismatch": "format",
}
_BY_PREFIX: Final = {"string_too_": "length", "too_": "length", "greater_than": "range", "less_than": "range"}


def code_of(kind: str) -> str:
    """From the type of pydantic's error. A model raises PydanticCustomError with a code of this list as its type."""
    if kind in MEMBER_CODES:
        return kind
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind.endswith("_type"):
        return "type"
    return next((code for prefix, code in _BY_PREFIX.items() if kind.startswith(prefix)), "invalid")
