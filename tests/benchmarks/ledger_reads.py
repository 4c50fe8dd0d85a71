"""Reading from the ledger, and the same figures by the query of the service before the ledger (the plain way)."""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString, Protocol

from billing_service.database import Connection, Database
from billing_service.explanations.project import explain
from billing_service.figures.overview import overview
from billing_service.figures.projects import project_list
from billing_service.ledger.script import run
from billing_service.render import text
from billing_service.trends.asked import Asked, asked
from billing_service.trends.trend import trend
from billing_service.trends.usage import Scope
from tests.benchmarks.ledger_world import BIG, FIRST_DAY, NOW, Size

_PROJECT_DAYS: LiteralString = """
    SELECT day, sum(amount) AS amount FROM rollup_daily
    WHERE organization = %(organization)s AND namespace = %(namespace)s AND life = 1 AND day >= %(since)s
      AND currency = 'EUR'
    GROUP BY day ORDER BY day
"""
_ORGANIZATION_DAYS: LiteralString = """
    SELECT day, sum(amount) AS amount FROM organization_daily
    WHERE organization = %(organization)s AND day >= %(since)s AND currency = 'EUR' GROUP BY day ORDER BY day
"""
_MONTHS = {"granularity": "day", "from": f"{FIRST_DAY:%Y-%m-%d}", "to": "2025-12-01"}
_PLAIN = Path(__file__).parents[1] / "integration/billing_service/costs_before.sql"
_PLAIN_FACTS: LiteralString = """
    INSERT INTO organizations VALUES ('o-1', 'EUR'), ('o-big', 'EUR');
    INSERT INTO projects SELECT namespace, organization FROM public.ownership WHERE organization IN ('o-1', 'o-big');
    INSERT INTO prices SELECT k.code::resource, 'EUR', p.unit_price::numeric, '2020-01-01Z'
    FROM public.prices AS p JOIN public.skus AS k ON k.id = p.sku;
    INSERT INTO usage SELECT l.namespace, k.code::resource, l.hour, sum(l.quantity)
    FROM public.usage_lines AS l JOIN public.skus AS k ON k.id = l.sku WHERE l.organization IN ('o-1', 'o-big')
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
"""
_PARTS = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")


class Adds(Protocol):
    def add(self, what: str, figure: str, floor: str = "") -> None: ...


@dataclass(frozen=True)
class Times:
    """Milliseconds."""

    sorted: Sequence[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.sorted)

    @property
    def p99(self) -> float:
        return self.sorted[min(len(self.sorted) - 1, int(len(self.sorted) * 0.99))]

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f}, p99 {self.p99:.1f} ms, n={len(self.sorted)}"


async def timed(times: int, measure: Callable[[int], Awaitable[Any]]) -> Times:
    """The first two are not counted: connection, plans, cache."""
    found = []
    for number in range(times + 2):
        started = time.perf_counter()
        await measure(number)
        found.append((time.perf_counter() - started) * 1e3)
    return Times(sorted(found[2:]))


async def measure(database: Database, size: Size, repeats: int, report: Adds) -> float:
    """Returns the median of an overview in ms."""
    chosen = random.Random(13)
    projects = [f"p-1-{chosen.randint(1, size.projects)}" for _ in range(repeats + 2)]

    async def one(number: int) -> None:
        text(await overview(database, "o-1", projects[number % len(projects)], NOW))

    found = await timed(repeats, one)
    report.add("overview, one client", str(found), "p50 <= 3, p99 <= 15 ms")
    await _many(one, repeats, report)
    for name, organization, floor in ((size.projects, "o-1", "p50 <= 20 ms"), (size.big, BIG, "p50 <= 200 ms")):

        async def listed(_: int, organization: str = organization) -> None:
            text(await project_list(database, organization, NOW))

        report.add(f"list of {name:,} projects", str(await timed(max(3, repeats // 20), listed)), floor)
    since = FIRST_DAY.date()
    days: tuple[tuple[str, LiteralString, str], ...] = (
        ("project", _PROJECT_DAYS, "p99 <= 15 ms"),
        ("organization", _ORGANIZATION_DAYS, "p99 <= 40 ms"),
    )
    for name, query, floor in days:

        async def by_day(number: int, query: LiteralString = query) -> None:
            await database.fetch(query, organization="o-1", namespace=projects[number % len(projects)], since=since)

        report.add(f"13 months by day, one {name}: the sums", str(await timed(max(3, repeats // 4), by_day)), floor)
        given = asked(_MONTHS, of_organization=name == "organization")

        async def response(number: int, name: str = name, given: Asked = given) -> None:
            namespace = projects[number % len(projects)] if name == "project" else None
            text(await trend(database, Scope("o-1", namespace=namespace), given, NOW))

        what = f"13 months by day, one {name}: the response"
        report.add(what, str(await timed(max(3, repeats // 4), response)), floor)

    async def explained(number: int) -> None:
        namespace = projects[number % len(projects)]
        text(await explain(database, "o-1", namespace, figure="current_month_total", now=NOW))

    report.add(
        "explain a month of a project, 2 400 lines", str(await timed(max(3, repeats // 10), explained)), "p50 <= 40 ms"
    )
    return found.p50


async def _many(one: Any, repeats: int, report: Adds) -> None:
    clients, errors, times = 32, 0, []

    async def client(first: int) -> None:
        nonlocal errors
        for number in range(first, repeats, clients):
            started = time.perf_counter()
            try:
                await one(number)
            except Exception as error:  # noqa: BLE001 - counted, and shown
                errors += 1
                print(f"  {error!r}")
            times.append((time.perf_counter() - started) * 1e3)

    started = time.perf_counter()
    await asyncio.gather(*(client(n) for n in range(clients)))
    rate = len(times) / (time.perf_counter() - started)
    worst = sorted(times)[int(len(times) * 0.99)]
    report.add("overview, 32 clients, 8 connections", f"{rate:,.0f}/s, p99 {worst:.0f} ms, {errors} errors", "0 errors")


async def measure_plain(connection: Connection, database: Database, size: Size, repeats: int, report: Adds) -> None:
    """In a separate schema, with the lines of two organizations. Raises AssertionError if the figures differ."""
    migrations = files("billing_service").joinpath("migrations")
    tables: Any = migrations.joinpath("0001_schema.sql").read_text(encoding="utf-8")
    await connection.execute("CREATE SCHEMA plain")
    await connection.execute("SET search_path = plain")
    await connection.execute(tables)  # its comments have percent signs
    await run(connection, _PLAIN_FACTS, {})
    await connection.execute("VACUUM ANALYZE usage")
    await connection.execute("SET jit = off")
    query: Any = _PLAIN.read_text(encoding="utf-8")

    async def plain(organization: str, namespace: str | None) -> list[dict[str, Any]]:
        return await run(connection, query, {"organization": organization, "namespace": namespace, "now": NOW} | _PAGE)

    for name, organization, namespace, times in (
        ("overview", "o-1", "p-1-7", max(3, repeats // 4)),
        ("list of 500 projects", "o-1", None, 3),
        ("list of 10 000 projects", BIG, None, 3),
    ):

        async def once(_: int, organization: str = organization, namespace: str | None = namespace) -> None:
            await plain(organization, namespace)

        report.add(f"the plain way: {name}, the query alone", str(await timed(times, once)))
    for number in random.Random(7).sample(range(1, size.projects + 1), 5):
        [expected] = await plain("o-1", f"p-1-{number}")
        found = (await overview(database, "o-1", f"p-1-{number}", NOW))["cost_breakdown"]
        different = [part for part in _PARTS if abs(found[part] - expected[part]) > Decimal("0.01")]
        assert not different, (number, found, expected)
    await connection.execute("RESET search_path")


_PAGE = {"most": None, "after": None}
