"""Versioned SQL migrations: `migrations/NNNN_name.sql`, each applied once, in order, and never edited afterwards.

A run of them is one transaction. A file that begins with a line `-- step` is not part of one: it has a statement after
each such line, and each is committed by itself. So CREATE INDEX CONCURRENTLY takes no lock, and a backfill can CALL a
procedure that commits. An interrupted file runs again from its first step: each step must do nothing the second time
(IF NOT EXISTS, WHERE ... IS NULL; DROP INDEX CONCURRENTLY IF EXISTS before CREATE, because a half-built index stays).
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

from billing_service.database import Connection

_STEP = "-- step\n"
_LOCK = 5_317_001  # an arbitrary constant; two processes that start together apply each migration once

_SCHEMA_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_RECORD: LiteralString = """
    INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""


class MigrationError(Exception):
    """The migrations of the database do not match those of this version."""


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: LiteralString

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def steps(self) -> list[LiteralString] | None:
        """None: all of it is applied in one transaction."""
        return self.sql.split(_STEP)[1:] if self.sql.startswith(_STEP) else None


def shipped() -> list[Migration]:
    found = [path for path in files("billing_service").joinpath("migrations").iterdir() if path.name.endswith(".sql")]
    return sorted(
        (Migration(int(path.name[:4]), path.name, path.read_text(encoding="utf-8")) for path in found),
        key=lambda migration: migration.version,
    )


async def migrate(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    """Applies all pending migrations, and returns them. Raises MigrationError.

    Steps hold no lock of ours: two processes that come to the same steps at the same time run them both. CREATE INDEX
    CONCURRENTLY IF NOT EXISTS can then fail in one of them; its next start finds the work done.
    """
    applied: list[Migration] = []
    while True:
        done, step_by_step = await _together(connection, migrations)
        applied += done
        if step_by_step is None:
            return applied
        await _steps(connection, step_by_step)
        applied.append(step_by_step)


async def _together(connection: Connection, migrations: list[Migration]) -> tuple[list[Migration], Migration | None]:
    """Applies the pending migrations up to the first that goes step by step, which is returned too."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        await connection.execute(_SCHEMA_MIGRATIONS)
        stored = await connection.execute("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        rows = await stored.fetchall()
        _compare({row["version"]: (row["name"], row["checksum"]) for row in rows}, migrations)
        pending = migrations[len(rows) :]
        for number, migration in enumerate(pending):
            if migration.steps is not None:
                return pending[:number], migration
            await connection.execute(migration.sql)
            await connection.execute(_RECORD, [migration.version, migration.name, migration.checksum])
    return pending, None


async def _steps(connection: Connection, migration: Migration) -> None:
    for statement in migration.steps or []:
        await connection.execute(statement)
    await connection.execute(_RECORD, [migration.version, migration.name, migration.checksum])


def _compare(applied: dict[int, tuple[str, str]], migrations: list[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, (name, checksum) in applied.items():
        if version not in known:
            raise MigrationError(
                f"the database has migration {name}, which this version does not have: run a newer version"
            )
        if known[version].checksum != checksum:
            raise MigrationError(
                f"{known[version].name} was changed after it was applied: restore it, then add a new one"
            )
    if list(applied) != [migration.version for migration in migrations[: len(applied)]]:
        raise MigrationError("a migration older than an applied one was added: give it the next number instead")
