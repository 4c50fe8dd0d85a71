"""Forecasts of the totals of complete months from days 5, 10, 15, 20 and 25, and how wrong they are."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from billing_service.forecasts.anomalies import anomalies_all
from billing_service.forecasts.series import Forecast, forecast_all
from tests.benchmarks.forecast_series import CALM, DAYS, FIRST, Values, jumps

DAYS_OF_MONTH = (5, 10, 15, 20, 25)
MONTHS = 3
LEVELS = (80, 95)


@dataclass
class Task:
    """The forecast of a month of a series, with the days before `origin` only."""

    name: str
    first: date
    values: Values
    origin: int
    month: int  # index of its first day
    end: int
    made: Forecast | None = None
    totals: dict[str, float] = field(default_factory=dict)  # of the remaining days, by method

    @property
    def horizon(self) -> int:
        return self.end - self.origin

    @property
    def remaining(self) -> float:
        return float(self.values[self.origin : self.end].sum())

    @property
    def truth(self) -> float:
        return float(self.values[self.month : self.end].sum())

    @property
    def scale(self) -> float:
        return float(self.values.mean()) or 1.0


def tasks(name: str, first: date, values: Values) -> Iterator[Task]:
    end = (first + timedelta(days=len(values))).replace(day=1)
    for _ in range(MONTHS):
        month = (end - timedelta(days=1)).replace(day=1)
        begins, ends = (month - first).days, (end - first).days
        for day in DAYS_OF_MONTH:
            if begins + day > 30:
                yield Task(name, first, values, begins + day - 1, begins, ends)
        end = month


def forecast_tasks(found: list[Task]) -> None:
    """In batches of the same horizon and length, as the worker does."""
    batches: dict[tuple[int, int], list[Task]] = defaultdict(list)
    for task in found:
        batches[task.horizon, min(task.origin, 330)].append(task)
    for (horizon, length), batch in batches.items():
        table = np.array([task.values[task.origin - length : task.origin] for task in batch])
        first = [task.first + timedelta(days=task.origin - length) for task in batch]
        for task, made in zip(batch, forecast_all(table, first, horizon), strict=True):
            task.made = made
            task.totals["ours"] = made.total.p50
    for task in found:
        week = task.values[task.origin - 7 : task.origin]
        task.totals["run rate"] = float(task.values[task.month : task.origin].mean()) * task.horizon
        task.totals["seasonal naive"] = float(sum(week[day % 7] for day in range(task.horizon)))
        task.totals["last 7 days"] = float(week.mean()) * task.horizon


def error(found: Iterable[Task], method: str) -> float:
    """Sum of |forecast - truth| by the sum of the truths; each series scaled to its mean."""
    rows = [(abs(task.totals[method] - task.remaining) / task.scale, task.truth / task.scale) for task in found]
    return sum(row[0] for row in rows) / max(sum(row[1] for row in rows), 1e-9)


def coverage(found: Iterable[Task], level: int) -> tuple[float, float]:
    """The share of totals within their interval, and the mean width by the truth."""
    inside, width, truth, number = 0, 0.0, 0.0, 0
    for task in found:
        if task.made is None:
            continue
        low, high = task.made.total.intervals[level]
        inside += low - 1e-9 <= task.remaining <= high + 1e-9
        width += (high - low) / task.scale
        truth += task.truth / task.scale
        number += 1
    return inside / max(number, 1), width / max(truth, 1e-9)


def anomaly_scores(seeds: Iterable[int]) -> dict[str, tuple[float, float]]:
    """Precision and recall of jumps of 50 % or more, by method. Smaller jumps count neither way."""
    labelled = [jumps(kind, seed) for kind in CALM for seed in seeds]
    table = np.array([values for values, _ in labelled])
    found = np.zeros(table.shape, dtype=bool)
    for row, days in enumerate(anomalies_all(table, [FIRST] * len(table))):
        found[row, [(anomaly.day - FIRST).days for anomaly in days]] = True
    sizes = np.array([size for _, size in labelled])
    rules: dict[str, Values] = {"ours": found, "3 sigma": _rule(table, _sigma), "robust z": _rule(table, _robust)}
    return {name: _precision_recall(flags[:, 240:], sizes[:, 240:]) for name, flags in rules.items()}


def _precision_recall(flags: Values, sizes: Values) -> tuple[float, float]:
    large = sizes >= 0.49
    hits = int((flags & large).sum())
    false = int((flags & (sizes == 0)).sum())
    return hits / max(hits + false, 1), hits / max(int(large.sum()), 1)


def _rule(table: Values, rule: Callable[[Values, float], bool]) -> Values:
    flags = np.zeros(table.shape, dtype=bool)
    for row, values in enumerate(table):
        for day in range(60, DAYS):
            flags[row, day] = rule(values[day - 28 : day], float(values[day]))
    return flags


def _sigma(window: Values, value: float) -> bool:
    return bool(abs(value - window.mean()) > 3 * window.std())


def _robust(window: Values, value: float) -> bool:
    middle = np.median(window)
    return bool(abs(value - middle) > 3.5 * 1.4826 * np.median(np.abs(window - middle)))
