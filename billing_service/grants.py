"""What the role of `serve` may do: read what its queries read, and change what its routes change, as far as row-level
security allows it.

`migrate` brings the rights of every role that has them up to date with the tables of the new version.
"""

from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from billing_service.database import Connection

# Not `quarantine` and the tables of the jobs, which are of all organizations, and no partition of usage_lines.
READABLE = (
    "adjustments",
    "audit",
    "budget_alerts",
    "budget_evaluations",
    "budget_settings",
    "budget_states",
    "budgets",
    "channels",
    "data_versions",
    "deliveries",
    "forecasts",
    "hours",
    "idempotency_keys",
    "instances",
    "minor_units",
    "organization_daily",
    "organization_monthly",
    "organization_state",
    "organization_terms",
    "organizations",
    "ownership",
    "periods",
    "plan_members",
    "plan_prices",
    "price_ranges",
    "price_steps",
    "prices",
    "project_months",
    "project_state",
    "quota_days",
    "quota_usage",
    "recent_hours",
    "rollup_daily",
    "rollup_monthly",
    "schema_migrations",
    "skus",
    "source_months",
    "sources",
    "subscriptions",
    "unusual_days",
    "usage_lines",
    "workload_labels",
)

# By right, of the readable ones. The trail of changes is only added to.
CHANGEABLE = {
    "INSERT": ("audit", "budget_alerts", "budget_settings", "budgets", "channels", "deliveries", "idempotency_keys"),
    "UPDATE": ("budget_settings", "budgets", "channels", "deliveries", "idempotency_keys"),
    "DELETE": ("budget_evaluations", "budget_states", "budgets", "channels"),
}

# A role that is a member of the owner, or a superuser, can do what the owner can: row-level security does not hold it.
_ROLE: LiteralString = """
    SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'MEMBER') AS unbound
    FROM pg_roles AS r, pg_class AS c WHERE r.rolname = %s AND c.oid = 'usage_lines'::regclass
"""
_READERS: LiteralString = """
    SELECT r.rolname AS name FROM pg_class AS c, aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.oid = 'data_versions'::regclass AND a.grantee <> c.relowner AND a.privilege_type = 'SELECT' ORDER BY 1
"""
_GRANTS = """
    REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
    GRANT USAGE ON SCHEMA {schema} TO {role};
    GRANT SELECT ON {tables} TO {role}
"""
_GRANT_CHANGE = "GRANT {right} ON {tables} TO {role}"


class GrantError(Exception):
    """The role cannot be the one of `serve`."""


class UnboundRoleError(GrantError):
    """Row-level security does not hold the role."""


async def grant(connection: Connection, role: str) -> None:
    """The role gets these rights and loses others on the tables of the schema. Raises GrantError, psycopg.Error."""
    rows = await (await connection.execute(_ROLE, [role])).fetchall()
    if not rows:
        raise GrantError(f"grants: there is no role {role}: create it with CREATE ROLE ... LOGIN PASSWORD '...'")
    if rows[0]["unbound"]:
        raise UnboundRoleError(
            f"grants: row-level security does not hold {role}: it is a superuser, or has BYPASSRLS, or owns"
        )
    async with connection.transaction():
        [row] = await (await connection.execute("SELECT current_schema() AS name")).fetchall()
        parts = {
            "schema": sql.Identifier(row["name"]),
            "role": sql.Identifier(role),
        }
        await connection.execute(sql.SQL(_GRANTS).format(**parts, tables=_names(READABLE)))
        for right, tables in CHANGEABLE.items():
            change = sql.SQL(_GRANT_CHANGE).format(right=sql.SQL(right), tables=_names(tables), role=parts["role"])
            await connection.execute(change)


def _names(tables: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, tables))


async def provide(connection: Connection, url: str) -> str:
    """The role of `serve` in its URL gets its rights. If there is no such role, it is created with the URL's password.

    Returns its name. Raises GrantError, psycopg.Error.
    """
    given = conninfo_to_dict(url)
    role = str(given.get("user") or "")
    if not role:
        raise GrantError("SERVE_DATABASE_URL: names no role: postgresql://ROLE:PASSWORD@host:5432/database")
    if not await (await connection.execute(_ROLE, [role])).fetchall():
        await _create(connection, role, given.get("password"))
    await grant(connection, role)
    return role


async def _create(connection: Connection, role: str, password: object) -> None:
    """PostgreSQL receives the hash of the password only, which may be in its log."""
    create = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role))
    if password:
        hashed = connection.pgconn.encrypt_password(str(password).encode(), role.encode(), b"scram-sha-256").decode()
        create += sql.SQL(" PASSWORD {}").format(hashed)
    try:
        await connection.execute(create)
    except psycopg.errors.InsufficientPrivilege:
        raise GrantError(
            f"SERVE_DATABASE_URL: there is no role {role}, and the role of DATABASE_URL cannot create it: "
            f"create it with CREATE ROLE {role} LOGIN PASSWORD '...'"
        ) from None


async def readers(connection: Connection) -> list[str]:
    """The roles that `grant` was called for."""
    return [row["name"] async for row in await connection.execute(_READERS)]
