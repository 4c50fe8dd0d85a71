"""Bodies: content type, size, time, strict JSON, the model, and the order of the checks."""

import asyncio
import json
import time
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from common.endpoint import Access, Call
from common.function import Function
from common.http.response import Result
from common.model import BodyModel
from common.money.amount import Amount
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.things import AS_OF, Raw, Thing, endpoint, function, guest, send, user

JSON = (b"content-type", b"application/json")
LIMIT = 65_536


class Line(BodyModel):
    sku: Annotated[str, Field(max_length=20)]
    note: Any = None


class Mail(BodyModel):
    kind: Literal["mail"]
    address: str


class Hook(BodyModel):
    kind: Literal["hook"]


class Quote(BodyModel):
    name: str
    amount: Amount = Field(alias="max")
    lines: list[Line] = Field([])
    odd: dict[str, int] = Field({})
    to: Annotated[Mail | Hook, Field(discriminator="kind")] | None = None
    either: int | Line | None = None
    free: Any = None


async def tell(call: Call[Any, Quote]) -> Result[Thing]:
    """The name in the body."""
    return Result(Thing(name=call.body.name), AS_OF)


GOOD = {"name": "n", "max": 1}


@pytest.fixture
def app() -> Function:
    return function(endpoint("POST", handle=tell, body=Quote))


async def post(app: Function, text: bytes | dict[str, Any], *headers: tuple[bytes, bytes], **more: Any) -> Any:
    body = text if isinstance(text, bytes) else json.dumps(text).encode()
    message = {"type": "http.request", "body": body, "more_body": False}
    return await Raw("POST", headers=headers or (JSON,), messages=[message], **more).to(app)


# --- content type -------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json ; charset=utf-8",
    ],
    ids=repr,
)
async def test_json_in_utf_8(app: Function, value: bytes) -> None:
    """RFC 9110 section 8.3.1: names and charset are case-insensitive, and there may be spaces."""
    body = assert_success_envelope(await post(app, GOOD, (b"content-type", value)))
    assert body["data"]["name"] == "n"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"y")],
        [(b"content-type", b"")],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"text/json")],
        [(b"content-type", b"application/json5")],
        [(b"content-type", b"application/merge-patch+json")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"application/json, text/plain")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"application/json; charset=latin-1")],
        [(b"content-type", b"application/json; charset=utf-8; charset=utf-16")],
        [(b"content-type", b"application/json; boundary=x")],
        [JSON, JSON],
        [JSON, (b"content-encoding", b"gzip")],
        [JSON, (b"content-encoding", b"identity")],
        [JSON, (b"content-encoding", b"")],
    ],
    ids=repr,
)
async def test_another_content_type_is_415(app: Function, headers: list[tuple[bytes, bytes]]) -> None:
    """Before anything of the body is read."""
    raw = Raw("POST", headers=headers, messages=[{"type": "http.request", "body": b"{}", "more_body": False}])
    body = assert_error_envelope(await raw.to(app), 415)
    assert body["code"] == "unsupported_media_type"
    assert raw.received == 0


# --- size and time ------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False], ids=["Content-Length", "chunked"])
async def test_64_kib_are_taken_and_one_byte_more_is_413(app: Function, announced: bool) -> None:
    """With the length in front or not."""
    for size, status in ((LIMIT, 200), (LIMIT + 1, 413)):
        text = json.dumps(GOOD).encode().ljust(size)
        more = [(b"content-length", str(size).encode())] if announced else [(b"transfer-encoding", b"chunked")]
        response = await post(app, text, JSON, *more)
        assert response.status_code == status, response.text
    body = assert_error_envelope(response, 413, "The body is too large; at most 65536 bytes are allowed")
    assert body["code"] == "body_too_large"
    assert response.headers["connection"] == "close"


async def test_a_length_that_is_too_large_is_413_unread(app: Function) -> None:
    """However many digits it has."""
    for length in (b"65537", b"9" * 30, b"1" + b"0" * 4300):
        raw = Raw("POST", headers=[JSON, (b"content-length", length)], messages=[])
        assert_error_envelope(await raw.to(app), 413)
        assert raw.received == 0


async def test_a_body_without_end_is_413_after_the_limit(app: Function) -> None:
    """No more is read than the message that goes beyond it."""
    part = {"type": "http.request", "body": b" " * 1000, "more_body": True}
    raw = Raw("POST", headers=[JSON], messages=[part] * 1000)
    assert_error_envelope(await raw.to(app), 413)
    assert raw.received == 66


async def test_an_endpoint_has_its_own_limit() -> None:
    """`max_body_bytes` goes both ways."""
    for limit in (100, 100_000):
        app = function(endpoint("POST", handle=tell, body=Quote, max_body_bytes=limit))
        assert_success_envelope(await post(app, json.dumps(GOOD).encode().ljust(limit)))
        text = f"The body is too large; at most {limit} bytes are allowed"
        assert_error_envelope(await post(app, json.dumps(GOOD).encode().ljust(limit + 1)), 413, text)


async def test_a_body_that_does_not_come_is_408() -> None:
    """Within the request's own time; the connection is not used again (RFC 9110 section 15.5.9)."""
    app = function(endpoint("POST", handle=tell, body=Quote), request_timeout_seconds=0.3)
    started = time.monotonic()
    response = await Raw(
        "POST", headers=[JSON], messages=[{"type": "http.request", "body": b"{", "more_body": True}]
    ).to(app)
    assert 0.2 < time.monotonic() - started < 0.6
    body = assert_error_envelope(response, 408)
    assert body["code"] == "body_timeout"
    assert response.headers["connection"] == "close"


async def test_a_client_that_goes_away_within_its_body_is_no_error(app: Function) -> None:
    """Nothing is sent to it."""
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    raw = Raw("POST", headers=[JSON], messages=messages)
    with pytest.raises(ValueError, match="not enough values"):
        await raw.to(app)
    assert raw.sent == []


# --- JSON ---------------------------------------------------------------------


SYNTAX: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty; a JSON object is required"),
    "spaces": (b"  \n ", "is not valid JSON: line 2 column 2"),
    "cut": (b'{"name":', "is not valid JSON: line 1 column 9"),
    "two values": (b"{} {}", "is not valid JSON: line 1 column 4"),
    "single quotes": (b"{'name':1}", "is not valid JSON: line 1 column 2"),
    "comment": (b"{}//", "is not valid JSON: line 1 column 3"),
    "comma": (b'{"name":1,}', "is not valid JSON: line 1 column 1"),
    "control character": (b'{"name":"\n"}', "is not valid JSON: line 1 column 10"),
    "leading zero": (b'{"max":01}', "is not valid JSON: line 1 column 9"),
    "repeated member": (b'{"name":"a","name":"b"}', "has an object with a repeated member"),
    "repeated member, escaped": (b'{"name":"a","n\\u0061me":"b"}', "has an object with a repeated member"),
    "repeated member inside": (b'{"free":[{"a":{"b":1,"b":2}}]}', "has an object with a repeated member"),
    "NaN": (b'{"max":NaN}', "has a number that is not finite"),
    "Infinity": (b'{"max":-Infinity}', "has a number that is not finite"),
    "exponent": (b'{"max":1e99999999999999999999}', "has a number that is not finite"),
    "depth 33": (b'{"free":' + b"[" * 33 + b"]" * 33 + b"}", "is nested too deep; at most 32 levels are allowed"),
    "depth 200": (b"[" * 200 + b"]" * 200, "is nested too deep; at most 32 levels are allowed"),
    "depth 30 000": (b"[" * 30_000, "is nested too deep; at most 32 levels are allowed"),
    "5 000 digits": (b'{"max":' + b"9" * 5000 + b"}", "has a number with too many digits"),
    "5 000 digits, negative": (b'{"max":-' + b"9" * 5000 + b"}", "has a number with too many digits"),
    "5 000 decimals": (b'{"max":0.' + b"1" * 5000 + b"}", "has a number with too many digits"),
    "5 000 digits in a member that is free": (b'{"free":1.' + b"1" * 5000 + b"}", "has a number with too many digits"),
    "lone surrogate": (b'{"name":"\\ud800"}', "has a lone surrogate"),
    "lone surrogate as a name": (b'{"\\udfff":1}', "has a lone surrogate"),
    "lone surrogate inside": (b'{"free":[{"a":["\\udc00\\ud800"]}]}', "has a lone surrogate"),
    "UTF-16": ('{"name":"n"}'.encode("utf-16"), "is not UTF-8"),
    "UTF-16 without mark": ('{"name":"n"}'.encode("utf-16-le"), "is not valid JSON: line 1 column 2"),
    "UTF-8 mark": (
        b'\xef\xbb\xbf{"name":"n"}',
        "begins with a byte order mark; send UTF-8 without it (RFC 8259 section 8.1)",
    ),
    "latin-1": ('{"name":"\xe4"}'.encode("latin-1"), "is not UTF-8"),
    "encoded surrogate": (b'{"name":"\xed\xa0\x80"}', "is not UTF-8"),
    "overlong": (b'{"name":"\xc0\xaf"}', "is not UTF-8"),
}


@pytest.mark.parametrize("what", SYNTAX)
async def test_what_is_no_strict_json_is_400(app: Function, what: str) -> None:
    """RFC 8259, with what its sections 4, 8.1 and 8.2 leave open decided strictly."""
    text, explained = SYNTAX[what]
    body = assert_error_envelope(await post(app, text), 400)
    assert body["code"] == "malformed_body"
    assert body["error"].startswith(f"The body {explained}")
    assert body["error"].isprintable()


async def test_a_pair_of_surrogates_is_a_character(app: Function) -> None:
    """RFC 8259 section 7: a surrogate pair is one character; only a lone surrogate is rejected."""
    assert (
        assert_success_envelope(await post(app, b'{"name":"\\ud83d\\ude00","max":1}'))["data"]["name"] == "\U0001f600"
    )
    text = b'{"name":"\\\\ud800","max":1.' + b"5" * 500 + b"}"
    assert assert_success_envelope(await post(app, text))["data"]["name"] == "\\ud800"


# --- the model ----------------------------------------------------------------


LONG = "m" * 10_000
ALLOWED = "unknown member; allowed: name, max, lines, odd, to, either, free"
MODEL: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "null": (None, [("", "must be a JSON object")]),
    "array": ([GOOD], [("", "must be a JSON object")]),
    "string": ("text", [("", "must be a JSON object")]),
    "number": (1, [("", "must be a JSON object")]),
    "true": (True, [("", "must be a JSON object")]),
    "missing": ({"name": "n"}, [("/max", "Field required")]),
    "by the field's name": ({"name": "n", "amount": 1}, [("/max", "Field required"), ("/amount", ALLOWED)]),
    "null member": (GOOD | {"name": None}, [("/name", "Input should be a valid string")]),
    "number as text": (GOOD | {"max": "1"}, [("/max", "must be a JSON number from 0 to 10^18")]),
    "number for a text": (GOOD | {"name": 1}, [("/name", "Input should be a valid string")]),
    "true for a number": (GOOD | {"max": True}, [("/max", "must be a JSON number from 0 to 10^18")]),
    "negative": (GOOD | {"max": -1}, [("/max", "must be a JSON number from 0 to 10^18")]),
    "unknown": (GOOD | {"x": 1}, [("/x", ALLOWED)]),
    "slash and tilde": (GOOD | {"a/b~c": 1}, [("/a~1b~0c", ALLOWED)]),
    "empty name": (GOOD | {"": 1}, [("/", ALLOWED)]),
    "long name": (GOOD | {LONG: 1}, [("/" + LONG[:40], ALLOWED)]),
    "control characters": (GOOD | {"\n\x1b[31m\u202e": 1}, [(r"/\n\x1b[31m\u202e", ALLOWED)]),
    "inside": (GOOD | {"lines": [{"sku": "a"}, {"sku": 5}]}, [("/lines/1/sku", "Input should be a valid string")]),
    "unknown inside": (GOOD | {"lines": [{"sku": "a", "y": 5}]}, [("/lines/0/y", "unknown member")]),
    "too long": (
        GOOD | {"lines": [{"sku": "a" * 21}]},
        [("/lines/0/sku", "String should have at most 20 characters")],
    ),
    "key of a map": (GOOD | {"odd": {"a/\x00": "x"}}, [(r"/odd/a~1\x00", "Input should be a valid integer")]),
    "member of a kind": (GOOD | {"to": {"kind": "mail"}}, [("/to/address", "Field required")]),
    "unknown member of a kind": (GOOD | {"to": {"kind": "hook", "x": 1}}, [("/to/x", "unknown member")]),
    "either of two": (
        GOOD | {"either": {"note": 1}},
        [("/either", "Input should be a valid integer"), ("/either/sku", "Field required")],
    ),
    "unknown kind": (
        GOOD | {"to": {"kind": "\x1b" + LONG}},
        [("/to", r"Input tag '\x1b" + LONG)],
    ),
}


@pytest.mark.parametrize("what", MODEL)
async def test_what_does_not_fit_the_model_is_422_with_pointers(app: Function, what: str) -> None:
    """RFC 6901, by the names that the client uses; what comes back of a name is short and printable."""
    value, expected = MODEL[what]
    response = await post(app, json.dumps(value).encode())
    body = assert_error_envelope(response, 422)
    assert body["code"] == "invalid_body"
    errors = body["details"]["errors"]
    assert [error["pointer"] for error in errors] == [pointer for pointer, _ in expected]
    for error, (_, message) in zip(errors, expected, strict=True):
        assert error["message"] == message[:200]
        assert error["pointer"].isprintable()
        assert error["message"].isprintable()
    assert body["error"].isprintable()
    assert len(response.content) < 1500


async def test_at_most_five_mistakes_are_shown(app: Function) -> None:
    """Thousands of unknown members do not make a large response."""
    response = await post(app, GOOD | {f"x{n}" + "y" * 5: n for n in range(3000)})
    assert len(assert_error_envelope(response, 422)["details"]["errors"]) == 5
    assert len(response.content) < 2000


# --- the order of the checks --------------------------------------------------


@pytest.fixture
def guarded() -> Function:
    return function(
        endpoint("PUT", "/api/billing/project/{namespace}/things", access=Access.NAMESPACE, handle=tell, body=Quote)
    )


PUT = {"method": "PUT", "path": b"/api/billing/project/acme-data/things"}


async def test_a_token_is_verified_before_the_body_is_read(guarded: Function) -> None:
    """401, and not a byte of it was received."""
    raw = Raw(**PUT, headers=[JSON], line="", messages=[{"type": "http.request", "body": b"{", "more_body": False}])
    assert_error_envelope(await raw.to(guarded), 401)
    assert raw.received == 0


async def test_the_order_of_the_checks(guarded: Function) -> None:
    """Namespace, parameters, body, access, precondition."""
    line, good, bad = user("acme-web"), json.dumps(GOOD).encode(), b"{"
    message = {"type": "http.request", "more_body": False}

    async def put(body: bytes, path: bytes = PUT["path"], query: bytes = b"", who: str = line) -> tuple[int, str]:  # type: ignore[assignment]
        raw = Raw("PUT", path, query, [JSON], who, [message | {"body": body}])
        response = await raw.to(guarded)
        return response.status_code, response.json()["code"]

    assert await put(bad, path=b"/api/billing/project/Acme/things", query=b"x=1") == (400, "invalid_namespace")
    assert await put(bad, query=b"x=1") == (400, "invalid_parameter")
    assert await put(bad) == (400, "malformed_body")
    assert await put(good, who=guest()) == (403, "guest")
    assert await put(good) == (403, "namespace_denied")
    assert await put(good, path=b"/api/billing/project/acme-web/things") == (428, "precondition_required")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_body_where_none_is_declared_is_400(method: str) -> None:
    """By its headers; it is not read."""
    app = function(endpoint(method))
    for header in ((b"content-length", b"2"), (b"transfer-encoding", b"chunked")):
        raw = Raw(method, headers=[header, (b"if-match", b'"1"')], messages=[])
        assert assert_error_envelope(await raw.to(app), 400)["code"] == "unexpected_body"
        assert raw.received == 0
    raw = Raw(method, headers=[(b"content-length", b"0"), (b"if-match", b'"1"')], messages=[])
    assert_success_envelope(await raw.to(app))


async def test_many_bodies_at_once_are_read_beside_each_other(app: Function) -> None:
    """One slow body holds up nobody."""
    slow = asyncio.create_task(
        Raw("POST", headers=[JSON], messages=[{"type": "http.request", "body": b"{", "more_body": True}]).to(app)
    )
    await asyncio.sleep(0)
    responses = await asyncio.gather(*(post(app, GOOD) for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    slow.cancel()
    assert (await send(app, "GET")).status_code == 405
