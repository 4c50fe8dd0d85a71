"""The history of a budget: every change, and every alert. It outlives the budget."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from billing_service.budgets.access import Viewer, facts_of
from billing_service.budgets.store import not_found
from billing_service.database import Database
from billing_service.notifications.event import rfc3339
from billing_service.strict_json import loads

# The scope of a budget never changes: the caller sees all of its rows or none. A number in them is exact as text only.
_CHANGES: LiteralString = """
    SELECT c.entry, c.action, c.actor, c.at, c.before::text AS before, c.after::text AS after
    FROM audit AS c
    WHERE c.organization = %(organization)s AND c.domain = 'budget' AND c.id = %(budget)s::text
      AND (%(namespaces)s::text[] IS NULL OR EXISTS (
          SELECT FROM ownership AS w
          WHERE w.organization = c.organization
            AND w.namespace = coalesce(c.after, c.before) -> 'scope' ->> 'namespace'
            AND w.namespace = ANY(%(namespaces)s::text[]) AND w.validity @> coalesce(%(now)s::timestamptz, now())
      ))
    ORDER BY c.at DESC, c.entry LIMIT %(most)s
"""
# When the project of a budget began, null without a begin. A project-user gets nothing of a former life.
_SINCE: LiteralString = """
    SELECT CASE WHEN NOT bool_or(lower_inf(w.validity)) THEN min(lower(w.validity)) END AS since
    FROM named_lives(%(organization)s::text, ARRAY[%(namespace)s::text], coalesce(%(now)s::timestamptz, now())) AS n
    JOIN ownership AS w ON w.organization = %(organization)s AND w.namespace = n.namespace AND w.life = n.life
"""
_ALERTS: LiteralString = """
    SELECT id, version, period_start, threshold, status, at, spent, forecast, probability, amount, currency::text
    FROM budget_alerts
    WHERE organization = %(organization)s AND budget = %(budget)s::uuid
    ORDER BY at DESC, id LIMIT %(most)s
"""


async def history(database: Database, viewer: Viewer, budget: UUID, now: datetime | None, limit: int) -> dict[str, Any]:
    """The newest entries first. `more`: there are older ones. Raises OrganizationNotFound, BudgetNotFound."""
    facts = await facts_of(database, viewer.organization, now)
    names = None if viewer.namespaces is None else list(viewer.namespaces)
    given: dict[str, Any] = {"organization": viewer.organization, "budget": str(budget), "most": limit + 1}
    changes = await database.fetch(_CHANGES, namespaces=names, now=now, **given)
    if not changes:
        raise not_found()  # each budget has the row of its creation
    alerts = await database.fetch(_ALERTS, **given)
    if names is not None:
        [life] = await database.fetch(_SINCE, organization=viewer.organization, namespace=_namespace(changes), now=now)
        changes, alerts = ([row for row in rows if _is_of(life["since"], row)] for rows in (changes, alerts))
    entries = sorted(
        [*map(_change, changes), *map(_alert, alerts)], key=lambda entry: (entry["at"], entry["kind"]), reverse=True
    )
    return {"id": str(budget), **facts.units(), "entries": entries[:limit], "more": len(entries) > limit}


def _namespace(changes: Sequence[DictRow]) -> str:
    budget = loads(changes[0]["after"] or changes[0]["before"])
    name: str = budget["scope"]["namespace"]
    return name


def _is_of(since: datetime | None, row: DictRow) -> bool:
    return since is None or bool(row["at"] >= since)


def _change(row: DictRow) -> dict[str, Any]:
    return {
        "kind": "change",
        "at": rfc3339(row["at"]),
        "action": row["action"],
        "actor": row["actor"],
        "before": None if row["before"] is None else loads(row["before"]),
        "after": None if row["after"] is None else loads(row["after"]),
    }


def _alert(row: DictRow) -> dict[str, Any]:
    """`at`: an hour of the ledger."""
    return {
        "kind": "alert",
        "at": rfc3339(row["at"]),
        "id": str(row["id"]),
        "version": row["version"],
        "period_start": row["period_start"].isoformat(),
        "threshold": row["threshold"],
        "status": row["status"],
        "spent": row["spent"],
        "forecast": row["forecast"],
        "probability": row["probability"],
        "limit": row["amount"],
        "currency": row["currency"],
    }
