"""Reads a request body into the endpoint's body model. An invalid body is a 4xx that names the mistake."""

import asyncio
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from common.http.errors import BodyTimeout, BodyTooLarge, InvalidBody, MalformedBody, UnsupportedMediaType
from common.http.request import ClientDisconnected, Request
from common.model import BodyModel
from common.money.strict_json import DuplicateMemberError, NonFiniteError, TooDeepError, parse_json

B = TypeVar("B", bound=BodyModel)

MAX_DEPTH: Final = 32
SHOWN_MISTAKES: Final = 5


async def read_body(request: Request, model: type[B], max_bytes: int, seconds: float) -> B:
    """Raises UnsupportedMediaType, BodyTooLarge, BodyTimeout, MalformedBody or InvalidBody.

    `seconds` is the time left for receiving the body. It is read completely before the first upstream call.
    """
    _check_type(request)
    try:
        async with asyncio.timeout(seconds):
            text = await _receive(request, max_bytes)
    except TimeoutError:
        raise BodyTimeout("body_timeout") from None
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
    return BodyTooLarge("body_too_large", public=f"The body is too large; at most {max_bytes} bytes are allowed")


def _parse(text: bytes) -> Any:
    try:
        return parse_json(text, max_depth=MAX_DEPTH)
    except DuplicateMemberError:
        raise _malformed("The body has an object with a repeated member") from None
    except NonFiniteError:
        raise _malformed("The body has a number that is not finite") from None
    except TooDeepError:
        raise _malformed(f"The body is nested too deep; at most {MAX_DEPTH} levels are allowed") from None
    except UnicodeDecodeError:
        raise _malformed("The body is not UTF-8") from None
    except ValueError as exc:
        line = getattr(exc, "lineno", None)
        where = f": line {line} column {getattr(exc, 'colno', 0)}" if line else ": a number has too many digits"
        raise _malformed(f"The body is not valid JSON{where}") from None


def _malformed(text: str) -> MalformedBody:
    return MalformedBody("malformed_body", public=text)


def _validate(model: type[B], value: Any) -> B:
    if not isinstance(value, dict):
        raise InvalidBody("invalid_body", public="The body must be a JSON object")
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False, include_input=False)[:SHOWN_MISTAKES]
        errors = [{"pointer": _pointer(m["loc"]), "message": _message(m["type"], m["msg"], model)} for m in mistakes]
        text = "; ".join(f"{error['pointer'] or 'body'}: {error['message']}" for error in errors)
        raise InvalidBody("invalid_body", public=text, details={"errors": errors}) from None


def _pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901. Long member names are cut, because they are sent back to the client."""
    return "".join("/" + str(part)[:40].replace("~", "~0").replace("/", "~1") for part in location)


def _message(kind: str, text: str, model: type[BodyModel]) -> str:
    if kind == "extra_forbidden":
        return f"unknown member; allowed: {', '.join(model.model_fields)}"
    return text.removeprefix("Value error, ")
