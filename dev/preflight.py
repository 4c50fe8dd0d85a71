"""What the Makefile needs of the machine, checked in its first second: Python, Node.js, disk and ports.

    python dev/preflight.py python node disk ports

Runs before anything is installed, on any Python 3: nothing but the standard library is imported, and what needs
Python 3.11 only after its version was checked.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
FREE_MIB = 1024  # what `make run` installs, builds and stores takes less, with the packages of the page's build


def python_problem() -> str:
    if sys.version_info < OLDEST_PYTHON:
        here = ".".join(map(str, sys.version_info[:3]))
        needed = "Python 3.11 or newer is needed"
        return f"{needed}, {sys.executable} is {here}: set PYTHON, as in make run PYTHON=python3.12"
    if importlib.util.find_spec("ensurepip") is None:
        return f"{sys.executable} cannot make a virtual environment: install its package python3-venv"
    return ""


def node_problem() -> str:
    node = shutil.which("node")
    if node is None:
        return "Node.js is not installed: node is not on PATH"
    if shutil.which("npm") is None:
        return "npm is not installed: it is not on PATH"
    check = [node, str(ROOT / "dev" / "check-node.mjs")]
    return subprocess.run(check, stderr=subprocess.PIPE, text=True, check=False).stderr.strip()


def disk_problem() -> str:
    free = shutil.disk_usage(ROOT).free // 2**20
    if free >= FREE_MIB or (ROOT / ".venv" / ".run").exists():
        return ""
    return f"{FREE_MIB} MiB are needed in {ROOT}, {free} MiB are free"


def ports_problem() -> str:
    """Checks the parts that are not functions. The functions' ports are declared in code that needs the packages."""
    from dev.lock import lock_owner  # noqa: PLC0415
    from dev.settings import PlatformError, check_ports, read_settings, used_ports  # noqa: PLC0415

    try:
        settings = read_settings({})
        if lock_owner(settings.data) is None:  # else the start itself reports the platform that runs
            check_ports(used_ports(settings), settings.host)
    except PlatformError as exc:
        return str(exc)
    return ""


CHECKS = {"python": python_problem, "node": node_problem, "disk": disk_problem}


def main(names: "list[str]") -> int:
    """The ports are checked where nothing else is wrong."""
    found = [CHECKS[name]() for name in names if name != "ports"]
    if "ports" in names and not any(found):
        found.append(ports_problem())
    problems = [problem for problem in found if problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
