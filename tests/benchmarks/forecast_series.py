"""Synthetic daily usage of eight kinds with known truth, and the same with labelled jumps, by kind and seed."""

from datetime import date, timedelta
from hashlib import sha256

import numpy as np

FIRST = date(2025, 1, 1)
DAYS = 396  # thirteen months
KINDS = ("steady", "growing", "weekly", "step", "burst", "start", "price", "mixed")
CALM = ("steady", "growing", "weekly", "start", "mixed")  # their jumps are only the labelled ones
Values = np.ndarray


def series(kind: str, seed: int) -> Values:
    random = _random("series", kind, seed)
    days = np.arange(DAYS)
    values = np.full(DAYS, 10 ** random.uniform(0, 2.5))
    if kind in {"growing", "mixed"}:
        values = values * (1 + random.uniform(0.0005, 0.006)) ** days
    if kind in {"weekly", "mixed"}:
        weekend = random.uniform(0.25, 0.8)
        week = np.array([1, 1.03, 1.02, 1, 0.96, weekend, weekend * random.uniform(0.85, 1)])
        values = values * week[[(FIRST + timedelta(days=int(day))).weekday() for day in days]]
    if kind in {"step", "price"}:
        factors = [0.15, 0.4, 0.65, 1.5, 2.2, 3.5] if kind == "step" else [0.9, 0.95, 1.05, 1.1, 1.2]
        for _ in range(3 if kind == "step" else 2):
            values[random.integers(190, DAYS) :] *= random.choice(factors)
    if kind == "burst":
        values = values * (0.3 + _bursts(random) * random.uniform(2, 6, DAYS))
    if kind == "start":
        values[: random.integers(190, 350)] = 0
    return values * np.maximum(random.normal(1, random.uniform(0.01, 0.09), DAYS), 0)


def jumps(kind: str, seed: int) -> tuple[Values, Values]:
    """A series with some days that are too high or too low, and the size of each day's jump: 0.5 is 50 %."""
    values, random = series(kind, seed), _random("jumps", kind, seed)
    size = np.zeros(DAYS)
    for _ in range(6):
        day, length = random.integers(240, DAYS - 4), random.integers(1, 3)
        factor = random.choice([0.3, 0.5, 0.75, 1.25, 1.5, 1.75, 2.0, 3.0])
        if size[day - 4 : day + 6].any() or not values[day - 30]:
            continue
        values[day : day + length] *= factor
        size[day : day + length] = abs(factor - 1)
    return values, size


def _bursts(random: np.random.Generator) -> Values:
    """Batch runs of one to three days."""
    runs, left = np.zeros(DAYS), 0
    for day in range(DAYS):
        left = left - 1 if left else int(random.integers(1, 4)) if random.random() < 0.12 else 0
        runs[day] = left > 0
    return runs


def _random(*parts: object) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(sha256(repr(parts).encode()).digest()[:8]))
