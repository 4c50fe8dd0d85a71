"""One JSON log line per request, and the response to a bug: 500 without detail; the stack frames are in the log."""

import logging
import re
import sys
import time
import traceback
from datetime import UTC, datetime

import simplejson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing_service.metrics import Metrics

_logger = logging.getLogger("billing_service")

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_BUG = b'{"code":"internal_error","message":"Internal server error"}'


class JsonFormatter(logging.Formatter):
    """`fields` are added to time, level and message. An exception is logged as type and frames, without values."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = frames(record.exc_info[1])
        return simplejson.dumps(line)


def configure() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # its warnings contain addresses and names


def frames(error: BaseException) -> list[str]:
    """Type and frames of an exception and of its causes, never its text, which may contain values."""
    lines = [type(error).__name__]
    lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    cause = error.__cause__ or error.__context__
    return lines if cause is None else lines + frames(cause)


class RequestLog:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        streams_since: float | None = None
        bug: Exception | None = None

        async def observe(message: Message) -> None:
            nonlocal status, streams_since
            if message["type"] == "http.response.start":
                status = message["status"]
                if (b"content-type", b"application/x-ndjson") in message["headers"]:
                    streams_since = time.perf_counter()
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except Exception as error:  # noqa: BLE001 - every bug becomes a 500 and a log line
            bug = error
            if status == 0:
                await _answer_bug(observe)
        seconds = time.perf_counter() - started
        # A stream is as long as its client wants: the metric has the time until it began.
        self._metrics.count(scope, status, seconds if streams_since is None else streams_since - started)
        _write(scope, status, seconds, bug)


async def _answer_bug(send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    headers.append((b"content-length", str(len(_BUG)).encode()))
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": _BUG})


def _write(scope: Scope, status: int, seconds: float, bug: Exception | None) -> None:
    """The path without its query. A path without a route is truncated, because a client chose it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    request_id = _REQUEST_ID.fullmatch(headers.get("x-request-id", ""))
    fields = {
        "request_id": request_id.group() if request_id else None,
        "trace_id": trace.group(1) if trace else None,
        "method": scope["method"][:16],
        "path": scope["path"][:200],
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "exception": frames(bug) if bug else None,
        **scope.get("state", {}).get("log", {}),
    }
    level = logging.ERROR if status >= 500 else logging.INFO  # noqa: PLR2004 - server errors are 5xx
    _logger.log(
        level, "request", extra={"fields": {name: value for name, value in fields.items() if value is not None}}
    )
