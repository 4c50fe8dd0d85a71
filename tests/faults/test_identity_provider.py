"""Rows 23 to 30: what the identity provider and the tokens may do. Nothing of it ever opens a door."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.bench import Bench
from tests.kit.billing import BillingService, serving
from tests.kit.identity import IdentityServer
from tests.kit.load import Load, overview_path
from tests.kit.process import (
    FunctionProcess,
    assert_answered,
    assert_refused,
    assert_unreachable,
)
from tests.kit.server import Behaviour, Exchange, Server, answer, drip, hang, head, raw, reset_unanswered

Measured = Callable[[str], None]
IDENTITY_AWAY = "Identity provider unreachable"


def started(identity: IdentityServer, upstream: Server, **settings: str) -> FunctionProcess:
    return FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, **settings})


DOWN: dict[str, tuple[Behaviour, str]] = {
    "reset": (reset_unanswered, "error"),
    "hangs": (hang, "timeout"),
    "drips": (drip(lambda _: head(200, b" " * 99), 0.2), "timeout"),
    "500": (answer(500, b"{}"), "bad"),
    "HTML": (answer(200, b"<html>", content_type="text/html"), "bad"),
    "no keys": (answer(200, b'{"keys": []}'), "bad"),
    "redirect": (answer(302, b"", location="http://127.0.0.1:1/"), "bad"),
}


@pytest.mark.row(23, "identity provider down at cold start")
def test_row_23_identity_provider_refuses_connections(
    own_identity: IdentityServer, upstream: Server, namespace: str, measured: Measured
) -> None:
    """Without keys: 503, never 401, and no request to the billing service. With keys, requests succeed again."""
    own_identity.server.stop()
    with started(own_identity, upstream) as process:
        asked = process.ask(namespace, own_identity.token())
        assert_unreachable(asked, IDENTITY_AWAY)
        assert asked.seconds <= 2.5
        assert process.line_of(asked)["level"] == "ERROR"
        assert process.metric("jwks_fetch_total", result="error") == 1
        assert upstream.counts.requests == 0
        measured(f"{asked.seconds:.2f} s")
        own_identity.server.start()
        time.sleep(1)  # between fetches of a realm whose last one failed
        assert_answered(process.ask(namespace, own_identity.token()))


@pytest.fixture(scope="module")
def cold(shared_upstream: Server) -> Iterator[tuple[FunctionProcess, IdentityServer]]:
    """A function that has fetched no keys yet."""
    identity = IdentityServer()
    with started(identity, shared_upstream) as process:
        yield process, identity
    identity.server.close()


@pytest.mark.row(23, "identity provider down at cold start")
@pytest.mark.parametrize("how", DOWN)
def test_row_23_identity_provider_broken_at_cold_start(
    cold: tuple[FunctionProcess, IdentityServer], upstream: Server, namespace: str, how: str
) -> None:
    """For each fault, the response is the same, within 2.5 s."""
    process, identity = cold
    identity.behaviour, result = DOWN[how]
    fetches = process.metric("jwks_fetch_total", result=result)
    asked = process.ask(namespace, identity.token(realm=f"realm-{list(DOWN).index(how)}"))
    assert_unreachable(asked, IDENTITY_AWAY)
    assert asked.seconds <= 2.5
    assert process.line_of(asked)["level"] == "ERROR"
    assert process.metric("jwks_fetch_total", result=result) - fetches == 1
    assert upstream.counts.requests == 0


@pytest.mark.row(24, "identity provider down, keys cached")
def test_row_24_keys_outlive_the_identity_provider(
    own_identity: IdentityServer, upstream: Server, namespace: str
) -> None:
    """Cached keys serve until the stale limit (here 1.5 s), with a WARN per refresh; then 503; then back again."""
    with started(own_identity, upstream, JWKS_TTL_SECONDS="0.5", JWKS_STALE_SECONDS="1.5") as process:
        assert_answered(process.ask(namespace, own_identity.token()))
        begun = time.monotonic()
        own_identity.server.stop()
        time.sleep(0.9)
        asked = process.ask(namespace, own_identity.token(sub="another"))
        assert_answered(asked)
        line = process.wait_for_line(message="key set not refreshed, the old keys stay")
        assert (line["level"], line["realm"], line["reason"]) == ("WARNING", "acme", "refused")
        assert process.metric("jwks_fetch_total", result="stale") >= 1
        assert process.metric("jwks_age_seconds") >= 0.5
        time.sleep(begun + 2.1 - time.monotonic())
        for token in (own_identity.token(), own_identity.token(sub="another")):
            assert_unreachable(process.ask(namespace, token), IDENTITY_AWAY)
        own_identity.server.start()
        time.sleep(1.1)
        assert_answered(process.ask(namespace, own_identity.token()))


@pytest.fixture(scope="module")
def refreshing(shared_upstream: Server) -> Iterator[tuple[FunctionProcess, IdentityServer]]:
    """A function that refreshes its keys twice a second and may use old ones for an hour."""
    identity = IdentityServer()
    settings = {"JWKS_TTL_SECONDS": "0.5", "JWKS_TIMEOUT_SECONDS": "0.3"}
    with started(identity, shared_upstream, **settings) as process:
        until = time.monotonic() + 10
        while process.ask("acme-web", identity.token()).response.status_code != 200:
            # On a busy machine, the first fetch may take longer than 0.3 s.
            assert time.monotonic() < until, "the keys were never fetched"
            time.sleep(0.2)
        yield process, identity
    identity.server.close()


def wait_for_fetch(process: FunctionProcess, result: str) -> None:
    """Until a further fetch ended so."""
    before = process.metric("jwks_fetch_total", result=result)
    until = time.monotonic() + 3
    while process.metric("jwks_fetch_total", result=result) == before:
        assert time.monotonic() < until, f"no key-set fetch ended as {result}"
        time.sleep(0.05)


@pytest.mark.row(25, "identity provider hangs")
def test_row_25_identity_provider_hangs(
    refreshing: tuple[FunctionProcess, IdentityServer], upstream: Server, namespace: str, measured: Measured
) -> None:
    """Whose key is known waits for nobody; whose is not waits for one fetch at most."""
    process, identity = refreshing
    del upstream
    identity.behaviour = hang
    wait_for_fetch(process, "timeout")
    slowest = max(process.ask(namespace, identity.token(sub=str(n))).seconds for n in range(20))
    assert slowest < 0.3
    measured(f"slowest {slowest * 1000:.0f} ms")
    process.wait_for_line(level="WARNING", message="key set not refreshed, the old keys stay")
    unknown = process.ask(namespace, identity.token(kid="unknown"))
    assert unknown.response.status_code in {401, 503}
    assert unknown.seconds < 1
    identity.behaviour = identity.up
    wait_for_fetch(process, "ok")


BAD_KEY_SETS: dict[str, tuple[Behaviour, str]] = {
    **{name: how for name, how in DOWN.items() if how[1] == "bad"},
    "empty": (answer(200, b""), "bad"),
    "huge": (answer(200, b" " * 300_000), "bad"),
    "huge without length": (raw(head(200, b"", content_length="") + b" " * 300_000), "bad"),
    "cut": (raw(head(200, b" " * 500) + b'{"keys"'), "error"),
    "a list": (answer(200, b"[]"), "bad"),
    "a number beyond Decimal": (answer(200, b'{"keys": [1e99999999999999999999]}'), "bad"),
    "symmetric key only": (
        answer(200, b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "key-1", "alg": "HS256"}]}'),
        "bad",
    ),
    "401": (answer(401, b"{}"), "bad"),
}


@pytest.mark.row(26, "key set is a 500, HTML, empty, huge, or a redirect")
@pytest.mark.parametrize("how", BAD_KEY_SETS)
def test_row_26_bad_key_set(
    refreshing: tuple[FunctionProcess, IdentityServer], upstream: Server, namespace: str, how: str
) -> None:
    """The old keys stay; good tokens stay good."""
    process, identity = refreshing
    del upstream
    warned = process.count_lines(message="key set not refreshed, the old keys stay", level="WARNING")
    identity.behaviour, result = BAD_KEY_SETS[how]
    wait_for_fetch(process, result)
    assert_answered(process.ask(namespace, identity.token(sub=how)))
    assert process.count_lines(message="key set not refreshed, the old keys stay", level="WARNING") > warned
    identity.behaviour = identity.up
    wait_for_fetch(process, "ok")


@pytest.mark.row(27, "key rotation under 200 rps")
@pytest.mark.slow_fault
async def test_row_27_key_rotation_under_load(
    own_identity: IdentityServer, upstream: Server, namespace: str, measured: Measured
) -> None:
    """A new key is fetched once, by the first token that needs it; no good token is refused."""
    with started(own_identity, upstream) as process:
        assert_answered(process.ask(namespace, own_identity.token()))
        tokens = [own_identity.token(sub=str(n)) for n in range(200)]
        own_identity.rotate()
        tokens += [own_identity.token(sub=str(n)) for n in range(400)]
        load = Load(process.port)
        await load.at_rate(200, 3, lambda n: (overview_path(f"{namespace}-{n % 50}"), tokens[n]))
        assert load.statuses() == {200: 600}
        assert own_identity.fetches == 2
        assert process.metric("jwks_fetch_total", result="ok") == 2
        assert process.wait_for_line(message="key set", realm="acme", level="INFO", added=1)
        measured(load.summary(3))


def with_random_kid(token: str) -> str:
    """The same token under a kid that no key has; its signature would not even be looked at."""
    kid = json.dumps({"alg": "RS256", "typ": "JWT", "kid": secrets.token_hex(8)}).encode()
    return ".".join([base64.urlsafe_b64encode(kid).decode().rstrip("="), *token.split(".")[1:]])


def invented(identity: IdentityServer, number: int) -> str:
    """A token of a realm that does not exist, in the form of a good one."""
    realm = f"invented-{number}"
    claims = {"iss": f"{identity.url}/realms/{realm}", "org": realm, "typ": "Bearer", "aud": "kube-dc-billing"}
    times = {"iat": int(time.time()), "exp": int(time.time()) + 300}
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "rsa"}, {**claims, **times})
    segments = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*segments, "A" * 342])


@pytest.mark.row(27, "500 tokens/s of invented realms at a cold function")
@pytest.mark.slow_fault
@pytest.mark.parametrize("registry", ["a list of organizations", "no list"])
async def test_row_27b_invented_realms(
    own_identity: IdentityServer, namespace: str, measured: Measured, registry: str
) -> None:
    """Real tenants of a cold function are served within 2 s; the flood is 401 or 503, and no error in the log."""
    owners = {f"{namespace}-{n}": realm for n, realm in enumerate(("acme", "acme-prod", "globex"))}
    billing = serving(BillingService(owners if registry == "a list of organizations" else None))
    with started(own_identity, billing) as process:
        requests = [(overview_path(name), own_identity.token(realm)) for name, realm in owners.items()]
        flood, real = Load(process.port), Load(process.port)
        path = overview_path(namespace)

        async def real_tenants() -> None:
            await asyncio.sleep(1)
            for request in requests:
                begun = time.monotonic()
                while await real.ask(*request) != 200:
                    assert time.monotonic() - begun < 2, f"{request[0]} is not served"
                    await asyncio.sleep(0.2)
                measured(f"{registry}: {time.monotonic() - begun:.2f} s")
            await real.close()

        await asyncio.gather(flood.at_rate(500, 4, lambda n: (path, invented(own_identity, n))), real_tenants())
        assert set(flood.statuses()) <= {401, 503}
        assert process.count_lines(level="ERROR") == 0
        if registry == "a list of organizations":
            assert own_identity.fetches <= 70
    billing.close()


@pytest.mark.row(27, "a proxy's 404 for a warm realm's key set")
def test_row_27c_another_404(
    refreshing: tuple[FunctionProcess, IdentityServer], upstream: Server, namespace: str
) -> None:
    """Only Keycloak's own JSON means that the realm is gone: the old keys stay."""
    process, identity = refreshing
    del upstream
    identity.behaviour = answer(404, b"404 page not found", content_type="text/plain")
    wait_for_fetch(process, "bad")
    assert_answered(process.ask(namespace, identity.token(sub="after a 404")))
    process.wait_for_line(level="WARNING", message="key set not refreshed, the old keys stay", reason="status_4xx")
    identity.behaviour = identity.up
    wait_for_fetch(process, "ok")


@pytest.mark.row(28, "10 000 random kids")
@pytest.mark.slow_fault
async def test_row_28_random_kids(
    own_identity: IdentityServer, upstream: Server, namespace: str, measured: Measured
) -> None:
    """Many tokens with unknown kids: 401 for each, one fetch per 10 s. Valid tokens succeed at the same time."""
    with started(own_identity, upstream) as process:
        good = own_identity.token()
        assert_answered(process.ask(namespace, good))
        path, begun = overview_path(namespace), time.monotonic()
        flood, beside = Load(process.port), Load(process.port)
        requests = ((path, with_random_kid(good)) for _ in range(10_000))
        mixed = [flood.in_turn(requests, workers=16), beside.at_rate(20, 3, lambda _: (path, good))]
        await asyncio.gather(*mixed)
        seconds = time.monotonic() - begun
        assert flood.statuses() == {401: 10_000}
        assert beside.statuses() == {200: 60}
        assert own_identity.fetches - 1 <= 1 + seconds // 10
        assert process.metric("auth_failures_total", reason="unknown_kid") == 10_000
        assert process.count_lines(level="WARNING", reason="unknown_kid") > 0
        measured(f"{flood.summary(seconds)}; good beside p99 {beside.percentile(0.99) * 1000:.0f} ms")


@pytest.mark.row(29, "500 cold requests of one realm")
@pytest.mark.slow_fault
async def test_row_29_cold_requests_share_a_fetch(
    own_identity: IdentityServer, upstream: Server, namespace: str, measured: Measured
) -> None:
    """500 callers of a realm without cached keys cause exactly one fetch."""

    async def slowly(exchange: Exchange) -> bool:
        await asyncio.sleep(0.3)
        return await own_identity.up(exchange)

    own_identity.behaviour = slowly
    tokens = [own_identity.token(sub=str(n)) for n in range(500)]
    with started(own_identity, upstream) as process:
        load = Load(process.port)
        await load.at_once((overview_path(namespace), token) for token in tokens)
        assert load.statuses() == {200: 500}
        assert own_identity.fetches == 1
        assert process.metric("jwks_fetch_total") == process.metric("jwks_fetch_total", result="ok") == 1
        slowest = load.percentile(1)
        assert slowest <= 2.5
        measured(f"all in {slowest:.2f} s")


@pytest.mark.row(30, "clock skew +-20 s / +-5 min")
@pytest.mark.parametrize(("claim", "seconds"), [("exp", -20), ("iat", 20), ("nbf", 20)])
def test_row_30_small_skew(bench: Bench, identity: IdentityServer, claim: str, seconds: int) -> None:
    """20 s either way are leeway."""
    claims: dict[str, Any] = {claim: int(time.time()) + seconds}
    assert_answered(bench.function.ask(bench.namespace, identity.token(**claims)))


@pytest.mark.row(30, "clock skew +-20 s / +-5 min")
@pytest.mark.parametrize(
    ("claim", "seconds", "error"),
    [
        ("exp", -300, "Authentication token expired"),
        ("iat", 300, "Invalid authentication token"),
        ("nbf", 300, "Invalid authentication token"),
    ],
)
def test_row_30_large_skew(bench: Bench, identity: IdentityServer, claim: str, seconds: int, error: str) -> None:
    """A clock difference of five minutes is 401, and the log contains the difference."""
    function = bench.function
    failures = function.metric("auth_failures_total", reason="time")
    claims: dict[str, Any] = {claim: int(time.time()) + seconds}
    asked = function.ask(bench.namespace, identity.token(**claims))
    assert_refused(asked, 401, error)
    line = function.line_of(asked)
    assert (line["level"], line["reason"]) == ("WARNING", "time")
    assert abs(line["skew_seconds"] + seconds) <= 2
    assert function.metric("auth_failures_total", reason="time") - failures == 1
