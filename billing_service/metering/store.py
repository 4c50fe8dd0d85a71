"""Hands the reading of an hour to the ledger, in one transaction."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.ingest import UsageLine, ingest, lock, record_hour
from billing_service.ledger.versions import count
from billing_service.metering.owners import Owned, Owners
from billing_service.metering.usage import Instances, Reading

_logger = logging.getLogger("billing_service")

_NEWEST: LiteralString = "SELECT max(hour) AS hour FROM hours WHERE source = %s"
_HOLES: LiteralString = """
    SELECT g.hour FROM (
        SELECT greatest(min(hour), %(since)s::timestamptz) AS first, max(hour) AS last
        FROM hours WHERE source = %(source)s HAVING count(*) > 0
    ) AS s
    CROSS JOIN generate_series(s.first, s.last, interval '1 hour') AS g (hour)
    WHERE g.hour < %(until)s::timestamptz
      AND NOT EXISTS (SELECT FROM hours AS h WHERE h.source = %(source)s AND h.hour = g.hour)
    ORDER BY g.hour
"""
_SEEN: LiteralString = "SELECT samples_seen FROM hours WHERE source = %s AND hour = %s"
# The namespaces that had several owners in the hour. An owner that comes back has one line.
_OWNERS: LiteralString = """
    SELECT namespace, organization, life, since,
           min(since) OVER (PARTITION BY namespace, organization, life) AS owned_at
    FROM (
        SELECT *, CASE WHEN row_number() OVER own = 1 THEN %(hour)s::timestamptz ELSE lower(validity) END AS since,
               count(*) OVER (PARTITION BY namespace) AS owners
        FROM ownership WHERE validity && tstzrange(%(hour)s::timestamptz, %(hour)s::timestamptz + interval '1 hour')
        WINDOW own AS (PARTITION BY namespace ORDER BY lower(validity) NULLS FIRST)
    ) AS o
    WHERE owners > 1 ORDER BY namespace, since
"""
_STORED: LiteralString = (
    "WITH o AS ("
    + _OWNERS
    + """)
    SELECT DISTINCT l.namespace, s.code AS sku, l.workload, coalesce(o.owned_at, %(hour)s::timestamptz) AS owned_at
    FROM usage_lines AS l JOIN skus AS s ON s.id = l.sku
    LEFT JOIN o ON o.namespace = l.namespace AND o.organization = l.organization AND o.life = l.life
    WHERE l.source = %(source)s AND l.hour = %(hour)s AND l.quantity > 0
    UNION SELECT namespace, sku, workload, owned_at FROM quarantine
    WHERE source = %(source)s AND hour = %(hour)s AND quantity > 0
    UNION SELECT a.namespace, s.code, a.workload, coalesce(o.owned_at, %(hour)s::timestamptz)
    FROM ( -- of a closed month: lines that came after its end
        SELECT organization, namespace, life, sku, workload FROM adjustments
        WHERE source = %(source)s AND refers_hour = %(hour)s
        GROUP BY organization, namespace, life, sku, workload HAVING sum(quantity) > 0
    ) AS a
    JOIN skus AS s ON s.id = a.sku
    LEFT JOIN o ON o.namespace = a.namespace AND o.organization = a.organization AND o.life = a.life
"""
)
_INSTANCES: LiteralString = """
    INSERT INTO instances AS i
        (organization, namespace, running_pods, running_vms, cpu_cores, memory_gib, measured_at)
    SELECT o.organization, m.namespace, m.pods, m.vms, m.cores, m.memory, %(end)s::timestamptz
    FROM unnest(%(namespaces)s::text[], %(pods)s::integer[], %(vms)s::integer[], %(cores)s::numeric[],
                %(memory)s::numeric[]) AS m (namespace, pods, vms, cores, memory)
    JOIN ownership AS o ON o.namespace = m.namespace AND o.validity @> %(last)s::timestamptz
    ON CONFLICT (organization, namespace) DO UPDATE
    SET running_pods = excluded.running_pods, running_vms = excluded.running_vms, cpu_cores = excluded.cpu_cores,
        memory_gib = excluded.memory_gib, measured_at = excluded.measured_at
    WHERE i.measured_at IS NULL OR i.measured_at < excluded.measured_at
    RETURNING organization
"""


class LedgerStore:
    """Raises psycopg.Error, and ValueError of `ingest`: then nothing of the hour is stored."""

    def __init__(self, connection: Connection, quantity_bound: Decimal) -> None:
        self._connection = connection
        self._quantity_bound = quantity_bound

    async def newest_hour(self, source: str) -> datetime | None:
        [row] = await (await self._connection.execute(_NEWEST, [source])).fetchall()
        hour: datetime | None = row["hour"]
        return hour

    async def holes(self, source: str, since: datetime, until: datetime) -> list[datetime]:
        rows = await self._connection.execute(_HOLES, {"source": source, "since": since, "until": until})
        return [row["hour"] async for row in rows]

    async def owners(self, hour: datetime) -> Owners:
        found: defaultdict[str, list[Owned]] = defaultdict(list)
        async for row in await self._connection.execute(_OWNERS, {"hour": hour}):
            found[row["namespace"]].append(Owned(row["since"], row["owned_at"]))
        return Owners(hour, found)

    async def store(self, source: str, hour: datetime, reading: Reading) -> int:
        async with self._connection.transaction():
            await lock(self._connection)  # a second meter waits here, and then finds the same lines
            seen = await self._seen(source, hour)
            if seen is not None and reading.samples_seen < seen:
                # The server no longer has the samples of an old hour, or has lost some: what is stored is better.
                fields = {"hour": f"{hour:%Y-%m-%dT%H:%MZ}", "stored": seen, "found": reading.samples_seen}
                _logger.warning("the stored hour has more samples and is kept", extra={"fields": fields})
                return 0
            gone = [] if seen is None else await self._gone(source, hour, reading.lines)
            lines = [*reading.lines, *gone]
            done = await ingest(self._connection, lines, quantity_bound=self._quantity_bound)
            await record_hour(self._connection, source, hour, reading.samples_expected, reading.samples_seen)
            if reading.instances is not None:
                await self._count_instances(reading.instances, hour)
        return done.written + done.changed + done.adjusted + done.quarantined

    async def _count_instances(self, instances: Sequence[Instances], hour: datetime) -> None:
        written = await self._connection.execute(_INSTANCES, _columns(instances, hour))
        await count(self._connection, [row["organization"] async for row in written])

    async def _seen(self, source: str, hour: datetime) -> int | None:
        rows = await (await self._connection.execute(_SEEN, [source, hour])).fetchall()
        return rows[0]["samples_seen"] if rows else None

    async def _gone(self, source: str, hour: datetime, lines: Sequence[UsageLine]) -> list[UsageLine]:
        """Lines that an earlier reading of the hour had and this one has not: they become 0."""
        stored = await self._connection.execute(_STORED, {"source": source, "hour": hour})
        there = {(line.namespace, line.sku, line.workload, line.owned_at or hour) for line in lines}
        keys = [(row["namespace"], row["sku"], row["workload"], row["owned_at"]) async for row in stored]
        return [
            UsageLine(namespace, hour, sku, workload, Decimal(0), source, owned_at)
            for namespace, sku, workload, owned_at in keys
            if (namespace, sku, workload, owned_at) not in there
        ]


def _columns(instances: Sequence[Instances], hour: datetime) -> dict[str, object]:
    return {
        "namespaces": [one.namespace for one in instances],
        "pods": [one.running_pods for one in instances],
        "vms": [one.running_vms for one in instances],
        "cores": [one.cpu_cores for one in instances],
        "memory": [one.memory_gib for one in instances],
        "last": hour + timedelta(minutes=55),
        "end": hour + timedelta(hours=1),
    }
