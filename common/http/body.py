"""Reads a request body into the endpoint's body model. An invalid body is a 4xx that names the mistake."""

import asyncio
from json import JSONDecodeError
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from common.http.envelope import to_json
from common.http.errors import BodyTimeout, BodyTooLarge, InvalidBody, MalformedBody, UnsupportedMediaType
from common.http.member_errors import code_of
from common.http.request import ClientDisconnected, Request
from common.http.text import printable
from common.model import BodyModel, wire_names
from common.money.strict_json import DuplicateMemberError, NonFiniteError, TooDeepError, parse_json

B = TypeVar("B", bound=BodyModel)

MAX_DEPTH: Final = 32
SHOWN_MISTAKES: Final = 5
LONGEST_NAME: Final = 40
LONGEST_MESSAGE: Final = 200
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# The rest of the body may still arrive: it is not the next request (RFC 9110 sections 15.5.9 and 15.5.14).
NOT_READ: Final = {"Connection": "close"}


async def read_body(request: Request, model: type[B], max_bytes: int, seconds: float) -> B:
    """Raises UnsupportedMediaType, BodyTooLarge, BodyTimeout, MalformedBody or InvalidBody.

    `seconds` is the time left for receiving the body. It is read completely before the first upstream call.
    """
    _check_type(request)
    try:
        async with asyncio.timeout(seconds):
            text = await _receive(request, max_bytes)
    except TimeoutError:
        raise BodyTimeout("body_timeout", headers=NOT_READ) from None
    _check_begin(text)
    return _validate(model, _parse(text))


def _check_type(request: Request) -> None:
    media_type, _, parameters = (request.header(b"content-type") or b"").lower().partition(b";")
    charset = parameters.strip()
    if media_type.strip() != b"application/json" or charset not in {b"", b"charset=utf-8", b'charset="utf-8"'}:
        raise UnsupportedMediaType("content_type")
    if b"content-encoding" in request.headers:
        raise UnsupportedMediaType("content_encoding", public="A body with Content-Encoding is not supported")


async def _receive(request: Request, max_bytes: int) -> bytes:
    declared = request.header(b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    parts, size = [], 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise _too_large(max_bytes)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(max_bytes: int) -> BodyTooLarge:
    text = f"The body is too large; at most {max_bytes} bytes are allowed"
    return BodyTooLarge("body_too_large", public=text, headers=NOT_READ)


def _check_begin(text: bytes) -> None:
    if not text:
        raise _malformed("is empty; a JSON object is required")
    if text.startswith(BYTE_ORDER_MARK):
        raise _malformed("begins with a byte order mark; send UTF-8 without it (RFC 8259 section 8.1)")


def _parse(text: bytes) -> Any:
    try:
        value = parse_json(text, max_depth=MAX_DEPTH)
        if b"\\u" in text:
            to_json(value)  # fails for a lone surrogate, which no UTF-8 can contain
    except DuplicateMemberError:
        raise _malformed("has an object with a repeated member") from None
    except NonFiniteError:
        raise _malformed("has a number that is not finite") from None
    except TooDeepError:
        raise _malformed(f"is nested too deep; at most {MAX_DEPTH} levels are allowed") from None
    except UnicodeDecodeError:
        raise _malformed("is not UTF-8") from None
    except UnicodeEncodeError:
        raise _malformed("has a lone surrogate") from None
    except JSONDecodeError as exc:
        raise _malformed(f"is not valid JSON: line {exc.lineno} column {exc.colno}") from None
    except ValueError:
        raise _malformed("has a number with too many digits") from None
    return value


def _malformed(mistake: str) -> MalformedBody:
    return MalformedBody("malformed_body", public=f"The body {mistake}")


def _validate(model: type[B], value: Any) -> B:
    if not isinstance(value, dict):
        errors = [{"pointer": "", "message": "must be a JSON object", "code": "type"}]
        raise InvalidBody("invalid_body", public="The body must be a JSON object", details={"errors": errors})
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False, include_input=False)[:SHOWN_MISTAKES]
        errors = [
            {
                "pointer": _pointer(mistake, value),
                "message": _message(mistake, model),
                "code": code_of(mistake["type"]),
            }
            for mistake in mistakes
        ]
        text = "; ".join(f"{error['pointer'] or 'body'}: {error['message']}" for error in errors)
        raise InvalidBody("invalid_body", public=text, details={"errors": errors}) from None


def _pointer(mistake: ErrorDetails, value: Any) -> str:
    """RFC 6901. pydantic's location also names the member of a union, which is not in the body."""
    pointer = ""
    absent = len(mistake["loc"]) if mistake["type"] == "missing" else 0  # then the last part is not in the body
    for n, part in enumerate(mistake["loc"], start=1):
        if isinstance(value, dict | list) and part in (value if isinstance(value, dict) else range(len(value))):
            value = value[part]  # type: ignore[index] # a list has numbers in its range only
        elif n != absent:
            continue
        pointer += "/" + printable(str(part), LONGEST_NAME).replace("~", "~0").replace("/", "~1")
    return pointer


def _message(mistake: ErrorDetails, model: type[BodyModel]) -> str:
    if mistake["type"] != "extra_forbidden":
        return printable(mistake["msg"].removeprefix("Value error, "), LONGEST_MESSAGE)
    if len(mistake["loc"]) > 1:
        return "unknown member"
    return f"unknown member; allowed: {', '.join(wire_names(model))}"
