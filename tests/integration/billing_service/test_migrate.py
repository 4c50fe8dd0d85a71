"""Migrations: once, in order, all or nothing, and never a changed one."""

import asyncio

import pytest
from psycopg.errors import UndefinedFunction

from billing_service.database import connect
from billing_service.migrate import Migration, MigrationError, migrate, shipped

ONE = Migration(1, "0001_one.sql", "CREATE TABLE one ()")
TWO = Migration(2, "0002_two.sql", "CREATE TABLE two ()")


async def applied(url: str, *migrations: Migration) -> list[Migration]:
    async with connect(url) as connection:
        return await migrate(connection, list(migrations))


async def test_each_migration_is_applied_once(empty_database_url: str) -> None:
    """A second run has nothing to do, a newer version adds its own."""
    assert await applied(empty_database_url, ONE) == [ONE]
    assert await applied(empty_database_url, ONE, TWO) == [TWO]
    assert await applied(empty_database_url, ONE, TWO) == []


async def test_two_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    """The second waits for the first and finds its work done."""
    done = await asyncio.gather(*(applied(empty_database_url, *shipped()) for _ in range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(shipped())]


async def test_a_failing_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    """Neither it nor those before it in the same run are kept."""
    broken = Migration(2, "0002_broken.sql", "CREATE TABLE two (); SELECT no_such_function()")
    with pytest.raises(UndefinedFunction):
        await applied(empty_database_url, ONE, broken)
    assert await applied(empty_database_url, ONE, TWO) == [ONE, TWO]


@pytest.mark.parametrize(
    ("later", "says"),
    [
        ([Migration(1, "0001_one.sql", "CREATE TABLE other ()"), TWO], "changed after it was applied"),
        ([ONE], "does not have"),
        ([ONE, Migration(0, "0000_zero.sql", ""), TWO], "older than an applied one"),
    ],
)
async def test_another_history_is_refused(empty_database_url: str, later: list[Migration], says: str) -> None:
    """A changed, unknown or inserted migration stops the run with the reason."""
    await applied(empty_database_url, ONE, TWO)
    with pytest.raises(MigrationError, match=says):
        await applied(empty_database_url, *sorted(later, key=lambda migration: migration.version))


def test_the_shipped_migrations_have_a_number_each() -> None:
    """Their order is their number. Numbers can be missing."""
    versions = [migration.version for migration in shipped()]
    assert versions == sorted(set(versions))
