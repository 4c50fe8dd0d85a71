"""The packages that a function imports until its first response, with the import time of each."""

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from dev.settings import ROOT
from tests.benchmarks.stand import Stand

BUDGET: Final = Path(__file__).with_name("imports.txt")
LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| *(\S+)")
OF_DEVELOPMENT: Final = {"_distutils_hack", "editables", "sitecustomize"}  # site-packages of a development


def measure() -> dict[str, float]:
    """Milliseconds of each top-level package until the first 200, started as the container is."""
    command = [sys.executable, "-B", "-X", "importtime", str(ROOT / "knative/image/start.py")]
    stand = Stand()
    try:
        with stand.running(command=command) as function:
            stand.first_answer(function)
            function.end(30)
        printed = "".join(function.errors)
    finally:
        stand.close()
    own: Counter[str] = Counter()
    for microseconds, module in LINE.findall(printed):
        own[module.partition(".")[0]] += int(microseconds)
    return {name: spent / 1000 for name, spent in own.most_common()}


def third_party(names: dict[str, float]) -> set[str]:
    """Without Python's own library, what was looked for and is not installed, and what stands in for a package."""
    ours = sys.stdlib_module_names | OF_DEVELOPMENT
    return {
        name
        for name in names
        if name not in ours and not name.startswith("_sysconfigdata") and importlib.util.find_spec(name)
    }


def budget() -> set[str]:
    lines = (line.partition("#")[0].strip() for line in BUDGET.read_text().splitlines())
    return {line for line in lines if line}
