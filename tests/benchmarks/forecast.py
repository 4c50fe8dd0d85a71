"""The accuracy of the forecast beside simple methods and statsforecast: `make bench-forecast`.

Exit code 1 if a floor is missed. The comparison with statsforecast is a goal: it is printed with how far it is missed.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from billing_service.forecasts.series import forecast_all
from tests.benchmarks.forecast_ledger import report_ledger
from tests.benchmarks.forecast_scores import LEVELS, Task, anomaly_scores, coverage, error, forecast_tasks, tasks
from tests.benchmarks.forecast_series import FIRST, KINDS, series

SIMPLE = ("run rate", "seasonal naive", "last 7 days")
PEERS = ("MSTL", "AutoTheta", "AutoETS")
RANGES = {80: (0.75, 0.88), 95: (0.90, 0.98)}
MOST_OF_SIMPLE, MOST_OF_PEERS = 0.95, 1.05
LEAST_SCORE = 0.8


def synthetic(seeds: Iterable[int]) -> list[Task]:
    return [task for kind in KINDS for seed in seeds for task in tasks(f"{kind}-{seed}", FIRST, series(kind, seed))]


def public(path: Path) -> list[Task]:
    """A CSV file, or all of a folder: columns series, day and quantity (or cost)."""
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[row["series"]].append((date.fromisoformat(row["day"]), float(row.get("quantity") or row["cost"])))
    return [
        task for name, rows in found.items() for task in tasks(name, rows[0][0], np.array([value for _, value in rows]))
    ]


def add_peers(found: Sequence[Task], python: str) -> dict[str, float]:
    """Adds the totals of statsforecast. Returns the mean time of each method in milliseconds."""
    jobs = [
        json.dumps({"id": at, "history": task.values[: task.origin].tolist(), "horizon": task.horizon})
        for at, task in enumerate(found)
    ]
    script = Path(__file__).with_name("forecast_peers.py")
    done = subprocess.run([python, script], input="\n".join(jobs), capture_output=True, text=True, check=True)
    times: dict[str, list[float]] = defaultdict(list)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        times[row["method"]].append(row["ms"])
        if row["total"] is not None:
            found[row["id"]].totals[row["method"]] = row["total"]
    return {name: float(np.mean(values)) for name, values in times.items()}


def report(label: str, found: list[Task]) -> bool:
    """Prints the table of a set. True if no floor is missed."""
    print(f"\n{label}: {len({task.name for task in found})} series, {len(found)} forecasts")
    ours, best = error(found, "ours"), min(error(found, name) for name in SIMPLE)
    for name in ("ours", *SIMPLE):
        print(f"  {name:<16}{error(found, name):.4f}")
    good = _floor(f"ours / best simple method <= {MOST_OF_SIMPLE}", ours / best, 0, MOST_OF_SIMPLE)
    for level in LEVELS:
        inside, width = coverage(found, level)
        good &= _floor(f"{level} % interval covers (mean width {width:.3f} of the total)", inside, *RANGES[level])
    return good


def report_peers(label: str, found: list[Task], python: str) -> None:
    times = add_peers(found, python)
    same = [task for task in found if all(name in task.totals for name in PEERS)]
    print(f"\n{label}: the same {len(same)} forecasts with statsforecast")
    for name in ("ours", *SIMPLE, *PEERS):
        print(f"  {name:<16}{error(same, name):.4f}" + (f"  {times[name]:8.1f} ms" if name in times else ""))
    ratio = error(same, "ours") / min(error(same, name) for name in PEERS)
    _floor(f"goal: ours / best of statsforecast <= {MOST_OF_PEERS}", ratio, 0, MOST_OF_PEERS)


def _floor(text: str, value: float, least: float, most: float) -> bool:
    good = least <= value <= most
    print(f"  {text}: {value:.3f}{'' if good else f'  MISSED ({least} to {most})'}")
    return good


def report_anomalies(seeds: Iterable[int]) -> bool:
    print("\nanomalies, jumps of 50 % or more   precision  recall")
    scores = anomaly_scores(seeds)
    for name, (precision, recall) in scores.items():
        print(f"  {name:<32} {precision:9.3f} {recall:7.3f}")
    return min(scores["ours"]) >= LEAST_SCORE


def report_time(projects: int = 500) -> bool:
    """The forecasts of an organization: all of its projects and their sum, with their backtests."""
    table = np.array([series(KINDS[at % len(KINDS)], at) for at in range(projects)])
    began, used = time.perf_counter(), time.process_time()
    forecast_all(np.vstack([table, table.sum(0)]), [FIRST] * (projects + 1), 26)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"\n{projects} projects and their sum, each with its backtest: {seconds:.2f} s, {cpu:.2f} s of processor time"
    )
    return _floor("processor time in s <= 2", cpu, 0, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="seeds of each of the eight kinds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--public", type=Path, help="a CSV file with real series, or a folder of them")
    parser.add_argument("--peers", help="a Python with statsforecast")
    parser.add_argument("--peer-seeds", type=int, default=2, help="seeds of each kind that statsforecast forecasts")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    sets = {"synthetic": synthetic(seeds)} | ({"public": public(given.public)} if given.public else {})
    good = True
    for label, found in sets.items():
        forecast_tasks(found)
        good &= report(label, found)
    good &= report_anomalies(seeds[:12])
    good &= report_time()
    report_ledger()
    if given.peers:
        names = {f"{kind}-{seed}" for kind in KINDS for seed in seeds[: given.peer_seeds]}
        for label, found in sets.items():
            report_peers(label, [t for t in found if label == "public" or t.name in names], given.peers)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
