"""A database of the first schema is migrated into the ledger, and its figures stay."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import simplejson

from billing_service.database import Connection, connect, open_database
from billing_service.demo import CURRENCIES, PRICE_LIST, PROJECT_OWNERS, instances_row, usage_row
from billing_service.figures.overview import overview
from billing_service.figures.projects import project_list
from billing_service.ledger.commands import differences
from billing_service.migrate import migrate, shipped
from billing_service.render import text

from .test_costs import PARTS, RESOURCES, flat

# The query of the version before, as it was.
BEFORE = Path(__file__).with_name("costs_before.sql").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)  # the last day is in two months
DAYS = 40


async def load_the_demo(connection: Connection) -> None:
    """Projects, prices and usage of the demo, written into the tables of the first schema."""
    cursor = connection.cursor()
    await cursor.executemany("INSERT INTO organizations VALUES (%s, %s)", list(CURRENCIES.items()))
    await cursor.executemany("INSERT INTO projects VALUES (%s, %s)", list(PROJECT_OWNERS.items()))
    prices = [(sku, code, price, start) for code in ("EUR", "USD") for sku, price, start in PRICE_LIST]
    await cursor.executemany("INSERT INTO prices VALUES (%s, %s, %s, %s)", prices)
    last = NOW.replace(minute=0) - timedelta(hours=1)
    await cursor.executemany(
        "INSERT INTO instances VALUES (%s, %s, %s, %s, %s)", [instances_row(name, last) for name in PROJECT_OWNERS]
    )
    async with cursor.copy("COPY usage (namespace, resource, hour, quantity) FROM STDIN") as copy:
        for name in PROJECT_OWNERS:
            for back in range(DAYS * 24):
                _, hour, *quantities = usage_row(name, last - timedelta(hours=back))
                for resource, quantity in zip(RESOURCES, quantities, strict=True):
                    await copy.write_row((name, resource, hour, quantity))


async def figures_before(connection: Connection) -> dict[str, dict[str, object]]:
    found = {}
    for name in CURRENCIES:
        given = {"organization": name, "now": NOW, "namespace": None, "after": None, "most": None}
        rows = await connection.execute(BEFORE, given)  # type: ignore[arg-type]  # read from a file
        found |= {row["namespace"]: dict(row) async for row in rows}
    return found


async def test_the_demo_has_the_same_figures_before_and_after(empty_database_url: str) -> None:
    """Except where one rounding of the exact sum differs from the sum of rounded parts: then by less than the parts'
    number of cents."""
    async with connect(empty_database_url) as connection:
        await migrate(connection, shipped()[:2])
        await load_the_demo(connection)
        before = await figures_before(connection)
        assert len(before) == len(PROJECT_OWNERS)
        await migrate(connection, shipped())
        assert await differences(connection) == []
    async with open_database(empty_database_url) as database:
        for namespace, old in before.items():
            organization = PROJECT_OWNERS[namespace]
            new = await overview(database, organization, namespace, NOW)
            amounts = flat(new)
            for name in ("last_day_spend", "total_cost_per_hour"):
                assert amounts[name] == old[name]
            assert amounts["cost_per_hour"] == old["compute_cost_per_hour"]
            for name in PARTS:
                assert abs(amounts[name] - Decimal(str(old[name]))) <= Decimal("0.01")
            assert abs(amounts["current_month_total"] - Decimal(str(old["current_month_total"]))) <= Decimal("0.02")
            for name in ("running_pods", "running_vms", "cpu_cores", "memory_gib"):
                assert new["compute_instances"][name] == old[name]
            assert new["as_of"] == "2026-11-02T08:00:00.000Z"
            assert (new["incomplete_hours"], new["complete_through"]) == (0, new["as_of"])
            assert new["billing_summary"]["currency"] == CURRENCIES[organization]
        listed = await project_list(database, "acme", NOW)
        assert [project["namespace"] for project in simplejson.loads(text(listed["projects"]))] == sorted(
            name for name, owner in PROJECT_OWNERS.items() if owner == "acme"
        )


async def test_usage_without_a_price_stays_without_a_price(empty_database_url: str) -> None:
    """The migration neither drops it nor makes it 0."""
    async with connect(empty_database_url) as connection:
        await migrate(connection, shipped()[:2])
        await connection.execute("INSERT INTO organizations VALUES ('acme', 'EUR')")
        await connection.execute("INSERT INTO projects VALUES ('acme-web', 'acme')")
        await connection.execute(
            "INSERT INTO usage (namespace, resource, hour, quantity) VALUES"
            " ('acme-web', 'network_gib', '2026-08-01Z', 3), ('acme-web', 'cpu_core_hour', '2026-08-01Z', 0)"
        )
        await migrate(connection, shipped())
        lines = await connection.execute("SELECT sku, amount FROM usage_lines ORDER BY sku")
        assert [tuple(row.values()) async for row in lines] == [(1, 0), (4, None)]
        assert await differences(connection) == []


async def test_every_growing_table_has_the_organization_first(database_url: str) -> None:
    """In every unique key, so that the tables can be distributed; no foreign key leaves an organization."""
    small = {  # reference tables: few rows, or (quarantine, ownership) a registry of namespaces
        "organizations",
        "ownership",
        "skus",
        "prices",
        "price_steps",
        "plan_prices",
        "plan_members",
        "minor_units",
        "hours",
        "sources",
        "source_months",
        "quarantine",
        "accepted_usage",
        "schema_migrations",
    }
    keys = """
        SELECT c.relname AS table, a.attname AS first
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)
          AND c.relname NOT LIKE 'procrastinate%' -- the job library: no tenant's data, deleted after a week
    """
    references = """
        SELECT conrelid::regclass::text AS table, confrelid::regclass::text AS to FROM pg_constraint
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conname NOT LIKE 'procrastinate%'
    """
    async with connect(database_url) as connection:
        found = [(row["table"], row["first"]) async for row in await connection.execute(keys)]
        assert {name for name, first in found if first != "organization"} <= small
        assert "usage_lines" in {name for name, first in found if first == "organization"}
        to = {row["to"] async for row in await connection.execute(references)}
        assert to <= small
        sequences = "SELECT FROM pg_class WHERE relkind = 'S' AND relname NOT LIKE 'procrastinate%'"
        assert await (await connection.execute(sequences)).fetchall() == []
