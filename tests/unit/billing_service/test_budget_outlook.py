"""How a period ends: the probability that an amount is reached, from five quantiles, and the day."""

from datetime import date
from decimal import Decimal

import pytest

from billing_service.budgets.outlook import Outlook, over

QUANTILES = (Decimal(80), Decimal(90), Decimal(100), Decimal(115), Decimal(140))
DAYS = [(date(2026, 11, day), Decimal(25)) for day in range(27, 31)]
USUAL = Outlook(QUANTILES, DAYS)


@pytest.mark.parametrize(
    ("left", "probability"),
    [
        ("-1", "1"),
        ("0", "1"),
        ("0.01", "0.99"),
        ("80", "0.98"),
        ("90", "0.90"),
        ("100", "0.50"),
        ("115", "0.10"),
        ("140", "0.03"),
        ("1e12", "0.01"),
    ],
)
def test_the_quantiles_have_their_probability(left: str, probability: str) -> None:
    """Rounded half up to two digits; only what is spent already is certain."""
    assert USUAL.probability(Decimal(left)) == Decimal(probability)


def test_a_larger_amount_is_not_more_probable() -> None:
    """From cent to cent."""
    found = [USUAL.probability(Decimal(cents) / 100) for cents in range(0, 20_000, 7)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(("left", "probability"), [("99", "0.99"), ("100", "0.99"), ("100.01", "0.01")])
def test_a_forecast_without_an_interval_is_one_amount(left: str, probability: str) -> None:
    """Nothing is divided by 0."""
    assert Outlook((Decimal(100),) * 5, DAYS).probability(Decimal(left)) == Decimal(probability)


def test_a_period_that_is_over_spends_nothing() -> None:
    """What is not reached is not reached any more."""
    assert (over().probability(Decimal("0.01")), over().probability(Decimal(0))) == (0, 1)
    assert over().day_of(Decimal(1)) is None


@pytest.mark.parametrize(("left", "day"), [("0.01", 27), ("25", 27), ("25.01", 28), ("100", 30), ("100.01", None)])
def test_the_day_on_which_an_amount_is_reached(left: str, day: int | None) -> None:
    """By the medians of the days, added up."""
    assert USUAL.day_of(Decimal(left)) == (None if day is None else date(2026, 11, day))
