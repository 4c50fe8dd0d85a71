"""What a serving process has besides its requests: metrics listener, trace exporter, event loop lag."""

import asyncio
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from common.process import log, metrics, request_log, startup
from common.process.setting_reader import SettingsError
from common.process.settings import Settings

if TYPE_CHECKING:
    from common.http.request import Request
    from common.process.tracing import Tracing

LAG_INTERVAL_SECONDS: Final = 0.5
LAGS_KEPT: Final = 120  # a minute: no scrape misses a block


class Serving:
    def __init__(self, function: str, settings: Settings) -> None:
        self._function = function
        self._settings = settings
        self._started = False
        self._tracing: Tracing | None = None
        self._responded = False
        self._lag: asyncio.Task[None] | None = None

    def start(self) -> None:
        """With the first request, in the process that serves: a server may fork after the import."""
        if self._started:
            return
        self._started = True
        settings = self._settings
        if startup.is_target(self._function):
            startup.serving()
        metrics.serve(settings.metrics_port, lambda text: log.error("no metrics listener", reason=text))
        if settings.otel_exporter_otlp_endpoint:
            from common.process.tracing import Tracing  # noqa: PLC0415 - imported only when a collector is configured

            interval_seconds = settings.otel_metric_export_interval / 1000
            endpoint = settings.otel_exporter_otlp_endpoint
            self._tracing = Tracing(endpoint, f"billing-{self._function}", interval_seconds)
        self._lag = asyncio.get_running_loop().create_task(_measure_lag())  # kept here: the loop holds it weakly

    def start_span(self, request: "Request") -> None:
        if self._tracing:
            request.span, request.traceparent = self._tracing.start_span(request.traceparent)

    def finish(self, request: "Request") -> None:
        """After the response: the log line, the counts, the span."""
        request_log.write(self._function, request)
        if not self._responded and request.route != request_log.PROBE_PATH:
            self._responded = True
            metrics.cold_start.set(metrics.process_age_seconds())
        if self._tracing and request.span:
            self._tracing.end_span(request.span, request.method, request.route or "unknown", request.status)


def read_settings_or_exit(function: str) -> Settings:
    """Ends the process with every mistake of the environment on standard error and in the log."""
    try:
        settings = Settings.from_environment()
    except SettingsError as exc:
        log.error("wrong configuration", problems=str(exc).splitlines()[1:])
        log.flush()
        sys.stderr.write(f"{exc}\n")
        sys.stderr.flush()
        os._exit(1)  # no exception: uvicorn takes SystemExit too for an app without start-up, and would serve 500s
    log.configure(settings.log_level, settings.log_format, function)
    if startup.is_target(function):
        startup.prepare()
    if settings.oidc_audience is None:
        log.warn("OIDC_AUDIENCE is not set: tokens issued for any audience are accepted")
    if settings.namespace_ownership == "claims":
        log.warn("NAMESPACE_OWNERSHIP=claims: whoever administers a realm decides which namespaces its users see")
    return settings


async def _measure_lag() -> None:
    recent: deque[float] = deque(maxlen=LAGS_KEPT)
    while True:
        due = time.monotonic() + LAG_INTERVAL_SECONDS
        await asyncio.sleep(LAG_INTERVAL_SECONDS)
        lag = max(0.0, time.monotonic() - due)
        recent.append(lag)
        metrics.event_loop_lag.set(max(recent))
        if lag > LAG_INTERVAL_SECONDS:
            log.warn_sampled("the event loop was blocked", lag_seconds=round(lag, 3))
