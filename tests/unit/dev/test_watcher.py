"""Changed functions and dead parts are restarted while the others stay up."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.supervisor import Part, Supervisor
from dev.watcher import Watcher, syntax_errors

SECONDS = 20


class Platform:
    """Parts that run, and a watcher whose lines start the next step of a test."""

    def __init__(self, folder: Path, *parts: Part) -> None:
        self.said: list[str] = []
        self.requests = folder / "requests"
        self.requests.mkdir()
        self.supervisor = Supervisor(parts, folder, self._say)
        self.watcher = Watcher(self.supervisor, self.requests, self._say)
        self._steps: list[tuple[str, Callable[[], object]]] = []

    def _say(self, line: str) -> None:
        self.said.append(line)
        if self._steps and self._steps[0][0] in line:
            self._steps.pop(0)[1]()

    def stop(self) -> None:
        self.supervisor.stopping = True

    def watch(self, first: Callable[[], object], *steps: tuple[str, Callable[[], object]]) -> None:
        """Run `first`, then each step when its text is printed; the last step has to end it."""
        self.supervisor.start()
        self._steps = list(steps)
        timer = threading.Timer(SECONDS, self.stop)
        timer.start()
        first()
        self.watcher.run()
        timer.cancel()
        self.supervisor.stopping = False
        self.supervisor.stop()
        assert not self._steps, f"not seen: {self._steps[0][0]} in {self.said}"


def forever(name: str) -> Part:
    return Part(name, [sys.executable, "-c", "import time; time.sleep(600)"], {})


def function(name: str, source: Path) -> Part:
    """A process that runs the file and is ready when it has written `<name>.up`."""
    source.parent.mkdir(exist_ok=True)
    up = source.parent.parent / f"{name}.up"
    source.write_text("value = 'old'\n")
    code = f"import runpy, time; v = runpy.run_path({str(source)!r}); open({str(up)!r}, 'w').write(v['value']); "
    command = [sys.executable, "-c", code + "time.sleep(600)"]
    return Part(name, command, {}, ready=up.exists, sources=(source.parent,))


def test_a_dead_part_is_reported_and_restarted(tmp_path: Path) -> None:
    """Its end is printed, it gets a new process, and the other part keeps its own."""
    platform = Platform(tmp_path, forever("meter"), forever("other"))
    pids: list[int] = []

    def kill() -> None:
        pids.extend(platform.supervisor.pid(name) for name in ("meter", "other"))
        os.kill(pids[0], signal.SIGKILL)

    def after() -> None:
        pids.extend(platform.supervisor.pid(name) for name in ("meter", "other"))
        platform.stop()

    platform.watch(kill, ("meter was killed by signal 9", lambda: None), ("meter                up", after))
    assert pids[0] != pids[2]
    assert pids[1] == pids[3]
    assert any("meter: it is started again in 1 s" in line for line in platform.said)


def test_a_changed_file_restarts_its_function_alone(tmp_path: Path) -> None:
    """The new process runs the new code."""
    sources = {name: tmp_path / name / "main.py" for name in ("overview", "health")}
    platform = Platform(tmp_path, *(function(name, source) for name, source in sources.items()))
    up = tmp_path / "overview.up"

    def change() -> None:
        up.unlink()
        sources["overview"].write_text("value = 'new'\n")

    platform.watch(change, ("overview             restarts:", lambda: None), ("overview             up", platform.stop))
    assert up.read_text() == "new"
    assert not [line for line in platform.said if line.startswith("health") and "restarts" in line]


def test_a_syntax_error_is_printed_and_the_next_save_heals_it(tmp_path: Path) -> None:
    """Until then the process with the code from before the change stays."""
    source = tmp_path / "overview" / "main.py"
    platform = Platform(tmp_path, function("overview", source))
    up, pids = tmp_path / "overview.up", []

    def heal() -> None:
        pids.append(platform.supervisor.pid("overview"))
        up.unlink()
        source.write_text("value = 'new'\n")

    def damage() -> None:
        pids.append(platform.supervisor.pid("overview"))
        source.write_text("value = (\n")

    platform.watch(damage, ("overview is not restarted", heal), ("overview             up", platform.stop))
    assert pids[0] == pids[1]
    [message] = [line for line in platform.said if "is not restarted" in line]
    assert "SyntaxError" in message
    assert str(source) in message
    assert up.read_text() == "new"


def test_a_function_that_cannot_be_loaded_waits_for_the_next_save(tmp_path: Path) -> None:
    """Its traceback is printed once, and it is not started again and again."""
    source = tmp_path / "overview" / "main.py"
    platform = Platform(tmp_path, function("overview", source))
    up = tmp_path / "overview.up"

    def damage() -> None:
        up.unlink()
        source.write_text("import nothing_of_this_name\n")

    platform.watch(
        damage,
        ("No module named 'nothing_of_this_name'", lambda: source.write_text("value = 'new'\n")),
        ("overview             up", platform.stop),
    )
    [message] = [line for line in platform.said if "No module named" in line]
    assert "overview: it is started again when its files change" in message
    assert up.read_text() == "new"


def test_a_part_is_stopped_and_started_on_request(tmp_path: Path) -> None:
    """It stays down in between, and each request's file is removed when it is done."""
    platform = Platform(tmp_path, forever("billing"))
    stop, start = platform.requests / "stop-billing", platform.requests / "start-billing"
    down: list[bool] = []

    def request_start() -> None:
        down.append(not platform.supervisor.is_started("billing"))
        start.touch()

    platform.watch(
        stop.touch, ("billing              stopped", request_start), ("billing              up", platform.stop)
    )
    assert down == [True]
    assert not stop.exists()


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\n", "  x = 1\n", "x = '\0'\n"])
def test_a_syntax_error_has_its_file(tmp_path: Path, text: str) -> None:
    """As Python prints it; a file that is gone or is not Python has none."""
    (tmp_path / "bad.py").write_text(text)
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "data.json").write_text("{")
    names = ("bad.py", "good.py", "data.json", "gone.py")
    errors = syntax_errors(tmp_path / name for name in names)
    assert list(errors) == [tmp_path / "bad.py"]
    assert "Error" in errors[tmp_path / "bad.py"]
