"""Structured logs, metrics and trace context.

A log line is one JSON object on stdout (or one readable line with LOG_FORMAT=console). Writing never blocks a request:
a thread drains a bounded queue, and what does not fit is counted and said once. Exceptions are logged as type and
frames, without the values they carry; control characters are escaped. No token, e-mail or upstream text is ever logged.
"""

import atexit
import json
import logging
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections import deque
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final, TextIO

from common.process.metrics import Metrics

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR
QUEUE_LINES: Final = 10_000
SAMPLE_SECONDS: Final = 1.0

metrics = Metrics()

TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a W3C Trace Context header (version 00), or None where it is absent or malformed."""
    match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return match[1] if match else None


def frames(exc: BaseException) -> list[str]:
    """Type and frames of an exception and what caused it; never its message, which may hold what was received."""
    lines: list[str] = []
    seen: BaseException | None = exc
    while seen is not None and len(lines) < 60:  # noqa: PLR2004 - enough to find a bug
        lines.append(type(seen).__qualname__)
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(seen.__traceback__)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


class Descriptor:
    """A stream's file without Python's buffer, whose last bytes a process could neither write nor drop when it ends."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._number, data) :]

    def flush(self) -> None:
        """Nothing is kept."""


def _unbuffered(stream: TextIO) -> "Descriptor | TextIO":
    try:
        return Descriptor(stream.fileno())
    except (AttributeError, OSError):  # no file: a stream in memory, or none at all
        return stream


class Sink:
    """Lines go to a stream from a thread of their own, which starts with the first line (a server may fork before)."""

    def __init__(self, stream: "Descriptor | TextIO") -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropping = False
        self._ending = False
        os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.flush)

    def write(self, line: str) -> None:
        if len(self._lines) >= QUEUE_LINES:
            metrics.log_dropped.inc()
            self._dropping = True
            return
        self._lines.append(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="log", daemon=True)
            self._thread.start()
        if not self._wake.is_set():
            self._wake.set()
        if self._ending:
            self._ending = self.flush(0.2)  # a reader that is stuck is waited for once, not once a line

    def end(self) -> None:
        """From now on every line is out before the next step: the process may be gone after it."""
        self._ending = True

    def flush(self, seconds: float = 2.0) -> bool:
        """Wait until everything is written, but not for ever; whether it is."""
        until = time.monotonic() + seconds
        while self._lines and self._thread is not None and time.monotonic() < until:
            self._wake.set()
            time.sleep(0.002)
        return not self._lines

    def _drain(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._lines:
                batch = [self._lines[n] for n in range(min(len(self._lines), 500))]
                self._put("".join(batch))
                for _ in batch:
                    self._lines.popleft()
            if self._dropping:
                self._dropping = False
                warn("log lines were dropped: the log sink did not take them", reason="log_sink")
            if not self._ending:
                time.sleep(0.02)  # lines come in bursts: one write takes many

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream closed: answers matter more than lines
            metrics.log_dropped.inc()

    def _forked(self) -> None:
        self._thread = None
        self._wake = threading.Event()


class Log:
    """The process's log: level, format, and the fields that every line carries."""

    def __init__(self) -> None:
        self.level = INFO
        self.console = False
        self.fields: dict[str, Any] = {}
        self.sink = Sink(_unbuffered(sys.stdout))

    def write(self, level: int, message: str, fields: dict[str, Any]) -> None:
        if level < self.level:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        name = logging.getLevelName(level)
        if self.console:
            said = " ".join(f"{k}={_plain(v)}" for k, v in fields.items() if v is not None)
            self.sink.write(f"{now[11:-1]} {name:7} {self.fields.get('function', '')} {_plain(message)} {said}\n")
            return
        line = {"time": now, "level": name, "severity": name, "message": message, **self.fields, **fields}
        self.sink.write(json.dumps(line, default=str) + "\n")


def _plain(value: object) -> str:
    """One line for a terminal: whatever is not printable is escaped."""
    text = str(value)
    return text if text.isprintable() else json.dumps(text)


_log = Log()
_sampled: dict[str, tuple[float, int]] = {}


def configure(level: str, log_format: str, function: str) -> None:
    """Lines of other libraries (the server's, above all) take the same way, from WARNING up."""
    _log.level = logging.getLevelNamesMapping()[level]
    _log.console = log_format == "console"
    _log.fields = {"function": function, "revision": os.environ.get("K_REVISION", "")}
    metrics.build_info.set(1, os.environ.get("BUILD_VERSION", "dev"), os.environ.get("K_REVISION", ""))
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(logging.WARNING)


class _Foreign(logging.Handler):
    """Messages of other libraries; their arguments may hold what was received, so a traceback becomes frames."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = frames(record.exc_info[1])
            write(record.levelno, "exception in a library", **fields)
        else:
            write(record.levelno, str(record.msg), **fields)


def write(level: int, message: str, **fields: Any) -> None:
    _log.write(level, message, fields)


def debugging() -> bool:
    return _log.level <= DEBUG


def debug(message: str, **fields: Any) -> None:
    _log.write(DEBUG, message, fields)


def info(message: str, **fields: Any) -> None:
    _log.write(INFO, message, fields)


def warn(message: str, **fields: Any) -> None:
    _log.write(WARNING, message, fields)


def error(message: str, **fields: Any) -> None:
    _log.write(ERROR, message, fields)


def warn_sampled(message: str, **fields: Any) -> None:
    """At most one line a second for each message, with how many were left out."""
    now = time.monotonic()
    last, left_out = _sampled.get(message, (0.0, 0))
    if now - last < SAMPLE_SECONDS:
        _sampled[message] = (last, left_out + 1)
        return
    _sampled[message] = (now, 0)
    warn(message, **fields, **({"left_out": left_out} if left_out else {}))


def flush() -> None:
    _log.sink.flush()


def expect_the_end() -> None:
    """Called in the serving process, under uvicorn's signal handler: uvicorn raises the signal once more after its
    shutdown, which ends a process started by uvicorn's own command without atexit, and with it the last lines."""
    handler = signal.getsignal(signal.SIGTERM)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        return

    def ending(number: int, frame: FrameType | None) -> None:
        _log.sink.end()
        handler(number, frame)

    signal.signal(signal.SIGTERM, ending)


def bug(message: str, exc: BaseException, **fields: Any) -> None:
    error(message, exception=frames(exc), **fields)
