"""What `make run` needs of the machine, checked in its first second: Python, Node.js, disk and ports.

Runs before anything is installed, on any Python 3: nothing but the standard library is imported, and what needs
Python 3.11 only after its version was checked.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
FREE_MIB = 2048  # all that is installed, built and stored takes less


def problems() -> "list[str]":
    found = [python_problem(), node_problem(), disk_problem()]
    return [problem for problem in found if problem] or port_problems()


def python_problem() -> str:
    if sys.version_info >= OLDEST_PYTHON:
        return ""
    here = ".".join(map(str, sys.version_info[:3]))
    return f"Python 3.11 or newer is needed, {sys.executable} is {here}: set PYTHON, as in make run PYTHON=python3.12"


def node_problem() -> str:
    node = shutil.which("node")
    if node is None:
        return "Node.js is not installed: node is not on PATH"
    check = [node, str(ROOT / "dev" / "check-node.mjs")]
    return subprocess.run(check, stderr=subprocess.PIPE, text=True, check=False).stderr.strip()


def disk_problem() -> str:
    free = shutil.disk_usage(ROOT).free // 2**20
    if free >= FREE_MIB or (ROOT / ".venv" / ".installed").exists():
        return ""
    return f"{FREE_MIB} MiB are needed in {ROOT}, {free} MiB are free"


def port_problems() -> "list[str]":
    """Ports of the parts that are not functions. The functions' ports are declared in code that needs the packages."""
    from dev.settings import PlatformError, check_ports, lock_owner, read_settings, used_ports  # noqa: PLC0415

    try:
        settings = read_settings({})
        if lock_owner(settings.data) is None:  # else the start itself reports the platform that runs
            check_ports(used_ports(settings), settings.host)
    except PlatformError as exc:
        return [str(exc)]
    return []


def main() -> int:
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    sys.exit(main())
