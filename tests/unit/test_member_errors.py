"""The codes of the mistakes in a body: one list, in the functions and in the billing service."""

import re
from pathlib import Path

import pytest

import billing_service.member_errors
import common.http.member_errors
from common.http.member_errors import MEMBER_CODES, code_of


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "required"),
        ("extra_forbidden", "unknown_member"),
        ("string_type", "type"),
        ("decimal_type", "type"),
        ("literal_error", "choice"),
        ("union_tag_invalid", "choice"),
        ("string_too_long", "length"),
        ("too_short", "length"),
        ("string_pattern_mismatch", "format"),
        ("greater_than_equal", "range"),
        ("conflict", "conflict"),
        ("value_error", "invalid"),
    ],
)
def test_a_type_of_pydantic_has_a_code(kind: str, code: str) -> None:
    assert code_of(kind) == billing_service.member_errors.code_of(kind) == code


def test_both_packages_and_the_documentation_have_the_same_codes() -> None:
    """They do not import each other."""
    assert common.http.member_errors.MEMBER_CODES == billing_service.member_errors.MEMBER_CODES
    documented = re.search(r"and `code`: .*?everything else", Path("docs/api-clients.md").read_text(), re.DOTALL)
    assert documented
    assert set(re.findall(r"`([a-z_]+)`", documented[0])) - {"code"} == set(MEMBER_CODES)
