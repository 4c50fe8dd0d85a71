"""The state machine of a threshold, as a table: what is compared, and which state follows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing_service.budgets.model import State, Threshold
from billing_service.budgets.thresholds import HOLD, Found, Verdict, follow, verdict

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE = AT - timedelta(hours=1)
ACTUAL = Threshold("actual-80", "actual", Decimal(80), None, None)
AMOUNT = Threshold("actual-a7", "actual", None, Decimal(7), None)
FORECAST = Threshold("forecast-100-0.8", "forecast", Decimal(100), None, Decimal("0.8"))
UNLIKELY = Threshold("forecast-100-0.05", "forecast", Decimal(100), None, Decimal("0.05"))
LIMIT = Decimal(10)
ABOVE, NEAR, BELOW, UNKNOWN = Verdict.ABOVE, Verdict.NEAR, Verdict.BELOW, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("threshold", "limit", "spent", "at_least", "seen"),
    [
        (ACTUAL, LIMIT, "7.99", False, NEAR),
        (ACTUAL, LIMIT, "8.00", False, ABOVE),
        (ACTUAL, LIMIT, "8", True, ABOVE),
        (ACTUAL, LIMIT, "7.92", False, NEAR),
        (ACTUAL, LIMIT, "7.91", False, BELOW),
        (ACTUAL, LIMIT, "0.00", False, BELOW),
        (ACTUAL, LIMIT, "7.91", True, UNKNOWN),
        (ACTUAL, LIMIT, None, False, UNKNOWN),
        (ACTUAL, None, "900", False, UNKNOWN),
        (AMOUNT, None, "7", False, ABOVE),
        (AMOUNT, None, "6", False, BELOW),
        (Threshold("a", "actual", Decimal("33.33"), None, None), Decimal("0.01"), "0.00", False, BELOW),
        (Threshold("a", "actual", Decimal(1_000_000), None, None), Decimal("1e12"), "1e16", False, ABOVE),
        (Threshold("a", "actual", Decimal(1_000_000), None, None), Decimal("1e12"), "9999999999999999.99", False, NEAR),
    ],
)
def test_spend_is_compared_exactly(
    threshold: Threshold, limit: Decimal | None, spent: str | None, at_least: bool, seen: Verdict
) -> None:
    """The amount itself is above; one per cent below it, a threshold that fired is resolved."""
    found = Found(None if spent is None else Decimal(spent), at_least, {})
    assert verdict(threshold, limit, found) is seen


@pytest.mark.parametrize(
    ("threshold", "probability", "at_least", "seen"),
    [
        (FORECAST, "0.80", False, ABOVE),
        (FORECAST, "1", True, ABOVE),
        (FORECAST, "0.79", False, NEAR),
        (FORECAST, "0.70", False, NEAR),
        (FORECAST, "0.69", False, BELOW),
        (FORECAST, "0.69", True, UNKNOWN),
        (FORECAST, None, False, UNKNOWN),
        (UNLIKELY, "0.05", False, ABOVE),
        (UNLIKELY, "0.03", False, NEAR),
        (UNLIKELY, "0.02", False, BELOW),
    ],
)
def test_a_forecast_is_compared_by_its_probability(
    threshold: Threshold, probability: str | None, at_least: bool, seen: Verdict
) -> None:
    """What is not known is never 0."""
    known = {} if probability is None else {threshold.id: Decimal(probability)}
    assert verdict(threshold, LIMIT, Found(Decimal(1), at_least, known)) is seen


@pytest.mark.parametrize(
    ("threshold", "before", "seen", "after"),
    [
        (ACTUAL, ("ok", None), BELOW, ("ok", AT, None)),
        (ACTUAL, ("ok", BEFORE), BELOW, ("ok", BEFORE, None)),
        (ACTUAL, ("ok", BEFORE), NEAR, ("ok", BEFORE, None)),
        (ACTUAL, ("ok", BEFORE), UNKNOWN, ("ok", BEFORE, None)),
        (ACTUAL, ("ok", BEFORE), ABOVE, ("firing", AT, "firing")),
        (ACTUAL, ("firing", BEFORE), ABOVE, ("firing", BEFORE, None)),
        (ACTUAL, ("firing", BEFORE), NEAR, ("firing", BEFORE, None)),
        (ACTUAL, ("firing", BEFORE), UNKNOWN, ("firing", BEFORE, None)),
        (ACTUAL, ("firing", BEFORE), BELOW, ("resolved", AT, "resolved")),
        (ACTUAL, ("resolved", BEFORE), ABOVE, ("resolved", BEFORE, None)),
        (ACTUAL, ("resolved", BEFORE), BELOW, ("resolved", BEFORE, None)),
        (FORECAST, ("ok", BEFORE), ABOVE, ("pending", AT, None)),
        (FORECAST, ("pending", BEFORE), ABOVE, ("pending", BEFORE, None)),
        (FORECAST, ("pending", AT - HOLD), ABOVE, ("firing", AT, "firing")),
        (FORECAST, ("pending", AT - HOLD), NEAR, ("ok", AT, None)),
        (FORECAST, ("pending", AT - HOLD), BELOW, ("ok", AT, None)),
        (FORECAST, ("pending", AT - HOLD), UNKNOWN, ("pending", AT - HOLD, None)),
        (FORECAST, ("firing", BEFORE), NEAR, ("firing", BEFORE, None)),
        (FORECAST, ("firing", BEFORE), BELOW, ("resolved", AT, "resolved")),
        (FORECAST, ("resolved", BEFORE), ABOVE, ("resolved", BEFORE, None)),
    ],
)
def test_the_state_that_follows(
    threshold: Threshold,
    before: tuple[str, datetime | None],
    seen: Verdict,
    after: tuple[str, datetime, str | None],
) -> None:
    """A forecast is pending for three hours of the ledger; actual spend fires at once; `resolved` is the last state."""
    step = follow(threshold, State(*before), seen, AT)
    assert (step.state.state, step.state.since, step.event) == after


def test_a_forecast_of_what_has_been_spent_fires_at_once() -> None:
    """It is certain."""
    step = follow(FORECAST, State("ok", BEFORE), Verdict.ABOVE, AT, certain=True)
    assert (step.state, step.event) == (State("firing", AT), "firing")


def test_spend_around_the_limit_fires_once() -> None:
    """A figure that goes up and down by half a per cent, hour by hour, is one event."""
    state, said = State("ok", None), []
    for hour in range(200):
        found = Found(Decimal("8.03") if hour % 2 else Decimal("7.97"), False, {})
        step = follow(ACTUAL, state, verdict(ACTUAL, LIMIT, found), AT + timedelta(hours=hour))
        state, said = step.state, [*said, *([step.event] if step.event else [])]
    assert said == ["firing"]
