"""Versioned SQL migrations: `migrations/NNNN_name.sql`, each applied once, in order, and never edited afterwards."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

from billing_service.database import Connection

_LOCK = 5_317_001  # an arbitrary constant; two processes that start together apply each migration once

_SCHEMA_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
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


def shipped() -> list[Migration]:
    found = [path for path in files("billing_service").joinpath("migrations").iterdir() if path.name.endswith(".sql")]
    return sorted(
        (Migration(int(path.name[:4]), path.name, path.read_text(encoding="utf-8")) for path in found),
        key=lambda migration: migration.version,
    )


async def migrate(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    """Applies all pending migrations in one transaction, and returns them. Raises MigrationError."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        await connection.execute(_SCHEMA_MIGRATIONS)
        stored = await connection.execute("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        rows = await stored.fetchall()
        _compare({row["version"]: (row["name"], row["checksum"]) for row in rows}, migrations)
        pending = migrations[len(rows) :]
        for migration in pending:
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                [migration.version, migration.name, migration.checksum],
            )
    return pending


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
