"""What a function changes in the process that serves it, and when.

An import of any module of common/, or of a function, changes nothing in its process. functions-framework sets
FUNCTION_TARGET before it loads a function; only then `prepare` and `serving` are called.
"""

import gc
import os
import signal
import threading
from typing import Any

from common.process import log

socket_app: Any = None
"""The function that is served, if it has WebSockets. start.py gives them to it."""


def is_target(function: str) -> bool:
    """Whether functions-framework loads this function to serve it."""
    return os.environ.get("FUNCTION_TARGET") == function.replace("-", "_")  # noqa: TID251 - functions-framework writes it


def prepare() -> None:
    """Call while functions-framework loads the function. From here on the log takes the records of libraries."""
    log.take_library_records()


def serving() -> None:
    """Call with the first request, in the thread of the event loop: a server may fork before it.

    What exists by now lives as long as the process: the garbage collector leaves it out, and is on (a launcher may turn
    it off while it imports). SIGTERM ends the process with exit code 0.
    """
    gc.freeze()
    gc.enable()
    _exit_with_0_at_sigterm()


def _exit_with_0_at_sigterm() -> None:
    """uvicorn stops gracefully at SIGTERM and then raises the signal again. That ends the process without atexit: the
    last log lines and metrics would be lost. With this handler, uvicorn stops as gracefully and returns to its caller.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)  # uvicorn's handler is a method of its Server
    in_main_thread = threading.current_thread() is threading.main_thread()
    if server is None or not hasattr(server, "should_exit") or not in_main_thread:
        return

    def stop(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
