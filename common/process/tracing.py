"""Spans and metrics pushed to an OpenTelemetry collector by OpenTelemetry's SDK (OTLP over HTTP, as JSON).

Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set. A pod may live for less time than the interval between two
scrapes, so the metrics are pushed at an interval, and once more when the process ends. Threads do the work. While the
collector is away, metrics and spans are lost; nothing else happens.
"""

import atexit
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from opentelemetry.exporter.otlp.json.http import OTLPMetricExporter, OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric as Family

from common.process import log

SCOPE: Final = "kube-dc-billing"
TIMEOUT_SECONDS: Final = 3.0
SERVER_ERROR: Final = 500
CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
NOT_KEPT: Final[Any] = None  # smallest and largest value, which are optional in OTLP
PROPAGATOR: Final = TraceContextTextMapPropagator()


class Tracing:
    """`endpoint` is the collector's base URL; /v1/metrics and /v1/traces are appended to it."""

    def __init__(self, endpoint: str, service: str, interval_seconds: float) -> None:
        logging.getLogger("opentelemetry").addHandler(_ExportFailures(logging.ERROR))
        logging.getLogger("opentelemetry").propagate = False
        resource = Resource.create({"service.name": service})
        provider = TracerProvider(resource=resource)  # a new trace is sampled; the decision of a caller is kept
        exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=TIMEOUT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter))  # atexit exports what is left
        self._tracer = provider.get_tracer(SCOPE)
        self._metrics = MetricsPush(endpoint, resource, interval_seconds)

    def start_span(self, traceparent: str | None) -> tuple[Span, str]:
        """The span of a request below the caller's span, and the traceparent to pass on."""
        parent = PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
        span = self._tracer.start_span("request", parent, SpanKind.SERVER)
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier, set_span_in_context(span))
        return span, carrier["traceparent"]

    def end_span(self, span: Span, method: str, route: str, status: int) -> None:
        """Attributes as OpenTelemetry's conventions for HTTP name them."""
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        if status >= SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        span.end()


class _ExportFailures(logging.Handler):
    """The exporters log each failed push; a collector that is away is one sampled WARN."""

    def emit(self, record: logging.LogRecord) -> None:
        text = "the OpenTelemetry collector did not take metrics or spans"
        log.warn_sampled(text, logger=record.name, reason=str(record.msg))


class MetricsPush:
    """prometheus_client's registry, pushed. The SDK's own metric reader cannot take histograms of another library."""

    def __init__(self, endpoint: str, resource: Resource, interval_seconds: float) -> None:
        self._exporter = OTLPMetricExporter(f"{endpoint}/v1/metrics", timeout=TIMEOUT_SECONDS)
        self._resource = resource
        self._interval_seconds = interval_seconds
        self._started_ns = time.time_ns()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics push", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """Push once more, within two timeouts."""
        self._ends.set()
        self._thread.join(2 * TIMEOUT_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(self._interval_seconds):
            self._push()
        self._push()

    def _push(self) -> None:
        now = time.time_ns()
        found = [metric for family in REGISTRY.collect() if (metric := to_metric(family, self._started_ns, now))]
        scope = ScopeMetrics(InstrumentationScope(SCOPE), found, "")
        self._exporter.export(MetricsData([ResourceMetrics(self._resource, [scope], "")]))


def to_metric(family: Family, started_ns: int, now_ns: int) -> Metric | None:
    """A family of prometheus_client under the name that a scrape gives it; None while it has no series."""
    if not family.samples:
        return None
    if family.type == "histogram":
        histogram = Histogram(list(_histogram_points(family, started_ns, now_ns)), CUMULATIVE)
        return Metric(family.name, family.documentation, "", histogram)
    points = [NumberDataPoint(s.labels, started_ns, now_ns, float(s.value)) for s in family.samples]
    data = Sum(points, CUMULATIVE, is_monotonic=True) if family.type == "counter" else Gauge(points)
    return Metric(family.samples[0].name, family.documentation, "", data)


def _histogram_points(family: Family, started_ns: int, now_ns: int) -> Iterator[HistogramDataPoint]:
    """OTLP counts each bucket by itself; Prometheus counts all up to its bound."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    buckets: defaultdict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = defaultdict(list)
    for sample in family.samples:
        series = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        if sample.name.endswith("_bucket"):
            buckets[series].append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_sum"):
            sums[series] = sample.value
    for series, found in buckets.items():
        bounds, totals = [bound for bound, _ in found], [int(total) for _, total in found]
        counts = [b - a for a, b in pairwise([0, *totals])]
        yield HistogramDataPoint(
            dict(series), started_ns, now_ns, totals[-1], sums[series], counts, bounds[:-1], NOT_KEPT, NOT_KEPT
        )
