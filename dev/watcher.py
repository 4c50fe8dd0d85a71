"""What happens while the platform runs: logs are shown, changed functions are restarted, dead parts are restarted.

`make stop-part` and `make start-part` write a file into the folder of requests, named after the verb and the part. The
file is removed when that is done.
"""

import math
import os
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import watchfiles

from dev.settings import ROOT
from dev.supervisor import Part, Supervisor, describe_end

WAIT_MILLISECONDS = 100  # for a change; then parts and requests are checked
SETTLE_MILLISECONDS = 50  # without a further change: an editor writes more than one file
LONGEST_DELAY_SECONDS = 30.0
STOP, START = "stop", "start"  # verbs of requests


class Watcher:
    """Create it before the parts start, so that no change is missed."""

    def __init__(self, supervisor: Supervisor, requests: Path, say: Callable[[str], None]) -> None:
        self._supervisor = supervisor
        self._requests = requests
        self._say = say
        self._changes = file_changes({folder for part in supervisor.parts.values() for folder in part.sources}, say)
        self._not_before: dict[str, float] = {}  # parts that wait: monotonic time, infinite until a change or request
        self._deaths: dict[str, int] = defaultdict(int)
        self._broken: set[Path] = set()  # files with a syntax error

    def run(self) -> None:
        """Returns when the supervisor's `stopping` is set."""
        while not self._supervisor.stopping:
            changed = next(self._changes)
            self._supervisor.show_logs()
            if changed:
                self._restart_changed(changed)
            self._hold_dead_parts()
            self._fulfil_requests()
            for part in self._supervisor.parts.values():
                if self._not_before.get(part.name, 0.0) <= time.monotonic():
                    self._supervisor.advance(part)

    def _restart_changed(self, changed: set[Path]) -> None:
        errors = syntax_errors(changed | self._broken)
        self._broken = set(errors)
        restart = []
        for part in self._supervisor.parts.values():
            files = sorted(path for path in changed if is_source(path, part))
            if not files or self._is_stopped(part.name):
                continue
            wrong = [text for path, text in errors.items() if is_source(path, part)]
            if wrong:
                self._say(f"{part.name} is not restarted, its code from before the change runs on:\n{''.join(wrong)}")
                continue
            self._say(f"{part.name:<20} restarts: {', '.join(os.path.relpath(path, ROOT) for path in files)} changed")
            self._not_before.pop(part.name, None)
            self._deaths.pop(part.name, None)
            restart.append(part.name)
        self._supervisor.stop_together([name for name in restart if self._supervisor.is_started(name)])

    def _is_stopped(self, name: str) -> bool:
        """Stopped by a request, not by its end."""
        return self._not_before.get(name) == math.inf and not self._deaths[name]

    def _hold_dead_parts(self) -> None:
        """A part that dies is started again after 1, 2, 4 ... seconds.

        A function that never became ready waits for the next change of its files.
        """
        for running in self._supervisor.dead():
            part = running.part
            self._deaths[part.name] = 1 if running.is_ready else self._deaths[part.name] + 1
            if part.sources and not running.is_ready:
                self._not_before[part.name], then = math.inf, "it is started again when its files change"
            else:
                delay = min(2.0 ** (self._deaths[part.name] - 1), LONGEST_DELAY_SECONDS)
                self._not_before[part.name], then = time.monotonic() + delay, f"it is started again in {delay:g} s"
            self._say(f"{describe_end(running)}\n{part.name}: {then}")
            self._supervisor.stop_part(part.name)

    def _fulfil_requests(self) -> None:
        for request in sorted(self._requests.iterdir()):
            verb, _, name = request.name.partition("-")
            if verb == START:
                self._not_before.pop(name, None)
                if not self._supervisor.is_ready(name):
                    continue  # the file stays until then
            elif self._supervisor.is_started(name):
                self._not_before[name] = math.inf
                self._deaths.pop(name, None)
                self._supervisor.stop_part(name)
                self._say(f"{name:<20} stopped; make start-part PART={name} starts it")
            request.unlink(missing_ok=True)


def is_source(path: Path, part: Part) -> bool:
    return any(path.is_relative_to(folder) for folder in part.sources)


def file_changes(folders: Iterable[Path], say: Callable[[str], None]) -> Iterator[set[Path]]:
    """Each `next` returns the changes since the last one. Without a change it returns after WAIT_MILLISECONDS."""
    folders = sorted(folders)
    if not folders:
        return no_changes()
    try:
        return watch(folders, force_polling=None)
    except OSError as exc:  # the limits of inotify are set per machine
        say(f"changes of files are looked for by polling: {exc}")
        return watch(folders, force_polling=True)


def no_changes() -> Iterator[set[Path]]:
    while True:
        time.sleep(WAIT_MILLISECONDS / 1000)
        yield set()


def watch(folders: Iterable[Path], *, force_polling: bool | None) -> Iterator[set[Path]]:
    changes = watchfiles.watch(
        *folders,
        step=SETTLE_MILLISECONDS,
        rust_timeout=WAIT_MILLISECONDS,
        yield_on_timeout=True,
        force_polling=force_polling,
    )
    next(changes)  # the folders are watched from here on
    return ({Path(path) for _, path in found} for found in changes)


def syntax_errors(paths: Iterable[Path]) -> dict[Path, str]:
    """The text of each file's syntax error, as Python prints it."""
    found = {}
    for path in paths:
        if path.suffix != ".py" or not path.exists():
            continue
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as exc:  # ValueError: a NUL
            found[path] = "".join(traceback.format_exception_only(exc))
    return found
