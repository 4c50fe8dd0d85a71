"""Turns the tables of the schema into distributed and reference tables of Citus. docs/scale.md has the reasons.

Every table that grows is distributed by its organization and co-located: the rows of one organization are on one node.
The small ones are copied to every node, where joins and functions read them. The tables of the jobs stay on the
coordinator.
"""

from collections.abc import AsyncIterator
from typing import LiteralString

from psycopg import sql

from billing_service.database import Connection
from billing_service.migrate import shipped

# `ownership` has its exclusion constraint by namespace, and `prices` by price list, so they cannot be distributed. The
# functions period_start, current_period and fees read terms and subscriptions on the nodes, for rows of other tables.
# A row in `quarantine` has no organization yet.
REFERENCE = (
    "organizations",
    "organization_terms",
    "ownership",
    "skus",
    "prices",
    "price_steps",
    "plan_members",
    "plan_prices",
    "subscriptions",
    "minor_units",
    "sources",
    "source_months",
    "hours",
    "quarantine",
    "accepted_usage",
)
# The first one is the one that the others are co-located with.
DISTRIBUTED = (
    "usage_lines",
    "rollup_daily",
    "rollup_monthly",
    "organization_daily",
    "organization_monthly",
    "project_months",
    "recent_hours",
    "organization_state",
    "project_state",
    "periods",
    "adjustments",
    "data_versions",
    "instances",
    "workload_labels",
    "forecasts",
    "forecast_versions",
    "unusual_days",
    "quota_usage",
    "quota_days",
    "channels",
    "deliveries",
    "audit",
    "idempotency_keys",
    "budgets",
    "budget_states",
    "budget_alerts",
    "budget_settings",
    "budget_evaluations",
)
# Of one node: the history of the schema, and the queue of jobs.
LOCAL = ("schema_migrations", "procrastinate_%")

_INSTALLED: LiteralString = """
    SELECT (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS version,
           EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus') AS available
"""
_KNOWN: LiteralString = "SELECT logicalrel::text AS name FROM pg_dist_partition"
# The nodes see SET LOCAL of a transaction, so row-level security has the organization there. Triggers on distributed
# tables are refused otherwise: ours reads its own row only.
_SETTINGS = ("citus.propagate_set_commands = 'local'", "citus.enable_unsafe_triggers = on")


class DistributeError(Exception):
    """There is no Citus, or the schema is not up to date."""


async def distribute(connection: Connection) -> AsyncIterator[str]:
    """A text for each table. Running it again does the tables that are left. Raises DistributeError, psycopg.Error."""
    [state] = await (await connection.execute(_INSTALLED)).fetchall()
    if state["version"] is None:
        reason = "run CREATE EXTENSION citus as a superuser" if state["available"] else "this server does not have it"
        raise DistributeError(f"distribute: this database has no extension citus: {reason}. Nothing was changed")
    rows = await (await connection.execute("SELECT max(version) AS version FROM schema_migrations")).fetchall()
    if rows[0]["version"] != shipped()[-1].version:
        raise DistributeError("distribute: the schema is not up to date: run `migrate` first")
    [row] = await (await connection.execute("SELECT current_database() AS name")).fetchall()
    for setting in _SETTINGS:
        change = sql.SQL("ALTER DATABASE {} SET " + setting).format(sql.Identifier(row["name"]))
        await connection.execute(change)
        await connection.execute(sql.SQL("SET " + setting))
    known = {row["name"] async for row in await connection.execute(_KNOWN)}
    for name in REFERENCE:
        if name not in known:
            await connection.execute("SELECT create_reference_table(%s)", [name])
            yield f"{name}: on every node"
    for name in DISTRIBUTED:
        if name not in known:
            beside = "none" if name == DISTRIBUTED[0] else DISTRIBUTED[0]
            query = "SELECT create_distributed_table(%s, 'organization', colocate_with => %s)"
            await connection.execute(query, [name, beside])
            yield f"{name}: by organization"
    numbers = f"{len(REFERENCE)} tables on every node, {len(DISTRIBUTED)} by organization"
    yield f"distribute: Citus {state['version']}, {numbers}"
