"""The deliveries of an organization: the list, and sending a dead one again."""

from http import HTTPStatus
from typing import Any, LiteralString
from uuid import UUID

from billing_service.changes import Change, Reply
from billing_service.database import Connection, Database
from billing_service.errors import Conflict, DeliveryNotFound
from billing_service.notifications.event import rfc3339
from billing_service.notifications.failure import REASONS
from billing_service.notifications.outbox import GIVE_UP_HOURS

STATES = ("pending", "delivered", "dead")
DOMAIN = "delivery"

_COLUMNS: LiteralString = """
    d.id, d.channel, d.channel_name, d.kind, d.state, d.events->0->>'title' AS title, d.number, d.attempts,
    d.created_at, d.next_attempt_at, d.settled_at, d.reason, d.status
"""
_LIST: LiteralString = f"""
    SELECT {_COLUMNS} FROM deliveries AS d
    WHERE d.organization = %(organization)s AND (%(state)s::text IS NULL OR d.state = %(state)s)
      AND (%(channel)s::uuid IS NULL OR d.channel = %(channel)s)
    ORDER BY d.created_at DESC, d.id LIMIT %(limit)s
"""
_ONE: LiteralString = (
    f"SELECT {_COLUMNS} FROM deliveries AS d WHERE d.organization = %(organization)s AND d.id = %(id)s"
)
_RETRY: LiteralString = """
    UPDATE deliveries
    SET state = 'pending', attempts = 0, next_attempt_at = now(), settled_at = NULL,
        give_up_at = now() + %(hours)s * interval '1 hour'
    WHERE organization = %(organization)s AND id = %(id)s
"""
_ENABLED: LiteralString = "SELECT enabled FROM channels WHERE organization = %(organization)s AND id = %(channel)s"


async def list_deliveries(
    database: Database, organization: str, *, state: str | None, channel: UUID | None, limit: int
) -> dict[str, Any]:
    """The newest ones first."""
    rows = await database.fetch(_LIST, organization=organization, state=state, channel=channel, limit=limit)
    return {"organization": organization, "deliveries": [shown(row) for row in rows]}


async def read_delivery(
    connection: Connection, organization: str, delivery: UUID, status: int = HTTPStatus.OK
) -> Reply:
    given = {"organization": organization, "id": delivery}
    rows = await (await connection.execute(_ONE, given, prepare=False)).fetchall()
    if not rows:
        raise DeliveryNotFound("the organization does not have this delivery")
    return Reply(status, {"organization": organization, **shown(rows[0])})


async def retry(connection: Connection, change: Change, delivery: UUID) -> Reply:
    """A dead delivery is tried for another day, with the same id. Raises DeliveryNotFound, Conflict."""
    given = {"organization": change.organization, "id": delivery, "hours": GIVE_UP_HOURS}
    rows = await (await connection.execute(_ONE + " FOR UPDATE", given, prepare=False)).fetchall()
    if not rows:
        raise DeliveryNotFound("the organization does not have this delivery")
    before = rows[0]
    if before["state"] != "dead":
        raise Conflict(f"only a dead delivery can be sent again; this one is {before['state']}")
    given["channel"] = before["channel"]
    channels = await (await connection.execute(_ENABLED, given, prepare=False)).fetchall()
    if not channels or not channels[0]["enabled"]:
        raise Conflict("its channel is disabled" if channels else "its channel was deleted")
    await connection.execute(_RETRY, given, prepare=False)
    reply = await read_delivery(connection, change.organization, delivery, HTTPStatus.ACCEPTED)
    after = {name: value for name, value in reply.body.items() if name != "organization"}
    await change.audit(connection, (DOMAIN, str(delivery)), "retry", before=shown(before), after=after)
    return reply


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """`next_attempt_at` of a pending one, `settled_at` of the others; `explanation` of the last failure."""
    pending = row["state"] == "pending"
    return {
        "id": str(row["id"]),
        "message_id": f"msg_{row['id'].hex}",
        "channel": str(row["channel"]),
        "channel_name": row["channel_name"],
        "kind": row["kind"],
        "state": row["state"],
        "title": row["title"],
        "events": row["number"],
        "attempts": row["attempts"],
        "created_at": rfc3339(row["created_at"]),
        "next_attempt_at": rfc3339(row["next_attempt_at"]) if pending else None,
        "settled_at": None if pending else rfc3339(row["settled_at"]),
        "reason": row["reason"],
        "explanation": REASONS.get(row["reason"]) if row["reason"] else None,
        "status": row["status"],
    }
