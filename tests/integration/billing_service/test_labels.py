"""Labels of a workload: dated, moved with the lines, and without effect on amounts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.ledger.ingest import UsageLine, ingest
from billing_service.periods.close import close

from .conftest import Load
from .ledger_kit import found, sums

PRICE = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
HEADER = "namespace,hour,sku,workload,quantity,labels\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("registry")


def usage(first: int, hours: int, labels: str, quantity: str = "1", workload: str = "Deployment/api") -> str:
    """From this hour of November on."""
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=first)
    return "".join(
        f"acme-web,{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},cpu_core_hour,{workload},{quantity},{labels}\n"
        for hour in range(hours)
    )


async def stored(url: str) -> list[tuple[object, ...]]:
    """Organization, life, labels, first and last hour of November."""
    async with connect(url) as connection:
        return await found(
            connection,
            """
            SELECT organization, life, labels::text,
                   (extract(epoch FROM lower(validity) - '2026-11-01Z') / 3600)::integer AS first,
                   (extract(epoch FROM upper(validity) - '2026-11-01Z') / 3600)::integer AS last
            FROM workload_labels ORDER BY organization, workload, validity
            """,
        )


async def test_labels_hold_for_the_hours_of_their_lines(load: Load, database_url: str) -> None:
    """A change has effect from its hour on. A repair of one hour changes this hour only, once."""
    await load(PRICE)
    await load(HEADER + usage(0, 10, "team=web;env=prod"))
    web, data = '{"env": "prod", "team": "web"}', '{"team": "data"}'
    assert await stored(database_url) == [("acme", 1, web, 0, 10)]
    await load(HEADER + usage(10, 5, "team=data"))
    assert await stored(database_url) == [("acme", 1, web, 0, 10), ("acme", 1, data, 10, 15)]
    for _ in range(2):
        await load(HEADER + usage(4, 1, "team=data") + usage(5, 1, ""))
        assert await stored(database_url) == [
            ("acme", 1, web, 0, 4),
            ("acme", 1, data, 4, 5),
            ("acme", 1, web, 5, 10),
            ("acme", 1, data, 10, 15),
        ]
    await load(HEADER + usage(0, 15, "env=prod;team=web"))
    assert await stored(database_url) == [("acme", 1, web, 0, 15)]


async def test_labels_never_change_an_amount(load: Load, database_url: str) -> None:
    """Only the data version grows, and only with another label."""
    await load(PRICE)
    await load(HEADER + usage(0, 10, "team=web"))
    seen = []
    for labels in ("team=web", "team=data", "team=data"):
        await load(HEADER + usage(0, 10, labels))
        async with connect(database_url) as connection:
            [[version]] = await found(connection, "SELECT version FROM data_versions WHERE organization = 'acme'")
            seen.append((await sums(connection), version))
    assert seen[0][0] == seen[1][0] == seen[2][0]
    assert seen[0][1] < seen[1][1] == seen[2][1]


async def test_labels_move_with_the_lines(load: Load, database_url: str) -> None:
    """To the new owner, from the hour of the move on. Where nobody owns the namespace, they wait in the quarantine."""
    await load(PRICE)
    await load(HEADER + usage(0, 10, "team=web"))
    web = '{"team": "web"}'
    await load("namespace,organization,valid_from\nacme-web,globex,2026-11-01T04:00:00Z\n", now=NOVEMBER)
    assert await stored(database_url) == [("acme", 1, web, 0, 4), ("globex", 1, web, 4, 10)]
    await load("namespace,organization,valid_until\nacme-web,globex,2026-11-01T06:00:00Z\n", now=NOVEMBER)
    assert await stored(database_url) == [("acme", 1, web, 0, 4), ("globex", 1, web, 4, 6)]
    await load("namespace,organization,valid_from\nacme-web,acme,2026-11-01T06:00:00Z\n", now=NOVEMBER)
    assert await stored(database_url) == [("acme", 1, web, 0, 4), ("acme", 1, web, 6, 10), ("globex", 1, web, 4, 6)]


async def test_labels_of_a_closed_month_stay(load: Load, database_url: str) -> None:
    """The late line is an adjustment, and its labels are not taken."""
    await load(PRICE)
    await load(HEADER + usage(0, 10, "team=web"))
    december = datetime(2026, 12, 10, tzinfo=UTC)
    async with connect(database_url) as connection:
        assert await close(connection, 3, december) == 1
    await load(HEADER + usage(0, 12, "team=data"), now=december)
    assert await stored(database_url) == [("acme", 1, '{"team": "web"}', 0, 10)]


async def test_the_database_refuses_an_overlap(database_url: str) -> None:
    """Two rows of the same workload at the same time."""
    row = "('acme', 'acme-web', 1, 'Deployment/api', '{}', '[2026-11-01Z,2026-11-02Z)')"
    async with connect(database_url) as connection:
        with pytest.raises(psycopg.errors.ExclusionViolation):
            await connection.execute(f"INSERT INTO workload_labels VALUES {row}, {row}")  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", ["team", "team=web;team=data", "=web", "team=a b", "team=web;", "-x=1"])
async def test_wrong_labels_are_named(load: Load, labels: str) -> None:
    """With what is allowed."""
    with pytest.raises(BadFileError, match="must be Kubernetes labels like team=web;env=prod, each once"):
        await load(HEADER + usage(0, 1, labels))


async def test_two_labels_of_the_same_hour_are_refused(load: Load) -> None:
    """Two lines of a workload and hour that differ."""
    other = usage(0, 1, "team=data").replace("cpu_core_hour", "memory_gib_hour")
    with pytest.raises(BadFileError, match="3: labels: differ from line 2, of the same workload and hour"):
        await load(HEADER + usage(0, 1, "team=web") + other)


async def test_a_meter_s_lines_carry_labels(database_url: str) -> None:
    """Also with signs that COPY and JSON escape. Lines without labels change none, and the amount is the same."""
    hour = datetime(2026, 11, 1, tzinfo=UTC)
    odd = {"team": 'a\\tb\\"c', "empty": ""}
    web = {"team": "web"}
    api = UsageLine("acme-web", hour, "cpu_core_hour", "Deployment/api", Decimal(1), "prometheus", labels=web)
    other = UsageLine("acme-web", hour, "cpu_core_hour", "Pod/odd", Decimal(1), "prometheus", labels=odd)
    silent = UsageLine("acme-web", hour, "memory_gib_hour", "Deployment/api", Decimal(1), "prometheus")
    unknown = UsageLine("acme-web", hour, "cpu_core_hour", "Pod/none", Decimal(1), "prometheus", labels={})
    async with connect(database_url) as connection:
        for _ in range(2):
            await ingest(connection, [api, other, silent, unknown])
        rows = await found(connection, "SELECT workload, labels FROM workload_labels ORDER BY workload")
        assert rows == [("Deployment/api", web), ("Pod/odd", odd)]
        assert (await sums(connection))[0] == 4
