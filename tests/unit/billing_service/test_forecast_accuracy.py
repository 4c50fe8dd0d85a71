"""The forecast stays as accurate as it is. `make bench-forecast` measures it beside others, and on real series."""

import pytest

from tests.benchmarks.forecast import SIMPLE, synthetic
from tests.benchmarks.forecast_scores import Task, anomaly_scores, coverage, error, forecast_tasks


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    found = synthetic(range(3))
    forecast_tasks(found)
    return found


@pytest.mark.slow_fault
def test_months_are_forecast_better_than_by_simple_methods(tasks: list[Task]) -> None:
    """The error of 360 totals is at most 0.85 times that of the run rate, the seasonal naive and the last 7 days."""
    assert error(tasks, "ours") <= 0.85 * min(error(tasks, name) for name in SIMPLE)


@pytest.mark.parametrize(("level", "least", "most"), [(80, 0.75, 0.92), (95, 0.9, 0.99)])
def test_intervals_cover_what_they_promise(tasks: list[Task], level: int, least: float, most: float) -> None:
    """With the tolerance of 360 totals."""
    assert least <= coverage(tasks, level)[0] <= most


def test_large_jumps_are_found() -> None:
    """Precision and recall of jumps of 50 % or more."""
    precision, recall = anomaly_scores(range(2))["ours"]
    assert precision >= 0.8
    assert recall >= 0.8
