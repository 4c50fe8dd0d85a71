"""Our table of currencies is ISO 4217's."""

import re
from pathlib import Path

from iso4217 import Currency

from billing_service.currencies import DIGITS

MIGRATION = Path(__file__).parents[3] / "billing_service" / "migrations" / "0001_schema.sql"


def test_codes_and_digits_are_those_of_iso_4217() -> None:
    """Every active code that has decimal digits, and no other."""
    assert {currency.code: currency.exponent for currency in Currency if currency.exponent is not None} == DIGITS


def test_the_database_rounds_to_the_same_digits() -> None:
    """The table minor_units names each currency that does not have two."""
    groups = re.findall(r"string_to_array\('([A-Z ]+)', ' '\)\), (\d)", MIGRATION.read_text(encoding="utf-8"))
    stored = {code: int(digits) for codes, digits in groups for code in codes.split()}
    assert stored == {code: digits for code, digits in DIGITS.items() if digits != 2}
