from datetime import date, timedelta
from math import nan

import numpy as np
import pytest

from billing_service.forecasts.series import forecast, forecast_all

MONDAY = date(2026, 1, 5)
WEEK = [100.0, 102.0, 98.0, 100.0, 101.0, 40.0, 38.0]


def _noisy(values: list[float], seed: int = 1, noise: float = 0.03) -> list[float]:
    random = np.random.default_rng(seed)
    return [float(value * max(0.0, random.normal(1, noise))) for value in values]


def test_a_steady_series_goes_on() -> None:
    """A series with one level and its weekdays is forecast day by day within a few per cent."""
    made = forecast(_noisy(WEEK * 20), MONDAY, 14)
    assert made.total.p50 == pytest.approx(2 * sum(WEEK), rel=0.02)
    assert [day.p50 for day in made.days] == pytest.approx(WEEK * 2, rel=0.08)
    assert made.quality == "ok"
    assert made.method == "weighted_models"


def test_days_add_up_to_the_total_and_their_intervals_do_not() -> None:
    """The total's p50 is the sum of the days, and its interval is narrower than the sum of theirs."""
    made = forecast(_noisy(WEEK * 20, noise=0.1), MONDAY, 21)
    assert sum(day.p50 for day in made.days) == pytest.approx(made.total.p50)
    low, high = made.total.intervals[80]
    assert high - low < 0.8 * sum(day.intervals[80][1] - day.intervals[80][0] for day in made.days)


def test_a_higher_level_has_a_wider_interval() -> None:
    """The 80, 95 and 99 % intervals are within each other and not negative."""
    made = forecast(_noisy([10.0, 0.0, 50.0, 2.0] * 30, noise=0.5), MONDAY, 30)
    for band in [made.total, *made.days]:
        (l80, h80), (l95, h95), (l99, h99) = (band.intervals[level] for level in (80, 95, 99))
        assert 0 <= l99 <= l95 <= l80 <= band.p50 <= h80 <= h95 <= h99


def test_growth_continues() -> None:
    """A series that grows by half a per cent a day is forecast higher than its last day."""
    made = forecast(_noisy([100 * 1.005**day for day in range(200)]), MONDAY, 20)
    assert made.total.p50 == pytest.approx(sum(100 * 1.005**day for day in range(200, 220)), rel=0.03)


def test_a_shift_of_the_level_is_followed() -> None:
    """Five days after a launch, the forecast has the new level, with the quality `level_shift`."""
    made = forecast(_noisy([100.0] * 120 + [250.0] * 5), MONDAY, 20)
    assert made.total.p50 == pytest.approx(5000, rel=0.15)
    assert made.quality == "level_shift"


def test_bursts_are_forecast_by_their_mean() -> None:
    """Of a series that is 10 on most days and 200 on every tenth, the mean is forecast and not the median."""
    random = np.random.default_rng(3)
    days = [200.0 if random.random() < 0.1 else 10.0 for _ in range(300)]
    made = forecast(days, MONDAY, 30)
    assert made.total.p50 == pytest.approx(30 * float(np.mean(days)), rel=0.35)
    assert made.quality == "volatile"


def test_a_new_series_has_its_run_rate() -> None:
    """A series of one day continues, with a wide interval, and is marked as short."""
    made = forecast([24.0], MONDAY, 10)
    assert made.total.p50 == pytest.approx(240)
    assert (made.quality, made.method, made.backtest.origins) == ("short_history", "run_rate", 0)
    assert made.backtest.error is None
    low, high = made.total.intervals[80]
    assert high - low > 0.1 * 240


def test_zeros_before_the_start_do_not_count() -> None:
    """A series that began ten days ago is forecast from these days."""
    made = forecast([0.0] * 100 + [50.0] * 10, MONDAY, 10)
    assert made.total.p50 == pytest.approx(500, rel=0.01)
    assert made.quality == "short_history"


def test_usage_that_stopped_is_not_forecast() -> None:
    """After zeros that are longer than ever before, the forecast is 0."""
    made = forecast([100.0] * 60 + [0.0] * 4, MONDAY, 10)
    assert made.total.p50 == 0
    assert (made.method, made.quality) == ("ended", "level_shift")


def test_a_weekly_run_has_not_stopped() -> None:
    """A job that runs on Mondays only is forecast for the next Monday."""
    made = forecast([70.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0] * 20, MONDAY, 7)
    assert made.total.p50 == pytest.approx(70, rel=0.1)
    assert made.method == "weighted_models"


def test_no_usage_ever_says_so() -> None:
    """A series of zeros has the method `none`."""
    assert forecast([0.0] * 40, MONDAY, 5).method == "none"


def test_a_day_that_is_not_known_is_no_day_without_usage() -> None:
    """Days that are not known change the forecast by almost nothing."""
    history = _noisy(WEEK * 20)
    gaps = [nan if day in (50, 51, 100, 137) else value for day, value in enumerate(history)]
    assert forecast(gaps, MONDAY, 30).total.p50 == pytest.approx(forecast(history, MONDAY, 30).total.p50, rel=0.02)


def test_many_series_are_forecast_as_each_alone() -> None:
    """A series has the same forecast beside others, in any order and with another first day."""
    table = np.array([_noisy(WEEK * 20, seed) for seed in range(3)] + [[0.0] * 130 + [5.0] * 10])
    first = [MONDAY, MONDAY + timedelta(days=1), MONDAY, MONDAY]
    together = forecast_all(table, first, 10)
    alone = [forecast(list(row), day, 10) for row, day in zip(table, first, strict=True)]
    assert [made.total.p50 for made in together] == pytest.approx([made.total.p50 for made in alone])
    assert [made.quality for made in together] == [made.quality for made in alone]


def test_the_backtest_is_of_this_series() -> None:
    """A calm series has a smaller error than a noisy one, from as many origins."""
    calm, noisy = (forecast(_noisy(WEEK * 30, noise=noise), MONDAY, 10).backtest for noise in (0.01, 0.3))
    assert calm.origins == noisy.origins > 30
    assert calm.error is not None
    assert noisy.error is not None
    assert calm.error < 0.02 < noisy.error
    assert all(share is not None and 0 <= share <= 1 for share in calm.coverage.values())


@pytest.mark.parametrize(("history", "horizon"), [([1.0], 0), ([-1.0, 2.0], 5), ([float("inf")], 5)])
def test_bad_input_is_refused(history: list[float], horizon: int) -> None:
    """A horizon of no day, and a quantity that is negative or infinite, are a ValueError."""
    with pytest.raises(ValueError, match=r"horizon|finite"):
        forecast(history, MONDAY, horizon)


@pytest.mark.parametrize("length", [1, 2, 3, 6, 7, 8, 14, 20, 21, 22, 27, 35, 60])
@pytest.mark.parametrize("horizon", [1, 3, 30, 90])
def test_every_length_has_a_forecast(length: int, horizon: int) -> None:
    """A history of any length has a finite forecast with the level of the series."""
    made = forecast([10.0] * length, MONDAY, horizon)
    assert made.total.p50 == pytest.approx(10 * horizon, rel=0.01)
    assert len(made.days) == horizon
