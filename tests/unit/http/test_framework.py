"""The same function behind functions-framework's own ASGI app, as it is deployed."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import functions_framework.aio
import pytest

from common.endpoint import Call
from common.http.response import Response, Result
from common.model import BodyModel
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.things import AS_OF, Thing, endpoint, function, send

SOURCE = """
import sys
import functions_framework.aio

@functions_framework.aio.http
async def things(request):
    return sys.modules["declared_things"].app
"""
JSON = [("content-type", "application/json"), ("if-match", '"1"')]


class Named(BodyModel):
    name: str


async def tell(call: Call[Any, Any]) -> Result[Thing]:
    """The name in the body."""
    return Result(Thing(name=call.body.name if call.body else "none"), AS_OF)


async def rows(_: Call[Any, Any]) -> Response:
    """Rows."""

    async def chunks() -> Any:
        yield b"a"
        yield b"b"

    return Response(200, chunks(), media_type=b"text/csv")


@pytest.fixture
def framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType("declared_things")
    module.app = function(
        endpoint("GET", handle=tell),
        *(endpoint(method, handle=tell, body=Named) for method in ("POST", "PUT", "PATCH")),
        endpoint("DELETE", handle=tell, data=None, status=204),
        endpoint("GET", "/api/billing/rows", handle=rows, data=None, media_type="text/csv"),
    )
    for name in ("FUNCTION_TARGET", "FUNCTION_SOURCE", "FUNCTION_SIGNATURE_TYPE"):
        monkeypatch.setenv(name, "")  # the framework sets them: they are removed after the test
    monkeypatch.setitem(sys.modules, "declared_things", module)
    monkeypatch.delitem(sys.modules, "main", raising=False)
    (tmp_path / "main.py").write_text(SOURCE)
    return functions_framework.aio.create_asgi_app("things", str(tmp_path / "main.py"), "http")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_reaches_the_endpoint(framework: Any, method: str) -> None:
    """The framework does not read it before."""
    response = await send(framework, method, headers=JSON, content=b'{"name":"n"}')
    assert assert_success_envelope(response)["data"] == {"name": "n"}
    assert_error_envelope(await send(framework, method, headers=JSON, content=b" " * 65_537), 413)


async def test_no_body_and_streams_pass_through(framework: Any) -> None:
    """204 stays without a body, and the chunks of a stream arrive."""
    response = await send(framework, "DELETE", headers=JSON)
    assert (response.status_code, response.content) == (204, b"")
    assert (await send(framework, "GET", "/api/billing/rows")).content == b"ab"
