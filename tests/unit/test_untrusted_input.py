"""For any input, the parsers return a value or raise an ApiError, in limited time. hypothesis generates the inputs."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.billing.transport import HttpClient, Timeouts, UpstreamResponse
from common.function import Function
from common.http.envelope import encode_result, render_error, render_success, timestamp, to_json
from common.http.errors import ApiError, InvalidParameter, TokenMissing
from common.http.parameters import NAMESPACE, read_parameters
from common.identity.authenticator import Authenticator
from common.identity.caller import Caller
from common.identity.jwks import ALGORITHMS, BadKeySet, read_keys
from common.identity.key_sets import KeySets
from common.identity.token import read_credentials
from common.model import NAMESPACE_PATTERN, Moment, Quality
from common.money.strict_json import parse_json
from functions.projects.models import ListParameters
from tests.kit import in_process
from tests.kit.billing import BillingService
from tests.kit.envelopes import TIMESTAMP
from tests.kit.identity import IdentityProvider
from tests.kit.tokens import Signer, b64, claims, ed_key, header, rsa_jwk, rsa_key, to_bytes, token

BOUNDED = settings(
    deadline=timedelta(seconds=2),  # a hang is minutes; a busy machine is not a hang
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixtures hold no state of an example
)
ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates too


def _json(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    huge = st.integers(10**300, 10**400)
    return st.recursive(
        st.none() | st.booleans() | st.integers() | huge | numbers | ANY_TEXT,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
        max_leaves=12,
    )


JSON = _json(st.floats())  # NaN too, as json.dumps writes it
FINITE_JSON = _json(st.floats(allow_nan=False, allow_infinity=False))
HEADER_NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "jku", "jwk", "b64", "zip"]) | ANY_TEXT
CLAIM_NAMES = st.sampled_from([*claims(), "nbf"]) | ANY_TEXT
JWK_NAMES = st.sampled_from(["kid", "kty", "alg", "use", "key_ops", "n", "e", "crv", "x", "y", "d"]) | ANY_TEXT


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def authenticator() -> Authenticator:
    """Has the keys of acme, with Ed25519, after the first token."""
    s = in_process.settings()
    http = HttpClient(
        Timeouts(connect=1, read=1, pool=1, total=1),
        s.jwks_max_bytes,
        transport=in_process.Double(IdentityProvider()),
    )
    return Authenticator(s, KeySets(s, http))


def outcome(loop: asyncio.Runner, authenticator: Authenticator, unverified_token: bytes) -> Caller | ApiError:
    async def ask() -> Caller | ApiError:
        try:
            return authenticator.get_caller(unverified_token) or await authenticator.authenticate(unverified_token)
        except ApiError as error:
            return error

    return loop.run(ask())


# --- tokens -------------------------------------------------------------------


@BOUNDED
@given(lines=st.lists(st.binary(max_size=200) | st.binary(max_size=200).map(lambda end: b"Bearer " + end), max_size=3))
def test_any_authorization_lines(lines: list[bytes]) -> None:
    """One well-formed line is a token. All other input raises TokenMissing."""
    try:
        found = read_credentials(lines)
    except TokenMissing:
        return
    assert len(lines) == 1
    assert lines[0].lower().startswith(b"bearer ")
    assert lines[0].endswith(found)
    assert b" " not in found


@BOUNDED
@given(unverified_token=st.binary(max_size=300) | st.text("AZaz09-_.", max_size=300).map(str.encode))
def test_any_bytes_as_token(loop: asyncio.Runner, authenticator: Authenticator, unverified_token: bytes) -> None:
    """Random bytes are rejected as a token."""
    assert isinstance(outcome(loop, authenticator, unverified_token), ApiError)


@BOUNDED
@given(head=st.binary(max_size=200), payload=st.binary(max_size=200), signature=st.binary(max_size=80))
def test_any_bytes_in_three_segments(
    loop: asyncio.Runner, authenticator: Authenticator, head: bytes, payload: bytes, signature: bytes
) -> None:
    """Three segments of valid base64url with random content are rejected."""
    unverified_token = ".".join(map(b64, (head, payload, signature))).encode()
    assert isinstance(outcome(loop, authenticator, unverified_token), ApiError)


@BOUNDED
@given(changes=st.dictionaries(HEADER_NAMES, JSON, max_size=3), algorithm=st.sampled_from(sorted(ALGORITHMS)))
@example(changes={"alg": "EdDSA"}, algorithm="RS256")
def test_any_header(
    loop: asyncio.Runner, authenticator: Authenticator, changes: dict[str, Any], algorithm: str
) -> None:
    """A token signed by acme with any header gives a caller of acme, or is rejected."""
    head = {**header(alg=algorithm, kid="ed"), **changes}
    found = outcome(loop, authenticator, token(head, signer=Signer("EdDSA", ed_key())).encode())
    assert isinstance(found, ApiError) or (found.organization == "acme" and head["alg"] == "EdDSA")


@BOUNDED
@given(changes=st.dictionaries(CLAIM_NAMES, JSON, max_size=4))
@example(changes={"namespaces": ["acme-web", "\ud800"]})
@example(changes={"sub": "\x00"})
def test_any_claims(loop: asyncio.Runner, authenticator: Authenticator, changes: dict[str, Any]) -> None:
    """Signed by acme, whatever the claims say: a caller of acme with names out of the token, or refused."""
    payload = claims(**changes)
    signed = token(header(alg="EdDSA", kid="ed"), payload, Signer("EdDSA", ed_key()))
    found = outcome(loop, authenticator, signed.encode())
    if isinstance(found, Caller):
        assert found.organization == payload["org"] == "acme"
        assert found.namespaces <= set(payload.get("namespaces", []))
        assert all(NAMESPACE.fullmatch(name) for name in found.namespaces)


@BOUNDED
@given(
    number=st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,25})?", fullmatch=True),
    name=st.sampled_from(["exp", "iat", "nbf", "x"]),
)
@example(number="1e9999999999999999999", name="x")
def test_any_number_in_a_claim(loop: asyncio.Runner, authenticator: Authenticator, number: str, name: str) -> None:
    """Any JSON number in a claim is accepted or rejected, and never causes a bug."""
    without = {key: value for key, value in claims().items() if key != name}
    payload = b'{"%b":%b,' % (name.encode(), number.encode()) + to_bytes(without)[1:]
    outcome(loop, authenticator, token(header(alg="EdDSA", kid="ed"), payload, Signer("EdDSA", ed_key())).encode())


# --- key sets -----------------------------------------------------------------


@BOUNDED
@given(body=st.binary(max_size=200) | JSON.map(to_bytes) | st.lists(JSON).map(lambda keys: to_bytes({"keys": keys})))
def test_any_key_set(body: bytes) -> None:
    """Random bytes as a key set raise BadKeySet."""
    with pytest.raises(BadKeySet):
        read_keys(UpstreamResponse(200, {}, body))


@BOUNDED
@given(changes=st.dictionaries(JWK_NAMES, FINITE_JSON, max_size=4))
@example(changes={"kty": ["RSA"]})
def test_any_key_beside_a_good_one(changes: dict[str, Any]) -> None:
    """A hostile entry never spoils the others."""
    odd = {**rsa_jwk("odd", rsa_key("any")), **changes}
    good = rsa_jwk("good", rsa_key("acme"))
    found = read_keys(UpstreamResponse(200, {}, to_bytes({"keys": [odd, good]})))
    assert "good" in found or odd["kid"] == "good"
    assert all(key.algorithms <= ALGORITHMS for key in found.values())


# --- paths and queries --------------------------------------------------------


@BOUNDED
@given(segment=st.binary(max_size=80) | st.text("abc-09.%A\n", max_size=70).map(str.encode))
@example(segment=b"acme-web\n")
@example(segment=b"acme%2Dweb")
def test_any_namespace_in_the_path(loop: asyncio.Runner, overview: Function, admin: bytes, segment: bytes) -> None:
    """200 for acme-web alone; everything else is malformed, denied, or another path."""
    status, body = loop.run(_ask(overview, segment, admin))
    envelope = json.loads(body)
    if status == 200:
        assert segment == b"acme-web"
    elif status == 403:
        assert NAMESPACE.fullmatch(segment.decode())
        assert envelope["details"]["namespace"] == segment.decode()
    else:
        assert status == (404 if b"/" in segment else 400)
        assert envelope["error"].isprintable()


@pytest.fixture(scope="module")
def overview() -> Function:
    return in_process.make("overview", billing=BillingService({"acme-web": "acme"}))


@pytest.fixture(scope="module")
def admin() -> bytes:
    return b"Bearer " + token(payload=claims(groups=["org-admin"])).encode()


async def _ask(app: Function, segment: bytes, line: bytes) -> tuple[int, bytes]:
    """As a server would, with the path's bytes as they came."""
    sent: list[Any] = []
    raw_path = b"/api/billing/project/" + segment + b"/overview"
    scope = {
        "type": "http",
        "method": "GET",
        "path": raw_path.decode("latin-1"),
        "raw_path": raw_path,
        "query_string": b"",
        "headers": [(b"authorization", line)],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


@BOUNDED
@given(
    query=st.binary(max_size=300)
    | st.lists(st.tuples(st.sampled_from(["search", "sort", "limit", "offset", "x"]), ANY_TEXT), max_size=4).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    )
)
@example(query=b"&".join(b"%d=1" % n for n in range(300)))
@example(query=b"limit=%F0%9D%9F%99")
@example(query=b"limit=" + b"9" * 2000)
def test_any_query(query: bytes) -> None:
    """A query gives parameters within the model's limits, or an error text that is short and printable."""
    try:
        found = read_parameters(ListParameters, {}, query)
    except InvalidParameter as refused:
        assert refused.public.isprintable()  # noqa: PT017 - what is refused is not known beforehand
        assert len(refused.public) < 1000  # noqa: PT017 - as above
        return
    assert 1 <= found.limit <= 1000
    assert 0 <= found.offset <= 10**6
    assert found.search == found.search.lower()


@given(name=st.from_regex(NAMESPACE_PATTERN) | st.text("ab-0", max_size=70))
def test_a_namespace_is_an_rfc_1123_label(name: str) -> None:
    """The pattern accepts exactly the names that RFC 1123 allows."""
    letters = set("abcdefghijklmnopqrstuvwxyz0123456789")
    label = 0 < len(name) <= 63 and {name[0], name[-1]} <= letters and set(name) <= letters | {"-"}
    assert bool(NAMESPACE.fullmatch(name)) is label


# --- envelopes ----------------------------------------------------------------


@given(text=st.text(min_size=1), details=st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_any_error_is_an_envelope(text: str, details: dict[str, Any]) -> None:
    """Error text and details are returned unchanged, with any characters."""
    body = json.loads(render_error(InvalidParameter("parameter", public=text, details=details)))
    assert body.keys() == {"success", "error", "code", "details", "timestamp"}
    assert (body["success"], body["error"], body["details"]) == (False, text, details)
    assert TIMESTAMP.fullmatch(body["timestamp"])


@given(amounts=st.lists(st.decimals(allow_nan=False, allow_infinity=False)), stale=st.booleans())
def test_any_amount_keeps_its_digits(amounts: list[Decimal], stale: bool) -> None:
    """From Decimal to JSON and back nothing is lost, as it would be through a float."""
    body = parse_json(render_success(encode_result({"amounts": amounts}, datetime.now(UTC), Quality()), stale=stale))
    assert body["success"] is True
    assert body["meta"]["stale"] is stale
    assert [Decimal(value) for value in body["data"]["amounts"]] == amounts


@given(value=st.sampled_from([Decimal("NaN"), Decimal("Infinity"), float("nan"), float("-inf")]))
def test_what_is_no_number_is_never_written(value: object) -> None:
    """NaN is not valid JSON. A bug that produces it becomes a 500, not a wrong number."""
    with pytest.raises(ValueError, match="JSON"):
        to_json({"amount": value})


@given(
    moment=st.datetimes(
        min_value=datetime(1, 1, 2),  # noqa: DTZ001 - the zone is hypothesis's
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the zone is hypothesis's
        timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_any_moment_is_written_in_utc(moment: datetime) -> None:
    """The same time, to the millisecond, from any time zone."""
    text = timestamp(moment)
    assert TIMESTAMP.fullmatch(text)
    assert abs(datetime.fromisoformat(text) - moment) < timedelta(milliseconds=1)


@given(
    text=st.datetimes().map(str)
    | st.from_regex(r"[0-9]{4}-0[1-9]-0[1-9]T00:00:00[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]", fullmatch=True)
)
@example(text="0001-01-01T00:00:00+14:00")
@example(text="9999-12-31T23:59:59-12:00")
def test_any_moment_of_a_reply(text: str) -> None:
    """What is accepted can be written: in UTC there is no year 0 and no year 10000."""
    try:
        moment = TypeAdapter(Moment).validate_python(text)
    except ValidationError:
        return
    assert TIMESTAMP.fullmatch(timestamp(moment))


# --- time ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer " + b"a" * 1_000_000,
        b"Bearer " + b"=" * 1_000_000,
        b"Bearer " + b"a=" * 500_000,
        b"Bearer" + b" " * 1_000_000,
    ],
    ids=["letters", "padding", "letters and padding", "spaces"],
)
def test_a_megabyte_of_header_takes_no_time(value: bytes) -> None:
    """The patterns read a header once, whatever is in it."""
    started = time.perf_counter()
    with suppress(TokenMissing):
        read_credentials([value])
    assert time.perf_counter() - started < 0.5
