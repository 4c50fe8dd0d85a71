"""A price list with a gap or an overlap is named at import."""

import pytest

from billing_service.csv_file import BadFileError

from .conftest import Load
from .process import run

HEADER = "resource,currency,unit_price,valid_from,valid_until,organization\n"
FIRST = "cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,2026-03-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("registry")


async def test_an_overlap_is_refused(load: Load) -> None:
    """Within a file, and with what is stored. Without an end, a price holds until the next one."""
    with pytest.raises(BadFileError, match=r":2: valid_until: overlaps line 3, which begins at 2026-02-01T00:00Z"):
        await load(f"{HEADER}{FIRST},\ncpu_core_hour,EUR,0.06,2026-02-01T00:00:00Z,,\n")
    await load(f"{HEADER}cpu_core_hour,EUR,0.06,2026-02-01T00:00:00Z,,\n")
    with pytest.raises(BadFileError, match=r":2: valid_from: overlaps the price from 2026-02-01"):
        await load(f"{HEADER}{FIRST},\n")
    await load(f"{HEADER}{FIRST.replace('2026-03-01T00:00:00Z', '')},\n")


async def test_a_gap_is_a_warning(database_url: str, tmp_path: object) -> None:
    """It has SKU, currency, begin and end. In the list of an organization, the general price holds in the gap."""
    path = f"{tmp_path}/prices.csv"
    cases = {
        "": "cpu_core_hour EUR has no price from 2026-03-01T00:00Z to 2026-04-01T00:00Z: usage is price_missing",
        "acme": "cpu_core_hour EUR has no price from 2026-03-01T00:00Z to 2026-04-01T00:00Z: the general price holds",
    }
    for organization, text in cases.items():
        with open(path, "w") as file:  # noqa: ASYNC230, PTH123 - a small file
            file.write(f"{HEADER}{FIRST},{organization}\ncpu_core_hour,EUR,0.06,2026-04-01T00:00:00Z,,{organization}\n")
        done = run(database_url, "import", path)
        assert (done.returncode, done.stderr) == (0, f"WARNING {path}:3: valid_from: {text}\n")


async def test_a_gap_to_a_stored_price_is_named(database_url: str, tmp_path: object) -> None:
    """The file ends a price before the next stored one begins."""
    path = f"{tmp_path}/prices.csv"
    for line, warned in (("cpu_core_hour,EUR,0.06,2026-04-01T00:00:00Z,,", False), (f"{FIRST},", True)):
        with open(path, "w") as file:  # noqa: ASYNC230, PTH123 - a small file
            file.write(f"{HEADER}{line}\n")
        done = run(database_url, "import", path)
        assert (done.returncode, "has no price from 2026-03-01T00:00Z" in done.stderr) == (0, warned), done.stderr
