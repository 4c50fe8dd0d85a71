"""What an organization decides about its budgets: whether project-users may write."""

from typing import Any, LiteralString

from pydantic import BaseModel, ConfigDict

from billing_service.changes import Change, Reply, read_body
from billing_service.database import Connection, Database
from billing_service.errors import OrganizationNotFound

DOMAIN = "budget_settings"

# Version 0: the organization has never decided, and project-users may not.
_READ: LiteralString = """
    SELECT coalesce(s.project_users_write, false) AS project_users_write, coalesce(s.version, 0) AS version
    FROM organizations AS o LEFT JOIN budget_settings AS s ON s.organization = o.name
    WHERE o.name = %(organization)s
"""
_WRITE: LiteralString = """
    INSERT INTO budget_settings AS s (organization, project_users_write)
    VALUES (%(organization)s, %(project_users_write)s)
    ON CONFLICT (organization) DO UPDATE
    SET project_users_write = excluded.project_users_write, version = s.version + 1, updated_at = now()
    WHERE s.version = %(version)s
    RETURNING project_users_write, version
"""


class SettingsBody(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    project_users_write: bool


async def read_settings(database: Database, organization: str) -> Reply:
    """Raises OrganizationNotFound."""
    rows = await database.fetch(_READ, organization=organization)
    if not rows:
        raise _not_registered(organization)
    return _reply(rows[0])


async def write_settings(database: Database, change: Change, content: bytes) -> Reply:
    """Raises OrganizationNotFound, PreconditionFailed, InvalidBody."""
    body = read_body(SettingsBody, content)

    async def make(connection: Connection) -> Reply:
        given: dict[str, Any] = {"organization": change.organization}
        rows = await (await connection.execute(_READ, given, prepare=False)).fetchall()
        if not rows:
            raise _not_registered(change.organization)
        before = rows[0]
        change.check_version(before["version"])
        given |= {"version": before["version"], **body.model_dump()}
        written = await (await connection.execute(_WRITE, given, prepare=False)).fetchall()
        change.check_version(before["version"] if written else -1)  # another request was faster
        after = _reply(written[0])
        await change.audit(connection, (DOMAIN, DOMAIN), "change", before=_reply(before).body, after=after.body)
        return after

    async with database.change(change.organization) as connection:
        return await change.once(connection, lambda: make(connection))


def _reply(row: dict[str, Any]) -> Reply:
    return Reply(200, {"project_users_write": row["project_users_write"]}, row["version"])


def _not_registered(organization: str) -> OrganizationNotFound:
    return OrganizationNotFound(f"Organization {organization} is not registered")
