"""Amounts: what is accepted, what is refused, how they are rounded and written."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.billing.summary import BillingSummary, SummaryReply
from common.http.envelope import to_json
from common.model import Moment
from common.money.amount import rounded
from common.money.strict_json import DuplicateMemberError, NonFiniteError, parse_json
from functions.overview.models import CostBreakdown

SUMMARY = {
    "current_month_total": 1672.31,
    "last_day_spend": 55.68,
    "billing_period": "2025-09",
    "total_cost_per_hour": 2.32,
    "currency": "EUR",
}
PARTS = {"cpu_cost": 989.45, "memory_cost": 445.23, "storage_cost": 212.63, "network_cost": 0, "public_ip_cost": 25.00}


def read(model: type[Any], data: dict[str, Any]) -> Any:
    return model.model_validate(parse_json(json.dumps(data).encode()))


def test_an_amount_keeps_eighteen_digits() -> None:
    """A binary float would have changed the last ones."""
    text = b'{"cpu_cost":123456789012345.678,"memory_cost":0.1,"storage_cost":0,"network_cost":0,"public_ip_cost":0}'
    parts = CostBreakdown.model_validate(parse_json(text))
    assert parts.cpu_cost == Decimal("123456789012345.678")
    assert to_json(parts.model_dump()).startswith(b'{"cpu_cost":123456789012345.678,')


@pytest.mark.parametrize("value", ["1.5", None, True, -0.01, [], {}, 10**19])
def test_what_is_no_amount_is_refused(value: object) -> None:
    """A string, null, a boolean, a negative number: none of them is money."""
    with pytest.raises(ValidationError):
        read(CostBreakdown, PARTS | {"cpu_cost": value})


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_part_is_refused(name: str) -> None:
    """Absent is not zero."""
    with pytest.raises(ValidationError):
        read(CostBreakdown, {key: value for key, value in PARTS.items() if key != name})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_non_finite_numbers_are_no_json(text: str) -> None:
    """RFC 8259 section 6."""
    with pytest.raises(NonFiniteError):
        parse_json(f'{{"cpu_cost": {text}}}'.encode())


def test_a_huge_exponent_is_refused() -> None:
    """1e400 is infinite as a float; as a Decimal it is just too large."""
    with pytest.raises(ValidationError):
        CostBreakdown.model_validate(parse_json(json.dumps(PARTS).replace("989.45", "1e400").encode()))


def test_a_member_that_appears_twice_is_refused() -> None:
    """JSON with a duplicate member raises DuplicateMemberError."""
    with pytest.raises(DuplicateMemberError):
        parse_json(b'{"a": 1, "a": 2}')


@pytest.mark.parametrize("change", [{"currency": "eur"}, {"currency": "EURO"}, {"billing_period": "2025-13"}])
def test_a_currency_and_a_month_are_what_they_are_called(change: dict[str, str]) -> None:
    """ISO 4217 and YYYY-MM."""
    with pytest.raises(ValidationError):
        read(SummaryReply, SUMMARY | change)


def test_a_service_that_names_no_currency_is_believed() -> None:
    """The currency is then null, never a guess."""
    assert read(SummaryReply, {k: v for k, v in SUMMARY.items() if k != "currency"}).currency is None
    with pytest.raises(ValidationError):
        read(BillingSummary, {k: v for k, v in SUMMARY.items() if k != "currency"})


def test_a_timestamp_without_offset_is_refused() -> None:
    """Its moment is unknown; fractions of a second are valid RFC 3339."""
    moment = TypeAdapter(Moment)
    assert moment.validate_python("2025-09-01T12:00:00.250+02:00") == datetime(2025, 9, 1, 10, 0, 0, 250_000, UTC)
    with pytest.raises(ValidationError):
        moment.validate_python("2025-09-01T10:00:00")


@pytest.mark.parametrize(
    ("amount", "currency", "more", "expected"),
    [
        ("1.005", "EUR", 0, "1.01"),
        ("1.015", "EUR", 0, "1.02"),
        ("1.0049999", "EUR", 0, "1.00"),
        ("1234.5", "JPY", 0, "1235"),
        ("1235.5", "JPY", 0, "1236"),
        ("1.23456", "KWD", 0, "1.235"),
        ("2.32", "EUR", 4, "2.32"),
        ("2.325149", "EUR", 4, "2.325149"),
        ("0.00000049", "EUR", 4, "0.00"),
        ("0.1234567", None, 0, "0.1234567"),
        ("0", "JPY", 4, "0"),
    ],
)
def test_rounding_is_to_the_minor_unit_half_up(amount: str, currency: str | None, more: int, expected: str) -> None:
    """ISO 4217; an unknown currency is not rounded. The billing service rounds by the same rule."""
    assert str(rounded(Decimal(amount), currency, more)) == expected


@given(st.decimals(min_value=0, max_value=10**15, places=6, allow_nan=False))
def test_what_is_written_is_what_is_read(amount: Decimal) -> None:
    """Money leaves as it came in, to the last digit."""
    assert json.loads(to_json({"x": amount}), parse_float=Decimal, parse_int=Decimal)["x"] == amount
