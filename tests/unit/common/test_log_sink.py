"""Log lines: none delays its caller, none is lost without being counted, and none holds a received value."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from common.process import metrics
from common.process.log import QUEUE_LINES, Handler


@pytest.fixture
def pipe() -> Iterator[tuple[int, Handler]]:
    """A handler that writes to a pipe, and the pipe's end to read from."""
    read_end, write_end = os.pipe()
    handler = Handler(write_end)
    yield read_end, handler
    os.close(read_end)  # a write that hangs ends
    assert handler.drain()
    os.close(write_end)


def put(handler: Handler, message: str, **fields: object) -> None:
    handler.enqueue(handler.formatter.line(logging.INFO, message, fields))


def dropped() -> float:
    [family] = metrics.log_dropped.collect()
    return family.samples[0].value


def test_a_line_is_a_json_object_with_its_fields(pipe: tuple[int, Handler]) -> None:
    """Time in UTC with milliseconds, level for Cloud Logging too, and the message as it was given."""
    read_end, handler = pipe
    put(handler, "100 % of %s", status=200)
    assert handler.drain()
    line = json.loads(os.read(read_end, 65_536))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "INFO", "severity": "INFO", "message": "100 % of %s", "status": 200}


def test_a_library_s_exception_is_logged_as_type_and_frames(pipe: tuple[int, Handler]) -> None:
    """Neither the arguments of the record nor the text of the exception is written: they may hold received values."""
    read_end, handler = pipe
    try:
        int("hunter2")
    except ValueError:
        caught = logging.LogRecord("lib", logging.ERROR, "", 0, "failed: %s", ("hunter2",), sys.exc_info())
    handler.handle(caught)
    handler.handle(logging.LogRecord("lib", logging.WARNING, "", 0, "refused %s", ("hunter2",), None))
    assert handler.drain()
    text = os.read(read_end, 65_536).decode()
    first, second = map(json.loads, text.splitlines())
    assert "hunter2" not in text
    assert (first["logger"], first["message"], first["exception"][0]) == ("lib", "exception in a library", "ValueError")
    assert (second["logger"], second["message"], second["level"]) == ("lib", "refused %s", "WARNING")


def test_a_full_queue_drops_lines_and_counts_them(pipe: tuple[int, Handler]) -> None:
    """A reader that is stuck costs no caller time."""
    _, handler = pipe
    before = dropped()
    begun = time.monotonic()
    for number in range(QUEUE_LINES + 2000):  # the pipe and one batch take some
        put(handler, f"line {number}", padding="x" * 1000)
    assert time.monotonic() - begun < 5
    assert 1000 <= dropped() - before <= 2000
    assert handler.dropping


def test_a_stuck_reader_is_not_waited_for_longer_than_the_limit(pipe: tuple[int, Handler]) -> None:
    """The end of a process is delayed by at most that."""
    _, handler = pipe
    put(handler, "long", padding="x" * 1_000_000)
    begun = time.monotonic()
    assert not handler.drain(0.2)
    assert time.monotonic() - begun < 1


def test_lines_without_a_reader_are_counted() -> None:
    """The writer goes on after a failed write."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    handler = Handler(write_end)
    before = dropped()
    for _ in range(2):
        put(handler, "line")
        assert handler.drain()
    assert dropped() - before == 2
    os.close(write_end)


AT_EXIT = "from common.process import log; [log.info('line', n=n) for n in range(1000)]"
FORKED = """
import os
from common.process import log
log.info("before the fork")
log.flush()
if os.fork() == 0:
    log.info("in the child")
    log.flush()
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize(("code", "lines"), [(AT_EXIT, 1000), (FORKED, 2)], ids=["at exit", "after a fork"])
def test_every_line_of_a_process_is_written(code: str, lines: int) -> None:
    """Those of the last moment before its end, and those of a child (a server may fork after it loaded a function)."""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=30)
    assert len([json.loads(line) for line in ended.stdout.splitlines()]) == lines
    assert not ended.stderr


def test_levels_below_the_configured_one_are_not_logged() -> None:
    """LOG_LEVEL=WARNING leaves INFO out."""
    code = "from common.process import log; log.configure('WARNING', 'console', 'f'); "
    code += "log.info('left out'); log.warn('w', a='b\\n')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=30)
    [line] = ended.stdout.splitlines()
    assert line.endswith('WARNING f w a="b\\n"')
