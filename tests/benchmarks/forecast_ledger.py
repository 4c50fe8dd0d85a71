"""The time of the forecasts of an organization with 500 projects, with a real PostgreSQL."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from billing_service.database import connect, open_database
from billing_service.forecasts.forecast import organization_forecast, project_forecast
from billing_service.forecasts.stored import Wanted
from billing_service.forecasts.work import refresh
from billing_service.migrate import migrate, shipped
from tests.kit.postgres import Server

PROJECTS = 500
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# The sums of 400 days and four SKUs, as the ledger writes them. No lines: a forecast reads none.
WORLD = f"""
    INSERT INTO organizations (name) VALUES ('acme');
    INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC');
    INSERT INTO ownership SELECT 'acme-' || n, 'acme', '', 1, '(,)' FROM generate_series(1, {PROJECTS}) AS n;
    INSERT INTO prices (id, sku, currency, unit_price, validity)
    SELECT sku, sku, 'EUR', 0.01 * sku, '(,)' FROM generate_series(1, 4) AS sku;
    INSERT INTO rollup_daily
    SELECT 'acme', 'acme-' || n, 1, day::date, sku, 'EUR', q, round(q * 0.01 * sku, 9), 24, 0
    FROM generate_series(1, {PROJECTS}) AS n, generate_series('2025-10-01'::date, '2026-11-20', '1 day') AS day,
         generate_series(1, 4) AS sku,
         LATERAL (
             SELECT round((10 + n % 7 + (extract(isodow FROM day) < 6)::integer * 5 + random())::numeric, 6) AS q
         ) AS r;
    INSERT INTO rollup_monthly
    SELECT organization, date_trunc('month', day)::date, namespace, life, sku, currency, sum(quantity), sum(amount),
           sum(lines), 0 FROM rollup_daily GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO organization_daily
    SELECT organization, day, sku, currency, sum(quantity), sum(amount), sum(lines), 0
    FROM rollup_daily GROUP BY 1, 2, 3, 4;
    INSERT INTO organization_monthly
    SELECT organization, period, sku, currency, sum(quantity), sum(amount), sum(lines), 0
    FROM rollup_monthly GROUP BY 1, 2, 3, 4;
    INSERT INTO project_months
    SELECT DISTINCT organization, period, namespace, life, ~(0::bit(772)) FROM rollup_monthly;
    INSERT INTO organization_state VALUES ('acme', '2025-10-01Z', '2026-11-20T12:00Z');
    INSERT INTO data_versions VALUES ('acme', 1);
    ANALYZE
"""


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    server = Server(Path(tempfile.mkdtemp(prefix="pg-")))
    try:
        await asyncio.to_thread(server.start)
        async with connect(server.url) as connection:
            await migrate(connection, shipped())
            await connection.execute(WORLD)
        yield server.url
    finally:
        await asyncio.to_thread(server.stop)
        server.remove()


async def _measure() -> None:
    async with _database() as url, connect(url) as connection, open_database(url) as database:
        month_end, month = Wanted("month_end", 80), Wanted("30d", 80)
        asked = {
            "an organization, computed by a request": lambda: organization_forecast(
                database, "acme", None, month_end, NOW
            ),
            "a project, computed by a request": lambda: project_forecast(database, "acme", "acme-7", month, NOW),
        }
        for text, ask in asked.items():
            await _timed(text, ask())
        await _timed(f"{PROJECTS} projects and the organization, by the worker", refresh(connection, NOW))
        for text, ask in asked.items():
            stored = text.startswith("an organization")
            await _timed(text.replace("computed", "stored, read" if stored else "computed"), ask())


async def _timed(text: str, work: object) -> None:
    began, used = time.perf_counter(), time.process_time()
    await work  # type: ignore[misc]  # a coroutine
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"  {text:<60} {seconds:6.2f} s, {cpu:5.2f} s of processor time without PostgreSQL")


def report_ledger() -> None:
    print(f"\nthe ledger with {PROJECTS} projects, 400 days and four SKUs")
    asyncio.run(_measure())


if __name__ == "__main__":
    report_ledger()
