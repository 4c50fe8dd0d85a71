"""Unusual days that the worker has found. They are used only if nothing that they depend on has changed since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from billing_service import strict_json
from billing_service.database import Connection
from billing_service.forecasts.anomalies import Anomaly
from billing_service.forecasts.inputs import Fetch
from billing_service.forecasts.stored import state_of
from billing_service.forecasts.unusual import unusual_days
from billing_service.forecasts.window import MOST_DAYS
from billing_service.render import text
from billing_service.trends.usage import Scope

_STORED: LiteralString = """
    SELECT body FROM unusual_days
    WHERE organization = %(organization)s AND namespace = %(namespace)s AND state = %(state)s
      AND newest <= %(until)s::date AND since <= greatest(%(since)s::date, newest - %(most)s::integer)
      AND until > greatest(%(since)s::date, newest - %(most)s::integer)
"""
_FOUND: LiteralString = """
    SELECT history, found FROM unusual_days WHERE organization = %(organization)s
"""
_DELETE: LiteralString = "DELETE FROM unusual_days WHERE organization = %(organization)s"
_INSERT: LiteralString = """
    INSERT INTO unusual_days (organization, namespace, since, until, newest, state, history, found, body)
    VALUES (%(organization)s, %(namespace)s, %(since)s, %(until)s, %(newest)s, %(state)s, %(history)s, %(found)s,
            %(body)s)
"""


@dataclass(frozen=True)
class Kept:
    """`namespace` '' is the organization. `since`, `until`: the first days of the ranges that it is for.

    `history`: a hash of what `found` comes from. `days`: the response.
    """

    namespace: str
    since: date
    until: date
    history: str
    found: Sequence[Anomaly]
    days: Sequence[dict[str, Any]]


async def shown_days(
    fetch: Fetch, scope: Scope, since: date, until: date, now: datetime | None
) -> list[dict[str, Any]]:
    """As `unusual_days`: the stored ones of this data version, or computed now."""
    if scope.namespaces is None:
        state = await state_of(fetch, scope.organization, None, now)
        rows = await fetch(
            _STORED,
            organization=scope.organization,
            namespace=scope.namespace or "",
            state=state,
            since=since,
            until=until,
            most=MOST_DAYS,
        )
        if rows:
            first = since.isoformat()
            return [day for day in strict_json.loads(rows[0]["body"]) if day["date"] >= first]
    return await unusual_days(fetch, scope, since, until, now)


async def found_before(fetch: Fetch, organization: str) -> dict[str, list[Anomaly]]:
    """By the hash of the history."""
    rows = await fetch(_FOUND, organization=organization)
    return {row["history"]: [_anomaly(*values) for values in strict_json.loads(row["found"])] for row in rows}


def _anomaly(day: str, *values: Any) -> Anomaly:
    return Anomaly(date.fromisoformat(day), *map(float, values))


async def keep(connection: Connection, organization: str, newest: date, state: str, found: Iterable[Kept]) -> None:
    """In the place of the organization's older ones."""
    rows = [
        {
            "organization": organization,
            "namespace": one.namespace,
            "since": one.since,
            "until": one.until,
            "newest": newest,
            "state": state,
            "history": one.history,
            "found": text([[day.day.isoformat(), *map(repr, _numbers(day))] for day in one.found]),
            "body": text(one.days),
        }
        for one in found
    ]
    async with connection.transaction():
        await connection.execute(_DELETE, {"organization": organization})
        async with connection.cursor() as cursor:
            await cursor.executemany(_INSERT, rows)


def _numbers(found: Anomaly) -> tuple[float, ...]:
    return found.value, found.p50, found.low, found.high
