"""Path and query parameters: what is allowed, and a 400 that names the one that is wrong with its own rule."""

from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, StringConstraints, model_validator

from common.endpoint import Access, Call
from common.function import Function
from common.http.response import Result
from common.model import Parameters, whole_number
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.things import AS_OF, Raw, Thing, endpoint, function


class Period(Parameters):
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]+$", max_length=100)]
    start: str | None = Field(None, alias="from")
    months: Annotated[int, whole_number(1, 24)] = 1
    sort: Literal["name", "-name"] = "name"

    @model_validator(mode="after")
    def _start_or_months(self) -> Self:
        if self.start is not None and self.months != 1:
            raise ValueError("from and months exclude each other")
        return self


async def tell(call: Call[Period, None]) -> Result[Thing]:
    """The parameters."""
    return Result(Thing(name=f"{call.parameters.id} {call.parameters.start} {call.parameters.months}"), AS_OF)


@pytest.fixture
def app() -> Function:
    return function(
        endpoint(route="/api/billing/things/{id}", handle=tell, parameters=Period),
        endpoint(
            route="/api/billing/project/{namespace}/things/{id}",
            access=Access.NAMESPACE,
            handle=tell,
            parameters=Period,
        ),
    )


async def get(app: Any, segment: bytes, query: bytes = b"") -> Any:
    return await Raw(path=b"/api/billing/things/" + segment, query=query).to(app)


@pytest.mark.parametrize("segment", [b"a", b"A-1._~", b"x" * 100, b"..."])
async def test_a_path_parameter_is_taken_as_it_stands(app: Function, segment: bytes) -> None:
    """Of RFC 3986's unreserved characters, which need no percent-encoding."""
    body = assert_success_envelope(await get(app, segment))
    assert body["data"]["name"].split()[0] == segment.decode()


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        b".",
        b"..",
        b"%2e%2e",
        b"a%2Fb",
        b"a%61",
        b"%",
        b"a b",
        b"a+b",
        b"\xc3\xa4",
        b"a;b",
        b"x" * 129,
        b"a\n",
        b"a%00",
    ],
    ids=repr,
)
async def test_a_malformed_path_parameter_is_400(app: Function, segment: bytes) -> None:
    """Percent-encoding and dot segments are rejected, because another server could read them as another path."""
    body = assert_error_envelope(await get(app, segment), 400)
    assert body["code"] == "invalid_parameter"
    assert body["error"].startswith("Path parameter 'id': ")


async def test_a_path_parameter_has_the_models_rule_too(app: Function) -> None:
    """101 characters are well-formed, and too many for this endpoint."""
    body = assert_error_envelope(await get(app, b"x" * 101), 400)
    assert body["error"] == "Path parameter 'id': String should have at most 100 characters"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (b"months=99", "Query parameter 'months': must be a whole number from 1 to 24"),
        (b"months=1_0", "Query parameter 'months': must be a whole number from 1 to 24"),
        (b"sort=cost", "Query parameter 'sort': Input should be 'name' or '-name'"),
        (b"from=a&months=2", "from and months exclude each other"),
        (b"x=1", "Unknown query parameter 'x'; allowed: from, months, sort"),
        (b"start=1", "Unknown query parameter 'start'; allowed: from, months, sort"),
        (b"id=b", "Unknown query parameter 'id'; allowed: from, months, sort"),
        (b"namespace=b", "Unknown query parameter 'namespace'; allowed: from, months, sort"),
        (b"organization=b", "Unknown query parameter 'organization'; allowed: from, months, sort"),
        (b"months=1&months=1", "Query parameter 'months' appears twice; once is allowed"),
        (b"months=%ff", "The query string is not percent-encoded UTF-8"),
        (b"from=\xff", "The query string is not percent-encoded UTF-8"),
        (b"a=" + b"b" * 2048, "The query string is too long; at most 2048 bytes are allowed"),
        (b"%00%0a=1", r"Unknown query parameter '\x00\n'; allowed: from, months, sort"),
        (b"months=", "Query parameter 'months': must be a whole number from 1 to 24"),
        (
            b"months=0&sort=",
            (
                "Query parameter 'months': must be a whole number from 1 to 24; "
                "Query parameter 'sort': Input should be 'name' or '-name'"
            ),
        ),
    ],
    ids=repr,
)
async def test_a_wrong_query_parameter_is_named_with_its_rule(app: Function, query: bytes, text: str) -> None:
    """By the name that the client uses; a rule about several of them names itself."""
    for path in (b"/api/billing/things/a", b"/api/billing/project/acme-web/things/a"):
        body = assert_error_envelope(await Raw(path=path, query=query).to(app), 400)
        assert (body["error"], body["code"]) == (text, "invalid_parameter")


async def test_a_query_parameter_has_its_name_in_the_url(app: Function) -> None:
    """`from` is a word of Python: the field has another name."""
    body = assert_success_envelope(await get(app, b"a", b"from=2026-01"))
    assert body["data"]["name"] == "a 2026-01 1"


async def test_a_rule_that_repeats_the_value_is_cut_and_printable() -> None:
    """Whatever a validator writes into its message, the response is short and can be shown."""

    class Echo(Parameters):
        text: str = ""

        @model_validator(mode="after")
        def _never(self) -> Self:
            raise ValueError(f"{self.text} is wrong")

    app = function(endpoint(parameters=Echo))
    body = assert_error_envelope(await Raw(query=b"text=%0d%0a%1b[31m" + b"y" * 2000).to(app), 400)
    assert body["error"].isprintable()
    assert len(body["error"]) <= 300
