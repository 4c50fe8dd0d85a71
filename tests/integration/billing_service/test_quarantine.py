"""Usage above the bound: it waits for a person, who accepts it with a reason."""

from decimal import Decimal

import pytest

from billing_service.database import connect

from .conftest import Load
from .ledger_kit import found, sums
from .process import run

PRICE = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
HEADER = "namespace,hour,sku,workload,quantity,labels\n"
LINE = f"{HEADER}acme-web,2026-11-01T00:00:00Z,cpu_core_hour,Deployment/api,5000,team=web\n"
ACCEPT = ("accept", "acme-web", "2026-11-01T00:00:00Z", "cpu_core_hour", "--workload", "Deployment/api")
WHO = ("--by", "alice", "--reason", "load test, invoice agreed")

pytestmark = pytest.mark.usefixtures("registry")


async def test_a_line_above_the_bound_is_accepted_with_who_and_why(load: Load, database_url: str) -> None:
    """The bound is a setting. The same quantity can be imported again; a larger one waits again."""
    await load(PRICE)
    bound = Decimal(1000)
    await load(LINE, quantity_bound=bound)
    assert run(database_url, "quarantine").stdout == (
        "acme-web cpu_core_hour csv: above_bound, 1 lines, 2026-11-01T00:00Z to 2026-11-01T00:00Z, quantity 5000, "
        "workload Deployment/api\n"
    )
    done = run(database_url, *ACCEPT, *WHO, QUARANTINE_ABOVE="1000")
    assert (done.returncode, done.stdout) == (0, "accept: 1 lines booked, 0 adjustments of closed months\n"), (
        done.stderr
    )
    for text in (LINE, LINE, LINE.replace("5000", "6000")):
        await load(text, quantity_bound=bound)
        async with connect(database_url) as connection:
            assert await sums(connection) == (5000, 250, 1)
            kept = await found(connection, "SELECT quantity::numeric, accepted_by, reason FROM accepted_usage")
            assert kept == [(5000, "alice", "load test, invoice agreed")]
            assert await found(connection, "SELECT labels->>'team' FROM workload_labels") == [("web",)]
    assert "quantity 6000" in run(database_url, "quarantine").stdout


async def test_only_a_line_above_the_bound_can_be_accepted(load: Load, database_url: str) -> None:
    """Usage without an owner waits for its owner. The message names the line; a reason is needed."""
    await load(LINE.replace("acme-web", "late"), quantity_bound=Decimal(1000))
    done = run(database_url, *(word.replace("acme-web", "late") for word in ACCEPT), *WHO)
    assert done.returncode == 1
    assert "late 2026-11-01T00:00Z cpu_core_hour Deployment/api csv: the quarantine has no such line" in done.stderr
    assert run(database_url, *ACCEPT, "--by", "alice").returncode == 2


async def test_the_bound_is_a_setting_of_the_import(load: Load, database_url: str, tmp_path: object) -> None:
    """QUARANTINE_ABOVE=1000."""
    await load(PRICE)
    path = f"{tmp_path}/lines.csv"
    with open(path, "w") as file:  # noqa: ASYNC230, PTH123 - a small file
        file.write(LINE)
    done = run(database_url, "import", path, QUARANTINE_ABOVE="1000")
    assert "(1 in quarantine)" in done.stdout, done.stderr
    done = run(database_url, "import", path, QUARANTINE_ABOVE="5000")
    assert (done.returncode, "quarantine" in done.stdout) == (0, False), done.stderr
    assert run(database_url, "quarantine").stdout == "quarantine: empty\n"
