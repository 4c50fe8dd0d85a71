"""The channels of an organization: list, create, read, change, delete, and a test message."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from billing_service.changes import Change, Reply, invalid
from billing_service.database import Connection, Database
from billing_service.errors import ChannelNotFound, Conflict, NotOffered, OrganizationNotFound
from billing_service.notifications.addresses import BadUrl, Guard
from billing_service.notifications.deliveries import read_delivery
from billing_service.notifications.event import Event, rfc3339
from billing_service.notifications.outbox import enqueue
from billing_service.notifications.seal import NoKeyError, Sealer, UnreadableError
from billing_service.notifications.targets import ChannelBody, Target

MOST_CHANNELS = 50  # of an organization
DOMAIN = "channel"

_COLUMNS: LiteralString = "id, name, kind, enabled, target, sealed, version, created_at, updated_at"
_ORGANIZATION: LiteralString = "SELECT name FROM organizations WHERE name = %(organization)s"
_LIST: LiteralString = f"SELECT {_COLUMNS} FROM channels WHERE organization = %(organization)s ORDER BY name, id"
_ONE: LiteralString = f"SELECT {_COLUMNS} FROM channels WHERE organization = %(organization)s AND id = %(id)s"
# Two channels that are created at the same time are not counted apart.
_ALONE: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('channels of ' || %(organization)s::text, 0))"
_COUNT: LiteralString = "SELECT count(*) AS number FROM channels WHERE organization = %(organization)s"
_INSERT: LiteralString = f"""
    INSERT INTO channels (organization, id, name, kind, enabled, target, sealed)
    VALUES (%(organization)s, %(id)s, %(name)s, %(kind)s, %(enabled)s, %(target)s, %(sealed)s) RETURNING {_COLUMNS}
"""
_UPDATE: LiteralString = f"""
    UPDATE channels SET name = %(name)s, kind = %(kind)s, enabled = %(enabled)s, target = %(target)s,
        sealed = %(sealed)s, version = version + 1, updated_at = now()
    WHERE organization = %(organization)s AND id = %(id)s RETURNING {_COLUMNS}
"""
_DELETE: LiteralString = "DELETE FROM channels WHERE organization = %(organization)s AND id = %(id)s"
_END_DELIVERIES: LiteralString = """
    UPDATE deliveries
    SET state = 'dead', reason = 'channel_deleted', collecting = false, settled_at = now()
    WHERE organization = %(organization)s AND channel = %(id)s AND state = 'pending'
"""
# Without a new version: the thresholds of a version fire once.
_FORGET: LiteralString = """
    UPDATE budgets SET channels = array_remove(channels, %(id)s)
    WHERE organization = %(organization)s AND %(id)s = ANY(channels) RETURNING id
"""
# The trail of a budget has what was written last.
_TELL: LiteralString = """
    INSERT INTO audit (organization, domain, id, action, actor, at, before, after)
    SELECT b.organization, 'budget', b.id::text, 'change', %(actor)s, clock_timestamp(), w.body,
           w.body || jsonb_build_object('channels', to_jsonb(b.channels))
    FROM budgets AS b
    CROSS JOIN LATERAL (
        SELECT a.after AS body FROM audit AS a
        WHERE a.organization = b.organization AND a.domain = 'budget' AND a.id = b.id::text
        ORDER BY a.at DESC LIMIT 1
    ) AS w
    WHERE b.organization = %(organization)s AND b.id = ANY(%(budgets)s::uuid[])
"""

Row = dict[str, Any]


class Channels:
    """Every method raises ServiceError. `offers_mail`: the installation has a mail server."""

    def __init__(self, database: Database, sealer: Sealer, guard: Guard, *, offers_mail: bool) -> None:
        self._database = database
        self._sealer = sealer
        self._guard = guard
        self._offers_mail = offers_mail

    async def list_all(self, organization: str) -> dict[str, Any]:
        rows = await self._database.fetch(_LIST, organization=organization)
        if not rows and not await self._database.fetch(_ORGANIZATION, organization=organization):
            raise _not_registered(organization)
        return _owned(organization, channels=[shown(row) for row in rows])

    async def read(self, organization: str, channel: UUID) -> Reply:
        rows = await self._database.fetch(_ONE, organization=organization, id=channel)
        if not rows:
            raise ChannelNotFound("the organization does not have this channel")
        return _reply(organization, rows[0])

    async def create(self, connection: Connection, change: Change, body: ChannelBody) -> Reply:
        given = {"organization": change.organization}
        if not await _run(connection, _ORGANIZATION, given):
            raise _not_registered(change.organization)
        self._check(body.target)
        await _run(connection, _ALONE, given)
        [row] = await _run(connection, _COUNT, given)
        if row["number"] >= MOST_CHANNELS:
            raise Conflict(f"an organization has at most {MOST_CHANNELS} channels")
        made = await self._write(connection, _INSERT, change.organization, uuid4(), body)
        subject = (DOMAIN, str(made["id"]))
        await change.audit(connection, subject, "create", before=None, after=shown(made))
        return _reply(change.organization, made, HTTPStatus.CREATED)

    async def replace(self, connection: Connection, change: Change, channel: UUID, body: ChannelBody) -> Reply:
        before = await _locked(connection, change, channel)
        change.check_version(before["version"])
        target = body.target
        known = self._secrets(change.organization, before) if target.SECRET and before["kind"] == target.kind else {}
        target = target.keeping(before["target"], known)
        body = body.model_copy(update={"target": target})
        self._check(target)
        after = await self._write(connection, _UPDATE, change.organization, channel, body)
        subject = (DOMAIN, str(channel))
        written = shown(after) | {"secret_changed": known != target.secrets}
        await change.audit(connection, subject, "change", before=shown(before), after=written)
        return _reply(change.organization, after)

    async def delete(self, connection: Connection, change: Change, channel: UUID) -> Reply:
        """Its notifications that are not delivered yet are dead, and budgets do not have it any more."""
        before = await _locked(connection, change, channel)
        change.check_version(before["version"])
        given = {"organization": change.organization, "id": channel}
        await connection.execute(_DELETE, given, prepare=False)
        await connection.execute(_END_DELIVERIES, given, prepare=False)
        budgets = [row["id"] for row in await _run(connection, _FORGET, given)]
        await connection.execute(_TELL, given | {"actor": change.actor, "budgets": budgets}, prepare=False)
        await change.audit(connection, (DOMAIN, str(channel)), "delete", before=shown(before), after=None)
        return Reply(HTTPStatus.OK, _owned(change.organization, id=str(channel)))

    async def test(self, connection: Connection, change: Change, channel: UUID) -> Reply:
        """Puts a message into the outbox, like every other one."""
        row = await _locked(connection, change, channel)
        if not row["enabled"]:
            raise Conflict("the channel is disabled")
        name = row["name"]
        text = f"This is a test of the channel {name} of the organization {change.organization}."
        labels = {"channel": str(channel)}
        event = Event("test", "info", f"Test of {name}", text, datetime.now(UTC), labels)
        [delivery] = await enqueue(connection, change.organization, event, [channel])
        await change.audit(connection, (DOMAIN, str(channel)), "test", before=None, after={"delivery": str(delivery)})
        return await read_delivery(connection, change.organization, delivery, HTTPStatus.ACCEPTED)

    def _check(self, target: Target) -> None:
        if missing := sorted(target.missing):
            raise invalid(
                "required", f"{missing[0]} is required, also after a change of the other members", "target", missing[0]
            )
        if target.kind == "email" and not self._offers_mail:
            raise NotOffered("This installation has no mail server")
        if url := getattr(target, "url", None):
            try:
                self._guard.read(url)
            except BadUrl as error:
                raise invalid("refused", str(error), "target", "url") from None

    def _secrets(self, organization: str, row: Row) -> dict[str, Any]:
        if row["sealed"] is None:
            return {}
        try:
            return self._sealer.open(organization, str(row["id"]), row["sealed"])
        except NoKeyError:
            raise _no_key() from None
        except UnreadableError:
            raise Conflict("the stored secret cannot be decrypted: delete the channel, and create it again") from None

    async def _write(
        self, connection: Connection, query: LiteralString, organization: str, channel: UUID, body: ChannelBody
    ) -> Row:
        target = body.target
        try:
            sealed = self._sealer.seal(organization, str(channel), target.secrets) if target.secrets else None
        except NoKeyError:
            raise _no_key() from None
        given = {"organization": organization, "id": channel, "name": body.name, "kind": target.kind}
        given |= {"enabled": body.enabled, "target": Jsonb(target.shown), "sealed": sealed}
        try:
            [row] = await _run(connection, query, given)
        except UniqueViolation:
            raise Conflict("the organization has another channel with this name") from None
        return row


def shown(row: Row) -> dict[str, Any]:
    """What may be read again. `secret_set`: it has a secret, which is never read."""
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "enabled": row["enabled"],
        "target": row["target"],
        "secret_set": row["sealed"] is not None,
        "created_at": rfc3339(row["created_at"]),
        "updated_at": rfc3339(row["updated_at"]),
    }


def _reply(organization: str, row: Row, status: int = HTTPStatus.OK) -> Reply:
    return Reply(status, _owned(organization, **shown(row)), row["version"])


def _owned(organization: str, **members: Any) -> dict[str, Any]:
    return {"organization": organization, **members}


def _not_registered(organization: str) -> OrganizationNotFound:
    return OrganizationNotFound(f"Organization {organization} is not registered")


def _no_key() -> NotOffered:
    return NotOffered("This installation has no key for the secrets of channels")


async def _locked(connection: Connection, change: Change, channel: UUID) -> Row:
    """The row, until the end of the transaction. Raises ChannelNotFound."""
    given = {"organization": change.organization, "id": channel}
    rows = await _run(connection, _ONE + " FOR UPDATE", given)
    if not rows:
        raise ChannelNotFound("the organization does not have this channel")
    return rows[0]


async def _run(connection: Connection, query: LiteralString, given: dict[str, Any]) -> list[Row]:
    return await (await connection.execute(query, given, prepare=False)).fetchall()
