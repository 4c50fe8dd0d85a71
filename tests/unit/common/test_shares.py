"""Shares that add up, and ratios."""

from decimal import Decimal

import pytest

from common.money.shares import ratio, shares


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (["1.1", "6.4", "89.8", "0.9", "1.9"], ["0.011", "0.064", "0.897", "0.009", "0.019"]),
        (["1", "1", "1"], ["0.334", "0.333", "0.333"]),
        (["1000000000000000000", "0.01"], ["1.000", "0.000"]),
        (["0", "5"], ["0.000", "1.000"]),
    ],
)
def test_shares_add_up_to_1(parts: list[str], found: list[str]) -> None:
    """The largest remainders are rounded up, equal ones in the order of the parts."""
    result = shares([Decimal(part) for part in parts])
    assert result is not None
    assert [str(share) for share in result] == found
    assert sum(result) == 1


@pytest.mark.parametrize("parts", [[], [Decimal(0), Decimal(0)]])
def test_nothing_has_no_shares(parts: list[Decimal]) -> None:
    """None, and not a share of 0."""
    assert shares(parts) is None


def test_a_ratio_has_three_digits() -> None:
    """Half up. Of nothing there is none; a credit makes it negative."""
    assert [str(ratio(Decimal(part), Decimal(8))) for part in ("1", "8", "9.0005", "-1")] == [
        "0.125",
        "1.000",
        "1.125",
        "-0.125",
    ]
    assert ratio(Decimal(1), Decimal(0)) is None
