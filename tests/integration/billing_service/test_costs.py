"""The SQL results equal a computation in Python, and follow the contract."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_service.database import Connection, connect, open_database
from billing_service.figures.overview import overview as overview_of
from billing_service.ledger.ingest import UsageLine, ingest
from billing_service.money import split

from .conftest import TABLES, USAGE_HEADER, Api, Load

RESOURCES = ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")
PARTS = ("cpu_cost", "memory_cost", "storage_cost", "network_cost", "public_ip_cost")
NOW = datetime(2025, 9, 10, 10, 30, tzinfo=UTC)

Usage = dict[tuple[str, datetime], Decimal]
Prices = dict[tuple[str, datetime], Decimal]

amounts = st.decimals(0, 10_000, places=6, allow_nan=False, allow_infinity=False)
resources = st.sampled_from(RESOURCES)
EDGES = (1, 2, 23, 24, 25, 225, 226, 227)  # of the last hour, the last day and the month, in hours before NOW
hours_back = (st.sampled_from(EDGES) | st.integers(1, 24 * 33)).map(
    lambda back: NOW.replace(minute=0) - timedelta(hours=back)
)
usages = st.dictionaries(st.tuples(resources, hours_back), amounts, max_size=40)
price_changes = st.dictionaries(st.tuples(resources, hours_back), amounts, max_size=8)
currencies = st.sampled_from([("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)])


def prices_csv(*lines: str) -> str:
    return "\n".join(["resource,currency,unit_price,valid_from", *lines]) + "\n"


ALL_PRICES = prices_csv(*(f"{resource},EUR,0.1,2024-01-01T00:00:00Z" for resource in RESOURCES))


def recomputed(usage: Usage, prices: Prices, now: datetime, digits: int) -> dict[str, Decimal | None]:
    """The contract, hour by hour. The last day and the last hour end with the newest hour that is there."""
    end = max((hour for _, hour in usage), default=now) + timedelta(hours=1)

    def cost(since: datetime, of: tuple[str, ...]) -> Decimal:
        total = Decimal(0)
        for (resource, hour), quantity in usage.items():
            if resource in of and since <= hour:
                start = max(start for named, start in prices if named == resource and start <= hour)
                total += quantity * prices[resource, start]
        return total

    def rounded(amount: Decimal, places: int) -> Decimal:
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)

    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last_hour = end - timedelta(hours=1)
    parts = split({part: cost(month, (of,)) for part, of in zip(PARTS, RESOURCES, strict=True)}, digits)
    if not usage:  # never metered is not 0
        return parts | dict.fromkeys(("current_month_total", "last_day_spend", "total_cost_per_hour", "cost_per_hour"))
    return parts | {
        "current_month_total": rounded(cost(month, RESOURCES), digits),
        "last_day_spend": rounded(cost(end - timedelta(hours=24), RESOURCES), digits),
        "total_cost_per_hour": rounded(cost(last_hour, RESOURCES), digits + 4),
        "cost_per_hour": rounded(cost(last_hour, RESOURCES[:2]), digits + 4),
    }


def flat(overview: dict[str, Any]) -> dict[str, Decimal]:
    summary, instances = overview["billing_summary"], overview["compute_instances"]
    names = ("current_month_total", "last_day_spend", "total_cost_per_hour")
    return {
        **overview["cost_breakdown"],
        **{name: summary[name] for name in names},
        "cost_per_hour": instances["cost_per_hour"],
    }


async def replace_rows(connection: Connection, currency: str, usage: Usage, prices: Prices) -> None:
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")  # type: ignore[arg-type]  # constants
    await connection.execute("INSERT INTO organizations VALUES ('acme')")
    await connection.execute("INSERT INTO organization_terms VALUES ('acme', '(,)', %s, 'UTC')", [currency])
    await connection.execute("INSERT INTO ownership VALUES ('acme-web', 'acme', '', 1, '(,)')")
    for (resource, start), price in sorted(prices.items(), key=lambda item: item[0][1]):
        await connection.execute(
            "SELECT set_price('', id, %s, %s, %s, NULL, now()) FROM skus WHERE code = %s",
            [currency, price, start, resource],
        )
    lines = [UsageLine("acme-web", hour, sku, "-", quantity, "csv") for (sku, hour), quantity in usage.items()]
    await ingest(connection, lines)


@pytest.mark.usefixtures("registry")
@given(usage=usages, changes=price_changes, currency=currencies, now=st.integers(0, 3599))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_number_equals_its_recomputation(
    database_url: str, usage: Usage, changes: Prices, currency: tuple[str, int], now: int
) -> None:
    """Whatever was used and whatever it cost, SQL and Python agree to the digit, and the parts are the total."""
    code, digits = currency
    moment = NOW.replace(minute=0) + timedelta(seconds=now)
    prices = {(resource, datetime(2020, 1, 1, tzinfo=UTC)): Decimal("0.012345678") for resource in RESOURCES} | changes
    async with connect(database_url) as connection:
        await replace_rows(connection, code, usage, prices)
    async with open_database(database_url) as database:
        overview = await overview_of(database, "acme", "acme-web", moment)
    assert flat(overview) == recomputed(usage, prices, moment, digits)
    assert sum(overview["cost_breakdown"].values()) == (overview["billing_summary"]["current_month_total"] or 0)
    written = [format(amount, "f") for amount in overview["cost_breakdown"].values()]
    assert {len(text.partition(".")[2]) for text in written} == {digits}


async def test_the_price_of_an_hour_is_the_newest_that_had_begun(api: Api, load: Load) -> None:
    """A change inside the month counts from its hour on, the hours before keep their price."""
    changed = "cpu_core_hour,EUR,2,2025-09-10T08:00:00Z"
    await load(
        prices_csv("cpu_core_hour,EUR,1,2025-01-01T00:00:00Z", changed, "cpu_core_hour,USD,9,2025-01-01T00:00:00Z")
    )
    lines = [f"acme-web,2025-09-10T0{hour}:00:00Z,1,0,0,0,0" for hour in (6, 7, 8, 9)]
    await load(USAGE_HEADER + "\n".join(lines) + "\n")
    api.now = NOW
    overview = await api.overview("acme", "acme-web")
    assert overview["cost_breakdown"]["cpu_cost"] == 1 + 1 + 2 + 2
    assert overview["billing_summary"]["total_cost_per_hour"] == 2


async def test_as_of_is_the_end_of_the_newest_hour_that_is_there(api: Api, load: Load) -> None:
    """It never comes from the clock: five days later it is the same, and the last day is that of the usage."""
    await load(ALL_PRICES)
    assert (await api.overview("acme", "acme-web"))["as_of"] is None
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T10:00:00Z,7,0,0,0,0\n")
    for moment in (NOW, NOW + timedelta(days=5)):
        api.now = moment
        overview = await api.overview("acme", "acme-web")
        assert (overview["as_of"], overview["billing_summary"]["last_day_spend"]) == ("2025-09-10T11:00:00.000Z", 0.7)


async def test_a_month_begins_at_midnight_utc(api: Api, load: Load) -> None:
    """In the first hour of a month its total is 0, while the last day still has yesterday's spend."""
    await load(ALL_PRICES)
    await load(f"{USAGE_HEADER}acme-web,2025-08-31T23:00:00Z,10,0,0,0,0\n")
    seen = []
    for moment in ("2025-08-31T23:59:59Z", "2025-09-01T00:00:00Z", "2025-09-01T00:30:00Z", "2025-09-01T01:00:00Z"):
        if moment.endswith("01:00:00Z"):
            await load(f"{USAGE_HEADER}acme-web,2025-09-01T00:00:00Z,20,0,0,0,0\n")
        api.now = datetime.fromisoformat(moment)
        summary = (await api.overview("acme", "acme-web"))["billing_summary"]
        seen.append((summary["billing_period"], summary["current_month_total"], summary["last_day_spend"]))
    assert seen == [("2025-08", 1, 1), ("2025-09", 0, 1), ("2025-09", 0, 1), ("2025-09", 2, 3)]


async def test_the_last_day_is_twenty_four_hours_when_clocks_change(api: Api, load: Load) -> None:
    """Usage with Berlin's offsets over the change to summer time fills 24 different hours of UTC."""
    await load(ALL_PRICES)
    first = datetime(2025, 3, 29, 12, tzinfo=UTC)
    change = datetime(2025, 3, 30, 1, tzinfo=UTC)
    lines = []
    for hour in (first + timedelta(hours=later) for later in range(-1, 24)):  # one more before
        offset = timedelta(hours=1 if hour < change else 2)
        lines.append(f"acme-web,{(hour + offset):%Y-%m-%dT%H:%M:%S}+0{offset.seconds // 3600}:00,1,0,0,0,0")
    await load(USAGE_HEADER + "\n".join(lines) + "\n")
    api.now = first + timedelta(hours=24)
    assert (await api.overview("acme", "acme-web"))["billing_summary"]["last_day_spend"] == 2.4


async def test_a_leap_day_is_a_day(api: Api, load: Load) -> None:
    """29 February counts to February, and is the last day on 1 March."""
    await load(ALL_PRICES)
    await load(f"{USAGE_HEADER}acme-web,2024-02-29T12:00:00Z,10,0,0,0,0\nacme-web,2024-02-29T23:00:00Z,0,0,0,0,0\n")
    api.now = datetime(2024, 3, 1, 0, 10, tzinfo=UTC)
    summary = (await api.overview("acme", "acme-web"))["billing_summary"]
    assert (summary["billing_period"], summary["current_month_total"], summary["last_day_spend"]) == ("2024-03", 0, 1)


async def test_usage_before_the_first_price_is_named_with_its_own_month(api: Api, load: Load) -> None:
    """On the first of a month the unpriced hour may be in the last day's window, in the month before."""
    await load(prices_csv("network_gib,EUR,1,2025-09-01T00:00:00Z"))
    await load(f"{USAGE_HEADER}acme-web,2025-08-31T22:00:00Z,0,0,0,5,0\nacme-web,2025-09-01T01:00:00Z,0,0,0,5,0\n")
    api.now = datetime(2025, 9, 1, 3, tzinfo=UTC)
    error = (await api.get("/api/project/acme-web/overview?organization=acme")).json()
    assert (error["code"], error["resource"], error["month"]) == ("price_missing", "network_gib", "2025-08")
    await load(f"{USAGE_HEADER}acme-web,2025-09-02T23:00:00Z,0,0,0,0,0\n")
    api.now = datetime(2025, 9, 3, 3, tzinfo=UTC)
    assert (await api.overview("acme", "acme-web"))["cost_breakdown"]["network_cost"] == 5


async def test_one_exact_sum_is_rounded_once_half_up(api: Api, load: Load) -> None:
    """Two parts of 0.125 are 0.25, and not 0.26; half a cent is a cent; the parts are the total."""
    await load(ALL_PRICES)
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,1.25,1.25,0,0,0\n")
    await load(f"{USAGE_HEADER}acme-data,2025-09-10T09:00:00Z,0.05,0,0,0,0\n")
    api.now = NOW
    overview = await api.overview("acme", "acme-web")
    assert (overview["cost_breakdown"]["cpu_cost"], overview["cost_breakdown"]["memory_cost"]) == (0.13, 0.12)
    assert overview["billing_summary"]["current_month_total"] == 0.25
    assert overview["billing_summary"]["last_day_spend"] == 0.25
    assert (await api.overview("acme", "acme-data"))["billing_summary"]["current_month_total"] == 0.01


async def test_large_amounts_keep_every_digit(api: Api, load: Load) -> None:
    """Nineteen digits arrive as they were computed, which a binary float would not hold."""
    await load(prices_csv("cpu_core_hour,EUR,999999.999,2025-01-01T00:00:00Z"))
    lines = [f"acme-web,2025-09-0{day}T09:00:00Z,99999999.99,0,0,0,0" for day in range(1, 10)]
    await load(USAGE_HEADER + "\n".join(lines) + "\n", quantity_bound=Decimal(10**8))
    api.now = NOW
    text = (await api.get("/api/project/acme-web/overview?organization=acme")).text
    assert '"current_month_total":899999999010000.00,' in text


async def test_instances_are_what_was_imported_last(api: Api, load: Load) -> None:
    """Pods, machines, cores and memory are a snapshot; a project without one has zeros and no time."""
    await load("namespace,running_pods,running_vms,cpu_cores,memory_gib\nacme-web,1,0,0.5,1\n")
    await load("namespace,running_pods,running_vms,cpu_cores,memory_gib\nacme-web,10,1,2.4,8.8\n")
    instances = (await api.overview("acme", "acme-web"))["compute_instances"]
    assert instances.pop("measured_at")
    counts = {"running_pods": 10, "running_vms": 1, "cpu_cores": 2.4, "memory_gib": 8.8}
    assert instances == counts | {"cost_per_hour": None}  # no usage was metered yet
    unknown = (await api.overview("acme", "acme-data"))["compute_instances"]
    assert (unknown["running_pods"], unknown["measured_at"]) == (0, None)
