"""The summary of a project in a list is the one of its overview."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.figures.summary import billing_summary, summary_writer
from billing_service.money import RATE_DIGITS, rounded
from billing_service.render import text

MONTH: Any = {"period": date(2026, 11, 1), "this_period": date(2026, 11, 1), "digits": 2, "currency": "EUR"}


@pytest.mark.parametrize(
    "month", [MONTH, MONTH | {"digits": 3, "currency": "KWD"}, MONTH | {"period": date(2026, 10, 1)}]
)
@pytest.mark.parametrize("total", ["0", "0.004", "0.005", "1234567890123456.785", "1E+2", "0E-21"])
def test_the_text_of_a_list_is_the_text_of_an_overview(month: Any, total: str) -> None:
    """Digit by digit, also where the month is over and has no last day."""
    exact = Decimal(total)
    row: Any = {"last_day": exact, "last_hour": exact / 24}
    shown = f"{rounded(exact, month['digits']):f}"
    rate = f"{rounded(exact / 24, month['digits'] + RATE_DIGITS):f}"
    written = summary_writer(month)(shown, shown, rate, exact > 0 and not rounded(exact, month["digits"]))
    assert written == text(billing_summary(month, row, exact))
    assert simplejson.loads(written)["currency"] == month["currency"]
