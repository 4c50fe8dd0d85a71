"""Small helpers for tests of the ledger: a world of two organizations, lines, and the sums of every table."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing_service.database import Connection
from billing_service.ledger.ingest import UsageLine

START = datetime(2026, 8, 1, tzinfo=UTC)

SUMS = {
    "lines": "SELECT coalesce(sum(quantity), 0) AS q, coalesce(sum(amount), 0) AS a, count(*) AS n FROM usage_lines",
    **{
        table: f"SELECT coalesce(sum(quantity), 0) AS q, coalesce(sum(amount), 0) AS a, coalesce(sum(lines), 0) AS n"
        f" FROM {table}"
        for table in ("rollup_daily", "rollup_monthly", "organization_daily", "organization_monthly")
    },
}


def at(text: str) -> datetime:
    """`08-01T10` is an hour of 2026 in UTC."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%dT%H").replace(tzinfo=UTC)


def line(hour: datetime, quantity: str, **other: str) -> UsageLine:
    given = {"namespace": "acme-web", "sku": "cpu_core_hour", "workload": "-", "source": "csv"} | other
    return UsageLine(hour=hour, quantity=Decimal(quantity), **given)


def hours(first: datetime, number: int, quantity: str, **other: str) -> list[UsageLine]:
    return [line(first + timedelta(hours=later), quantity, **other) for later in range(number)]


async def sums(connection: Connection) -> tuple[Decimal, Decimal, int]:
    """Quantity, amount and number of lines. Every table must have the same."""
    seen = {}
    for name, query in SUMS.items():
        [row] = await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]  # made of constants
        seen[name] = (row["q"], row["a"], row["n"])
    assert len(set(seen.values())) == 1, seen
    return seen["lines"]


async def found(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) async for row in await connection.execute(query)]  # type: ignore[arg-type]
