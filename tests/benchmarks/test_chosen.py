"""What `make bench` runs."""

import pytest

from tests.benchmarks.__main__ import chosen


def test_everything_that_is_quick_where_nothing_is_named() -> None:
    assert chosen([]) == ["hot", "imports", "cold", "warm"]


def test_what_is_named() -> None:
    assert chosen(["growth", "hot"]) == ["growth", "hot"]


def test_what_is_not_there_is_named_with_what_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        chosen(["warm", "cool"])
    assert "there is no cool; choose from hot, imports, cold, warm, growth" in capsys.readouterr().err
