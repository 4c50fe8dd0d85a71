"""Usage enters the ledger here: owner, price, quarantine, adjustments, lines and sums, in one transaction.

Importing the same lines again changes nothing. A line is identified by organization, namespace, hour, SKU, workload and
source: a line of another source does not replace it. A changed quantity of a month that is open or over replaces the
line; a changed quantity of a closed month becomes a signed adjustment in the open month.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import islice
from typing import LiteralString

import simplejson

from billing_service.database import Connection
from billing_service.ledger.rating import rating
from billing_service.ledger.script import run, script

LOCK = 5_317_002  # writers of the ledger run one after another
_COPY_LINES = 1000  # in one message
QUANTITY_BOUND = Decimal(1_000_000)  # of one line; the default of the setting
_QUANTITY_DIGITS = Decimal("1e-9")
_SMALLEST_REFUSED = Decimal(10) ** 8

INCOMING: LiteralString = """
    CREATE TEMPORARY TABLE incoming_lines (
        namespace text NOT NULL, hour timestamptz NOT NULL, sku text NOT NULL, workload text NOT NULL,
        quantity numeric NOT NULL, source text NOT NULL, owned_at timestamptz NOT NULL, labels jsonb
    ) ON COMMIT DROP
"""
# The statistics come before the first query. A small sample is enough. There is one writer at a time.
_PREPARE: LiteralString = """
    SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL default_statistics_target = 10;
    ANALYZE incoming_lines
"""
_COPY: LiteralString = (
    "COPY incoming_lines (namespace, hour, sku, workload, quantity, source, owned_at, labels) FROM STDIN"
)
_LABELLED: LiteralString = "SELECT EXISTS (SELECT FROM incoming_lines WHERE labels IS NOT NULL) AS found"
_COUNTS: LiteralString = """
    CREATE TEMPORARY TABLE ingested ON COMMIT DROP AS
    SELECT c.*, r.*, (SELECT count(*) FROM adjusted) AS adjusted
    FROM (
        SELECT count(*) FILTER (WHERE old_quantity IS NULL) AS written, count(old_quantity) AS changed FROM changes
    ) AS c
    CROSS JOIN (SELECT count(reason) AS quarantined, count(*) AS total FROM resolved) AS r;
"""
_ADJUSTED: LiteralString = """
    INSERT INTO touched SELECT DISTINCT organization FROM adjusted EXCEPT SELECT organization FROM touched;
    DROP TABLE owners, rates, resolved, adjusted, incoming_lines;
"""
_PARTITIONS: LiteralString = """
    SELECT ensure_partitions(month, month)
    FROM (
        SELECT DISTINCT date_trunc('month', hour, 'UTC') AS month
        FROM (SELECT DISTINCT hour FROM incoming_lines) AS hours
    ) AS months
"""
_RESULT: LiteralString = "SELECT * FROM ingested"


@dataclass(frozen=True)
class UsageLine:
    """`hour` is the start of an hour in UTC. `workload` is `Deployment/api`, or `-` if there is none.

    The line belongs to the owner of the namespace at `owned_at` (default: at the start of the hour), or to the next
    owner within the hour. A meter that sees the owner change within the hour writes one line for each owner.
    """

    namespace: str
    hour: datetime
    sku: str
    workload: str
    quantity: Decimal
    source: str
    owned_at: datetime | None = None
    labels: Mapping[str, str] | None = None  # of the workload in this hour; None: not known


@dataclass(frozen=True)
class Ingested:
    """Numbers of lines. `quarantined` lines are listed by the command `quarantine`."""

    written: int
    changed: int
    adjusted: int
    quarantined: int
    unchanged: int


async def ingest(
    connection: Connection,
    lines: Iterable[UsageLine],
    *,
    now: datetime | None = None,
    quantity_bound: Decimal = QUANTITY_BOUND,
) -> Ingested:
    """Runs in one transaction, or in the caller's. `now` is for tests; the default is the database's clock.

    Raises ValueError: a quantity is negative, not finite or not below 10^8, an hour has not ended or does not begin on
    the hour, or a line comes twice. Then nothing is written.
    """
    lines = iter(lines)
    async with connection.transaction():
        await lock(connection)
        await connection.execute(INCOMING)
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            while block := "".join(map(_text, islice(lines, _COPY_LINES))):
                await copy.write(block)
        [labels] = await (await connection.execute(_LABELLED)).fetchall()
        return await ingest_staged(connection, now=now, quantity_bound=quantity_bound, labelled=labels["found"])


async def ingest_staged(
    connection: Connection, *, now: datetime | None, quantity_bound: Decimal, labelled: bool = False
) -> Ingested:
    """As `ingest`, with the rows of the temporary table `incoming_lines`, within the caller's transaction and lock.

    `labelled`: rows can have labels of their workload.
    """
    await connection.execute(_PREPARE)
    moment, span = await _checked(connection, now)
    if span is None:
        await connection.execute("DROP TABLE incoming_lines")
        return Ingested(0, 0, 0, 0, 0)
    special = await rating(connection)
    arguments = {"now": moment, "bound": quantity_bound, "first": span[0], "last": span[1] + special.reach}
    await connection.execute(_PARTITIONS)
    sql = script("ledger/resolve.sql") + _COUNTS + special.amounts + special.adjusted + script("ledger/adjust.sql")
    sql += script("ledger/book.sql") + special.kept
    sql += script("ledger/labels_given.sql") + script("ledger/labels.sql") if labelled else ""
    sql += _ADJUSTED
    [row] = await run(connection, sql + script("ledger/refresh.sql") + _RESULT, arguments)
    await connection.execute("DROP TABLE ingested")
    done = row["written"] + row["changed"] + row["adjusted"] + row["quarantined"]
    return Ingested(row["written"], row["changed"], row["adjusted"], row["quarantined"], row["total"] - done)


async def lock(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


async def record_hour(
    connection: Connection, source: str, hour: datetime, samples_expected: int, samples_seen: int
) -> None:
    """Keeps how many of the hour's samples `source` had. Called after `ingest` of the hour, in the same transaction.

    The hour counts as measured for every organization that owns a namespace, also if it has no line.
    """
    async with connection.transaction():
        await lock(connection)
        stored = await connection.execute(_RECORD_HOUR, [source, hour, samples_expected, samples_seen])
        if stored.rowcount:
            arguments = {"source": source, "hour": hour, "complete": samples_seen >= samples_expected}
            await run(connection, _HOUR_IS_THERE + script("ledger/refresh.sql"), arguments)


_RECORD_HOUR: LiteralString = """
    INSERT INTO hours AS h (source, hour, samples_expected, samples_seen) VALUES (%s, %s, %s, %s)
    ON CONFLICT (source, hour) DO UPDATE
    SET samples_expected = excluded.samples_expected, samples_seen = excluded.samples_seen, recorded_at = now()
    WHERE (h.samples_expected, h.samples_seen) <> (excluded.samples_expected, excluded.samples_seen)
"""
_HOUR_IS_THERE: LiteralString = """
    INSERT INTO sources AS s VALUES (%(source)s, %(hour)s)
    ON CONFLICT (source) DO UPDATE
    SET first_hour = least(s.first_hour, excluded.first_hour), -- a source that ended, and has a later hour, goes on
        ended_at = CASE WHEN excluded.first_hour < s.ended_at THEN s.ended_at END
    WHERE excluded.first_hour < s.first_hour OR excluded.first_hour >= s.ended_at;
    INSERT INTO source_months AS m
    SELECT %(source)s, period::date, CASE WHEN %(complete)s THEN bit_of(%(hour)s, period::date) ELSE 0::bit(772) END
    FROM generate_series(date_trunc('month', %(hour)s::timestamptz AT TIME ZONE 'UTC' - interval '14 hours'),
                         date_trunc('month', %(hour)s::timestamptz AT TIME ZONE 'UTC' + interval '14 hours'),
                         interval '1 month') AS period
    ON CONFLICT (source, period) DO UPDATE
    SET complete = CASE WHEN %(complete)s THEN m.complete | excluded.complete
                        ELSE m.complete & ~bit_of(%(hour)s, excluded.period) END;
    INSERT INTO organization_state AS s
    SELECT DISTINCT organization, %(hour)s::timestamptz, %(hour)s::timestamptz + interval '1 hour' FROM ownership
    WHERE validity && tstzrange(%(hour)s::timestamptz, %(hour)s::timestamptz + interval '1 hour')
    ON CONFLICT (organization) DO UPDATE
    SET first_hour = least(s.first_hour, excluded.first_hour), as_of = greatest(s.as_of, excluded.as_of);
    CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
    SELECT DISTINCT organization FROM ownership
    WHERE validity && tstzrange(%(hour)s::timestamptz, %(hour)s::timestamptz + interval '1 hour');
"""


def _text(line: UsageLine) -> str:
    """A row of COPY's text format: in blocks, it takes less than half the time of psycopg's rows."""
    if not line.quantity.is_finite() or line.quantity < 0 or line.quantity >= _SMALLEST_REFUSED:
        raise ValueError(f"{line.namespace} {line.hour} {line.sku}: the quantity must be from 0 to below 10^8")
    quantity = line.quantity.quantize(_QUANTITY_DIGITS, ROUND_HALF_UP)
    hour = _moment(line.hour)
    owned_at = _moment(line.owned_at) if line.owned_at else hour
    names = f"{_escaped(line.namespace)}\t{hour}\t{_escaped(line.sku)}\t{_escaped(line.workload)}"
    labels = _escaped(simplejson.dumps(dict(line.labels))) if line.labels else "\\N"
    return f"{names}\t{quantity}\t{_escaped(line.source)}\t{owned_at}\t{labels}\n"


@lru_cache(maxsize=65_536)
def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@lru_cache(maxsize=4096)
def _moment(moment: datetime) -> str:
    """In UTC: an hour is equal in each zone, and the cache does not have the zone."""
    return moment.astimezone(UTC).isoformat()


async def _checked(connection: Connection, now: datetime | None) -> tuple[datetime, tuple[datetime, datetime] | None]:
    """The moment, and the first and the last hour. Raises ValueError."""
    query = """
        SELECT coalesce(%(now)s::timestamptz, now()) AS now, min(hour) AS first, max(hour) AS last,
               max(hour) + interval '1 hour' > coalesce(%(now)s::timestamptz, now()) AS running,
               coalesce(sum(lines) FILTER (WHERE date_trunc('hour', hour, 'UTC') <> hour OR owned_at < hour
                                              OR owned_at >= hour + interval '1 hour'), 0) AS askew,
               (SELECT count(*) FROM (
                   SELECT FROM incoming_lines GROUP BY namespace, hour, sku, workload, source, owned_at
                   HAVING count(*) > 1) AS twice) AS twice
        FROM (SELECT hour, owned_at, count(*) AS lines FROM incoming_lines GROUP BY hour, owned_at) AS hours
    """
    [row] = await (await connection.execute(query, {"now": now})).fetchall()
    if row["running"]:
        raise ValueError(f"the hour {row['last']} has not ended: it can be booked after its end")
    if row["askew"]:
        raise ValueError(f"{row['askew']} lines have an hour that does not begin on the hour, or an owner outside it")
    if row["twice"]:
        raise ValueError(f"{row['twice']} lines come twice: namespace, hour, SKU, workload and source are equal")
    return row["now"], None if row["first"] is None else (row["first"], row["last"])
