"""Starts each part when the parts that it needs are ready, and stops the parts in the reverse order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dev.settings import ROOT, PlatformError

POLL_SECONDS = 0.05
REMINDER_SECONDS = 4.0  # between two lines that name what a start waits for
STOP_SECONDS = 10  # then a part is killed
TAIL_LINES = 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

# The variables that every child inherits. All others are listed per part.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass
class Part:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True  # called repeatedly, returns within a second
    needs: tuple[str, ...] = ()
    once: bool = False  # a step: it is ready when its exit code is 0
    follow: bool = False  # its log is shown
    hint: str = ""  # printed when it dies
    sources: tuple[Path, ...] = ()  # folders: a change of a file in them restarts the part
    stop_signal: signal.Signals = signal.SIGTERM
    user: tuple[int, int] | None = None  # uid and gid to run as, for root


@dataclass
class Running:
    part: Part
    process: subprocess.Popen[bytes]
    log: Path
    started: float
    is_ready: bool = False
    shown: int = field(default=0)  # bytes of the log


class Supervisor:
    def __init__(
        self,
        parts: Sequence[Part],
        logs: Path,
        say: Callable[[str], None],
        stop_seconds: float = STOP_SECONDS,
        reminder_seconds: float = REMINDER_SECONDS,
    ) -> None:
        self.parts = {part.name: part for part in parts}
        self._logs = logs
        self._say = say
        self._stop_seconds = stop_seconds
        self._reminder_seconds = reminder_seconds
        self._running: dict[str, Running] = {}  # in the order of starting
        self.stopping = False  # set by a signal handler: starting and watching end at the next check

    def start(self) -> None:
        """Returns when every part is ready, or when `stopping` was set. Raises PlatformError when a part dies."""
        reminded = time.monotonic()
        while not self.stopping:
            waiting = [part.name for part in self.parts.values() if not self.advance(part)]
            if not waiting:
                return
            self.check()
            if time.monotonic() - reminded > self._reminder_seconds:
                self._say(f"  still waiting for {', '.join(waiting)}")
                reminded = time.monotonic()
            time.sleep(POLL_SECONDS)

    def advance(self, part: Part) -> bool:
        """Start the part if what it needs is ready. Returns whether it is ready itself."""
        running = self._running.get(part.name)
        if running is None:
            if all(self.is_ready(need) for need in part.needs):
                self._spawn(part)
            return False
        if not running.is_ready:
            running.is_ready = running.process.poll() == 0 if part.once else part.ready()
            if running.is_ready:
                self._say(
                    f"{part.name:<20} {'done' if part.once else 'up'} {time.monotonic() - running.started:5.1f} s"
                )
                running.shown = running.log.stat().st_size
        return running.is_ready

    def is_ready(self, name: str) -> bool:
        return name not in self.parts or (name in self._running and self._running[name].is_ready)

    def _spawn(self, part: Part) -> None:
        log = self._logs / f"{part.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        uid, gid = part.user or (None, None)
        with log.open("wb") as output:
            process = subprocess.Popen(
                part.command,
                cwd=ROOT if part.user is None else "/",  # another user may have no access to the checkout
                env={name: os.environ[name] for name in INHERITED if name in os.environ} | dict(part.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C reaches the supervisor only, which stops the parts in order
                user=uid,
                group=gid,
                extra_groups=None if part.user is None else [],
                preexec_fn=lambda: die_with_parent(part.stop_signal),  # noqa: PLW1509 -- one thread, one system call
            )
        self._running[part.name] = Running(part, process, log, time.monotonic())

    def check(self) -> None:
        """Raises PlatformError with the end of the log of a part that has died."""
        for running in self.dead():
            raise PlatformError(describe_end(running))

    def dead(self) -> Iterator[Running]:
        """The parts whose process has ended, without the steps that are done."""
        for running in list(self._running.values()):
            code = running.process.poll()
            if code is not None and not (running.part.once and code == 0):
                yield running

    def show_logs(self) -> None:
        for running in self._running.values():
            if not running.part.follow:
                continue
            with running.log.open("rb") as file:
                file.seek(running.shown)
                lines = [line for line in file if line.endswith(b"\n")]
            running.shown += sum(map(len, lines))
            for line in lines:
                self._say(f"{running.part.name:<9}| {line.decode(errors='replace').rstrip()}")

    def stop(self) -> None:
        for name in reversed(list(self._running)):
            self.stop_part(name)

    def stop_together(self, names: Sequence[str]) -> None:
        """Sends the signal to all parts, then waits for each."""
        for name in names:
            self._signal(name)
        for name in names:
            self.stop_part(name)

    def _signal(self, name: str) -> None:
        running = self._running[name]
        if running.process.poll() is None:
            running.process.send_signal(running.part.stop_signal)

    def stop_part(self, name: str) -> None:
        """Also kills processes that the part left in its process group."""
        process = self._running[name].process
        self._signal(name)
        try:
            process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            self._say(f"{name} did not stop within {self._stop_seconds:g} s and is killed")
        with contextlib.suppress(ProcessLookupError):  # the group is empty, as intended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        del self._running[name]

    def start_part(self, name: str) -> None:
        """Starts a stopped part again and waits until it is ready."""
        while not self.stopping and not self.advance(self.parts[name]):
            self.check()
            time.sleep(POLL_SECONDS)

    def is_started(self, name: str) -> bool:
        return name in self._running

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def pid(self, name: str) -> int:
        return self._running[name].process.pid


def die_with_parent(stop_signal: signal.Signals) -> None:
    """If the supervisor is killed, Linux stops its children. On other systems they stay."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal))


def describe_end(running: Running) -> str:
    """How a process ended, and the end of its log."""
    code = running.process.returncode
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    hint = f"\n{running.part.hint}" if running.part.hint else ""
    return f"{running.part.name} {ended}; the end of {running.log}:\n{tail(running.log)}{hint}"


def tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (empty)"
