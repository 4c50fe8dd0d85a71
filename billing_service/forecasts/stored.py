"""Forecasts that the worker has computed. One is used only if nothing that it depends on has changed since."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.forecasts.inputs import Fetch
from billing_service.ledger.script import script

_FORMAT = "1"  # counted up when a forecast of the same data has another form or method
_STORED: LiteralString = """
    SELECT body FROM forecasts
    WHERE organization = %(organization)s AND namespace = %(namespace)s AND horizon = %(horizon)s
      AND level = %(level)s AND state = %(state)s
"""
_DELETE: LiteralString = "DELETE FROM forecasts WHERE organization = %(organization)s"
_INSERT: LiteralString = """
    INSERT INTO forecasts (organization, namespace, horizon, level, state, body)
    VALUES (%(organization)s, %(namespace)s, %(horizon)s, %(level)s, %(state)s, %(body)s)
"""


@dataclass(frozen=True)
class Wanted:
    """`level`: of the intervals, in percent."""

    horizon: str
    level: int


Kept = tuple[str, Wanted, str, str]  # namespace ('' is the organization), what, state, body


async def state_of(fetch: Fetch, organization: str, namespace: str | None, now: datetime | None) -> str | None:
    """What a forecast depends on: the data version and what changes with the clock. None: there is no such owner."""
    rows = await fetch(script("forecasts/state.sql"), organization=organization, namespace=namespace, now=now)
    if not rows:
        return None
    return hashlib.sha256(repr((_FORMAT, sorted(rows[0].items()))).encode()).hexdigest()[:32]


async def stored(fetch: Fetch, organization: str, namespace: str, wanted: Wanted, state: str) -> str | None:
    rows = await fetch(
        _STORED, organization=organization, namespace=namespace, horizon=wanted.horizon, level=wanted.level, state=state
    )
    return rows[0]["body"] if rows else None


async def keep(connection: Connection, organization: str, found: Iterable[Kept]) -> None:
    """In the place of the organization's older ones."""
    rows = [
        {
            "organization": organization,
            "namespace": name,
            "horizon": wanted.horizon,
            "level": wanted.level,
            "state": state,
            "body": body,
        }
        for name, wanted, state, body in found
    ]
    async with connection.transaction():
        await connection.execute(_DELETE, {"organization": organization})
        async with connection.cursor() as cursor:
            await cursor.executemany(_INSERT, rows)
