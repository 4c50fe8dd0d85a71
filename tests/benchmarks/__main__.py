"""The project's own benchmarks: `python -m tests.benchmarks [hot] [imports] [cold] [warm] [growth]`.

Nothing here judges an absolute time: compare the lines of one run. `growth` writes docs/images/growth.json and .svg.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Final

from dev.settings import ROOT
from tests.benchmarks import hot, imports, plot
from tests.benchmarks.stand import LAUNCHERS, Stand, Warm

COUNTS: Final = (1, 10, 50, 100, 250, 500)
WORKERS: Final = (1, 4, 16, 32, 64, 128, 256)
FIGURES: Final = ROOT / "docs/images/growth.json"
COLD_ROUNDS: Final = 7
GROWTH_ROUNDS: Final = 3


def show_hot() -> None:
    print("microseconds of CPU for one request in this process, without server and network")
    for name, projects, settings in (
        ("as shipped", 10, {}),
        ("500 namespaces in the token", 500, {}),
        ("token cache off", 10, {"token_cache_seconds": 0}),
        ("result cache off", 10, {"cache_fresh_seconds": 0}),
    ):
        print(f"  {name:32} {hot.measure(projects, **settings):8.0f}")


def show_imports() -> None:
    print("milliseconds of import until the first response, by package (the measurement adds time)")
    for name, spent in list(imports.measure().items())[:25]:
        print(f"  {name:32} {spent:8.1f}")


def show_cold() -> None:
    print(f"cold start: process to first 200, best and median of {COLD_ROUNDS}, interleaved")
    stand = Stand()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in LAUNCHERS}
    for _ in range(COLD_ROUNDS):
        for name, times in found.items():
            times.append(stand.cold_start(name))
    stand.close()
    for name, times in found.items():
        wall, cpu = zip(*times, strict=True)
        print(
            f"  {name:32} {min(wall) * 1e3:6.0f} {statistics.median(wall) * 1e3:6.0f} ms  {min(cpu) * 1e3:6.0f} ms CPU"
        )


def show_warm() -> None:
    print("warm, 16 at once; the load and the billing service share a core with Python: an upper bound of neither")
    for name, settings in (("as shipped", {}), ("result cache off", {"CACHE_FRESH_SECONDS": "0"})):
        print(f"  {name:32} {_line(_load(10, 'overview', 16, **settings))}")


def _line(found: Warm) -> str:
    return f"{found.rate:7.0f}/s  p50 {found.p50:7.2f} ms  p99 {found.p99:7.2f} ms  {found.memory:5.0f} MiB"


def _load(projects: int, function: str, workers: int, requests: int = 3000, **settings: str) -> Warm:
    stand = Stand(projects)
    try:
        return asyncio.run(stand.load(function, workers, requests, **settings))
    finally:
        stand.close()


def _best(measure: Callable[[], Warm]) -> Warm:
    return max((measure() for _ in range(GROWTH_ROUNDS)), key=lambda found: found.rate)


def write_growth() -> None:
    """Three curves, each point the best of three runs."""
    series = {
        "namespaces": [_best(lambda n=n: _load(n, "overview", 16)) for n in COUNTS],
        "projects": [_best(lambda n=n: _load(n, "projects", 16, 1000)) for n in COUNTS],
        "concurrent": [_best(lambda n=n: _load(10, "overview", n)) for n in WORKERS],
        "concurrent_uncached": [
            _best(lambda n=n: _load(10, "overview", n, 1500, CACHE_FRESH_SECONDS="0", BILLING_MAX_IN_FLIGHT="256"))
            for n in WORKERS
        ],
    }
    steps = {name: WORKERS if name.startswith("concurrent") else COUNTS for name in series}
    found = {
        name: [
            {"n": n, "rate": round(w.rate), "p50": round(w.p50, 2), "p99": round(w.p99, 2), "memory": round(w.memory)}
            for n, w in zip(steps[name], points, strict=True)
        ]
        for name, points in series.items()
    }
    FIGURES.write_text(json.dumps(found, indent=1) + "\n")
    FIGURES.with_suffix(".svg").write_text(plot.draw(found))
    for name, points in found.items():
        print(name, *points, sep="\n  ")


SHOWS: Final = {"hot": show_hot, "imports": show_imports, "cold": show_cold, "warm": show_warm, "growth": write_growth}


def chosen(arguments: Sequence[str]) -> list[str]:
    """All but `growth`, which takes minutes and writes files, where nothing is named."""
    parser = argparse.ArgumentParser(description="The project's own benchmarks; compare the lines of one run")
    parser.add_argument("what", nargs="*", help=f"of {', '.join(SHOWS)}; default: all but growth")
    what: list[str] = parser.parse_args(arguments).what
    unknown = [name for name in what if name not in SHOWS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; choose from {', '.join(SHOWS)}")
    return what or [name for name in SHOWS if name != "growth"]


def main() -> None:
    for what in chosen(sys.argv[1:]):
        SHOWS[what]()


if __name__ == "__main__":
    main()
