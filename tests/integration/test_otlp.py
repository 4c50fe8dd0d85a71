"""A real OTLP/HTTP receiver beside a real function: what reaches it, and that nothing is lost at the end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from common.process.metrics import BUCKETS_SECONDS
from tests.benchmarks import stand as benchmark
from tests.benchmarks.stand import Stand
from tests.kit.process import FunctionProcess, assert_answered

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
STATUS_ERROR = 2


class Collector:
    """Keeps what is pushed, by path."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, dict[str, Any]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                outer.pushed.append((self.path, json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def spans(self) -> list[dict[str, Any]]:
        found = [body["resourceSpans"][0] for path, body in self.pushed if path == "/v1/traces"]
        return [span for resource in found for span in resource["scopeSpans"][0]["spans"]]

    def metrics(self) -> dict[str, Any]:
        """The last push, by name."""
        last = [body for path, body in self.pushed if path == "/v1/metrics"][-1]
        return {m["name"]: m for m in last["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.server.shutdown()
    started.server.server_close()


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.close()


def ask(port: int, path: str, token: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def attributes(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {a["key"]: next(iter(a["value"].values())) for a in found}


def test_what_was_counted_is_pushed_before_the_container_ends(stand: Stand, collector: Collector) -> None:
    """With an hour between two pushes, SIGTERM alone brings them."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_METRIC_EXPORT_INTERVAL": "3600000"}
    with stand.running(**settings) as function:
        stand.first_answer(function)
        for _ in range(4):
            assert ask(function.port, stand.path(), stand.tokens[0]) == 200
        assert ask(function.port, stand.path(), "no.token.x") == 401
        function.end(20)
    counted = {
        tuple(sorted(attributes(point["attributes"]).items())): point["asDouble"]
        for point in collector.metrics()["http_requests_total"]["sum"]["dataPoints"]
    }
    assert counted[("function", "overview"), ("status", "200")] == 5
    assert counted[("function", "overview"), ("status", "401")] == 1
    [duration] = collector.metrics()["http_request_duration_seconds"]["histogram"]["dataPoints"]
    assert duration["count"] == "6"
    assert sum(map(int, duration["bucketCounts"])) == 6
    assert duration["explicitBounds"] == list(BUCKETS_SECONDS)
    assert len(duration["bucketCounts"]) == len(duration["explicitBounds"]) + 1
    assert {"build_info", "process_resident_memory_bytes"} <= collector.metrics().keys()
    assert not [name for name in collector.metrics() if name.endswith("_created")]
    assert len(collector.spans()) == 6


def test_a_trace_goes_on_to_the_billing_service(stand: Stand, collector: Collector) -> None:
    """The caller's trace, our span below the caller's, and our span as the parent of what the billing service does."""
    with stand.running(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as function:
        stand.first_answer(function)
        status = ask(function.port, stand.path(n=3), stand.tokens[0], traceparent=f"00-{TRACE}-{PARENT}-01")
        assert status == 200
        ask(function.port, stand.path(n=4), stand.tokens[0], traceparent=f"00-{'1' * 32}-{PARENT}-00")
        function.end()
    [span] = [span for span in collector.spans() if span["traceId"] == TRACE]
    assert span["parentSpanId"] == PARENT
    assert span["name"] == "GET /api/billing/project/{namespace}/overview"
    assert attributes(span["attributes"])["http.response.status_code"] == "200"
    sent = [
        h["traceparent"] for h in stand.billing.counts.headers if h.get("traceparent", "").startswith(f"00-{TRACE}")
    ]
    assert sent == [f"00-{TRACE}-{span['spanId']}-01"]
    assert not [s for s in collector.spans() if s["traceId"] == "1" * 32], "the caller decided not to sample"
    assert "acme" not in json.dumps(collector.pushed), "no namespace, organization or user leaves with a span"


def test_without_a_collector_the_context_is_passed_on_as_it_came(stand: Stand) -> None:
    """W3C Trace Context: a service that takes no part forwards what it received."""
    came = f"00-{'2' * 32}-{PARENT}-01"
    with stand.running() as function:
        stand.first_answer(function)
        ask(function.port, stand.path(n=5), stand.tokens[0], traceparent=came)
    assert came in [headers.get("traceparent") for headers in stand.billing.counts.headers]


def test_a_collector_that_is_away_costs_no_answer(stand: Stand) -> None:
    """Responses go on, a sampled WARN is the only trace in the log, and the process ends in time."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
    settings |= {"KEYCLOAK_URL": stand.identity.url, "BILLING_API_URL": stand.billing.url}
    with FunctionProcess(settings) as process:
        assert_answered(process.ask(stand.names[0], stand.tokens[0]))
        text = "the OpenTelemetry collector did not take metrics or spans"
        assert process.wait_for_line(10, message=text)["level"] == "WARNING"
        assert_answered(process.ask(stand.names[0], stand.tokens[0]))
        assert process.end(10) == 0
        assert not process.errors
        said = [line["message"] for line in process.lines if line.get("logger", "").startswith("opentelemetry")]
        assert set(said) == {text}


@pytest.mark.slow_fault
def test_a_collector_that_hangs_does_not_keep_the_process(stand: Stand) -> None:
    """A listener that never responds costs two timeouts at the end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with stand.running(**settings) as function:
            stand.first_answer(function)
            assert function.end(10) == 0


def test_a_failed_request_is_a_failed_span(stand: Stand, collector: Collector) -> None:
    """Status error from 500 on, and not for what a client did wrong."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "BILLING_API_URL": "http://127.0.0.1:9"}
    with stand.running(**settings) as function:
        until = time.monotonic() + 30
        while (failed := benchmark.ask(function.port, stand.path(), stand.tokens[0])) == 0 and time.monotonic() < until:
            time.sleep(0.05)
        assert failed == 503
        assert ask(function.port, stand.path(), "no.token.x") == 401
        function.end()
    statuses = {
        attributes(span["attributes"])["http.response.status_code"]: span.get("status", {}).get("code", 0)
        for span in collector.spans()
    }
    assert statuses == {"503": STATUS_ERROR, "401": 0}
