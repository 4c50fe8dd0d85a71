"""How long rows are kept, and how secrets get the newest key."""

from typing import LiteralString

from billing_service.changes import KEY_HOURS
from billing_service.database import Connection
from billing_service.notifications.seal import Sealer, UnreadableError

DELIVERED_DAYS = 30
DEAD_DAYS = 90

_OLD_KEYS: LiteralString = "DELETE FROM idempotency_keys WHERE created_at < now() - %s * interval '1 hour'"
_OLD_DELIVERIES: LiteralString = """
    DELETE FROM deliveries WHERE state = %s AND settled_at < now() - %s * interval '1 day'
"""
_SEALED: LiteralString = "SELECT organization, id, sealed FROM channels WHERE sealed IS NOT NULL"
_RENEW: LiteralString = """
    UPDATE channels SET sealed = %(renewed)s
    WHERE organization = %(organization)s AND id = %(id)s AND sealed = %(sealed)s
"""


async def forget(connection: Connection) -> None:
    await connection.execute(_OLD_KEYS, [KEY_HOURS])
    for state, days in (("delivered", DELIVERED_DAYS), ("dead", DEAD_DAYS)):
        await connection.execute(_OLD_DELIVERIES, [state, days])


async def reseal(connection: Connection, sealer: Sealer) -> int:
    """Encrypts every secret with the first key, so that an old key can be removed. How many no key decrypts."""
    unreadable = 0
    for row in await (await connection.execute(_SEALED)).fetchall() if sealer.keys else []:
        try:
            renewed = sealer.renew(row["sealed"])
        except UnreadableError:
            unreadable += 1
            continue
        if renewed is not None:
            await connection.execute(_RENEW, row | {"renewed": renewed})
    return unreadable
