"""Reads path and query parameters into the parameter model. A mistake is a 400 that names what is allowed."""

import re
from collections import Counter
from functools import cache
from typing import Final, TypeVar, cast
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from common.http.errors import InvalidNamespace, InvalidParameter
from common.http.text import printable
from common.model import NAMESPACE_PATTERN, Parameters, wire_names

P = TypeVar("P", bound=Parameters)

MAX_QUERY_BYTES: Final = 2048
SHOWN_MISTAKES: Final = 5
LONGEST_MESSAGE: Final = 200
NAMESPACE: Final = re.compile(NAMESPACE_PATTERN[1:-1])
# RFC 3986 section 2.3: needs no percent-encoding. `.` and `..` are dot segments (section 3.3).
UNRESERVED: Final = re.compile(r"(?!\.\.?$)[A-Za-z0-9._~-]{1,128}")


def read_parameters(model: type[P], in_path: dict[str, str], query: bytes) -> P:
    """`in_path` is not decoded and does not contain the namespace. Raises InvalidParameter."""
    if not query and not in_path:
        return cast("P", _defaults(model))
    for name, value in in_path.items():
        if not UNRESERVED.fullmatch(value):
            raise _invalid(f"Path parameter '{name}': 1 to 128 letters, digits and -._~ are allowed, not . or .. alone")
    pairs = _read_query(query)
    for name, _ in pairs:
        if name in in_path:
            raise _invalid(f"Unknown query parameter {_shown(name)}; {_allowed(model, in_path)}")
    return _validate(model, in_path, {**dict(pairs), **in_path})


@cache
def _defaults(model: type[Parameters]) -> Parameters:
    return _validate(model, {}, {})


def _validate(model: type[P], in_path: dict[str, str], values: dict[str, str]) -> P:
    try:
        return model.model_validate(values)
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False)[:SHOWN_MISTAKES]
        raise _invalid("; ".join(_explain(model, in_path, mistake) for mistake in mistakes)) from None


def _read_query(query: bytes) -> list[tuple[str, str]]:
    """Rejects a repeated parameter, and text that is not percent-encoded UTF-8."""
    if not query:
        return []
    if len(query) > MAX_QUERY_BYTES:
        raise _invalid(f"The query string is too long; at most {MAX_QUERY_BYTES} bytes are allowed")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise _invalid("The query string is not percent-encoded UTF-8") from None
    counts = Counter(name for name, _ in pairs)
    repeated = next((name for name, count in counts.items() if count > 1), None)
    if repeated is not None:
        raise _invalid(f"Query parameter {_shown(repeated)} appears twice; once is allowed")
    return pairs


def _invalid(text: str) -> InvalidParameter:
    return InvalidParameter("parameter", public=text)


def _explain(model: type[Parameters], in_path: dict[str, str], mistake: ErrorDetails) -> str:
    name = str(mistake["loc"][0]) if mistake["loc"] else ""
    if mistake["type"] == "extra_forbidden":
        return f"Unknown query parameter {_shown(name)}; {_allowed(model, in_path)}"
    message = printable(mistake["msg"].removeprefix("Value error, "), LONGEST_MESSAGE)
    if not name:  # a check of several parameters together
        return message
    return f"{'Path' if name in in_path else 'Query'} parameter {_shown(name)}: {message}"


def _allowed(model: type[Parameters], in_path: dict[str, str]) -> str:
    known = ", ".join(name for name in wire_names(model) if name not in in_path)
    return f"allowed: {known}" if known else "this path takes none"


def _shown(name: str) -> str:
    """Short and printable, because it is sent back to the client."""
    return ascii(name[:40])


def read_namespace(in_path: dict[str, str]) -> str | None:
    """The namespace of the path, which is not a field of the parameter model. None if the route has none."""
    namespace = in_path.pop("namespace", None)
    if namespace is not None and not NAMESPACE.fullmatch(namespace):
        raise InvalidNamespace("namespace")
    return namespace
