"""Cases of a table of which most run only in the slow tests."""

from collections.abc import Iterable
from typing import Any

import pytest


def first_quick(cases: Iterable[Any], quick: int = 1) -> list[Any]:
    """The first cases run in `make test`, the others in `make test-faults`. A case with several values is a tuple."""
    listed = list(cases)
    slow = [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow_fault)
        for case in listed[quick:]
    ]
    return [*listed[:quick], *slow]
