import sys
import time
from pathlib import Path

import pytest

from dev.settings import PlatformError
from dev.supervisor import Part, Supervisor

FOREVER = "import time; print('up', flush=True); time.sleep(600)"


def python(name: str, code: str, **more: object) -> Part:
    return Part(name, [sys.executable, "-c", code], {}, **more)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(text: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while text not in log.read_text():
        assert time.monotonic() < deadline, f"{text!r} did not appear in {log}"
        time.sleep(0.02)


def test_parts_start_after_what_they_need_and_stop_before_it(tmp_path: Path) -> None:
    """A step that others need has ended with 0 before they start; stopping goes the other way."""
    said: list[str] = []
    parts = [
        python("server", FOREVER, needs=("schema",)),
        python("schema", "print('made')", once=True),
    ]
    supervisor = Supervisor(parts, tmp_path, said.append)
    supervisor.start()
    pid = supervisor.pid("server")
    assert [line.split()[0] for line in said] == ["schema", "server"]
    assert alive(pid)
    supervisor.stop()
    assert not alive(pid)


def test_a_part_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The message has the name, the exit code and the last lines, not the first ones."""
    code = "import sys; print('\\n'.join(f'line {n}.' for n in range(50))); sys.exit(3)"
    supervisor = Supervisor([python("meter", code, ready=lambda: False)], tmp_path, print)
    with pytest.raises(PlatformError, match=r"(?s)meter ended with exit code 3.*line 49\.") as caught:
        supervisor.start()
    assert "line 1." not in str(caught.value)
    supervisor.stop()


def test_a_long_start_names_what_it_waits_for(tmp_path: Path) -> None:
    """Again and again, until the last part is ready."""
    said: list[str] = []
    began = time.monotonic()
    slow = python("slow", FOREVER, ready=lambda: time.monotonic() - began > 0.5)
    supervisor = Supervisor([slow, python("meter", FOREVER)], tmp_path, said.append, reminder_seconds=0.1)
    supervisor.start()
    supervisor.stop()
    assert said.count("  still waiting for slow") >= 2


def test_a_part_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    """Nothing of a part's process group outlives the stop."""
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('child', child.pid, flush=True); time.sleep(600)"
    )
    said: list[str] = []
    supervisor = Supervisor([python("stubborn", code)], tmp_path, said.append, stop_seconds=0.2)
    supervisor.start()
    log = supervisor.log("stubborn")
    wait_for("\n", log)
    pids = [supervisor.pid("stubborn"), int(log.read_text().split()[1])]
    supervisor.stop()
    deadline = time.monotonic() + 5  # the child is nobody's to wait for: the kernel takes its moment
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, pids))
    assert "stubborn did not stop within 0.2 s and is killed" in said


def test_a_part_sees_only_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret of the developer's shell does not reach the parts."""
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    supervisor = Supervisor([python("env", "import os; print(sorted(os.environ))", once=True)], tmp_path, print)
    supervisor.start()
    assert "PATH" in supervisor.log("env").read_text()
    assert "SOME_SECRET" not in supervisor.log("env").read_text()
    supervisor.stop()


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    """One start's log, and the one before: no more."""
    for text in ("first", "second"):
        supervisor = Supervisor([python("meter", f"print('{text}')", once=True)], tmp_path, print)
        supervisor.start()
        supervisor.stop()
    assert (tmp_path / "meter.log").read_text() == "second\n"
    assert (tmp_path / "meter.log.1").read_text() == "first\n"


def test_a_stop_request_ends_a_start_that_waits(tmp_path: Path) -> None:
    """Ctrl-C while a part is not ready yet does not hang."""

    def request() -> bool:
        supervisor.stopping = True
        return False

    supervisor = Supervisor([python("slow", FOREVER, ready=request)], tmp_path, print)
    supervisor.start()
    pid = supervisor.pid("slow")
    supervisor.stop()
    assert not alive(pid)
