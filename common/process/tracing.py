"""Metrics and request spans pushed to an OpenTelemetry collector (OTLP/HTTP, JSON); imported only where one is set.

A pod may live shorter than the pause between two scrapes: what was counted is pushed every few seconds, and once more
when the process ends. A thread does the work; a collector that is away costs nothing but the figures.
https://opentelemetry.io/docs/specs/otlp/#otlphttp: ids in hex, 64-bit integers as strings, times in Unix nanoseconds.
"""

import atexit
import json
import secrets
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from common.process.metrics import BUCKETS_SECONDS, Counter, Gauge, Histogram, Metrics

QUEUE_SPANS: Final = 2000  # beyond it the oldest go
TIMEOUT_SECONDS: Final = 3.0
CUMULATIVE: Final = 2  # AGGREGATION_TEMPORALITY_CUMULATIVE
SERVER: Final = 2  # SPAN_KIND_SERVER
STATUS_ERROR: Final = 2
SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Context:
    """W3C Trace Context of our own span; `parent_id` is the caller's span, empty at the root of a trace."""

    trace_id: str
    span_id: str
    parent_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def sampled(self) -> bool:
        return bool(int(self.flags, 16) & 1)


class Exporter:
    """`endpoint` is the collector's base URL; /v1/metrics and /v1/traces are appended to it."""

    def __init__(
        self, endpoint: str, service: str, metrics: Metrics, every_seconds: float, on_error: Callable[[str], None]
    ) -> None:
        self._endpoint = endpoint
        self._resource = {"attributes": _attributes({"service.name": service})}
        self._scope = {"name": "kube-dc-billing"}
        self._metrics = metrics
        self._every_seconds = every_seconds
        self._on_error = on_error
        self._started = _now()
        self._spans: deque[dict[str, Any]] = deque(maxlen=QUEUE_SPANS)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def follow(self, traceparent: str | None) -> Context:
        """`traceparent` is valid or None. A new trace is sampled; a caller's decision is kept."""
        if traceparent is None:
            return Context(secrets.token_hex(16), secrets.token_hex(8), "", "01")
        _, trace_id, parent_id, flags = traceparent.split("-")
        return Context(trace_id, secrets.token_hex(8), parent_id, flags)

    def add_span(self, context: Context, seconds: float, status: int, attributes: dict[str, str]) -> None:
        """One request that just ended; `attributes` are named as OpenTelemetry's conventions for HTTP have them."""
        if not context.sampled:
            return
        end = time.time_ns()
        failed = {"code": STATUS_ERROR} if status >= SERVER_ERROR else {}
        self._spans.append(
            {
                "traceId": context.trace_id,
                "spanId": context.span_id,
                "parentSpanId": context.parent_id,
                "name": " ".join(attributes.values()),
                "kind": SERVER,
                "startTimeUnixNano": str(end - int(seconds * 1e9)),
                "endTimeUnixNano": str(end),
                "attributes": _attributes({"http.response.status_code": status, **attributes}),
                "status": failed,
            }
        )

    def close(self) -> None:
        """Push what is left, for at most two time-outs."""
        self._ends.set()
        self._thread.join(2 * TIMEOUT_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(self._every_seconds):
            self._push()
        self._push()

    def _push(self) -> None:
        spans = [self._spans.popleft() for _ in range(len(self._spans))]
        if spans:
            scoped = {"scope": self._scope, "spans": spans}
            self._post("/v1/traces", {"resourceSpans": [{"resource": self._resource, "scopeSpans": [scoped]}]})
        metrics = [found for metric in vars(self._metrics).values() if (found := _metric(metric, self._started))]
        scoped = {"scope": self._scope, "metrics": metrics}
        self._post("/v1/metrics", {"resourceMetrics": [{"resource": self._resource, "scopeMetrics": [scoped]}]})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - the settings allow http and https only
            self._endpoint + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - see above
                pass
        except OSError as exc:  # URLError and HTTPError are of its kind
            self._on_error(type(exc).__name__)


def _now() -> str:
    return str(time.time_ns())


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {int: "intValue", float: "doubleValue"}
    return [
        {"key": key, "value": {kinds.get(type(value), "stringValue"): value if type(value) is float else str(value)}}
        for key, value in values.items()
        if value is not None
    ]


def _metric(metric: Counter | Gauge | Histogram, started: str) -> dict[str, Any] | None:
    """None while nothing was counted under any label."""
    kind, data = "gauge", {}
    points: list[tuple[tuple[str, ...], dict[str, Any]]]
    if isinstance(metric, Histogram):
        kind, data = "histogram", {"aggregationTemporality": CUMULATIVE}
        points = [
            (labels, _histogram_point(counts, total[0])) for labels, (counts, total) in list(metric.values.items())
        ]
    elif isinstance(metric, Gauge) and metric.read:
        points = [((), {"asDouble": float(metric.read())})]
    else:
        points = [(labels, {"asDouble": float(value)}) for labels, value in list(metric.values.items())]
    if isinstance(metric, Counter):
        kind, data = "sum", {"aggregationTemporality": CUMULATIVE, "isMonotonic": True}
    for labels, point in points:
        point["attributes"] = _attributes(dict(zip(metric.labels, labels, strict=True)))
        point |= {"startTimeUnixNano": started, "timeUnixNano": _now()}
    return (
        {"name": metric.name, "description": metric.about, kind: {"dataPoints": [point for _, point in points], **data}}
        if points
        else None
    )


def _histogram_point(counts: list[int], total: float) -> dict[str, Any]:
    return {
        "count": str(sum(counts)),
        "sum": total,
        "bucketCounts": [str(count) for count in counts],
        "explicitBounds": list(BUCKETS_SECONDS),
    }
