"""The outbox: a notification is a row that is written in the transaction of what it is about.

The worker delivers it at least once, always with the same id (deliver.py). A failed attempt is repeated after 30 s, 1,
2, 4 ... 60 minutes, for a day; then the row is dead, and an org-admin can send it again.

The first PER_HOUR notifications of a channel within an hour are delivered one by one. Further ones become a digest:
one row, which takes events until it is sent DIGEST_MINUTES after its first one.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from billing_service.database import Connection
from billing_service.notifications.event import Event
from billing_service.notifications.failure import NotDelivered

PER_HOUR = 5
DIGEST_MINUTES = 10
MOST_EVENTS = 100  # in a digest; of the others only the number
GIVE_UP_HOURS = 24
LEASE_SECONDS = 60  # longer than an attempt: a row whose worker was killed is tried again after it
_FIRST_WAIT_SECONDS = 30
_LONGEST_WAIT_SECONDS = 3600

_ENQUEUE: LiteralString = """
    INSERT INTO deliveries AS d (organization, id, channel, channel_name, kind, digest, collecting, events,
                                 next_attempt_at, give_up_at)
    SELECT c.organization, gen_random_uuid(), c.id, c.name, c.kind, r.many, r.many, %(events)s,
           now() + CASE WHEN r.many THEN %(minutes)s * interval '1 minute' ELSE interval '0' END,
           now() + %(hours)s * interval '1 hour'
    FROM channels AS c
    CROSS JOIN LATERAL (
        SELECT count(*) >= %(per_hour)s AS many FROM deliveries AS e
        WHERE e.organization = c.organization AND e.channel = c.id AND NOT e.digest
          AND e.created_at > now() - interval '1 hour'
    ) AS r
    WHERE c.organization = %(organization)s AND c.id = ANY(%(channels)s) AND c.enabled
    ON CONFLICT (organization, channel) WHERE collecting DO UPDATE
    SET number = d.number + 1,
        events = CASE WHEN d.number < %(most)s THEN d.events || excluded.events ELSE d.events END
    RETURNING id
"""
# Of each channel the row that waits longest. Its others wait: a receiver that hangs has one attempt at a time.
_DUE: LiteralString = """
    SELECT organization, id, channel FROM (
        SELECT DISTINCT ON (organization, channel) organization, id, channel, next_attempt_at FROM deliveries
        WHERE state = 'pending' AND next_attempt_at <= now() ORDER BY organization, channel, next_attempt_at
    ) AS first ORDER BY next_attempt_at
"""
# A row that another worker has, or that a digest's event is just added to, is not waited for.
_CLAIM: LiteralString = """
    UPDATE deliveries
    SET attempts = attempts + 1, collecting = false, next_attempt_at = now() + %(lease)s * interval '1 second'
    WHERE organization = %(organization)s AND id = (
        SELECT e.id FROM deliveries AS e
        WHERE e.organization = %(organization)s AND e.id = %(id)s AND e.state = 'pending' AND e.next_attempt_at <= now()
        FOR UPDATE SKIP LOCKED
    )
    RETURNING organization, id, channel, kind, events, number, attempts
"""
_CHANNEL: LiteralString = """
    SELECT kind, enabled, target, sealed FROM channels WHERE organization = %(organization)s AND id = %(channel)s
"""
_DELIVERED: LiteralString = """
    UPDATE deliveries SET state = 'delivered', reason = NULL, status = %(status)s, settled_at = now()
    WHERE organization = %(organization)s AND id = %(id)s AND state = 'pending'
"""
_FAILED: LiteralString = """
    UPDATE deliveries
    SET state = CASE WHEN %(dead)s OR give_up_at <= now() + %(wait)s * interval '1 second' THEN 'dead' ELSE state END,
        settled_at = CASE WHEN %(dead)s OR give_up_at <= now() + %(wait)s * interval '1 second' THEN now() END,
        next_attempt_at = now() + %(wait)s * interval '1 second', reason = %(reason)s, status = %(status)s
    WHERE organization = %(organization)s AND id = %(id)s AND state = 'pending' AND attempts = %(attempts)s
    RETURNING state
"""
_ENDING = frozenset({"channel_deleted", "channel_disabled"})
_GONE = 410


@dataclass(frozen=True)
class Due:
    organization: str
    id: UUID
    channel: UUID


@dataclass(frozen=True)
class Delivery(Due):
    """A row that this worker may send until its lease ends."""

    kind: str
    events: tuple[Event, ...]
    number: int
    attempts: int

    @property
    def message_id(self) -> str:
        return f"msg_{self.id.hex}"


@dataclass(frozen=True)
class Channel:
    kind: str
    enabled: bool
    target: dict[str, Any]
    sealed: bytes | None


async def enqueue(connection: Connection, organization: str, event: Event, channels: Sequence[UUID]) -> list[UUID]:
    """In the caller's transaction: the notification is there if and only if the caller's change is.

    The ids of the deliveries: of a digest, if the event is added to one. A channel that is disabled or not the
    organization's gets none. Call it once per event.
    """
    given = {"organization": organization, "channels": list(channels), "events": Jsonb([event.to_json()])}
    limits = {"minutes": DIGEST_MINUTES, "hours": GIVE_UP_HOURS, "per_hour": PER_HOUR, "most": MOST_EVENTS}
    return [row["id"] for row in await _run(connection, _ENQUEUE, given | limits)]


async def find_due(connection: Connection) -> list[Due]:
    return [Due(**row) for row in await _run(connection, _DUE, {})]


async def claim(connection: Connection, due: Due) -> Delivery | None:
    """None if another worker was first."""
    given = {"organization": due.organization, "id": due.id, "lease": LEASE_SECONDS}
    rows = await _run(connection, _CLAIM, given)
    for row in rows:
        return Delivery(**row | {"events": tuple(Event.from_json(event) for event in row["events"])})
    return None


async def read_channel(connection: Connection, delivery: Delivery) -> Channel:
    """Raises NotDelivered if the channel is deleted or disabled."""
    given = {"organization": delivery.organization, "channel": delivery.channel}
    rows = await _run(connection, _CHANNEL, given)
    if not rows:
        raise NotDelivered("channel_deleted")
    channel = Channel(**rows[0])
    if not channel.enabled:
        raise NotDelivered("channel_disabled")
    return channel


async def delivered(connection: Connection, delivery: Delivery, status: int) -> None:
    given = {"organization": delivery.organization, "id": delivery.id, "status": status}
    await connection.execute(_DELIVERED, given)


async def failed(connection: Connection, delivery: Delivery, failure: NotDelivered) -> str:
    """`failed` if it is tried again, `dead` if not."""
    dead = failure.reason in _ENDING or failure.status == _GONE
    given = {"organization": delivery.organization, "id": delivery.id, "attempts": delivery.attempts, "dead": dead}
    given |= {"wait": wait_seconds(delivery.attempts), "reason": failure.reason, "status": failure.status}
    rows = await _run(connection, _FAILED, given)
    return "dead" if rows and rows[0]["state"] == "dead" else "failed"


def wait_seconds(attempts: int) -> float:
    """After this many attempts. It is random within a quarter, so that receivers are not called all at once."""
    wait = min(_FIRST_WAIT_SECONDS * 2 ** min(attempts - 1, 10), _LONGEST_WAIT_SECONDS)
    return float(wait * random.uniform(0.75, 1.25))  # noqa: S311 - not a secret


async def _run(connection: Connection, query: LiteralString, given: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query, given, prepare=False)).fetchall()
