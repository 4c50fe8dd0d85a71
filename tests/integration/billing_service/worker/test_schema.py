"""The tables of the job library: ours are those of the installed version."""

from importlib.resources import files
from typing import LiteralString

from billing_service.database import Connection, connect
from billing_service.migrate import shipped
from tests.integration.billing_service.ledger_kit import found

PARTS: LiteralString = """
    SELECT 'column', c.table_name || '.' || c.column_name, concat(c.data_type, c.is_nullable, c.column_default)
    FROM information_schema.columns AS c WHERE c.table_name LIKE 'procrastinate%'
    UNION ALL SELECT 'function', p.proname || p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
    FROM pg_proc AS p WHERE p.proname LIKE 'procrastinate%'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'procrastinate%'
    UNION ALL SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t WHERE t.tgname LIKE 'procrastinate%'
    UNION ALL SELECT 'constraint', n.conname, pg_get_constraintdef(n.oid)
    FROM pg_constraint AS n WHERE n.conrelid::regclass::text LIKE 'procrastinate%'
    UNION ALL SELECT 'type', t.typname, string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder)
    FROM pg_type AS t JOIN pg_enum AS e ON e.enumtypid = t.oid WHERE t.typname LIKE 'procrastinate%' GROUP BY t.typname
    ORDER BY 1, 2
"""


async def _parts(connection: Connection) -> list[tuple[object, ...]]:
    return await found(connection, PARTS)


async def test_the_schema_is_that_of_the_installed_version(migrated_database_url: str, empty_database_url: str) -> None:
    """If it fails after an update of procrastinate: add its new migration files as a migration."""
    theirs = (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    async with connect(migrated_database_url) as ours, connect(empty_database_url) as other:
        await other.execute(theirs)  # type: ignore[call-overload]  # a file of the library
        assert len(await _parts(ours)) > 50
        assert await _parts(ours) == await _parts(other)


def test_the_copy_names_its_version_and_licence() -> None:
    """Whoever reads the migration finds where it comes from."""
    [copied] = [migration for migration in shipped() if migration.name == "0008_jobs.sql"]
    assert copied.sql.startswith("-- The tables and functions of the job library: the schema of procrastinate 3.10")
