"""Whose projects the list holds."""

import pytest

from tests.kit.envelopes import assert_success_envelope
from tests.kit.in_process import get
from tests.kit.tenants import AMOUNTS, ROWS, Row, admin, endpoint, priced, user

PATH = "/api/billing/projects"
MEMBERS = [(row, mode) for row, mode in ROWS if row.organization and row.refused[1].startswith("Access")]


@pytest.mark.parametrize(("row", "mode"), MEMBERS, ids=str)
async def test_the_list_and_its_totals_are_of_what_the_caller_sees(row: Row, mode: str) -> None:
    """And of nothing else."""
    assert row.line
    response = await get(endpoint("projects", mode, priced()), PATH, row.line())
    data = assert_success_envelope(response)["data"]
    assert [project["namespace"] for project in data["projects"]] == sorted(row.sees)
    total = sum(AMOUNTS[name] for name in row.sees)
    assert sum(entry["current_month_total"] for entry in data["totals"]) == pytest.approx(total)


async def test_a_kept_list_is_cut_for_each_caller() -> None:
    """One answer for the organization; each caller sees its own part, whoever came first."""
    billing = priced()
    function = endpoint("projects", "registry", billing)
    seen = []
    for line in (admin("acme"), user("acme", "acme-data"), user("acme", "acme-web"), admin("acme")):
        data = assert_success_envelope(await get(function, PATH, line))["data"]
        seen.append((data["total"], [project["namespace"] for project in data["projects"]]))
    assert seen == [
        (2, ["acme-data", "acme-web"]),
        (1, ["acme-data"]),
        (1, ["acme-web"]),
        (2, ["acme-data", "acme-web"]),
    ]
    assert len(billing.requests) == 1
