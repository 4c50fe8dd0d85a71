"""Stores a reading of the platform's quotas: the newest values, and the largest request of each day."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from billing_service.database import Connection
from billing_service.plans.quota import Quota

_LOCK = 5_317_003  # one reading after another
_STAGE: LiteralString = """
    CREATE TEMPORARY TABLE reading (
        organization text, namespace text, dimension text, uid text, used numeric, hard numeric,
        last_updated timestamptz
    ) ON COMMIT DROP
"""
_COPY: LiteralString = """
    COPY reading (organization, namespace, dimension, uid, used, hard, last_updated) FROM STDIN
"""
# A resource that is gone has no quota any more.
_CLEAR: LiteralString = "DELETE FROM quota_usage"
_KEEP: LiteralString = """
    INSERT INTO quota_usage (organization, namespace, dimension, uid, used, hard, last_updated, read_at)
    SELECT organization, namespace, dimension, uid, used, hard, last_updated, coalesce(%(now)s::timestamptz, now())
    FROM reading ORDER BY 1, 2, 3
"""
# A value that the platform has not updated stays on the day of its update.
_DAYS: LiteralString = """
    INSERT INTO quota_days AS d (organization, uid, dimension, day, used)
    SELECT r.organization, r.uid, r.dimension, (m.moment AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date, r.used
    FROM reading AS r
    CROSS JOIN LATERAL (
        SELECT least(r.last_updated, coalesce(%(now)s::timestamptz, now())) AS moment
    ) AS m
    LEFT JOIN organization_terms AS t ON t.organization = r.organization AND t.validity @> m.moment
    WHERE r.namespace = '' AND r.used IS NOT NULL
    ORDER BY 1, 2, 3
    ON CONFLICT (organization, uid, dimension, day) DO UPDATE SET used = excluded.used WHERE d.used < excluded.used
"""


async def store_quotas(connection: Connection, quotas: Sequence[Quota], now: datetime | None = None) -> None:
    """`quotas` is a complete reading. `now` is for tests; the default is the database's clock."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        await connection.execute(_STAGE)
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for one in quotas:
                row = (one.organization, one.namespace, one.dimension, one.uid, one.used, one.hard, one.last_updated)
                await copy.write_row(row)
        await connection.execute(_CLEAR)
        await connection.execute(_KEEP, {"now": now})
        await connection.execute(_DAYS, {"now": now})
        await connection.execute("DROP TABLE reading")
