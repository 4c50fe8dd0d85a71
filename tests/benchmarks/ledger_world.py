"""The data of the ledger's benchmark: an organization of 500 projects with 13 months, and two without a past.

Lines of the past are booked by the program's own SQL (ledger/book.sql and refresh.sql), a month at a time: only what
ledger/resolve.sql finds (owner, price, amount) is written here. `reconcile` compares all sums afterwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, LiteralString

from billing_service.database import Connection
from billing_service.ledger.ingest import UsageLine
from billing_service.ledger.script import run, script

NOW: Final = datetime(2025, 11, 21, tzinfo=UTC)
FIRST_DAY: Final = datetime(2024, 11, 1, tzinfo=UTC)  # 13 months, with the running one
RUNNING: Final = NOW.replace(day=1)
BIG: Final = "o-big"
SKUS: Final = ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")

_FACTS: LiteralString = """
    INSERT INTO organizations VALUES ('o-1'), ('o-2'), ('o-big');
    INSERT INTO organization_terms SELECT name, '(,)', 'EUR', 'Europe/Berlin' FROM organizations;
    INSERT INTO ownership SELECT format('p-%%s-%%s', o, p), 'o-' || o, '', 1, '(,)'
    FROM generate_series(1, 2) AS o, generate_series(1, %(projects)s) AS p;
    INSERT INTO ownership SELECT 'b-' || p, 'o-big', '', 1, '(,)' FROM generate_series(1, %(big)s) AS p;
    INSERT INTO prices SELECT id, '', id, 'EUR', round(id / 100.0, 2), '(,)' FROM skus WHERE id <= 5;
    SELECT ensure_partitions(%(first)s, %(now)s);
    ANALYZE;
"""
# The first hours of each day; in the running month, every hour.
_CHANGES: LiteralString = """
    CREATE TEMPORARY TABLE changes ON COMMIT DROP AS
    SELECT 'o-1' AS organization, 'p-1-' || p AS namespace, 1::smallint AS life, h.hour,
           k.id AS sku, 'Deployment/api' AS workload, 'bench' AS source, h.day,
           date_trunc('month', h.day)::date AS period,
           NULL::numeric AS old_quantity, NULL::numeric AS old_amount, NULL::text AS old_currency,
           q.quantity AS new_quantity, q.quantity * r.unit_price::numeric AS new_amount, 'EUR' AS new_currency,
           r.id AS new_price
    FROM (
        SELECT hour, (hour AT TIME ZONE 'Europe/Berlin')::date AS day
        FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 hour') AS hour
        WHERE extract(hour FROM hour AT TIME ZONE 'UTC') < %(hours)s
    ) AS h
    CROSS JOIN generate_series(1, %(projects)s) AS p CROSS JOIN skus AS k JOIN prices AS r ON r.sku = k.id,
    LATERAL (SELECT round(1 + (p * 7 + k.id * 3) %% 11 + extract(hour FROM h.hour) / 7, 6) AS quantity) AS q
    WHERE k.id <= 5;
"""


@dataclass(frozen=True)
class Size:
    """`lines`: about so many, at least one hour of each day."""

    lines: int
    projects: int = 500
    big: int = 10_000

    @property
    def hours_of_a_day(self) -> int:
        """Before the running month."""
        hours = self.lines / (self.projects * len(SKUS)) - 24 * (NOW - RUNNING).days
        return min(24, max(1, round(hours / (RUNNING - FIRST_DAY).days)))

    @property
    def quarter_since(self) -> datetime:
        """From here on, a quarter of the lines, and at least the running month."""
        before, running = (RUNNING - FIRST_DAY).days * self.hours_of_a_day, 24 * (NOW - RUNNING).days
        return RUNNING - timedelta(days=max(0, round(((before + running) / 4 - running) / self.hours_of_a_day)))


async def write_facts(connection: Connection, size: Size) -> None:
    given = {"projects": size.projects, "big": size.big, "first": FIRST_DAY, "now": NOW}
    await run(connection, _FACTS, given)


async def write_past(connection: Connection, size: Size, first: datetime, until: datetime) -> None:
    """Every day, a month after another."""
    sql = _CHANGES + script("ledger/book.sql") + script("ledger/refresh.sql")
    for start, end in _months(first, until):
        hours = 24 if start >= RUNNING else size.hours_of_a_day
        given = {"projects": size.projects, "hours": hours, "first": start, "last": end}
        async with connection.transaction():
            await run(connection, sql, given)


def _months(first: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while first < until:
        following = (first + timedelta(days=32)).replace(day=1)
        yield first, min(following, until) - timedelta(hours=1)
        first = following


def lines_of(namespaces: Sequence[str], first: datetime, hours: int = 1, quantity: str = "1.25") -> list[UsageLine]:
    """Each project has each SKU in each hour, in the order in which a meter writes them: hour by hour."""
    return [
        UsageLine(namespace, first + timedelta(hours=hour), sku, "Deployment/api", Decimal(quantity), "prometheus")
        for hour in range(hours)
        for namespace in namespaces
        for sku in SKUS
    ]
