"""The schema can be distributed by organization: its rules, checked in the catalogue and in the statements' text."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import billing_service
from billing_service.database import Connection, connect
from billing_service.distribute import DISTRIBUTED, LOCAL, REFERENCE
from billing_service.grants import READABLE
from billing_service.ledger.script import run as run_script
from billing_service.ledger.script import script
from billing_service.trends.filters import Filters
from billing_service.trends.usage import query

from .ledger_kit import found
from .process import run

PACKAGE = Path(billing_service.__file__).parent
OWN_ROWS = {*DISTRIBUTED, "organization_terms", "ownership", "subscriptions", "prices", "price_steps"}

# Tables of ours, without partitions.
TABLES = """
    SELECT c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
UNIQUE = """
    SELECT i.indrelid::regclass::text AS name, i.indexrelid::regclass::text AS key, a.attname AS first
    FROM pg_index AS i LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indisunique OR i.indisexclusion
"""
FOREIGN = """
    SELECT conrelid::regclass::text AS name, confrelid::regclass::text AS referred
    FROM pg_constraint WHERE contype = 'f'
"""
SEQUENCES = "SELECT relname::text AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
TRIGGERS = """
    SELECT t.tgrelid::regclass::text AS name, p.prosrc AS source
    FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal
"""
SECURED = """
    SELECT c.relname AS name, c.relrowsecurity AS on,
           EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polcmd = 'r') AS policy
    FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""
READS = (
    "budgets/clock.sql",
    "explanations/project.sql",
    "figures/adjustments.sql",
    "figures/overview.sql",
    "figures/projects.sql",
    "figures/tag.sql",
    "figures/unrated.sql",
    "plans/history_metered.sql",
    "plans/history_platform.sql",
    "plans/metered.sql",
    "plans/month.sql",
    "plans/quota.sql",
    "quotes/rates.sql",
    "statements/invoiced.sql",
    "statements/month.sql",
    "statements/usage.sql",
    "trends/adjustments.sql",
    "trends/clock.sql",
    "trends/coverage.sql",
    "trends/facts.sql",
    "trends/lines.sql",
    "trends/organization.sql",
    "trends/projects.sql",
)
GIVEN = {
    "organization": "acme", "namespace": "acme-web", "namespaces": ["acme-web"], "lives": [1], "life": 1, "now": None,
    "own_names": ["acme-web"], "own_lives": [1],
    "period": "2026-10-01", "since": datetime(2026, 10, 1, tzinfo=UTC), "until": datetime(2026, 11, 1, tzinfo=UTC),
    "starts": datetime(2026, 10, 1, tzinfo=UTC), "ends": datetime(2026, 11, 1, tzinfo=UTC), "currency": "EUR",
    "component": None, "skus": None, "workloads": None, "without_workloads": [],
    "most": 10, "after": None, "rate_digits": 4, "largest": 10**18, "uid": "u-1",
    "codes": ["cpu_core_hour"], "hours": [730], "units": [1],
    "today": "2026-10-01", "days": 90, "time_zone": "UTC", "as_of": datetime(2026, 10, 1, tzinfo=UTC),
    "first_hour": datetime(2026, 8, 1, tzinfo=UTC),
}  # fmt: skip
OF_A_TREND = {
    "namespaces": ["acme-web"], "lives": [1], "moment": GIVEN["until"], "moments": [GIVEN["since"]],
    "as_of": GIVEN["until"], "starts": [GIVEN["since"]], "ends": [GIVEN["until"]], "periods": [date(2026, 10, 1)],
    "first_days": [date(2026, 10, 1)], "whole_months": [date(2026, 10, 1)], "day_periods": [date(2026, 10, 1)],
    "day_since": [date(2026, 10, 1)], "day_until": [date(2026, 10, 31)], "hour_periods": [date(2026, 10, 1)],
    "hour_since": [GIVEN["since"]], "hour_until": [GIVEN["until"]], "by_project": True, "kind": "label",
    "label": "team", "names": None, "spaces": None, "by_sku": True,
    "month_since": [GIVEN["since"]],
}  # fmt: skip
OF_A_TREND |= Filters().of_sums() | Filters().of_each_line()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        await connection.execute("SELECT ensure_partitions('2026-10-01Z', '2026-11-01Z')")
        yield connection


def of_jobs(name: str) -> bool:
    return any(fnmatch(name, pattern.replace("%", "*")) for pattern in LOCAL)


async def test_every_table_has_a_place(owner: Connection) -> None:
    """Distributed, on every node, or on the coordinator only: a new table must be put into one of the lists."""
    names = {str(name) for (name,) in await found(owner, TABLES)}
    assert {name for name in names if not of_jobs(name)} == {*DISTRIBUTED, *REFERENCE}
    assert not set(DISTRIBUTED) & set(REFERENCE)


async def test_the_organization_is_first_in_every_unique_key(owner: Connection) -> None:
    """Also in the keys of partitions, and in exclusion constraints."""
    keys = [key for key in await found(owner, UNIQUE) if re.sub(r"_\d{4}_\d\d$", "", str(key[0])) in DISTRIBUTED]
    assert {str(name) for name, _, _ in keys} >= set(DISTRIBUTED), "a table that grows has no unique key"
    assert [key for key in keys if key[2] != "organization"] == []


async def test_no_key_sequence_or_trigger_crosses_organizations(owner: Connection) -> None:
    """Foreign keys lead to tables that are on every node. A trigger reads its own row only."""
    foreign = [key for key in await found(owner, FOREIGN) if not of_jobs(str(key[0]))]
    assert [key for key in foreign if key[1] not in REFERENCE] == []
    assert [name for (name,) in await found(owner, SEQUENCES) if not of_jobs(str(name))] == []
    triggers = [trigger for trigger in await found(owner, TRIGGERS) if not of_jobs(str(trigger[0]))]
    assert [name for name, source in triggers if re.search(r"\b(FROM|INTO|UPDATE)\b", str(source))] == []


async def test_every_table_with_rows_of_an_organization_has_row_security(owner: Connection) -> None:
    """The role of `serve` reads no other table with an organization. A partition has no policy."""
    secured = {str(name): (on, policy) for name, on, policy in await found(owner, SECURED)}
    assert {name for name, state in secured.items() if state == (True, True)} == OWN_ROWS
    partitions = {name: state for name, state in secured.items() if name.startswith("usage_lines_")}
    assert partitions
    assert set(partitions.values()) == {(True, False)}
    columns = "SELECT table_name::text AS name FROM information_schema.columns WHERE column_name = 'organization'"
    owned = {str(name) for (name,) in await found(owner, columns)} - set(partitions)
    assert owned & set(READABLE) <= OWN_ROWS


@pytest.mark.parametrize("name", READS)
async def test_every_scan_of_a_response_is_of_one_organization(owner: Connection, name: str) -> None:
    """In the plan, each scan of a table that grows has the organization in its condition."""
    await owner.execute("SET enable_seqscan = off")
    texts = [script(name)]
    if "\ncells AS (" in texts[0]:  # usage of a trend: with all of its sources
        sources = ("months", "days", "hours")
        texts = [query(Path(name).stem, sources, single=single) for single in (False, True)]
    given = GIVEN | OF_A_TREND if name.startswith("trends/") else GIVEN
    for text in texts:
        [row] = await run_script(owner, "EXPLAIN (FORMAT JSON, VERBOSE) " + text, given)
        scans = list(_scans(row["QUERY PLAN"][0]["Plan"], ""))
        assert scans, "the query reads no table"
        for table, condition in scans:
            assert "organization" in condition, f"{name} scans {table} without the organization: {condition}"


def _scans(node: dict[str, Any], above: str) -> Iterator[tuple[str, str]]:
    """The tables that grow, with the conditions of their scan and of the joins above it."""
    conditions = above + " ".join(str(value) for key, value in node.items() if key.endswith(("Cond", "Filter")))
    table = re.sub(r"_\d{4}_\d\d$", "", node.get("Relation Name", ""))
    if table in DISTRIBUTED:
        yield table, conditions
    for child in node.get("Plans", []):
        yield from _scans(child, conditions if node["Node Type"].endswith(("Join", "Loop", "Hash", "Sort")) else "")


def statements() -> Iterator[tuple[str, str]]:
    """Every SQL text of the package, without the job library's and the migration from the first schema."""
    for path in sorted(PACKAGE.rglob("*.sql")):
        if path.name[:4] not in {"0001", "0002", "0005", "0008"}:
            for statement in re.sub(r"--.*", "", path.read_text()).split(";"):
                yield path.name, statement
    for path in sorted(PACKAGE.rglob("*.py")):
        for text in re.findall(r'"""(.*?)"""', path.read_text(), re.DOTALL):
            for statement in text.split(";"):
                yield path.name, statement


def test_no_statement_modifies_in_a_cte() -> None:
    """Citus sends a complete statement to a node, but not one that changes two tables."""
    changes = re.compile(r"\bAS\s+(NOT\s+)?(MATERIALIZED\s+)?\(\s*(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
    assert [name for name, statement in statements() if changes.search(statement)] == []


def test_every_join_of_tables_that_grow_has_the_organization() -> None:
    """Each alias of such a table is compared by its organization, wherever it is joined with more than small tables."""
    alias = re.compile(rf"\b(?:FROM|JOIN|USING|UPDATE|,)\s+({'|'.join(DISTRIBUTED)})\s+AS\s+(\w+)")
    without = []
    for name, statement in statements():
        read = set(re.findall(r"\b(?:FROM|JOIN|USING)\s+(?!LATERAL\b)(\w+)", statement)) - set(REFERENCE)
        for table, short in alias.findall(statement):
            column = rf"{short}\.organization\b"
            compared = rf"{column}\s*(=|IN\b|,)|=\s*(ANY \()?{column}|\({column}|USING \(organization"
            if read != {table} and not re.search(compared, statement):
                without.append(f"{name}: {table} AS {short}")
    assert without == []


def test_distribute_says_that_there_is_no_citus(database_url: str) -> None:
    """Nothing is changed, and the exit code is 1."""
    done = run(database_url, "distribute")
    if "Citus" in done.stdout:
        pytest.skip("this server has Citus")
    assert (done.returncode, done.stdout) == (1, "")
    assert "this database has no extension citus: this server does not have it. Nothing was changed" in done.stderr
