"""Rows 1 to 19: faults of the billing service during one request. The client checks everything in a response."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.bench import Bench
from tests.faults.resolver import resolver
from tests.functions.overview.replies import overview
from tests.kit.billing import changed_body, good, good_body
from tests.kit.identity import IdentityServer
from tests.kit.kubernetes_api import ApiServer, project
from tests.kit.process import (
    Asked,
    FunctionProcess,
    assert_answered,
    assert_refused,
    assert_unreachable,
)
from tests.kit.raw_server import dropping
from tests.kit.server import Behaviour, Server, answer, drip, first, hang, head, raw, reset, reset_unanswered

Measured = Callable[[str], None]


@pytest.mark.row(1, "billing refuses connections")
def test_row_01_billing_refuses_connections(bench: Bench, measured: Measured) -> None:
    """Nobody listens: three attempts, one ERROR line, 503 in under a second."""
    bench.upstream.stop()
    asked = bench.assert_failure(reason="refused", attempts=3, seconds=1)
    measured(f"{asked.seconds:.2f} s")
    bench.upstream.start()
    bench.assert_recovered()


@pytest.mark.row(1, "billing refuses connections")
@pytest.mark.slow_fault
def test_row_01_billing_drops_connections(identity: IdentityServer, namespace: str, measured: Measured) -> None:
    """A full accept queue drops SYNs: each attempt gives up after the connect time-out, all within 8 s."""
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (one, two):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": f"http://127.0.0.1:{full.getsockname()[1]}"}
        with FunctionProcess(settings) as process:
            asked = process.ask(namespace, identity.token())
            assert_unreachable(asked)
            assert asked.seconds <= 8
            assert process.line_of(asked)["reason"] == "timeout"
            assert process.metric("upstream_failures_total", reason="timeout") == 3
            measured(f"SYN dropped {asked.seconds:.2f} s")


@pytest.mark.row(2, "its name does not resolve")
def test_row_02_name_does_not_resolve(identity: IdentityServer, namespace: str, measured: Measured) -> None:
    """A name that does not exist is not resolved again."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": "http://billing.invalid:5000"}
    with FunctionProcess(settings) as process:
        asked = process.ask(namespace, identity.token())
        assert_unreachable(asked)
        assert asked.seconds < 1
        line = process.line_of(asked)
        assert (line["level"], line["reason"]) == ("ERROR", "dns")
        assert process.metric("upstream_failures_total", reason="dns") == 1
        measured(f"{asked.seconds:.2f} s")


@pytest.mark.row(2, "its name does not resolve")
@pytest.mark.parametrize(("failures", "attempts"), [(1, 1), (9, 3)])
def test_row_02_name_does_not_resolve_for_now(
    identity: IdentityServer, upstream: Server, namespace: str, tmp_path: Path, *, failures: int, attempts: int
) -> None:
    """A temporary failure of the resolver is retried: 200 when it ends in time, 503 after the retries."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": f"http://billing.example:{upstream.port}"}
    settings |= resolver(tmp_path, {"billing.example": [*["EAI_AGAIN"] * failures, ["127.0.0.1"]]})
    with FunctionProcess(settings) as process:
        asked = process.ask(namespace, identity.token())
        assert process.metric("upstream_failures_total", reason="dns") == attempts
        if failures == 1:
            assert_answered(asked)
        else:
            assert_unreachable(asked)
            assert process.line_of(asked)["reason"] == "dns"


@pytest.mark.row(2, "its name does not resolve")
def test_row_02b_the_first_address_drops_packets(
    identity: IdentityServer, upstream: Server, tmp_path: Path, measured: Measured
) -> None:
    """Of billing service, identity provider and API server: each name's second address is used after 0.25 s."""
    api = ApiServer(tmp_path)
    api.projects = {"acme": [project("acme", "web", "acme-web")]}
    addresses = [["127.0.0.2", "127.0.0.1"]]
    settings = {
        "KEYCLOAK_URL": identity.url,
        "OIDC_JWKS_BASE_URL": f"http://keycloak.example:{identity.server.port}",
        "BILLING_API_URL": f"http://billing.example:{upstream.port}",
        "NAMESPACE_OWNERSHIP": "kubernetes",
        "KUBERNETES_API_URL": api.url.replace("127.0.0.1", "kubernetes.example"),
        "KUBERNETES_CREDENTIALS": str(api.credentials),
        **resolver(tmp_path, {f"{name}.example": addresses for name in ("keycloak", "billing", "kubernetes")}),
    }
    ports = (identity.server.port, upstream.port, int(api.url.rpartition(":")[2]))
    with ExitStack() as stack:
        stack.callback(api.stop)
        for port in ports:
            stack.enter_context(dropping("127.0.0.2", port))
        process = stack.enter_context(FunctionProcess(settings))
        asked = process.ask("acme-web", identity.token())
        assert_answered(asked)
        assert 0.75 < asked.seconds < 2
        assert process.metric("upstream_failures_total") == 0
        measured(f"three names {asked.seconds:.2f} s")


@pytest.mark.row(3, "accepts, never responds")
def test_row_03_never_answers(bench: Bench) -> None:
    """A timeout is not retried, and the connection is closed."""
    bench.upstream.behaviour = hang
    bench.assert_failure(reason="timeout", attempts=1)
    bench.assert_recovered()
    assert bench.upstream.counts.left == 1


@pytest.fixture(scope="module")
def default_function(shared_upstream: Server, identity: IdentityServer) -> Iterator[FunctionProcess]:
    """The function with every default of the budget."""
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": shared_upstream.url}) as process:
        yield process


@pytest.fixture
def unshortened(default_function: FunctionProcess, upstream: Server, namespace: str, token: str) -> Bench:
    return Bench(default_function, upstream, namespace, token)


@pytest.mark.row(3, "accepts, never responds")
@pytest.mark.slow_fault
def test_row_03_never_answers_with_the_default_budget(unshortened: Bench, measured: Measured) -> None:
    """The defaults keep the 8 s."""
    unshortened.upstream.behaviour = hang
    asked = unshortened.assert_failure(reason="timeout", attempts=1)
    measured(f"defaults {asked.seconds:.2f} s")


@pytest.mark.row(4, "drips 1 byte/s of headers or body")
@pytest.mark.slow_fault
@pytest.mark.parametrize("at_once", [0, 200], ids=["headers", "body"])
def test_row_04_drips_with_the_default_budget(unshortened: Bench, at_once: int, measured: Measured) -> None:
    """One byte per second never reaches the read timeout. The time limit of the attempt ends it."""
    unshortened.upstream.behaviour = drip(lambda e: head(200, good_body(e)) + good_body(e), 1.0, at_once=at_once)
    asked = unshortened.assert_failure(reason="slow", attempts=1)
    measured(f"{asked.seconds:.2f} s")


@pytest.mark.row(4, "drips 1 byte/s of headers or body")
@pytest.mark.parametrize("at_once", [0, 200], ids=["headers", "body"])
def test_row_04_drips(bench: Bench, at_once: int) -> None:
    """The time limit of the attempt also ends ten bytes per second."""
    bench.upstream.behaviour = drip(lambda e: head(200, good_body(e)) + good_body(e), 0.1, at_once=at_once)
    bench.assert_failure(reason="slow", attempts=1)
    bench.assert_recovered()


@pytest.mark.row(4, "drips 1 byte/s of headers or body")
@pytest.mark.slow_fault
def test_row_04_slow_502s_share_one_deadline(identity: IdentityServer, upstream: Server, namespace: str) -> None:
    """All attempts share the deadline of the request. When it is exceeded, it is counted and logged."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url}
    settings |= {"BILLING_FIRST_BYTE_TIMEOUT_SECONDS": "3", "REQUEST_TIMEOUT_SECONDS": "4"}
    upstream.behaviour = answer(502, b"", after=2.5)
    with FunctionProcess(settings) as process:
        asked = process.ask(namespace, identity.token())
        assert_unreachable(asked)
        assert asked.seconds <= 4.5
        assert upstream.counts.requests == 2
        line = process.line_of(asked)
        assert (line["level"], line["reason"]) == ("ERROR", "slow")
        assert process.metric("upstream_failures_total", reason="slow") == 1


@pytest.mark.row(5, "reset before the first byte")
def test_row_05_reset_is_retried(bench: Bench) -> None:
    """One reset is survived without the caller's notice."""
    bench.upstream.behaviour = first([reset_unanswered], good)
    assert_answered(bench.ask())
    assert bench.upstream.counts.requests == 2


@pytest.mark.row(5, "reset before the first byte")
@pytest.mark.parametrize("how", ["reset", "fin", "at_accept"])
def test_row_05_reset_before_the_first_byte(bench: Bench, how: str) -> None:
    """RST or FIN without a response, each time: three attempts, then 503."""
    bench.upstream.behaviour = reset_unanswered if how == "reset" else raw(b"")
    if how == "at_accept":
        bench.upstream.stop()  # closes what is open
        bench.upstream.start()
        bench.upstream.on_accept = reset
        asked = bench.ask()
        assert_unreachable(asked)
        assert bench.function.line_of(asked)["reason"] in {"reset", "refused"}  # it may come before connect returned
        assert bench.upstream.counts.connections == 3
    else:
        bench.assert_failure(reason="reset", attempts=3)
    bench.upstream.on_accept = None
    bench.assert_recovered()


@pytest.mark.row(5, "reset before the first byte")
def test_row_05_server_closes_kept_alive_connections(bench: Bench) -> None:
    """If a server closes after each response without `Connection: close` (the keep-alive race), no request fails."""

    async def close_after(exchange: Any) -> bool:
        await good(exchange)
        return False

    bench.upstream.behaviour = close_after
    for n in range(10):
        assert_answered(bench.function.ask(f"{bench.namespace}-{n}", bench.token))


CUT: dict[str, Behaviour] = {
    "short length, FIN": raw(lambda e: head(200, good_body(e)) + good_body(e)[:-20]),
    "short length, RST": raw(lambda e: head(200, good_body(e)) + good_body(e)[:-20], then_reset=True),
    "chunked, FIN": raw(
        lambda e: head(200, b"", content_length="", transfer_encoding="chunked") + b"20\r\n" + good_body(e)[:32]
    ),
    "chunked without end": raw(
        lambda e: head(200, b"", content_length="", transfer_encoding="chunked") + b"3e8\r\n" + good_body(e)
    ),
    "broken chunk size": raw(
        lambda e: head(200, b"", content_length="", transfer_encoding="chunked") + b"zz\r\n" + good_body(e)
    ),
}


@pytest.mark.row(6, "reset or EOF mid-body")
@pytest.mark.parametrize("cut", CUT)
def test_row_06_cut_off(bench: Bench, cut: str) -> None:
    """A truncated response is 503 without a retry."""
    bench.upstream.behaviour = CUT[cut]
    bench.assert_failure(reason="truncated", attempts=1)
    bench.assert_recovered()


@pytest.mark.row(6, "reset or EOF mid-body")
def test_row_06_cut_off_head(bench: Bench) -> None:
    """If the connection ends within the headers, there is no response."""
    bench.upstream.behaviour = raw(b"HTTP/1.1 200 OK\r\nContent-Type: applic")
    asked = bench.ask()
    assert_unreachable(asked)
    assert bench.function.line_of(asked)["level"] == "ERROR"
    bench.assert_recovered()


@pytest.mark.row(6, "reset or EOF mid-body")
def test_row_06_more_than_its_length(bench: Bench) -> None:
    """Bytes after a complete response on the same connection are never used as the next response."""
    bench.upstream.behaviour = raw(
        lambda e: head(200, good_body(e)) + good_body(e) + head(200, good_body(e)) + good_body(e), keep=True
    )
    assert assert_answered(bench.ask())["namespace"] == bench.namespace
    bench.upstream.behaviour = good
    assert (
        assert_answered(bench.function.ask(f"{bench.namespace}-b", bench.token))["namespace"] == f"{bench.namespace}-b"
    )


@pytest.mark.row(6, "reset or EOF mid-body")
def test_row_06_a_second_answer_later(bench: Bench) -> None:
    """An unsolicited response on an idle connection closes the connection."""

    async def twice(exchange: Any) -> bool:
        said = head(200, good_body(exchange)) + good_body(exchange)
        await exchange.send(said)
        await asyncio.sleep(0.05)
        await exchange.send(said)
        return True

    bench.upstream.behaviour = twice
    assert assert_answered(bench.ask())["namespace"] == bench.namespace
    time.sleep(0.1)
    bench.assert_recovered()


@pytest.mark.row(6, "reset or EOF mid-body")
@pytest.mark.parametrize(("ownership", "connections"), [("registry", 1), ("claims", 5)])
def test_row_06_who_may_share_a_connection(
    identity: IdentityServer, upstream: Server, namespace: str, ownership: str, connections: int
) -> None:
    """Only replies that have to name whose numbers they hold follow each other on one connection."""
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": upstream.url, "NAMESPACE_OWNERSHIP": ownership}
    names = [f"{namespace}-{n}" for n in range(5)]
    token = identity.token(groups=[], namespaces=names)
    with FunctionProcess(settings) as process:
        for name in names:
            assert_answered(process.ask(name, token))
        assert upstream.counts.connections == connections


@pytest.mark.row(6, "reset or EOF mid-body")
def test_row_06_length_too_small(bench: Bench) -> None:
    """If Content-Length is shorter than the JSON, the response is rejected. Its rest does not affect other requests."""

    async def short(exchange: Any) -> bool:
        body = good_body(exchange)
        await exchange.send(head(200, body[:-40]) + body)
        return True

    bench.upstream.behaviour = short
    bench.assert_failure(reason="bad_json", attempts=1)
    bench.assert_recovered()


@pytest.mark.row(6, "reset or EOF mid-body")
@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\x02\x00\x01", b"HTTP/1.1 OK\r\n\r\n"])
def test_row_06_no_http(bench: Bench, data: bytes) -> None:
    """Another protocol on that port is a broken service, not a bug of ours."""
    bench.upstream.behaviour = raw(data)
    asked = bench.ask()
    assert_unreachable(asked)
    assert bench.function.line_of(asked)["reason"] in {"protocol", "reset"}


@pytest.mark.row(7, "500")
@pytest.mark.parametrize("body", [b'{"error": "psycopg: password=hunter2"}', b"", b"<html>Traceback"])
def test_row_07_500(bench: Bench, body: bytes) -> None:
    """A 500 is not retried, and its text is neither sent nor logged."""
    bench.upstream.behaviour = answer(500, body)
    asked = bench.assert_failure(reason="http_500", attempts=1)
    assert b"hunter2" not in asked.response.content
    assert "hunter2" not in str(bench.function.lines)


@pytest.mark.row(8, "502 / 503 / 504")
@pytest.mark.parametrize("status", [502, 503, 504])
def test_row_08_gateway_errors(bench: Bench, status: int) -> None:
    """Two retries, then 503."""
    bench.upstream.behaviour = answer(status, b"")
    bench.assert_failure(reason="http_5xx", attempts=3)


@pytest.mark.row(8, "502 / 503 / 504")
@pytest.mark.parametrize(("status", "attempts"), [(501, 1), (507, 1), (599, 1)])
def test_row_08_other_server_errors(bench: Bench, status: int, attempts: int) -> None:
    """Other server errors are not retried."""
    bench.upstream.behaviour = answer(status, b"{}")
    bench.assert_failure(reason="http_5xx", attempts=attempts)


@pytest.mark.row(8, "502 / 503 / 504")
@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [("30", "30"), ("7200", "60"), ("-1", "5"), ("soon", "5"), ("99999999999999999999", "5"), ("²", "5"), ("0", "1")],
)
def test_row_08_retry_after(bench: Bench, sent: str, passed_on: str) -> None:
    """A sane Retry-After is passed on, at most 60 s; one that does not fit the deadline ends the attempts."""
    bench.upstream.behaviour = raw(
        f"HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: {sent}\r\n\r\n".encode("latin-1")
    )
    asked = bench.ask()
    assert_unreachable(asked)
    assert asked.response.headers["retry-after"] == passed_on
    assert bench.upstream.counts.requests == (1 if sent in {"30", "7200"} else 3)


@pytest.mark.row(8, "502 / 503 / 504")
def test_row_08_retry_after_is_waited_for(bench: Bench) -> None:
    """A Retry-After that fits the deadline is obeyed before the next attempt."""
    bench.upstream.behaviour = first([answer(503, b"", retry_after="1")], good)
    asked = bench.ask()
    assert_answered(asked)
    assert 1 <= asked.seconds < 2


@pytest.mark.row(9, "429 with Retry-After")
@pytest.mark.parametrize(("sent", "passed_on"), [("17", "17"), ("3600", "60"), ("", "1"), ("0", "1")])
def test_row_09_throttled(bench: Bench, sent: str, passed_on: str) -> None:
    """429 is a 503 of ours, with its Retry-After up to 60 s, and a WARN only."""
    bench.upstream.behaviour = answer(429, b"", retry_after=sent)
    asked = bench.assert_failure(reason="throttled", attempts=1, level="WARNING")
    assert asked.response.headers["retry-after"] == passed_on


@pytest.mark.row(10, "401 / 403 from billing")
@pytest.mark.parametrize("status", [400, 401, 403, 410, 418])
def test_row_10_we_are_refused(bench: Bench, status: int) -> None:
    """What billing refuses is our fault, never the user's."""
    bench.upstream.behaviour = answer(status, b'{"error": "no"}')
    bench.assert_failure(reason="http_4xx", attempts=1)


@pytest.mark.row(11, "404 project_not_found / any other 404")
@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "project_not_found"}',
        b'{"code": "project_not_found"}',
        b'{"success": false, "error": {"code": "project_not_found"}}',
    ],
)
def test_row_11_project_not_found(bench: Bench, identity: IdentityServer, body: bytes) -> None:
    """A namespace of the token that the billing service does not have gets the same response as a foreign one."""
    mine = identity.token(groups=[], namespaces=[bench.namespace])
    denied = bench.function.metric("access_denied_total", reason="not_in_organization")
    bench.upstream.behaviour = answer(404, body)
    asked = bench.function.ask(bench.namespace, mine)
    details = assert_refused(asked, 403, "Access denied to namespace")["details"]
    assert details == {"namespace": bench.namespace, "availableNamespaces": [bench.namespace]}
    foreign = assert_refused(bench.function.ask("someone-elses", mine), 403, "Access denied to namespace")["details"]
    assert foreign == {**details, "namespace": "someone-elses"}
    line = bench.function.line_of(asked)
    assert (line["level"], line["reason"]) == ("WARNING", "not_in_organization")
    assert bench.function.metric("access_denied_total", reason="not_in_organization") - denied == 1
    assert bench.upstream.counts.requests == 1


@pytest.mark.row(11, "404 project_not_found / any other 404")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<h1>404</h1>", "text/html"),
        (b'{"error": "project_not_found"}', "text/html"),
        (b'{"error": "not found"}', "application/json"),
        (b'["project_not_found"]', "application/json"),
        (b"{}", "application/json"),
    ],
)
def test_row_11_any_other_404(bench: Bench, body: bytes, content_type: str) -> None:
    """A 404 that does not say project_not_found in JSON is a broken service, not a denial."""
    bench.upstream.behaviour = answer(404, body, content_type=content_type)
    bench.assert_failure(reason="http_404", attempts=1)


@pytest.mark.row(12, "redirect")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_row_12_redirect(bench: Bench, own_upstream: Server, status: int) -> None:
    """A redirect is not followed."""
    bench.upstream.behaviour = answer(status, b"", location=own_upstream.url)
    bench.assert_failure(reason="redirect", attempts=1)
    assert own_upstream.counts.connections == 0


@pytest.mark.row(12, "redirect")
@pytest.mark.parametrize("status", [201, 204, 206, 304])
def test_row_12_other_statuses(bench: Bench, status: int) -> None:
    """Only 200 brings numbers."""
    bench.upstream.behaviour = raw(
        lambda e: (
            head(status, b"" if status in {204, 304} else good_body(e))
            + (b"" if status in {204, 304} else good_body(e))
        )
    )
    asked = bench.ask()
    assert_unreachable(asked)
    assert bench.function.line_of(asked)["level"] == "ERROR"
    assert bench.upstream.counts.requests == 1


@pytest.mark.row(13, "200 with text/html")
@pytest.mark.parametrize("content_type", ["text/html", "", "application/json5", "text/plain; a=application/json"])
def test_row_13_no_json(bench: Bench, content_type: str) -> None:
    """What does not say that it is JSON is not read."""
    bench.upstream.behaviour = answer(200, good_body, content_type=content_type)
    bench.assert_failure(reason="content_type", attempts=1)


@pytest.mark.row(13, "200 with text/html")
def test_row_13_compressed(bench: Bench) -> None:
    """A compressed response is rejected: it was not requested, and it could bypass the size limit."""
    bench.upstream.behaviour = answer(200, good_body, content_encoding="gzip")
    bench.assert_failure(reason="content_type", attempts=1)


BAD_JSON = {
    "empty": b"",
    "cut": b'{"namespace": "a',
    "text": b"OK",
    "two values": b"{} {}",
    "UTF-16": '{"namespace": "a"}'.encode("utf-16"),
    "invalid UTF-8": b'{"namespace": "\xff"}',
    "nested 100 000 deep": b"[" * 100_000,
    "5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
}


@pytest.mark.row(14, "truncated, empty or non-JSON 200")
@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON)
def test_row_14_no_json(bench: Bench, body: bytes) -> None:
    """What cannot be parsed is a failure, however it cannot."""
    bench.upstream.behaviour = answer(200, body)
    bench.assert_failure(reason="bad_json", attempts=1)


@pytest.mark.row(15, "NaN / Infinity")
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_row_15_not_finite(bench: Bench, value: str) -> None:
    """NaN and Infinity are rejected as amounts."""
    bench.upstream.behaviour = answer(200, changed_body(last_day_spend=value))
    bench.assert_failure(reason="bad_value", attempts=1)


@pytest.mark.row(15, "NaN / Infinity")
@pytest.mark.parametrize("value", ["1e99999999999999999999", "-1E+99999999999999999999", "1e-99999999999999999999"])
def test_row_15_exponents_beyond_decimal(bench: Bench, value: str) -> None:
    """A number outside the range of Decimal is an invalid response, not a bug."""
    bench.upstream.behaviour = answer(200, changed_body(last_day_spend=value))
    bench.assert_failure(reason="bad_value", attempts=1)


WRONG = {
    "negative": {"cpu_cost": "-0.01"},
    "string": {"cpu_cost": '"989.45"'},
    "null": {"current_month_total": "null"},
    "boolean": {"current_month_total": "true"},
    "list": {"current_month_total": "[1]"},
    "huge": {"current_month_total": "1e300"},
    "fraction of a pod": {"running_pods": "1.5"},
    "currency in lower case": {"currency": '"eur"'},
    "no month": {"billing_period": '"2025-13"'},
    "member twice": {"cpu_cost": '1, "cpu_cost": 2'},
    "part missing": {"cpu_cost": '1, "memory_cost_": 1}, "x": {"y": 1'},
}


@pytest.mark.row(16, "negative cost, number as string, null, missing field")
@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_row_16_schema(bench: Bench, changes: dict[str, str]) -> None:
    """If a figure has the wrong type or range, the response is 503."""
    bench.upstream.behaviour = answer(200, changed_body(**changes))
    bench.assert_failure(reason="schema", attempts=1)


@pytest.mark.row(16, "negative cost, number as string, null, missing field")
@pytest.mark.parametrize(
    "body",
    [b"null", b"[]", b"{}", b'{"success": true, "data": null}', b'{"success": false, "data": {}}', b"1", b'"OK"'],
)
def test_row_16_another_shape(bench: Bench, body: bytes) -> None:
    """JSON of another shape is refused."""
    bench.upstream.behaviour = answer(200, body)
    bench.assert_failure(reason="schema", attempts=1)


@pytest.mark.row(17, "unknown extra fields")
def test_row_17_unknown_members(bench: Bench) -> None:
    """Members that the model does not have are dropped, with a DEBUG line."""
    bench.upstream.behaviour = answer(
        200, changed_body(cpu_cost='989.45, "quantum_cost": 5', namespace=f'"{bench.namespace}", "margin": 0.4')
    )
    data = assert_answered(bench.ask())
    assert data.keys() == {"namespace", "cost_shares", *overview()}
    assert "quantum_cost" not in data["cost_breakdown"]
    bench.function.wait_for_line(level="DEBUG", message="billing reply has unknown members")


@pytest.mark.row(18, "the reply names another namespace or organization")
@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": '"globex-shop"'},
        {"organization": '"globex"'},
        {"organization": "null"},
        {"namespace": "null"},
        {"organization": '"ACME"'},
    ],
    ids=str,
)
def test_row_18_mismatch(bench: Bench, changes: dict[str, str]) -> None:
    """A reply with another owner, or without an owner, is not forwarded."""
    bench.upstream.behaviour = answer(200, changed_body(**changes))
    bench.assert_failure(reason="mismatch", attempts=1)


@pytest.mark.row(18, "the reply names another namespace or organization")
def test_row_18_mismatch_closes_the_kept_connections(bench: Bench) -> None:
    """After a reply with another owner, all connections are closed, because responses may be out of order."""

    def ask_at_once(name: str) -> list[Asked]:
        with ThreadPoolExecutor() as pool:
            names = [f"{bench.namespace}-{name}-{n}" for n in range(2)]
            return list(pool.map(lambda namespace: bench.function.ask(namespace, bench.token), names))

    bench.upstream.behaviour = answer(200, good_body, after=0.2)
    for asked in ask_at_once("a"):
        assert_answered(asked)
    opened = bench.upstream.counts.connections
    for asked in ask_at_once("b"):
        assert_answered(asked)
    assert bench.upstream.counts.connections == opened
    bench.upstream.behaviour = answer(200, changed_body(namespace='"globex-shop"'))
    assert_unreachable(bench.ask())
    bench.upstream.behaviour = answer(200, good_body, after=0.2)
    for asked in ask_at_once("c"):
        assert_answered(asked)
    assert bench.upstream.counts.connections == opened + 2


@pytest.mark.row(19, "100 MB body, no length")
def test_row_19_endless_body(bench: Bench, measured: Measured) -> None:
    """Reading ends after 1 MiB; memory stays flat and the sender is cut off."""
    sent = 0

    async def flood(exchange: Any) -> bool:
        nonlocal sent
        await exchange.send(head(200, b"", content_length=""))
        while sent < 100 * 2**20:
            await exchange.send(b" " * 65_536)
            sent += 65_536
        return False

    bench.function.ask(f"{bench.namespace}-warm", bench.token)
    bench.upstream.reset_counts()
    before = bench.function.rss_bytes()
    bench.upstream.behaviour = flood
    asked = bench.assert_failure(reason="too_large", attempts=1, seconds=3.5)
    time.sleep(0.1)
    growth = bench.function.rss_bytes() - before
    assert growth < 16 * 2**20
    assert sent < 32 * 2**20
    measured(f"{asked.seconds:.2f} s, RSS +{growth / 2**20:.1f} MiB")


@pytest.mark.row(19, "100 MB body, no length")
@pytest.mark.parametrize("shape", ["length", "chunked", "headers"])
def test_row_19_too_large_otherwise(bench: Bench, shape: str) -> None:
    """A large Content-Length, many chunks and large headers are rejected too."""
    body = b" " * (2 * 2**20)
    bench.upstream.behaviour = {
        "length": answer(200, body),
        "chunked": raw(
            head(200, b"", content_length="", transfer_encoding="chunked")
            + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 32
        ),
        "headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * (2 * 2**20)),
    }[shape]
    asked = bench.ask()
    assert_unreachable(asked)
    assert bench.function.line_of(asked)["reason"] == ("protocol" if shape == "headers" else "too_large")
    bench.assert_recovered()
