"""Structured logs and trace context.

A log line is one JSON object on stdout (or one readable line with LOG_FORMAT=console). A request never waits for its
line: a QueueHandler queues it, and the thread of a QueueListener writes it. The queue is bounded; lines that do not fit
are counted and reported once. Exceptions are logged as type and frames, without the values they carry; control
characters are escaped. No token, e-mail or upstream text is ever logged.
"""

import atexit
import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Any, Final

from common.process import metrics

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR
QUEUE_LINES: Final = 10_000
BATCH_LINES: Final = 500
BATCH_SECONDS: Final = 0.02  # a thread that wakes up for each line costs 20 us of each request
SAMPLE_SECONDS: Final = 1.0

TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a W3C Trace Context header (version 00), or None where it is absent or malformed."""
    match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return match[1] if match else None


def frames(exc: BaseException) -> list[str]:
    """Type and frames of an exception and of its causes; never its message, which may hold received values."""
    lines: list[str] = []
    seen: BaseException | None = exc
    while seen is not None and len(lines) < 60:  # noqa: PLR2004 - enough to find a bug
        lines.append(type(seen).__qualname__)
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(seen.__traceback__)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


class Formatter(logging.Formatter):
    """One line for a record: JSON, or for a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.console = False
        self.common: dict[str, Any] = {}  # fields of every line
        self._encode = json.JSONEncoder(default=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """A record of a library, without its arguments and an exception's text: both may hold received values."""
        message = str(record.msg)
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1]:
            message, fields["exception"] = "exception in a library", frames(record.exc_info[1])
        return self.line(record.levelno, message, fields)

    def line(self, levelno: int, message: str, fields: dict[str, Any]) -> str:
        time_ = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        level = logging.getLevelName(levelno)
        if self.console:
            text = " ".join(f"{k}={_printable(v)}" for k, v in fields.items() if v is not None)
            return f"{time_[11:-1]} {level:7} {self.common.get('function', '')} {_printable(message)} {text}\n"
        line = {"time": time_, "level": level, "severity": level, "message": message, **self.common, **fields}
        return self._encode(line) + "\n"


def _printable(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else json.dumps(text)


class Writer(QueueListener):
    """Writes lines to a file descriptor, many at once. It sets an Event that it finds in the queue.

    Python's buffered stdout is not used: its lock would stop a process from ending while a write to it hangs.
    """

    def __init__(self, handler: "Handler", descriptor: int) -> None:
        super().__init__(handler.queue)
        self._handler = handler
        self.descriptor = descriptor

    def handle(self, record: Any) -> None:
        lines = self._handler.lines
        batch = [record, *(lines.get() for _ in range(min(lines.qsize(), BATCH_LINES)))]
        texts = [line for line in batch if isinstance(line, str)]
        try:
            self._write("".join(texts).encode("utf-8", "backslashreplace"))
        except OSError:  # stdout is closed; the lines are dropped
            metrics.log_dropped.inc(len(texts))
        for reached in batch:
            if isinstance(reached, threading.Event):
                reached.set()
        if self._handler.dropping and lines.empty():
            self._handler.dropping = False
            warn("log lines were dropped: the log sink did not take them", reason="log_sink")
        time.sleep(BATCH_SECONDS)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.descriptor, data) :]


class Handler(QueueHandler):
    """Formats a record at once and queues the line. The writer starts with the first line, and again after a fork."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.lines: SimpleQueue[str | threading.Event] = SimpleQueue()
        super().__init__(self.lines)
        self.formatter: Formatter = Formatter()
        self.writer: Writer | None = None
        self.dropping = False
        self._descriptor = descriptor

    def prepare(self, record: logging.LogRecord) -> str:
        return self.formatter.format(record)

    def enqueue(self, record: Any) -> None:
        if self.writer is None:
            self.start_writer()
        if self.lines.qsize() < QUEUE_LINES:
            self.lines.put(record)
        else:
            self.dropping = True
            metrics.log_dropped.inc()

    def start_writer(self) -> None:
        if self.writer is None:
            atexit.register(self.drain)
            os.register_at_fork(after_in_child=self.start_writer)
        if self._descriptor is None:
            self._descriptor = _stdout()
        self.writer = Writer(self, self._descriptor)
        self.writer.start()

    def drain(self, seconds: float = 2.0) -> bool:
        """Wait until the queued lines are written, but not longer than `seconds`; whether they are."""
        reached = threading.Event()
        self.lines.put(reached)
        return self.writer is None or reached.wait(seconds)


def _stdout() -> int:
    for stream in (sys.stdout, sys.__stdout__):
        try:
            return stream.fileno()  # type: ignore[union-attr] # None in a process without stdout
        except (AttributeError, OSError):  # a stream in memory has no descriptor
            continue
    return os.open(os.devnull, os.O_WRONLY)


_handler = Handler()
_logger = logging.getLogger("billing")
_logger.setLevel(INFO)
_logger.propagate = False
_logger.addHandler(_handler)
_sampled: dict[str, tuple[float, int]] = {}


def configure(level: str, log_format: str, function: str) -> None:
    _logger.setLevel(level)
    _handler.formatter.console = log_format == "console"
    revision = os.environ.get("K_REVISION", "")  # noqa: TID251 - Knative writes it
    _handler.formatter.common = {"function": function, "revision": revision}
    metrics.build_info.labels(os.environ.get("BUILD_VERSION", "dev"), revision).set(1)  # noqa: TID251 - the image has it


def take_library_records() -> None:
    """Records of libraries (above all the server's) from WARNING up become lines of this log, and nothing else."""
    if _handler.writer is None:
        _handler.start_writer()
    root = logging.getLogger()
    root.handlers = [_handler]
    root.setLevel(WARNING)


def write(level: int, message: str, **fields: Any) -> None:
    if _logger.isEnabledFor(level):  # without a LogRecord, which costs as much as the line itself
        _handler.enqueue(_handler.formatter.line(level, message, fields))


def debugging() -> bool:
    return _logger.isEnabledFor(DEBUG)


def debug(message: str, **fields: Any) -> None:
    write(DEBUG, message, **fields)


def info(message: str, **fields: Any) -> None:
    write(INFO, message, **fields)


def warn(message: str, **fields: Any) -> None:
    write(WARNING, message, **fields)


def error(message: str, **fields: Any) -> None:
    write(ERROR, message, **fields)


def warn_sampled(message: str, **fields: Any) -> None:
    """At most one line a second for each message, with how many were left out."""
    now = time.monotonic()
    last, left_out = _sampled.get(message, (0.0, 0))
    if now - last < SAMPLE_SECONDS:
        _sampled[message] = (last, left_out + 1)
        return
    _sampled[message] = (now, 0)
    warn(message, **fields, **({"left_out": left_out} if left_out else {}))


def bug(message: str, exc: BaseException, **fields: Any) -> None:
    error(message, exception=frames(exc), **fields)


def flush() -> None:
    _handler.drain()
