"""The history of a channel: who changed it, tested it, or sent a dead notification again. It outlives the channel."""

from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import ChannelNotFound
from billing_service.notifications.event import rfc3339

_ROWS: LiteralString = """
    SELECT domain, id, action, actor, at, before, after FROM audit
    WHERE organization = %(organization)s
      AND (domain = 'channel' AND id = %(channel)s::text
           OR domain = 'delivery' AND after ->> 'channel' = %(channel)s::text)
    ORDER BY at DESC, entry LIMIT %(most)s
"""


async def trail(database: Database, organization: str, channel: UUID, limit: int) -> dict[str, Any]:
    """The newest entries first. `more`: there are older ones. Raises ChannelNotFound."""
    rows = await database.fetch(_ROWS, organization=organization, channel=str(channel), most=limit + 1)
    if not rows:
        raise ChannelNotFound("the organization does not have this channel")  # each has the row of its creation
    return {
        "organization": organization,
        "id": str(channel),
        "entries": [_entry(row) for row in rows[:limit]],
        "more": len(rows) > limit,
    }


def _entry(row: DictRow) -> dict[str, Any]:
    """`delivery` of a test and of a retry, which change nothing. `secret_changed` of a change; null: not known."""
    before, after = row["before"], row["after"]
    changes = row["action"] in {"create", "change", "delete"}
    sent = {"test": (after or {}).get("delivery"), "retry": row["id"]}
    return {
        "at": rfc3339(row["at"]),
        "action": row["action"],
        "actor": row["actor"],
        "before": before if changes else None,
        "after": _written(after) if changes else None,
        "secret_changed": (after or {}).get("secret_changed") if changes else None,
        "delivery": sent.get(row["action"]),
    }


def _written(after: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if after is None else {name: value for name, value in after.items() if name != "secret_changed"}
