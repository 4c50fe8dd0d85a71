"""Demo data, written as CSV files and loaded by the same import as real data.

Usage is a pure function of (seed, namespace, hour): each run computes the same numbers for an hour, and adds only the
hours since the last run. It starts 90 days before the last full hour, so the last day is never empty. Month to date is
0 in the first hour of a month, as with real data.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from billing_service.database import Connection
from billing_service.import_kind import Kind
from billing_service.import_kinds import INSTANCES, ORGANIZATIONS, PRICES, PROJECTS, USAGE
from billing_service.importer import SOURCE, Imported, import_file

SEED = 7
DAYS = 90

CURRENCIES = {"acme": "EUR", "acme-prod": "EUR", "globex": "USD"}

# acme-prod-web belongs to acme-prod, although its name begins with acme-: a name does not define the owner.
PROJECT_OWNERS = {
    "acme-web": "acme",
    "acme-data": "acme",
    "acme-ci": "acme",
    "acme-mail": "acme",
    "acme-staging": "acme",
    "acme-ml": "acme",
    "acme-prod-web": "acme-prod",
    "acme-prod-db": "acme-prod",
    "globex-shop": "globex",
    "globex-crm": "globex",
    "globex-lab": "globex",
    "globex-site": "globex",
}

# Per unit, the same number in each currency. In October 2026 the cpu price fell and the public IP price rose.
PRICE_LIST = [
    ("cpu_core_hour", "0.0325", "2025-01-01T00:00:00Z"),
    ("memory_gib_hour", "0.0046", "2025-01-01T00:00:00Z"),
    ("storage_gib_hour", "0.00014", "2025-01-01T00:00:00Z"),
    ("network_gib", "0.0090", "2025-01-01T00:00:00Z"),
    ("public_ip_hour", "0.0040", "2025-01-01T00:00:00Z"),
    ("cpu_core_hour", "0.0298", "2026-10-12T00:00:00Z"),
    ("public_ip_hour", "0.0050", "2026-10-12T00:00:00Z"),
]

# Of what only the meter writes: it reads PROMETHEUS_URL, if `make run` has it.
METERED_PRICES = [
    ("load_balancer_hour", "0.0120", "2025-01-01T00:00:00Z"),
    ("gpu_hour", "0.9000", "2025-01-01T00:00:00Z"),
]

_SATURDAY = 5


def usage_row(namespace: str, hour: datetime, seed: int = SEED) -> tuple[object, ...]:
    """One line of the usage file. Usage is high in working hours (UTC), low at night and at the weekend."""
    size = 1 + _hash(seed, namespace) % 12  # a small project has 1 core, a large one has 12
    by_day = 100 - 6 * abs(hour.hour - 13)  # percent: 100 at 13:00, 22 at midnight
    by_week = 55 if hour.weekday() >= _SATURDAY else 100
    noise = 90 + _hash(seed, namespace, hour.isoformat()) % 21
    load = size * by_day * by_week * noise  # 1_000_000 is one core at its busiest
    cores = Decimal(load) / 1_000_000
    memory = size * Decimal("2.5") + cores * Decimal("1.5")
    storage = Decimal(40 * size + hour.toordinal() % 30)  # grows by 1 GiB per day, and is reset every 30 days
    network = cores * Decimal("0.8")
    addresses = Decimal(_hash(seed, namespace, "addresses") % 3)
    quantities = (cores, memory, storage, network, addresses)
    return (namespace, _rfc3339(hour), *(format(quantity, "f") for quantity in quantities))


def instances_row(namespace: str, hour: datetime, seed: int = SEED) -> tuple[object, ...]:
    """The running instances, consistent with the usage of the last full hour."""
    _, _, cores, memory, *_ = usage_row(namespace, hour, seed)
    size = 1 + _hash(seed, namespace) % 12
    return (namespace, 2 * size + 1, size // 4, cores, memory)


async def load(connection: Connection, folder: Path) -> list[Imported]:
    """Writes the files to `folder` and imports them. Usage is written only for the hours that are missing."""
    [now] = await (await connection.execute("SELECT now()")).fetchall()
    last_hour = now["now"].astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    rows = await connection.execute(
        "SELECT namespace, max(hour) AS hour FROM usage_lines WHERE organization = ANY(%s) AND namespace = ANY(%s)"
        " AND source = %s GROUP BY namespace",
        [list(CURRENCIES), list(PROJECT_OWNERS), SOURCE],
    )
    newest = {row["namespace"]: row["hour"].astimezone(UTC) async for row in rows}
    listed = (*PRICE_LIST, *METERED_PRICES)
    prices = ((resource, currency, *price) for currency in ("EUR", "USD") for resource, *price in listed)
    files = [
        _write(folder, ORGANIZATIONS, CURRENCIES.items()),
        _write(folder, PROJECTS, PROJECT_OWNERS.items()),
        _write(folder, PRICES, prices),
        _write(folder, USAGE, _missing_usage(newest, last_hour)),
        _write(folder, INSTANCES, (instances_row(namespace, last_hour) for namespace in PROJECT_OWNERS)),
    ]
    return [await import_file(connection, file) for file in files if file]


def _missing_usage(newest: Mapping[str, datetime], last_hour: datetime) -> Iterator[tuple[object, ...]]:
    first_hour = last_hour - timedelta(days=DAYS) + timedelta(hours=1)
    for namespace in PROJECT_OWNERS:
        hour = newest.get(namespace, first_hour - timedelta(hours=1)) + timedelta(hours=1)
        hour = max(hour, first_hour)
        while hour <= last_hour:
            yield usage_row(namespace, hour)
            hour += timedelta(hours=1)


def _write(folder: Path, kind: Kind, rows: Iterable[tuple[object, ...]]) -> Path | None:
    """None if there are no rows, because an import rejects a file without data lines."""
    path = folder / f"{kind.name}.csv"
    left = iter(rows)
    first = next(left, None)
    if first is None:
        return None
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(kind.header)
        writer.writerow(first)
        writer.writerows(left)
    return path


def _hash(*parts: object) -> int:
    text = "|".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _rfc3339(hour: datetime) -> str:
    return hour.strftime("%Y-%m-%dT%H:%M:%SZ")
