"""The time zone of an organization that has usage: a new one begins with a month, and every hour is in one month."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import simplejson

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.ledger.commands import differences
from billing_service.periods.close import close

from .conftest import Api, Load
from .ledger_kit import found

LINES = "namespace,hour,sku,workload,quantity\n"
CPU = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
PER_MONTH = "resource,currency,unit_price,valid_from,per\npublic_ip_hour,EUR,10,2025-01-01T00:00:00Z,month\n"
ZONE = "organization,currency,time_zone,valid_from\nacme,EUR,{},{}\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2027, 2, 20, tzinfo=UTC)
CPU_PRICE = Decimal("0.05")


def usage(first: datetime, until: datetime, sku: str = "cpu_core_hour", quantity: str = "1") -> str:
    hours = int((until - first) / timedelta(hours=1))
    return LINES + "".join(
        f"acme-web,{first + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{sku},-,{quantity}\n" for hour in range(hours)
    )


async def month(api: Api, period: str) -> float:
    response = await api.get(f"/api/project/acme-web/overview?organization=acme&period={period}")
    assert response.status_code == 200, response.text
    return float(response.json()["billing_summary"]["current_month_total"])


async def test_september_begins_in_berlin(api: Api, load: Load) -> None:
    """The organization changed from UTC. 201 core hours at 22:00 and 23:00 UTC on 31 August belong to September."""
    await load(CPU)
    august = datetime(2026, 8, 20, tzinfo=UTC)
    await load(usage(august, august + timedelta(hours=10)), now=august + timedelta(days=1))
    await load(ZONE.format("Europe/Berlin", "2026-08-31T22:00:00Z"), now=august + timedelta(days=1))
    first = datetime(2026, 8, 31, 22, tzinfo=UTC)
    await load(usage(first, first + timedelta(hours=2), quantity="100.5"), now=first + timedelta(days=1))
    api.now = NOVEMBER
    assert (await month(api, "2026-08"), await month(api, "2026-09")) == (0.5, 10.05)


@pytest.mark.parametrize(
    ("zone", "november", "december"),
    [("Europe/Berlin", 719, 744), ("America/New_York", 725, 744), ("Pacific/Kiritimati", 706, 744), ("UTC", 720, 744)],
)
async def test_a_new_zone_begins_with_the_next_month(  # noqa: PLR0917 - three fixtures and a zone
    api: Api, load: Load, database_url: str, zone: str, november: int, december: int
) -> None:
    """The month between the zones is shorter or longer, no hour is lost, and monthly prices are exact."""
    await load(CPU)
    await load(PER_MONTH)
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    await load(usage(begin, NOVEMBER))
    await load(usage(begin, NOVEMBER, "public_ip_hour"))
    await load(f"organization,currency,time_zone\nacme,EUR,{zone}\n", now=NOVEMBER)
    end = begin + timedelta(hours=november + december)
    for sku in ("cpu_core_hour", "public_ip_hour"):
        await load(usage(begin, end, sku), now=LATER)
    async with connect(database_url) as connection:
        assert await differences(connection) == []
        assert await found(
            connection,
            "SELECT to_char(period, 'YYYY-MM') AS month, code, lines, amount"
            " FROM organization_monthly JOIN skus ON id = sku ORDER BY month, code",
        ) == [
            ("2026-11", "cpu_core_hour", november, november * CPU_PRICE),
            ("2026-11", "public_ip_hour", november, 10),
            ("2026-12", "cpu_core_hour", december, december * CPU_PRICE),
            ("2026-12", "public_ip_hour", december, 10),
        ]
    api.now = LATER
    response = await api.get("/api/project/acme-web/overview?organization=acme&period=2026-12")
    assert (response.json()["incomplete_hours"], response.json()["time_zone"]) == (0, zone)


@pytest.mark.parametrize(
    ("valid_from", "reason"),
    [
        ("2026-12-05T00:00:00Z", "a new time zone begins with a month"),
        ("2026-11-01T00:00:00Z", "usage is already booked in the old time zone"),
    ],
)
async def test_a_zone_within_a_month_is_refused(load: Load, registry: None, valid_from: str, reason: str) -> None:  # noqa: ARG001
    """Nothing changes."""
    await load(CPU)
    await load(usage(datetime(2026, 11, 1, tzinfo=UTC), NOVEMBER))
    with pytest.raises(BadFileError, match=reason):
        await load(ZONE.format("Europe/Berlin", valid_from), now=NOVEMBER)


Terms = list[tuple[str, str, str, str]]


async def terms(url: str) -> Terms:
    """Of acme: since and until when, currency and zone."""
    query = "SELECT lower(validity), upper(validity), currency, time_zone FROM organization_terms"
    async with connect(url) as connection:
        rows = await found(connection, f"{query} WHERE organization = 'acme' ORDER BY 1 NULLS FIRST")
    return [(_shown(row[0]), _shown(row[1]), str(row[2]), str(row[3])) for row in rows]


def _shown(moment: object) -> str:
    return f"{moment.astimezone(UTC):%m-%dT%H}" if isinstance(moment, datetime) else ""


UNDATED = "organization,currency,time_zone\nacme,{},{}\n"
DATED = "organization,currency,time_zone,valid_from\nacme,{},{},{}\n"


async def test_the_same_file_with_a_new_zone_changes_nothing_again(api: Api, load: Load, database_url: str) -> None:
    """Neither on the next day nor in the next month; as a registry that is exported each night."""
    await load(CPU)
    await load(usage(NOVEMBER - timedelta(hours=3), NOVEMBER), now=NOVEMBER)
    await load(UNDATED.format("EUR", "Europe/Berlin"), now=NOVEMBER)
    announced = [("", "11-30T23", "EUR", "UTC"), ("11-30T23", "", "EUR", "Europe/Berlin")]
    assert await terms(database_url) == announced
    tag = (await api.get("/api/organization/acme/projects")).headers["etag"]
    for days in (0, 1, 10, 11, 40):
        await load(UNDATED.format("EUR", "Europe/Berlin"), now=NOVEMBER + timedelta(days=days))
        assert await terms(database_url) == announced
    assert (await api.get("/api/organization/acme/projects")).headers["etag"] == tag


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("first", "second", "begin"),
    [
        ("Europe/Berlin", "Asia/Tokyo", "11-30T15"),
        ("Asia/Tokyo", "Europe/Berlin", "11-30T15"),
        ("America/New_York", "Pacific/Honolulu", "12-01T00"),
    ],
)
async def test_another_zone_takes_the_place_of_the_announced_one(
    load: Load, database_url: str, first: str, second: str, begin: str
) -> None:
    """Both without a date. A currency that is announced stays."""
    await load(CPU)
    await load(usage(NOVEMBER - timedelta(hours=3), NOVEMBER), now=NOVEMBER)
    await load(DATED.format("USD", "", "2027-01-10T00:00:00Z"), now=NOVEMBER)
    await load(UNDATED.format("EUR", first), now=NOVEMBER)
    for _ in range(2):
        await load(UNDATED.format("EUR", second), now=NOVEMBER)
        assert await terms(database_url) == [
            ("", begin, "EUR", "UTC"),
            (begin, "01-10T00", "EUR", second),
            ("01-10T00", "", "USD", second),
        ]


@pytest.mark.usefixtures("registry")
async def test_a_zone_of_the_last_hours_of_a_month_begins_a_month_later(load: Load, database_url: str) -> None:
    """In Tokyo, December has begun, and its hours are booked as November's."""
    await load(CPU)
    evening = datetime(2026, 11, 30, 20, tzinfo=UTC)
    await load(usage(evening - timedelta(hours=3), evening), now=evening)
    for later in range(0, 48, 5):
        await load(UNDATED.format("EUR", "Asia/Tokyo"), now=evening + timedelta(hours=later))
        assert await terms(database_url) == [("", "12-31T15", "EUR", "UTC"), ("12-31T15", "", "EUR", "Asia/Tokyo")]


@pytest.mark.usefixtures("registry")
async def test_a_new_currency_with_a_new_zone_holds_from_now_on(load: Load, database_url: str) -> None:
    """The zone holds from the next month on, with the currency. A later currency does not end with the month."""
    await load(CPU)
    await load(usage(NOVEMBER - timedelta(hours=3), NOVEMBER), now=NOVEMBER)
    for _ in range(2):
        await load(UNDATED.format("USD", "Europe/Berlin"), now=NOVEMBER)
        assert await terms(database_url) == [
            ("", "11-20T12", "EUR", "UTC"),
            ("11-20T12", "11-30T23", "USD", "UTC"),
            ("11-30T23", "", "USD", "Europe/Berlin"),
        ]
    await load(UNDATED.format("JPY", "Europe/Berlin"), now=NOVEMBER + timedelta(days=1))
    assert (await terms(database_url))[2:] == [
        ("11-21T12", "11-30T23", "JPY", "UTC"),
        ("11-30T23", "", "JPY", "Europe/Berlin"),
    ]


@pytest.mark.usefixtures("registry")
async def test_a_zone_begins_before_a_currency_of_the_same_day(load: Load, database_url: str) -> None:
    """Midnight is earlier in Berlin than in UTC."""
    await load(CPU)
    await load(usage(NOVEMBER - timedelta(hours=3), NOVEMBER), now=NOVEMBER)
    await load(DATED.format("USD", "", "2026-12-01T00:00:00Z"), now=NOVEMBER)
    await load(DATED.format("USD", "Europe/Berlin", "2026-12-01T00:00:00Z"), now=NOVEMBER)
    assert await terms(database_url) == [("", "11-30T23", "EUR", "UTC"), ("11-30T23", "", "USD", "Europe/Berlin")]


PAST = {
    "a plan": "organization,plan,valid_from\nacme,suspendedPlan,2026-09-01T00:00:00Z\n",
    "a credit": "id,organization,amount,currency,reason\nc-1,acme,-2.00,EUR,credit\n",
    "usage in quarantine": f"{LINES}acme-web,2026-10-01T00:00:00Z,object_gib_hour,-,1\n",
    "terms with a date": DATED.format("USD", "", "2026-10-01T00:00:00Z"),
}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("past", list(PAST))
async def test_new_terms_of_an_organization_without_usage_leave_its_past(
    load: Load, database_url: str, past: str
) -> None:
    """A plan, a credit, or usage that waits was in the old currency and zone. Closed months too."""
    october = NOVEMBER - timedelta(days=30)
    await load(PAST[past], now=october)
    async with connect(database_url) as connection:
        await close(connection, 3, NOVEMBER)
    before = await terms(database_url)
    await load(UNDATED.format("JPY", "Asia/Tokyo"), now=NOVEMBER)
    *unchanged, until_now, now, later = await terms(database_url)
    assert [*unchanged, (until_now[0], "", *until_now[2:])] == before
    assert (until_now[1], now, later) == (
        "11-20T12",
        ("11-20T12", "11-30T15", "JPY", "UTC"),
        ("11-30T15", "", "JPY", "Asia/Tokyo"),
    )


@pytest.mark.usefixtures("registry")
async def test_new_terms_of_an_organization_without_a_past_hold_from_ever_on(load: Load, database_url: str) -> None:
    """Its projects have no usage yet: the first line was wrong."""
    await load(UNDATED.format("JPY", "Asia/Tokyo"), now=NOVEMBER)
    assert await terms(database_url) == [("", "", "JPY", "Asia/Tokyo")]


@pytest.mark.parametrize(
    ("first", "hours", "day", "of_the_day"),
    [
        (datetime(2026, 2, 28, 23, tzinfo=UTC), 743, "2026-03-29", 23),
        (datetime(2026, 9, 30, 22, tzinfo=UTC), 745, "2026-10-25", 25),
        (datetime(2026, 1, 31, 23, tzinfo=UTC), 672, "2026-02-10", 24),
    ],
)
async def test_days_of_23_and_25_hours_are_whole_days(  # noqa: PLR0917 - three fixtures and a month
    api: Api, load: Load, database_url: str, first: datetime, hours: int, day: str, of_the_day: int
) -> None:
    """The day has its hours, the month has the sum."""
    await load(CPU)
    await load("organization,currency,time_zone\nacme,EUR,Europe/Berlin\n")
    await load(usage(first - timedelta(hours=1), first + timedelta(hours=hours + 1)))
    async with connect(database_url) as connection:
        [[lines]] = await found(connection, f"SELECT lines FROM rollup_daily WHERE day = '{day}'")
        assert lines == of_the_day
        months = await found(connection, "SELECT lines FROM rollup_monthly ORDER BY period")
        assert months == [(1,), (hours,), (1,)]
    api.now = NOVEMBER
    assert await month(api, day[:7]) == round(hours * 5 / 100, 2)


async def test_a_month_that_begins_in_a_night_with_two_midnights_begins_with_the_first(api: Api, load: Load) -> None:
    """In Havana the clocks go back at 1:00 on 1 November 2026: October has 744 hours, November 721. Each costs exactly
    the price of a month."""
    await load(CPU)
    await load(PER_MONTH)
    await load("organization,currency,time_zone\nacme,EUR,America/Havana\n")
    october, december = datetime(2026, 10, 1, 4, tzinfo=UTC), datetime(2026, 12, 1, 5, tzinfo=UTC)
    later = datetime(2026, 12, 2, tzinfo=UTC)
    for sku in ("public_ip_hour", "cpu_core_hour"):
        await load(usage(october, december, sku), now=later)
    api.now = later
    for period, cpu, until in (("2026-10", "37.20", "2026-11-01T04"), ("2026-11", "36.05", "2026-12-01T05")):
        for figure, value in (("cpu", Decimal(cpu)), ("public_ip", Decimal(10))):
            path = f"/api/project/acme-web/explain?organization=acme&figure={figure}&period={period}"
            explained = simplejson.loads((await api.get(path)).text, use_decimal=True)
            assert (explained["value"], explained["to"]) == (value, f"{until}:00:00.000Z")
            assert abs(explained["rounding"]) < Decimal("0.000001")


async def test_the_first_hour_of_each_month_is_in_it_in_every_zone(database_url: str) -> None:
    """And the hour before is in the month before: of each zone that an organization can have, for 15 years."""
    async with connect(database_url) as connection:
        wrong = """
            SELECT z.name, m.day FROM pg_timezone_names AS z
            CROSS JOIN LATERAL (
                SELECT p.day, first_hour(p.day::date, z.name) AS starts
                FROM generate_series('2020-01-01'::timestamp, '2035-01-01', '1 month') AS p (day)
            ) AS m
            WHERE zone_problem(z.name) IS NULL
              AND (date_trunc('month', (m.starts - interval '1 hour') AT TIME ZONE z.name) >= m.day
                   OR date_trunc('month', m.starts AT TIME ZONE z.name) <> m.day)
        """
        assert await found(connection, wrong) == []
