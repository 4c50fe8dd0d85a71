"""The rows of budgets. Every query is about one organization, and about what the caller sees of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from billing_service.budgets.access import Viewer
from billing_service.budgets.model import COLUMNS, Budget
from billing_service.changes import invalid
from billing_service.database import Connection, Database
from billing_service.errors import BudgetNotFound, Conflict

MOST_BUDGETS = 200  # of an organization

# A project-user sees the budgets of a project while the organization owns it.
_SEEN: LiteralString = f"""
    SELECT {COLUMNS} FROM budgets AS b
    WHERE b.organization = %(organization)s AND (%(id)s::uuid IS NULL OR b.id = %(id)s::uuid)
      AND (%(namespaces)s::text[] IS NULL OR (
          b.namespace = ANY(%(namespaces)s::text[]) AND EXISTS (
              SELECT FROM ownership AS w
              WHERE w.organization = b.organization AND w.namespace = b.namespace
                AND w.validity @> coalesce(%(now)s::timestamptz, now())
          )
      ))
"""
_LIST: LiteralString = _SEEN + " ORDER BY b.name, b.id"
_LOCK: LiteralString = _SEEN + " FOR UPDATE OF b"
# Two budgets that are created at the same time are not counted apart.
_ALONE: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('budgets of ' || %(organization)s::text, 0))"
_COUNT: LiteralString = "SELECT count(*) AS number FROM budgets WHERE organization = %(organization)s"
_INSERT: LiteralString = f"""
    INSERT INTO budgets (organization, id, name, namespace, label_key, label_value, amount, currency, period,
                         thresholds, channels, notify_on, rollover)
    VALUES (%(organization)s, %(id)s, %(name)s, %(namespace)s, %(label_key)s, %(label_value)s, %(amount)s, %(currency)s,
            %(period)s, %(thresholds)s, %(channels)s, %(notify_on)s, %(rollover)s)
    RETURNING {COLUMNS}
"""
_UPDATE: LiteralString = f"""
    UPDATE budgets
    SET name = %(name)s, amount = %(amount)s, currency = %(currency)s, period = %(period)s, thresholds = %(thresholds)s,
        channels = %(channels)s, notify_on = %(notify_on)s, rollover = %(rollover)s, version = version + 1,
        updated_at = now()
    WHERE organization = %(organization)s AND id = %(id)s RETURNING {COLUMNS}
"""
_DELETE: LiteralString = "DELETE FROM budgets WHERE organization = %(organization)s AND id = %(id)s"
# Without addresses: a project-user who may write budgets reads them.
_CHOICES: LiteralString = """
    SELECT id::text, name, kind, enabled FROM channels WHERE organization = %(organization)s ORDER BY name, id
"""
# Locked, so that none of them is deleted before the budget with it is written.
_CHANNELS: LiteralString = """
    SELECT id FROM channels WHERE organization = %(organization)s AND id = ANY(%(channels)s) ORDER BY id FOR KEY SHARE
"""


async def list_seen(
    database: Database, viewer: Viewer, now: datetime | None, budget: UUID | None = None
) -> list[Budget]:
    """By name; or only the one with this id."""
    rows = await database.fetch(_LIST, **_given(viewer, now, budget))
    return [Budget.of(row) for row in rows]


async def lock(connection: Connection, viewer: Viewer, now: datetime | None, budget: UUID) -> Budget:
    """Until the end of the transaction. Raises BudgetNotFound."""
    rows = await _run(connection, _LOCK, _given(viewer, now, budget))
    if not rows:
        raise not_found()
    return Budget.of(rows[0])


async def require_room(connection: Connection, organization: str) -> None:
    """Until the end of the transaction. Raises Conflict."""
    await _run(connection, _ALONE, {"organization": organization})
    [row] = await _run(connection, _COUNT, {"organization": organization})
    if row["number"] >= MOST_BUDGETS:
        raise Conflict(f"an organization has at most {MOST_BUDGETS} budgets")


async def list_channels(database: Database, organization: str) -> list[dict[str, Any]]:
    """By name."""
    return await database.fetch(_CHOICES, organization=organization)


async def require_channels(connection: Connection, organization: str, channels: Sequence[UUID]) -> None:
    """Raises InvalidBody, the same for a channel of another organization and an unknown one."""
    given = {"organization": organization, "channels": list(channels)}
    known = {row["id"] for row in await _run(connection, _CHANNELS, given)}
    for number, channel in enumerate(channels):
        if channel not in known:
            raise invalid("unknown", "the organization does not have this channel", "channels", number)


async def insert(connection: Connection, budget: Budget) -> Budget:
    [row] = await _run(connection, _INSERT, _columns(budget))
    return Budget.of(row)


async def update(connection: Connection, budget: Budget) -> Budget:
    """With the next version."""
    [row] = await _run(connection, _UPDATE, _columns(budget))
    return Budget.of(row)


async def delete(connection: Connection, budget: Budget) -> None:
    await _run(connection, _DELETE + " RETURNING id", {"organization": budget.organization, "id": budget.id})


def not_found() -> BudgetNotFound:
    return BudgetNotFound("the organization does not have this budget")


def _given(viewer: Viewer, now: datetime | None, budget: UUID | None) -> dict[str, Any]:
    names = None if viewer.namespaces is None else list(viewer.namespaces)
    return {"organization": viewer.organization, "namespaces": names, "now": now, "id": budget}


def _columns(budget: Budget) -> dict[str, Any]:
    label = budget.scope.label
    return {
        "organization": budget.organization,
        "id": budget.id,
        "name": budget.name,
        "namespace": budget.scope.namespace or "",
        "label_key": None if label is None else label.key,
        "label_value": None if label is None else label.value,
        "amount": budget.amount,
        "currency": budget.currency,
        "period": budget.period,
        "thresholds": Jsonb([threshold.to_json() for threshold in budget.thresholds]),
        "channels": list(budget.channels),
        "notify_on": list(budget.notify_on),
        "rollover": budget.rollover,
    }


async def _run(connection: Connection, query: LiteralString, given: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query, given, prepare=False)).fetchall()
