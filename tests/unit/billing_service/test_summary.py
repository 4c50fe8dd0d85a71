"""The summary of a project in a list is the one of its overview."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_service.figures.summary import billing_summary, summary_writer
from billing_service.render import text

MONTH: Any = {"period": date(2026, 11, 1), "this_period": date(2026, 11, 1), "digits": 2, "currency": "EUR"}


@pytest.mark.parametrize(
    "month", [MONTH, MONTH | {"digits": 3, "currency": "KWD"}, MONTH | {"period": date(2026, 10, 1)}]
)
@pytest.mark.parametrize("total", ["0", "0.004", "0.005", "1234567890123456.785", "1E+2", "0E-21"])
def test_the_text_of_a_list_is_the_text_of_an_overview(month: Any, total: str) -> None:
    """Digit by digit, also where the month is over and has no last day."""
    row: Any = {"last_day": Decimal(total), "last_hour": Decimal(total) / 24}
    written = summary_writer(month)(Decimal(total), row["last_day"], row["last_hour"])
    assert text(written) == text(billing_summary(month, row, Decimal(total)))
