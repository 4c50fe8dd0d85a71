"""The anomalies of a trend of days: what is one, what is not one, and what made it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing_service.database import connect
from billing_service.forecasts import unusual_work
from billing_service.forecasts.work import refresh

from .conftest import Api, Load
from .test_forecasts import FIVE_CENTS, LINES, PRICES, get, usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PEAK = datetime(2026, 11, 11, tzinfo=UTC)
DAYS = 80


def _with_peak(quantity: str, hours: int = 24, days: int = DAYS) -> str:
    """A core at each hour, and another quantity on 10 November."""
    after = int((NOW - PEAK).total_seconds()) // 3600
    return usage(datetime(2026, 11, 10, tzinfo=UTC), 24 * days) + usage(PEAK, hours, quantity) + usage(NOW, after)


async def anomalies(api: Api, path: str = "project/acme-web/trend?organization=acme&", query: str = "") -> Any:
    asked = f"/api/{path}granularity=day&from=2026-11-01&to=2026-11-21{query}"
    return (await get(api, asked))["anomalies"]


@pytest.fixture
async def november(api: Api) -> Api:
    api.now = NOW
    return api


async def test_a_peak_is_an_anomaly_with_what_made_it(november: Api, load: Load) -> None:
    """Three times the usage: the day, its forecast, the amount beyond the interval, and the SKU."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("3"))
    [found] = await anomalies(november)
    assert (found["date"], found["amount"]) == ("2026-11-10", Decimal("3.60"))
    assert found["expected"]["p50"] == Decimal("1.20")
    assert found["beyond"] == found["amount"] - found["expected"]["high"] > 0
    assert found["groups"] == [{"kind": "sku", "name": "cpu_core_hour", "amount": Decimal("2.40")}]


async def test_an_organization_names_the_project(november: Api, load: Load) -> None:
    """Also for some of its projects; a project without the peak has no anomaly."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("3") + usage(NOW, 24 * DAYS, namespace="acme-data"))
    [found] = await anomalies(november, "organization/acme/trend?")
    assert {"kind": "project", "name": "acme-web", "amount": Decimal("2.40")} in found["groups"]
    assert "acme-data" not in {group["name"] for group in found["groups"]}
    assert await anomalies(november, "organization/acme/trend?", "&namespaces=acme-data") == []


async def test_a_day_that_is_too_low_is_negative(november: Api, load: Load) -> None:
    """A day with a tenth of the usage is below its interval."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("0.1"))
    [found] = await anomalies(november)
    assert found["beyond"] == found["amount"] - found["expected"]["low"] < 0


async def test_a_price_change_is_no_anomaly(november: Api, load: Load) -> None:
    """The price of an hour doubles on the 10th."""
    await load(FIVE_CENTS)
    await load(f"{PRICES}cpu_core_hour,EUR,0.10,2026-11-10T00:00:00Z\n")
    await load(LINES + _with_peak("1"))
    assert await anomalies(november) == []


async def test_a_new_project_is_no_anomaly(november: Api, load: Load) -> None:
    """Neither of the project nor of the organization."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("1") + usage(NOW, 24 * 8, "50", "acme-data"))
    assert await anomalies(november, "organization/acme/trend?") == []
    assert await anomalies(november, "project/acme-data/trend?organization=acme&") == []


async def test_hours_without_data_are_no_anomaly(november: Api, load: Load) -> None:
    """Of the 10th, the last ten hours are there."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("1", hours=10))
    assert await anomalies(november) == []


async def test_only_days_have_anomalies(november: Api, load: Load) -> None:
    """A trend of weeks has no such member."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("3"))
    path = "/api/project/acme-web/trend?organization=acme&granularity=month&from=2026-11-01&to=2026-12-01"
    assert "anomalies" not in await get(november, path)


WEB, DATA, ALL = ("project/acme-web/trend?organization=acme&", "project/acme-data/trend?organization=acme&",
                  "organization/acme/trend?")  # fmt: skip
RANGES = ("2026-11-01", "2026-11-12", "2026-10-01", "2026-06-01")


async def every(api: Api) -> list[Any]:
    """Of each scope in ranges that begin on several days."""
    paths = [f"/api/{path}granularity=day&from={first}&to=2026-11-21" for path in (WEB, DATA, ALL) for first in RANGES]
    return [(await get(api, path))["anomalies"] for path in paths]


async def test_what_the_worker_has_found_is_what_a_request_finds(
    november: Api, load: Load, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that began 50 days ago counts in short ranges only. What is stored is used until the data change; the
    numbers of an unchanged day are not computed again."""
    await load(FIVE_CENTS)
    await load(LINES + _with_peak("3", days=130) + usage(NOW, 24 * 50, "1", "acme-data"))
    await load(LINES + usage(datetime(2026, 11, 15, tzinfo=UTC), 24, "9", "acme-data"))
    computed = await every(november)
    assert [[day["date"][-2:] for day in days] for days in computed] == [
        *([["10"], [], ["10"], ["10"]]),
        *([["14"], ["14"], [], []]),
        *([["14"], ["14"], ["10"], ["10"]]),
    ]
    async with connect(database_url) as connection:
        assert await refresh(connection, NOW) == 1
        assert await every(november) == computed
        await load(LINES + usage(NOW, 1, "1.5"))
        monkeypatch.setattr(unusual_work, "anomalies_all", None)
        assert await refresh(connection, NOW) == 1
        assert await every(november) == computed
        await connection.execute('UPDATE unusual_days SET body = \'[{"date": "2026-11-30"}]\'')
        assert await every(november) == [[{"date": "2026-11-30"}]] * len(computed)
        await load(LINES + usage(NOW, 1, "1"))
        assert await every(november) == computed
