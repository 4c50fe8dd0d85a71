"""Usage that waits: above the bound for a person, who accepts it with a reason; or for its owner, SKU or price."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.ledger.ingest import UsageLine, ingest
from billing_service.periods.close import close

from .conftest import Api, Load
from .ledger_kit import found, sums
from .process import run

PRICE = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
HEADER = "namespace,hour,sku,workload,quantity,labels\n"
LINE = f"{HEADER}acme-web,2026-11-01T00:00:00Z,cpu_core_hour,Deployment/api,5000,team=web\n"
ACCEPT = ("accept", "acme-web", "2026-11-01T00:00:00Z", "cpu_core_hour", "--workload", "Deployment/api")
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
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


async def close_october(url: str) -> None:
    async with connect(url) as connection:
        await close(connection, 3, NOVEMBER)


async def booked(url: str, namespace: str) -> list[tuple[Any, ...]]:
    """Organization, currency, quantity and amount: of lines, and of adjustments."""
    of = "SELECT organization, currency, quantity::numeric, amount FROM {} WHERE namespace = '" + namespace + "'"
    async with connect(url) as connection:
        rows = [await found(connection, of.format(table)) for table in ("usage_lines", "adjustments")]
    return [(str(row[0]), *row[1:]) for table in rows for row in table]


WAITING = {
    "above_bound": "cpu_core_hour,-,2000000,",
    "unknown_sku": "object_storage_gib_hour,-,100,",
    "price_missing": "network_gib,-,100,",
}


@pytest.mark.parametrize("uid", ["", "u-2"], ids=["moved", "created again"])
@pytest.mark.parametrize("reason", list(WAITING))
async def test_usage_that_waits_keeps_its_owner(load: Load, database_url: str, reason: str, uid: str) -> None:
    """acme owns the namespace in October, and its only usage waits. In November it moves, or globex creates it again.
    Without a date this holds from now on."""
    await load(PRICE + "network_gib,USD,0.5,2025-01-01T00:00:00Z\n")
    await load("namespace,organization,uid\nfresh,acme,u-1\n")
    await load(f"{HEADER}acme-web,2026-10-01T00:00:00Z,cpu_core_hour,-,1,\n")
    if reason == "price_missing":
        await close_october(database_url)
    await load(f"{HEADER}fresh,2026-10-05T00:00:00Z,{WAITING[reason]}\n")
    assert f"fresh {WAITING[reason].split(',')[0]} csv: {reason}" in run(database_url, "quarantine").stdout
    await load(f"namespace,organization,uid\nfresh,globex,{uid}\n", now=NOVEMBER)
    if reason == "above_bound":
        line = ("fresh", "2026-10-05T00:00:00Z", "cpu_core_hour")
        assert run(database_url, "accept", *line, *WHO).returncode == 0
        assert await booked(database_url, "fresh") == [("acme", "EUR", 2_000_000, 100_000)]
    elif reason == "unknown_sku":
        await load("sku,component,unit,basis\nobject_storage_gib_hour,storage,GiB hour,used\n", now=NOVEMBER)
        assert await booked(database_url, "fresh") == [("acme", "EUR", 100, None)]
    else:
        await load(PRICE.replace("cpu_core_hour", "network_gib"), now=NOVEMBER)
        assert await booked(database_url, "fresh") == [("acme", "EUR", 100, 5)]
    async with connect(database_url) as connection:
        owners = await found(connection, "SELECT organization, lower(validity), life FROM ownership ORDER BY 2")
    assert [tuple(map(str, owner)) for owner in owners if owner[1] is not None] == [
        ("globex", str(NOVEMBER), "2" if uid else "1")
    ]


@pytest.mark.parametrize("former", [False, True], ids=["new", "with a former life"])
async def test_usage_of_a_closed_month_is_booked_when_its_project_is_registered_with_its_date(
    api: Api, load: Load, database_url: str, former: bool
) -> None:
    """Nobody owned these hours, so nothing is taken from an owner: they become adjustments. The closed month stays."""
    await load(PRICE)
    usage = "{},2026-10-{}T00:00:00Z,cpu_core_hour,-,100,\n"
    await load(HEADER + usage.format("acme-web", "03"))
    if former:
        await load("namespace,organization,uid\nlate,globex,u-0\n")
        await load(HEADER + usage.format("late", "01"))
        await load("namespace,organization,valid_until\nlate,globex,2026-10-04T00:00:00Z\n")
    await load(HEADER + usage.format("late", "04") + usage.format("late", "10"))
    await close_october(database_url)
    api.now = NOVEMBER
    closed = (await api.get("/api/organization/acme/statement?period=2026-10")).text
    before = await booked(database_url, "late")
    await load("namespace,organization,uid,valid_from\nlate,acme,u-1,2026-10-05T00:00:00Z\n", now=NOVEMBER)
    assert await booked(database_url, "late") == [*before, ("acme", "EUR", 100, 5)]
    assert (await api.get("/api/organization/acme/statement?period=2026-10")).text == closed
    assert "2026-10-04T00:00Z to 2026-10-04T00:00Z" in run(database_url, "quarantine").stdout
    with pytest.raises(BadFileError, match="month 2026-10 is closed"):
        await load("namespace,organization,valid_from\nlate,nippon,2026-10-20T00:00:00Z\n", now=NOVEMBER)


async def test_an_end_in_a_closed_month_can_become_later_and_not_earlier(load: Load, database_url: str) -> None:
    """The project went on after its registered end. A line with begin and end changes the end only."""
    await load(PRICE)
    ends = "namespace,organization,valid_until\nacme-web,acme,2026-{}T00:00:00Z\n"
    await load(f"{HEADER}acme-web,2026-10-03T00:00:00Z,cpu_core_hour,-,100,\n")
    await load(ends.format("10-05"), now=NOVEMBER)
    await load(f"{HEADER}acme-web,2026-10-10T00:00:00Z,cpu_core_hour,-,100,\n")
    await close_october(database_url)
    with pytest.raises(BadFileError, match="month 2026-10 is closed"):
        await load(ends.format("10-04"), now=NOVEMBER)
    await load(ends.format("10-11"), now=NOVEMBER)
    assert await booked(database_url, "acme-web") == [("acme", "EUR", 100, 5)] * 2
    both = "namespace,organization,valid_from,valid_until\nacme-web,acme,2026-10-01T00:00:00Z,2026-{}T00:00:00Z\n"
    for end in ("11-10", "11-05"):
        await load(both.format(end), now=NOVEMBER)
    async with connect(database_url) as connection:
        query = "SELECT lower(validity), upper(validity) FROM ownership WHERE namespace = 'acme-web'"
        assert await found(connection, query) == [(None, datetime(2026, 11, 5, tzinfo=UTC))]


@pytest.mark.parametrize("since", ["", "2026-11-01T00:00:00Z"])
async def test_an_end_after_the_next_owner_began_is_refused(load: Load, since: str) -> None:
    """With the line and the reason."""
    await load("namespace,organization,valid_until\nacme-web,acme,2026-11-10T00:00:00Z\n")
    await load("namespace,organization,valid_from\nacme-web,globex,2026-11-12T00:00:00Z\n")
    ends = "namespace,organization,valid_from,valid_until\nacme-web,acme,{},2026-11-{}T00:00:00Z\n"
    with pytest.raises(BadFileError, match=":2: namespace: it has another owner from 2026-11-12"):
        await load(ends.format(since, "15"))
    await load(ends.format(since, "12"))


HOUR = datetime(2026, 10, 10, 10, tzinfo=UTC)


@pytest.fixture
async def moved_within_the_hour(load: Load) -> None:
    await load(PRICE)
    await load("namespace,organization,valid_from\nacme-web,globex,2026-10-10T10:30:00Z\n")


@pytest.fixture
async def pieces(database_url: str, moved_within_the_hour: None) -> Callable[..., Awaitable[None]]:  # noqa: ARG001
    """The meter has seen that acme-web moved at 10:30: usage until then, and from then on, as `name=quantity`."""

    async def ingested(sku: str, first: str, second: str) -> None:
        later = HOUR + timedelta(minutes=30)
        lines = [
            UsageLine("acme-web", HOUR, sku, "-", Decimal(quantity), "csv", owned_at)
            for quantity, owned_at in ((first, HOUR), (second, later))
        ]
        async with connect(database_url) as connection:
            await ingest(connection, lines, now=NOVEMBER)

    return ingested


MOVED_BACK = "namespace,organization,valid_from\nacme-web,acme,2026-10-10T10:30:00Z\n"


@pytest.mark.parametrize("closed", [False, True])
async def test_two_pieces_of_an_hour_with_one_owner_are_one_line(
    load: Load, database_url: str, pieces: Callable[..., Awaitable[None]], closed: bool
) -> None:
    """They wait for their SKU while the move is corrected. So do lines of the same file with another SKU."""
    await pieces("object_gib_hour", "0.25", "0.5")
    await load(MOVED_BACK, now=NOVEMBER)
    if closed:
        await load(f"{HEADER}acme-web,2026-10-01T00:00:00Z,cpu_core_hour,-,0,\n")
        await close_october(database_url)
    await load("sku,component,unit,basis\nobject_gib_hour,storage,GiB hour,used\n", now=NOVEMBER)
    await load(PRICE.replace("cpu_core_hour", "object_gib_hour"), now=NOVEMBER)
    await pieces("object_gib_hour", "0.25", "0.5")
    zero = [("acme", "EUR", 0, 0)] if closed else []
    assert await booked(database_url, "acme-web") == [*zero, ("acme", "EUR", Decimal("0.75"), Decimal("0.0375"))]
    assert run(database_url, "quarantine").stdout == "quarantine: empty\n"
    assert run(database_url, "reconcile").returncode == 0


@pytest.mark.parametrize("first", ["2000000", "2"], ids=["both wait", "one is booked"])
async def test_pieces_of_an_hour_above_the_bound_are_added_up_when_they_are_accepted(
    load: Load, database_url: str, pieces: Callable[..., Awaitable[None]], first: str
) -> None:
    """With what is booked of the hour."""
    await pieces("cpu_core_hour", first, "3000000")
    await load(MOVED_BACK, now=NOVEMBER)
    done = run(database_url, "accept", "acme-web", "2026-10-10T10:00:00Z", "cpu_core_hour", *WHO)
    assert done.returncode == 0, done.stderr
    quantity = 3_000_000 + int(first)
    assert await booked(database_url, "acme-web") == [("acme", "EUR", quantity, quantity * Decimal("0.05"))]
    assert run(database_url, "reconcile").returncode == 0
