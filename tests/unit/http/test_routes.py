"""Methods, routes and CORS follow from the declaration."""

import subprocess
import sys
from typing import Any

import pytest

from common.endpoint import Call
from common.function import Function
from common.http.response import Result
from common.model import BodyModel, Parameters
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.things import AS_OF, Thing, endpoint, function, send

ORIGIN = "https://console.example.com"
MATCH = [("if-match", '"1"')]
JSON = [("content-type", "application/json")]


class Named(BodyModel):
    name: str


class ById(Parameters):
    id: str


async def tell(call: Call[Any, Any]) -> Result[Thing]:
    """A thing."""
    return Result(Thing(name=repr((call.parameters, call.body))), AS_OF)


@pytest.fixture
def app() -> Function:
    one, several = "/api/billing/things/{id}", "/api/billing/things"
    return function(
        endpoint("GET", several, handle=tell, head=True),
        endpoint("POST", several, handle=tell, body=Named, status=201),
        endpoint("GET", one, handle=tell, parameters=ById),
        endpoint("PUT", one, handle=tell, parameters=ById, body=Named),
        endpoint("PATCH", one, handle=tell, parameters=ById, body=Named),
        endpoint("DELETE", one, handle=tell, parameters=ById),
        cors_allowed_origins=ORIGIN,
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "things", 200),
        ("POST", "things", 201),
        ("GET", "things/a", 200),
        ("PUT", "things/a", 200),
        ("PATCH", "things/a", 200),
        ("DELETE", "things/a", 200),
    ],
)
async def test_each_method_of_each_route(app: Function, method: str, path: str, status: int) -> None:
    """Several methods on several routes of one function, each with its own parameters and body."""
    with_body = method in {"POST", "PUT", "PATCH"}
    response = await send(
        app, method, f"/api/billing/{path}", headers=MATCH + JSON, content=b'{"name":"n"}' if with_body else None
    )
    said = assert_success_envelope(response, status)["data"]["name"]
    assert ("id='a'" in said) is path.endswith("/a")
    assert ("name='n'" in said) is with_body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "things", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "things", "GET, POST, HEAD, OPTIONS"),
        ("POST", "things/a", "GET, PUT, PATCH, DELETE, OPTIONS"),
        ("HEAD", "things/a", "GET, PUT, PATCH, DELETE, OPTIONS"),
        ("OPTIONS", "things/a", "GET, PUT, PATCH, DELETE, OPTIONS"),
        ("TRACE", "things/a", "GET, PUT, PATCH, DELETE, OPTIONS"),
    ],
)
async def test_another_method_is_405_with_the_methods_of_its_path(
    app: Function, method: str, path: str, allowed: str
) -> None:
    """Without a token too: nothing is read that it could protect."""
    response = await send(app, method, f"/api/billing/{path}", line="")
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    if method != "HEAD":
        assert_error_envelope(response, 405, "Method not allowed", allow=allowed)


@pytest.mark.parametrize("path", ["", "things/a/", "things/a/b", "thing", "THINGS", "/things", "things%2Fa"])
async def test_another_path_is_404(app: Function, path: str) -> None:
    """Whatever the method."""
    for method in ("GET", "POST"):
        assert_error_envelope(await send(app, method, f"/api/billing/{path}"), 404, "Not found")


async def test_head_is_the_get_without_its_body(app: Function) -> None:
    """Only where it is declared; length and type are those of the GET."""
    get, response = await send(app, "GET"), await send(app, "HEAD")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == get.headers["content-length"]
    assert response.headers["content-type"] == "application/json"


# --- the most specific route --------------------------------------------------


async def test_a_route_without_parameters_wins() -> None:
    """However the two are ordered in the declaration."""

    async def summary(_: Call[Any, Any]) -> Result[Thing]:
        """The summary."""
        return Result(Thing(name="summary"), AS_OF)

    by_id = endpoint(route="/api/billing/things/{id}", handle=tell, parameters=ById)
    plain = endpoint(route="/api/billing/things/summary", handle=summary)
    for declared in ((by_id, plain), (plain, by_id)):
        response = await send(function(*declared), "GET", "/api/billing/things/summary")
        assert assert_success_envelope(response)["data"]["name"] == "summary"


# --- CORS ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "methods", "headers"),
    [
        (
            "things",
            "GET, POST, HEAD",
            "Authorization, Content-Type, traceparent, If-None-Match, If-Match, Idempotency-Key",
        ),
        (
            "things/a",
            "GET, PUT, PATCH, DELETE",
            "Authorization, Content-Type, traceparent, If-None-Match, If-Match, Idempotency-Key",
        ),
    ],
)
async def test_preflight_lists_what_the_path_has(app: Function, path: str, methods: str, headers: str) -> None:
    """Without a token, whatever method and header it is about."""
    sent = [("origin", ORIGIN), ("access-control-request-method", "PUT")]
    response = await send(app, "OPTIONS", f"/api/billing/{path}", line="", headers=sent)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-methods"] == methods
    assert response.headers["access-control-allow-headers"] == headers
    assert response.headers["access-control-max-age"] == "7200"


async def test_preflight_of_a_path_that_is_only_read() -> None:
    """No header of a change is allowed there."""
    sent = [("origin", ORIGIN), ("access-control-request-method", "GET")]
    response = await send(function(endpoint(), cors_allowed_origins=ORIGIN), "OPTIONS", line="", headers=sent)
    assert response.headers["access-control-allow-methods"] == "GET"
    assert response.headers["access-control-allow-headers"] == "Authorization, Content-Type, traceparent, If-None-Match"


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", ORIGIN + "/", ORIGIN.upper(), ORIGIN + ":444"])
async def test_preflight_of_another_origin(app: Function, origin: str) -> None:
    """Is allowed nothing."""
    response = await send(
        app, "OPTIONS", line="", headers=[("origin", origin), ("access-control-request-method", "GET")]
    )
    assert response.status_code == 204
    assert not [name for name in response.headers if name.startswith("access-control")]


FAILURES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "no token": ("GET", "things", {"line": ""}, 401),
    "no path": ("GET", "nothing", {}, 404),
    "no method": ("DELETE", "things", {}, 405),
    "query": ("GET", "things?x=1", {}, 400),
    "media type": ("POST", "things", {"content": b"{}"}, 415),
    "syntax": ("POST", "things", {"content": b"{", "headers": JSON}, 400),
    "model": ("POST", "things", {"content": b"{}", "headers": JSON}, 422),
    "size": ("POST", "things", {"content": b" " * 65_537, "headers": JSON}, 413),
    "precondition": ("DELETE", "things/a", {}, 428),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_errors_have_cors_headers(app: Function, failure: str) -> None:
    """Otherwise the page could not read them; and each has a code."""
    method, path, more, status = FAILURES[failure]
    headers = [*more.get("headers", ()), ("origin", ORIGIN)]
    response = await send(app, method, f"/api/billing/{path}", **{**more, "headers": headers})
    assert_error_envelope(response, status, allow="GET, POST, HEAD, OPTIONS")
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "ETag" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", ["/api/billing/thingsXnew", "/api/billing/things.newer", "/api/billing/a/things.new"])
async def test_a_fixed_segment_is_its_own_text(path: str) -> None:
    """A dot in a route matches a dot only."""
    app = function(endpoint(route="/api/billing/things.new"))
    assert_error_envelope(await send(app, "GET", path), 404, "Not found")


def test_the_import_registers_no_convertor_in_starlette() -> None:
    """Another program of the process has Starlette's own convertors only."""
    code = "import common.function; from starlette.convertors import CONVERTOR_TYPES; print(*sorted(CONVERTOR_TYPES))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["float", "int", "path", "str", "uuid"]


def test_a_parameter_that_is_there_twice_is_refused() -> None:
    """One of the two values would be lost."""
    with pytest.raises(ValueError, match=r"/a/\{b\}/\{b\} has a path parameter twice"):
        function(endpoint(route="/a/{b}/{b}"))
