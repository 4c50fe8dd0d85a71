"""The plot in the documentation is drawn from the figures beside it."""

import json
from xml.etree import ElementTree as ET

import pytest

from dev.settings import ROOT
from tests.benchmarks import plot

FIGURES = ROOT / "docs/images/growth.json"


@pytest.mark.parametrize(("value", "top"), [(1, 1), (1.1, 2), (4000, 5000), (5001, 10_000), (0.03, 0.05)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    """1, 2 or 5 times a power of ten, never below the value."""
    assert plot.nice_top(value) == pytest.approx(top)


def test_the_committed_plot_is_the_committed_figures() -> None:
    """Who measures again draws again."""
    drawn = plot.draw(json.loads(FIGURES.read_text()))
    assert FIGURES.with_suffix(".svg").read_text() == drawn
    dots = ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle")
    assert len(list(dots)) == 2 * sum(map(len, json.loads(FIGURES.read_text()).values()))


def test_the_page_has_the_figures() -> None:
    """Every rate of growth.json stands in docs/performance.md."""
    page = (ROOT / "docs/performance.md").read_text()
    for points in json.loads(FIGURES.read_text()).values():
        for point in points:
            assert f"| {point['n']} | {point['rate']} |" in page, point
