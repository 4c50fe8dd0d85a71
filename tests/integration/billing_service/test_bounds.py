"""The bounds of import, database and responses fit together."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing_service.database import connect
from billing_service.figures.summary import LARGEST_AMOUNT
from billing_service.import_columns import RESOURCES

from .conftest import USAGE_HEADER, Api, Load
from .test_costs import NOW, prices_csv


async def test_the_largest_price_and_quantity_of_the_import_can_be_shown(api: Api, load: Load) -> None:
    """A month of 31 days in which every hour of every resource costs the most that the import takes."""
    most, dear = "99999999.999999999", "999999.999999999"
    await load(prices_csv(*(f"{resource},EUR,{dear},2025-01-01T00:00:00Z" for resource in RESOURCES)))
    first = datetime(2025, 8, 1, tzinfo=UTC)
    hours = [f"{first + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(31 * 24)]
    await load(
        USAGE_HEADER + "".join(f"acme-web,{hour},{most},{most},{most},{most},{most}\n" for hour in hours),
        quantity_bound=Decimal(10**8),
    )
    api.now = datetime(2025, 8, 31, 23, 30, tzinfo=UTC)
    total = (await api.overview("acme", "acme-web"))["billing_summary"]["current_month_total"]
    assert 10**17 < total < LARGEST_AMOUNT


async def bring_rows_of_an_older_version(url: str) -> None:
    """Sums of a price and a quantity that the import of today refuses."""
    async with connect(url) as connection:
        for table in ("rollup_monthly", "project_state"):
            amounts = "amount" if table == "rollup_monthly" else "last_day"
            await connection.execute(
                f"UPDATE {table} SET {amounts} = {amounts} * 999999999999::numeric"  # type: ignore[arg-type]
                " * CASE namespace WHEN 'acme-web' THEN 999999999999 ELSE 1 END"
            )


async def test_an_amount_that_cannot_be_shown_takes_no_other_project_along(
    database_url: str, api: Api, load: Load
) -> None:
    """Rows of an older version: the one project is without figures in the list, and 409 alone."""
    await load(prices_csv("cpu_core_hour,EUR,1,2025-01-01T00:00:00Z"))
    hour = "2025-09-10T09:00:00Z"
    await load(f"{USAGE_HEADER}acme-web,{hour},1,0,0,0,0\nacme-data,{hour},2,0,0,0,0\n")
    await bring_rows_of_an_older_version(database_url)
    api.now = NOW
    data, web = (await api.get("/api/organization/acme/projects")).json()["projects"]
    assert (web["billing_summary"], web["error"]["code"]) == (None, "amount_too_large")
    assert (data["error"], data["billing_summary"]["last_day_spend"]) == (None, 1999999999998)
    alone = await api.get("/api/project/acme-web/overview?organization=acme")
    assert (alone.status_code, alone.json()) == (409, web["error"])
