"""The log's last lines: out before the process is gone, and never a reason to hang."""

import io
import threading
import time

from common.process.log import Sink


def test_after_the_signal_a_line_is_out_before_the_next_step() -> None:
    """Where nobody else handles it, the SIGTERM that uvicorn raises again ends the process without atexit."""
    stream = io.StringIO()
    sink = Sink(stream)
    sink.write("before\n")
    sink.end()
    for number in range(20):
        sink.write(f"{number}\n")
        assert stream.getvalue().endswith(f"{number}\n")
    assert stream.getvalue().startswith("before\n")


def test_a_stuck_reader_is_waited_for_once() -> None:
    """And not for every line of those that finish."""
    stuck = threading.Event()

    class Pipe(io.StringIO):
        def write(self, text: str) -> int:
            stuck.wait(5)
            return super().write(text)

    sink = Sink(Pipe())
    sink.end()
    begun = time.monotonic()
    for number in range(50):
        sink.write(f"{number}\n")
    assert time.monotonic() - begun < 2
    stuck.set()
    assert sink.flush()
