"""Tables of integer units whose rows and columns have given sums, and parts that add up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_service.money import split
from billing_service.trends.rounding import (
    apportion,
    apportion_signed,
    decimal,
    exact_decimal,
    half_up,
    table,
    unit_of,
)

UNIT = unit_of(2)
CELL = st.one_of(st.just(0), st.integers(0, 5 * UNIT), st.sampled_from([UNIT // 2, UNIT, UNIT // 3]))
TABLES = st.tuples(st.integers(1, 8), st.integers(1, 6)).flatmap(
    lambda size: st.lists(st.lists(CELL, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
)


@given(TABLES)
def test_rows_and_columns_add_up_and_no_cell_is_far(exact: list[list[int]]) -> None:
    """Margins by largest remainder, each by itself. A cell differs by less than a unit, and by one more if it must."""
    total = half_up(sum(map(sum, exact)), UNIT)
    rows = apportion([sum(row) for row in exact], total, UNIT)
    columns = apportion([sum(column) for column in zip(*exact, strict=True)], total, UNIT)
    cells = table(exact, rows, columns, UNIT)
    assert [sum(row) for row in cells] == rows
    assert [sum(column) for column in zip(*cells, strict=True)] == columns
    for line, shown in zip(exact, cells, strict=True):
        for value, units in zip(line, shown, strict=True):
            assert units >= 0
            assert abs(units * UNIT - value) < 2 * UNIT


def test_a_path_is_found_where_the_largest_remainders_are_in_the_way() -> None:
    """The first unit goes to the corner. Then the second row and column have no cell in common that can be raised."""
    third = UNIT // 3
    exact = [[third + 1, third], [third, 0]]
    assert table(exact, [1, 1], [1, 1], UNIT) == [[0, 1], [1, 0]]


@given(st.lists(st.integers(0, 10 * UNIT), min_size=1, max_size=12), st.integers(-5, 5))
def test_parts_add_up_to_a_total_that_is_close(exact: list[int], more: int) -> None:
    """Also to a sum of rounded figures, which differs from the rounded sum. No part is negative."""
    total = max(0, half_up(sum(exact), UNIT) + more)
    parts = apportion(exact, total, UNIT)
    assert (sum(parts), min(parts) >= 0) == (total, True)
    if any(exact):
        assert all(part == 0 for part, value in zip(parts, exact, strict=True) if not value)


@given(st.lists(st.integers(0, 10 * UNIT), min_size=1, max_size=12))
def test_it_is_the_rule_of_the_overview(exact: list[int]) -> None:
    """`split` of billing_service/money.py gives each part the same."""
    amounts = {str(number): Decimal(value).scaleb(-21) for number, value in enumerate(exact)}
    shown = split(amounts, 2)
    parts = apportion(exact, half_up(sum(exact), UNIT), UNIT)
    assert [decimal(part, 2) for part in parts] == list(shown.values())


@given(st.lists(st.integers(-10 * UNIT, 10 * UNIT), min_size=1, max_size=4), st.integers(-3, 3))
def test_signed_parts_add_up(exact: list[int], more: int) -> None:
    """Parts that are 0 stay 0, if there is another one."""
    total = half_up(sum(exact), UNIT) + more
    parts = apportion_signed(exact, total, UNIT)
    assert sum(parts) == total
    assert all(abs(part * UNIT - value) < 5 * UNIT for part, value in zip(parts, exact, strict=True))
    if any(exact):
        assert all(part == 0 for part, value in zip(parts, exact, strict=True) if not value)


@pytest.mark.parametrize(
    ("exact", "shown"), [(UNIT // 2, "0.01"), (-UNIT // 2, "-0.01"), (UNIT // 2 - 1, "0.00"), (-UNIT, "-0.01")]
)
def test_half_is_rounded_away_from_zero(exact: int, shown: str) -> None:
    """As PostgreSQL's round(numeric)."""
    assert str(decimal(half_up(exact, UNIT), 2)) == shown


def test_an_exact_amount_is_written_without_zeros_at_its_end() -> None:
    """21 digits, and a sign."""
    assert [f"{exact_decimal(value):f}" for value in (12 * 10**20, -1, 0, 10**21)] == [
        "1.2",
        "-0.000000000000000000001",
        "0",
        "1",
    ]
