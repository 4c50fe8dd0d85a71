"""A connection: handshake, messages, what is sent when the data change, and how it ends."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from billing_service.database import connect
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.live.conftest import QUICK, connected, live_function, settled, usage
from tests.kit.envelopes import assert_error_envelope
from tests.kit.identity import IdentityServer
from tests.kit.process import ORIGIN, FunctionProcess
from tests.kit.tokens import ABSENT, keys, rsa_jwk, rsa_key
from tests.kit.websocket import PROTOCOL, Client, Refused, in_subprotocol, protocols


def user(identity: IdentityServer, *namespaces: str, **claims: Any) -> str:
    """A project-user's token of acme."""
    return identity.token(groups=["developers"], namespaces=list(namespaces), **claims)


# --- the figures --------------------------------------------------------------


async def test_a_change_of_the_data_brings_the_new_figures(
    function: FunctionProcess, identity: IdentityServer, ledger: Load
) -> None:
    """First what is current, then each data version: cost of the namespace and of the total, then complete_through."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web", organization=True)
        subscribed, total, web, complete = await client.state()
        assert subscribed["type"] == "subscribed"
        assert (total["namespace"], total["month_to_date"]) == (None, 2.0)
        assert (web["namespace"], web["month_to_date"], web["run_rate"], web["currency"]) == (
            "acme-web",
            1.0,
            1.0,
            "EUR",
        )
        assert web["hour_to_date"]["estimate"] is True
        assert 0 <= web["hour_to_date"]["amount"] <= web["run_rate"]
        assert set(complete["namespaces"]) == {"acme-web"}
        versions = {message["data_version"] for message in (subscribed, total, web, complete)}
        started = time.monotonic()
        await ledger(usage("acme-web", quantity=6))
        newer = await client.state()
        assert time.monotonic() - started < 3
        assert [message["type"] for message in newer] == ["cost", "cost", "complete_through"]
        assert [message["month_to_date"] for message in newer[:2]] == [4.0, 3.0]
        assert {message["data_version"] for message in newer} > versions or newer[0]["data_version"] > max(versions)


async def test_figures_equal_the_overview_s(function: FunctionProcess, identity: IdentityServer, billing: str) -> None:
    """The amounts on the wire are those of GET /overview of the same data version."""
    from tests.integration.billing_service.conftest import TOKEN  # noqa: PLC0415 - only here

    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        overview = (await http.get(f"{billing}/api/project/acme-web/overview?organization=acme")).json()
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        cost = await client.next("cost")
    assert cost["month_to_date"] == overview["billing_summary"]["current_month_total"]
    assert cost["run_rate"] == overview["billing_summary"]["total_cost_per_hour"]
    assert (cost["data_version"], cost["as_of"]) == (overview["data_version"], overview["as_of"])


BUDGET = """
    INSERT INTO budgets (organization, id, name, namespace, amount, currency, period, thresholds, channels, notify_on,
                         rollover)
    SELECT o, gen_random_uuid(), 'b', space, 10, 'EUR', 'month', '[]', '{}', '{}', false
    FROM (VALUES ('acme', ''), ('acme', 'acme-web'), ('globex', 'globex-shop')) AS b (o, space)
"""
STATE = """
    INSERT INTO budget_states (organization, budget, version, period_start, threshold, state)
    SELECT organization, id, 1, '2026-11-01', 'actual-80', 'firing' FROM budgets
"""


async def test_a_budget_that_fires_is_sent(
    function: FunctionProcess, identity: IdentityServer, database_url: str
) -> None:
    """With the figures, and again when only a state has changed. A project-user gets those of the own projects."""
    async with connect(database_url) as owner:
        await owner.execute(BUDGET)
    async with connected(function, identity.token()) as admin, connected(function, user(identity, "acme-web")) as own:
        for client in (admin, own):
            await client.subscribe("acme-web", organization=True)
        first = [await client.next("budget") for client in (admin, own)]
        assert [sorted(str(one["namespace"]) for one in message["budgets"]) for message in first] == [
            ["None", "acme-web"],
            ["acme-web"],
        ]
        assert [one["states"] for message in first for one in message["budgets"]] == [{}, {}, {}]
        for client in (admin, own):
            await client.next("complete_through")
        async with connect(database_url) as owner:
            await owner.execute(STATE)
        fired = [await client.next("budget", 60) for client in (admin, own)]
        assert [len(message["budgets"]) for message in fired] == [2, 1]
        assert all(one["states"] == {"actual-80": "firing"} for message in fired for one in message["budgets"])


async def test_another_organization_s_change_is_not_sent(
    function: FunctionProcess, identity: IdentityServer, ledger: Load
) -> None:
    """acme-prod and acme begin with the same name, and are two organizations."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web", organization=True)
        await client.state()
        await ledger(usage("acme-prod-web", quantity=9))
        with pytest.raises(TimeoutError):
            await client.message(1.5)


async def test_a_project_user_s_total_is_of_the_own_projects(
    function: FunctionProcess, identity: IdentityServer
) -> None:
    """Never of the complete organization."""
    async with connected(function, user(identity, "acme-web")) as client:
        await client.subscribe(organization=True)
        _, total, complete = await client.state()
        assert total["month_to_date"] == 1.0
        assert complete["namespaces"] == {}


async def test_one_stream_and_one_fetch_for_many_clients(
    function: FunctionProcess, identity: IdentityServer, ledger: Load, database_url: str
) -> None:
    """Thirty clients with the same scope cost the billing service one stream, and one fetch for each version."""
    token = identity.token()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(function, token)) for _ in range(30)]
        for client in clients:
            await client.subscribe("acme-web", organization=True)
        for client in clients:
            await client.state()
        before, started = fetches(function), time.monotonic()
        await ledger(usage("acme-web", quantity=8))
        states = [await client.state() for client in clients]
        assert {state[1]["month_to_date"] for state in states} == {4.0}
        confirmed = (time.monotonic() - started) / 0.75 + 1
        assert fetches(function) - before <= 2 + confirmed  # an import may be two versions
        assert await listening(database_url) == 1
        assert function.metric("live_connections") == 30
    await settled(lambda: function.metric("live_connections") == 0)


async def listening(url: str) -> int:
    async with connect(url) as connection:
        query = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
        [row] = await (await connection.execute(query)).fetchall()
        return int(row["n"])


def fetches(function: FunctionProcess) -> float:
    return function.metric("upstream_request_duration_seconds_count", operation="live")


async def test_without_clients_there_is_no_connection_anywhere(
    function: FunctionProcess, identity: IdentityServer, database_url: str
) -> None:
    """The stream ends with the last client, and with it the session that listens."""

    async def listens() -> bool:
        return await listening(database_url) == 1

    async def nothing_listens() -> bool:
        return await listening(database_url) == 0

    assert await nothing_listens()
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        await settled(listens, 10)
    await settled(nothing_listens, 10)


async def test_the_next_connection_continues_without_a_gap(
    function: FunctionProcess, identity: IdentityServer, ledger: Load
) -> None:
    """With the current data version nothing is sent; with an older one a resync and the figures."""
    token = identity.token()
    async with connected(function, token) as client:
        await client.subscribe("acme-web")
        version = (await client.state())[-1]["data_version"]
    async with connected(function, token) as client:
        await client.subscribe("acme-web", data_version=version)
        assert (await client.message())["type"] == "subscribed"
        with pytest.raises(TimeoutError):
            await client.message(1)
        await ledger(usage("acme-web", quantity=10))
        newer = await client.state()
        assert newer[0]["month_to_date"] == 5.0
    async with connected(function, token) as client:
        await client.subscribe("acme-web", data_version=version)
        kinds = [message["type"] for message in await client.state()]
        assert kinds == ["subscribed", "resync", "cost", "complete_through"]


async def test_a_new_subscription_replaces_the_earlier_one(
    function: FunctionProcess, identity: IdentityServer, ledger: Load
) -> None:
    """A change of the earlier namespace alone brings only the later one's figures."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        await client.subscribe("acme-data")
        await client.next("subscribed")
        await client.next("complete_through")
        await ledger(usage("acme-web", quantity=10))
        assert {message.get("namespace") for message in await client.state()} == {"acme-data", None}


@pytest.mark.slow_fault
async def test_there_is_a_heartbeat(function: FunctionProcess, identity: IdentityServer) -> None:
    """Within 15 s, without a change."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        assert set(await client.next("heartbeat", 16)) == {"type", "at"}


# --- access -------------------------------------------------------------------


async def test_foreign_and_unknown_are_the_same(function: FunctionProcess, identity: IdentityServer) -> None:
    """Not in the token, of another organization, or of nobody: one error, and the earlier subscription stays."""
    async with connected(function, identity.token()) as client:
        for name in ("acme-prod-web", "nobody-has-this"):
            await client.subscribe("acme-web", name)
            failure = await client.next("error")
            assert failure == {
                "type": "error",
                "code": "namespace_denied",
                "error": "Access denied to namespace",
                "details": {"namespace": name},
            }
    async with connected(function, user(identity, "acme-web", "acme-prod-web")) as client:
        found = []
        for name in ("acme-prod-web", "nobody-has-this", "acme-data"):
            await client.subscribe(name)
            failure = await client.next("error")
            assert failure["details"].pop("namespace") == name
            found.append(failure)
        assert found[0] == found[1] == found[2]


async def test_a_project_that_moves_away_cuts_the_connection(
    function: FunctionProcess, identity: IdentityServer, ledger: Load
) -> None:
    """The figures of the change do not have it any more: close 4403, and no figure of the new owner."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        await ledger("namespace,organization\nacme-web,globex\n")
        code, _ = await client.end()
        assert code == 4403
        assert [message["type"] for message in client.heard] == ["subscribed", "cost", "complete_through"]


async def test_a_key_that_is_withdrawn_cuts_the_connection(
    billing: str,
) -> None:
    """The realm's key set no longer has the token's key: close 4401 within a minute."""
    identity = IdentityServer()
    identity.server.start()
    try:
        quick = {**QUICK, "JWKS_TTL_SECONDS": "1", "TOKEN_CACHE_SECONDS": "0"}
        with live_function(identity, billing, **quick) as function:
            async with connected(function, identity.token()) as client:
                await client.subscribe("acme-web")
                await client.state()
                identity.key_sets["acme"] = keys(rsa_jwk("other", rsa_key("other")))
                code, _ = await client.end(30)
                assert code == 4401
    finally:
        identity.server.close()


async def test_the_connection_ends_when_the_token_does(function: FunctionProcess, identity: IdentityServer) -> None:
    """At `exp`, not thirty seconds later: close 4401."""
    expires = int(time.time()) + 3
    async with connected(function, identity.token(exp=expires)) as client:
        await client.subscribe("acme-web")
        await client.state()
        code, reason = await client.end(10)
        assert code == 4401
        assert "token" in reason
        assert abs(time.time() - expires) < 1


@pytest.mark.slow_fault
async def test_the_connection_ends_before_its_longest_time(identity: IdentityServer, billing: str) -> None:
    """Close 4000, within the last tenth, so that not all clients come back at once."""
    with live_function(identity, billing, SOCKET_SECONDS="3") as function:
        async with connected(function, identity.token()) as client:
            await client.subscribe("acme-web")
            started = time.monotonic()
            code, _ = await client.end(10)
            assert code == 4000
            assert 2.5 < time.monotonic() - started < 3.2


@pytest.mark.slow_fault
async def test_a_client_without_a_subscription_is_closed(function: FunctionProcess, identity: IdentityServer) -> None:
    """Close 4408 after 15 s."""
    async with connected(function, identity.token()) as client:
        assert (await client.end(20))[0] == 4408


async def test_at_sigterm_clients_are_told_to_come_back(function: FunctionProcess, identity: IdentityServer) -> None:
    """Close 1012 (service restart), and the process ends at once."""
    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        function.terminate()
        assert (await client.end(5))[0] == 1012
        assert await asyncio.to_thread(function.process.wait, 5) == 0


# --- the handshake ------------------------------------------------------------


async def refused(function: FunctionProcess, headers: list[tuple[str, str]], path: str = "/api/billing/live") -> Any:
    with pytest.raises(Refused) as found:
        await Client.open(function.port, "", headers=headers, path=path)
    return found.value.response


async def test_refusals_are_http_responses_with_the_envelope(
    function: FunctionProcess, identity: IdentityServer
) -> None:
    """Token, guest, origin, protocol, parameters, path: status and code as in every other response."""
    good, name = identity.token(), "Sec-WebSocket-Protocol"
    guest = identity.token(groups=[], namespaces=ABSENT)
    rows = [
        (401, "token_missing", [(name, PROTOCOL)]),
        (401, "token_missing", [(name, protocols(good)), ("Authorization", f"Bearer {good}")]),
        (401, "token_missing", [("Authorization", f"Bearer {good}"), (name, PROTOCOL)]),
        (401, "token_missing", [(name, f"{protocols(good)}, {in_subprotocol(good)}")]),
        (401, "token_missing", [(name, f"{PROTOCOL}, base64url.bearer.authorization.k8s.io.!!!")]),
        (401, "token_missing", [(name, f"{PROTOCOL}, {in_subprotocol(good)}==")]),
        (401, "token_invalid", [(name, f"{protocols(good[:-8])}")]),
        (401, "token_expired", [(name, protocols(identity.token(exp=int(time.time()) - 5)))]),
        (401, "token_too_large", [(name, protocols(identity.token(groups=["g" * 100] * 170)))]),
        (403, "guest", [(name, protocols(guest))]),
        (403, "origin_denied", [(name, protocols(good)), ("Origin", "https://evil.example.com")]),
        (403, "origin_denied", [(name, protocols(good)), ("Origin", "null")]),
        (400, "invalid_header", [(name, in_subprotocol(good))]),
    ]
    for status, code, headers in rows:
        origin = [] if any(header == "Origin" for header, _ in headers) else [("Origin", ORIGIN)]
        response = await refused(function, [*headers, *origin])
        assert assert_error_envelope(response, status)["code"] == code, (code, headers)
    response = await refused(function, [(name, protocols(good))], f"/api/billing/live?access_token={good}")
    body = assert_error_envelope(response, 400)
    assert body["code"] == "invalid_parameter"
    assert good not in response.text
    assert assert_error_envelope(await refused(function, [(name, protocols(good))], "/api/billing/x"), 404)
    assert not [line for line in function.lines if good in str(line) or "eyJ" in str(line)]


async def test_a_client_without_an_origin_is_accepted(function: FunctionProcess, identity: IdentityServer) -> None:
    """It is not a browser. The response names only the protocol, never the token."""
    token = identity.token()
    async with connected(function, token, headers=[("Sec-WebSocket-Protocol", protocols(token))]) as client:
        assert client.headers["sec-websocket-protocol"] == PROTOCOL
        await client.subscribe("acme-web")
        await client.state()


async def test_a_large_token_is_accepted(function: FunctionProcess, identity: IdentityServer) -> None:
    """As large as TOKEN_MAX_BYTES allows, in its longer form."""
    token = identity.token(groups=["org-admin", *(f"{number:040}" for number in range(260))])
    assert 15_000 < len(token) <= 16_384
    async with connected(function, token) as client:
        await client.subscribe("acme-web")
        await client.state()


NO_UPGRADE = (
    ("Upgrade", "h2c"),
    ("Sec-WebSocket-Version", "8"),
    ("Sec-WebSocket-Key", "short"),
    ("Connection", "close"),
)


async def test_a_request_that_is_no_upgrade_is_426(function: FunctionProcess) -> None:
    """A malformed upgrade too; another method is 405."""
    for header in NO_UPGRADE:
        response = await refused(function, [header])
        assert assert_error_envelope(response, 426)["code"] == "upgrade_required", header
        assert (response.headers["upgrade"], response.headers["sec-websocket-version"]) == ("websocket", "13")
    assert function.send("GET", "/api/billing/live").response.status_code == 426
    assert function.send("POST", "/api/billing/live").response.headers["allow"] == "GET"


# --- bad messages -------------------------------------------------------------


BAD = {
    "not JSON": ("{", 4400),
    "no object": ("[]", 4400),
    "unknown type": ('{"type":"cost"}', 4400),
    "unknown member": ('{"type":"subscribe","namespaces":["acme-web"],"x":1}', 4400),
    "repeated member": ('{"type":"subscribe","type":"subscribe","organization":true}', 4400),
    "nothing": ('{"type":"subscribe"}', 4400),
    "no name": ('{"type":"subscribe","namespaces":["A/../b"]}', 4400),
    "a number for a name": ('{"type":"subscribe","namespaces":[1]}', 4400),
    "a version below 0": ('{"type":"subscribe","organization":true,"data_version":-1}', 4400),
    "deep": ("[" * 5000 + "]" * 5000, 4400),
    "201 names": ('{"type":"subscribe","namespaces":[' + ",".join(f'"n-{n}"' for n in range(201)) + "]}", 4400),
    "too long": ('{"type":"subscribe","namespaces":["' + "a" * 17_000 + '"]}', 1009),
}


async def test_garbage_is_closed_with_its_reason(function: FunctionProcess, identity: IdentityServer) -> None:
    """One close code each; the process lives on, and others are not disturbed."""
    for name, (text, code) in BAD.items():
        async with connected(function, identity.token()) as other, connected(function, identity.token()) as client:
            await other.subscribe("acme-web")
            await other.state()
            await client.send(text)
            found, reason = await client.end()
            assert (found, bool(reason)) == (code, True), name
            await other.subscribe("acme-data")
            await other.state()


async def test_binary_and_broken_frames_are_closed(function: FunctionProcess, identity: IdentityServer) -> None:
    """4400 for a binary frame; the codes of RFC 6455 for bytes that are not a frame or not UTF-8."""
    async with connected(function, identity.token()) as client:
        await client.send_bytes(b"\x00\x01")
        assert (await client.end())[0] == 4400
    for raw, code in (
        (b"\x81\x05hello", 1002),
        (b"\xff\xff\xff\xff", 1002),
        (b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007),
    ):
        async with connected(function, identity.token()) as client:
            client.writer.write(raw)
            assert (await client.end())[0] == code


def fragment(data: bytes, *, first: bool = False, last: bool = False) -> bytes:
    """A masked frame of a text message (RFC 6455 section 5.4)."""
    size = bytes((0x80 | len(data),)) if len(data) < 126 else bytes((0x80 | 126,)) + len(data).to_bytes(2, "big")
    return bytes(((0x80 if last else 0) | (0x01 if first else 0x00),)) + size + bytes(4) + data


async def test_a_message_in_fragments_is_one_message(function: FunctionProcess, identity: IdentityServer) -> None:
    """With a ping in between, and each byte sent alone. Fragments without end are closed with 1009."""
    async with connected(function, identity.token()) as client:
        text = b'{"type":"subscribe","namespaces":["acme-web"]}'
        ping = b"\x89\x80" + bytes(4)
        sent = fragment(text[:7], first=True) + ping + fragment(text[7:20]) + fragment(text[20:], last=True)
        for byte in sent:
            client.writer.write(bytes((byte,)))
            await client.writer.drain()
        assert [message["type"] for message in await client.state()] == ["subscribed", "cost", "complete_through"]
        client.writer.write(fragment(b"[", first=True) + fragment(b"[" * 6000) * 3)
        assert (await client.end())[0] == 1009
    async with connected(function, identity.token()) as client:
        client.writer.write(fragment(b"{}", first=True) + fragment(b"{}", first=True))
        assert (await client.end())[0] == 1002


@pytest.mark.slow_fault
async def test_a_client_that_is_gone_without_a_word_is_cut_off(
    function: FunctionProcess, identity: IdentityServer
) -> None:
    """It replies to no ping: 20 s until the ping, 20 s for the pong. A client that only reads nothing, too."""
    async with connected(function, identity.token()) as silent, connected(function, identity.token()) as stuck:
        for client in (silent, stuck):
            await client.subscribe("acme-web")
            await client.state()
        stuck.reader._transport.pause_reading()  # type: ignore[attr-defined]
        seen = b""
        async with asyncio.timeout(60):
            while data := await silent.reader.read(65_536):
                seen += data
        assert b"keepalive ping timeout" in seen
        await settled(lambda: function.metric("live_connections") == 0, 20)


async def test_ten_thousand_subscriptions_are_cut_off_early(
    function: FunctionProcess, identity: IdentityServer
) -> None:
    """The eleventh at once is too many: close 4429. Fetched were ten, one each 5 s, and one when the stream began."""
    before = fetches(function)
    started = time.monotonic()
    async with connected(function, identity.token()) as client:
        try:
            for number in range(10_000):
                await client.subscribe(f"acme-{number}")
        except ConnectionError:
            pass
        code, reason = await client.end()
        assert code == 4429
        assert "messages" in reason
    assert fetches(function) - before <= 11 + (time.monotonic() - started) / 5


@pytest.mark.slow_fault
async def test_a_flood_of_pings_without_reading_is_bounded(function: FunctionProcess, identity: IdentityServer) -> None:
    """The pongs are not kept: the connection is cut, and memory does not grow."""
    from wsproto.events import Ping  # noqa: PLC0415 - only here

    async with connected(function, identity.token()) as client:
        await client.subscribe("acme-web")
        await client.state()
        before = function.rss_bytes()
        ping = client.connection.send(Ping(payload=b"x" * 125)) * 1000
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, TimeoutError)):
            await flood(client, ping)
        assert function.rss_bytes() - before < 20_000_000


async def flood(client: Client, data: bytes) -> None:
    async with asyncio.timeout(15):
        while True:
            client.writer.write(data)
            await client.writer.drain()


@pytest.mark.slow_fault
async def test_a_slow_reader_gets_the_newest_state(
    function: FunctionProcess, identity: IdentityServer, database_url: str
) -> None:
    """Two thousand versions while it does not read: a bounded number of messages, and the last one is the newest."""
    async with connected(function, identity.token()) as slow, connected(function, identity.token()) as quick:
        for client in (slow, quick):
            await client.subscribe("acme-web", organization=True)
            await client.state()
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        before = function.rss_bytes()
        async with connect(database_url) as connection:
            for _ in range(1000):
                query = "UPDATE data_versions SET version = version + 1 WHERE organization = 'acme' RETURNING version"
                [row] = await (await connection.execute(query)).fetchall()
                await asyncio.sleep(0.003)
        await quick.next("complete_through", data_version=row["version"])
        assert function.rss_bytes() - before < 5_000_000
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        await slow.next("complete_through", data_version=row["version"])
        assert len(slow.heard) <= len(quick.heard)
