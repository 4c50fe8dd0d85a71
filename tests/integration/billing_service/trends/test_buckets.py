"""Buckets: the clock that goes back, hours that are missing, hours that are not there yet, and ranges that are cut."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing_service.database import connect
from tests.integration.billing_service.conftest import Api, Load
from tests.integration.billing_service.requests import assert_error

from .kit import LINES, ORGANIZATION, PRICES, PROJECT, ZONE, at, trend, usage

CPU = f"{PRICES}cpu_core_hour,EUR,1,2020-01-01T00:00:00Z\n"


@pytest.fixture
async def berlin(api: Api, load: Load) -> Api:
    """1 EUR for a core hour, in Europe/Berlin; nothing is metered yet."""
    await load(CPU)
    await load(ZONE, now=at("2026-01-01T00:00"))
    api.now = at("2026-11-20T12:30")
    return api


async def test_the_hour_that_comes_twice_is_two_buckets(berlin: Api, load: Load) -> None:
    """On 25 October the clocks go back at 3:00: the day has 25 hours. On 29 March it has 23."""
    await load(LINES + usage("2026-10-24T00:00", 72, "0.25"))
    night = await trend(
        berlin, f"{PROJECT}&granularity=hour&from=2026-10-25T02:00:00%2B02:00&to=2026-10-25T03:00:00%2B01:00"
    )
    assert [(bucket["from"], bucket["amount"]) for bucket in night["buckets"]] == [
        ("2026-10-25T00:00:00.000Z", Decimal("0.25")),
        ("2026-10-25T01:00:00.000Z", Decimal("0.25")),
    ]
    hours = await trend(berlin, f"{PROJECT}&granularity=hour&from=2026-10-25&to=2026-10-26")
    assert (len(hours["buckets"]), hours["total"]) == (25, Decimal("6.25"))
    [day] = (await trend(berlin, f"{PROJECT}&from=2026-10-25&to=2026-10-26"))["buckets"]
    assert (day["amount"], day["complete"]) == (Decimal("6.25"), True)
    await load(LINES + usage("2026-03-28T23:00", 23))
    [day] = (await trend(berlin, f"{PROJECT}&from=2026-03-29&to=2026-03-30"))["buckets"]
    assert (day["amount"], day["complete"], day["to"]) == (23, True, "2026-03-29T22:00:00.000Z")


async def test_what_is_not_known_is_null_and_what_is_measured_is_0(berlin: Api, load: Load) -> None:
    """Days before the project, a day without lines, a day with some, a day of zeros, the running day, later days."""
    await load(
        LINES + usage("2026-11-11T23:00", 24) + usage("2026-11-13T23:00", 7) + usage("2026-11-14T23:00", 24, "0")
    )
    await load(LINES + usage("2026-11-15T23:00", 10))
    found = await trend(berlin, f"{PROJECT}&from=2026-11-11&to=2026-11-19")
    seen = [(b["amount"], b["complete"], b["state"], b["incomplete_hours"]) for b in found["buckets"]]
    assert seen == [
        (None, False, "no_data", 0),
        (24, True, "complete", 0),
        (None, False, "no_data", 24),
        (7, False, "incomplete", 17),
        (0, True, "complete", 0),
        (10, False, "running", 0),
        (None, False, "future", 0),
        (None, False, "future", 0),
    ]
    assert (found["incomplete_hours"], found["complete_through"]) == (41, "2026-11-12T23:00:00.000Z")
    assert all(("groups" in bucket) == (bucket["amount"] is not None) for bucket in found["buckets"])
    overview = await trend(berlin, "/api/project/acme-web/overview?organization=acme")
    assert (overview["incomplete_hours"], overview["billing_summary"]["current_month_total"]) == (41, found["total"])


async def test_missing_samples_of_a_source_are_incomplete_hours(berlin: Api, load: Load, database_url: str) -> None:
    """The coverage of the meter decides, also for hours that have lines: their amounts are there, and incomplete."""
    await load(LINES + usage("2026-11-10T23:00", 48))
    first = at("2026-11-10T23:00")
    async with connect(database_url) as connection:
        await connection.execute("INSERT INTO sources VALUES ('csv', %s)", [first])
        await connection.execute(
            "INSERT INTO source_months"
            " SELECT 'csv', '2026-11-01', bit_or(bit_of(%s + n * interval '1 hour', '2026-11-01'))"
            " FROM generate_series(0, 47) AS n WHERE n NOT IN (3, 4, 30)",
            [first],
        )
    for path in (f"{PROJECT}&", ORGANIZATION):
        found = await trend(berlin, f"{path}from=2026-11-11&to=2026-11-13")
        assert [(b["amount"], b["incomplete_hours"], b["complete"]) for b in found["buckets"]] == [
            (24, 2, False),
            (24, 1, False),
        ]
        assert (found["incomplete_hours"], found["complete_through"]) == (3, "2026-11-11T02:00:00.000Z")


async def test_a_range_that_cuts_buckets(berlin: Api, load: Load) -> None:
    """The first and the last bucket have a part of their day, week or month, and name it."""
    await load(LINES + usage("2026-09-30T22:00", 24 * 50))
    days = await trend(berlin, f"{PROJECT}&from=2026-11-02T05:00:00Z&to=2026-11-04T07:00:00Z")
    assert [(b["amount"], b.get("partial")) for b in days["buckets"]] == [(18, True), (24, None), (8, True)]
    weeks = await trend(berlin, f"{PROJECT}&granularity=week&from=2026-10-31&to=2026-11-11")
    assert [(b["amount"], b.get("partial"), b["from"][:10]) for b in weeks["buckets"]] == [
        (48, True, "2026-10-30"),
        (168, None, "2026-11-01"),
        (48, True, "2026-11-08"),
    ]
    months = await trend(berlin, f"{PROJECT}&granularity=month&from=2026-10-30&to=2026-11-03")
    assert [(b["amount"], b.get("partial")) for b in months["buckets"]] == [(48, True), (48, True)]


async def test_the_defaults(berlin: Api, load: Load) -> None:
    """The running month by day; the running day by the hour; twelve months."""
    await load(LINES + usage("2026-11-19T23:00", 12))
    days = await trend(berlin, PROJECT)
    assert (days["from"], days["to"], len(days["buckets"]), days["group_by"]) == (
        "2026-10-31T23:00:00.000Z",
        "2026-11-30T23:00:00.000Z",
        30,
        "component",
    )
    hours = await trend(berlin, f"{PROJECT}&granularity=hour")
    assert (hours["from"], len(hours["buckets"])) == ("2026-11-19T23:00:00.000Z", 24)
    months = await trend(berlin, f"{PROJECT}&granularity=month")
    assert (months["from"], months["to"], len(months["buckets"])) == (
        "2025-11-30T23:00:00.000Z",
        "2026-11-30T23:00:00.000Z",
        12,
    )
    before = await trend(berlin, f"{PROJECT}&to=2026-03-15")
    assert (before["from"], before["to"]) == ("2026-02-28T23:00:00.000Z", "2026-03-14T23:00:00.000Z")
    later = await trend(berlin, f"{PROJECT}&from=2027-02-10")
    assert (later["to"], {bucket["state"] for bucket in later["buckets"]}) == ("2027-02-28T23:00:00.000Z", {"future"})
    assert (later["total"], later["groups"], later["period_state"]) == (None, [], "open")


@pytest.mark.parametrize(
    ("query", "parameter", "text"),
    [
        ("granularity=day&from=2025-01-01&to=2026-02-06", "granularity", "use week"),
        ("granularity=hour&from=2026-11-01&to=2026-11-18", "granularity", "use day"),
        ("granularity=hour&from=2026-10-01&to=2026-10-17T15:00:00Z", "granularity", "use day"),
        ("granularity=hour&from=2020-01-01&to=2026-01-01", "granularity", "use week"),
        ("granularity=week&from=2018-01-01&to=2026-01-01", "granularity", "use month"),
        ("granularity=month&from=2000-01-01&to=2099-01-01", "granularity", "use a shorter range"),
        ("granularity=minute", "granularity", "must be one of hour, day, week, month"),
        ("group_by=project", "group_by", "must be one of component, sku, workload, or label:KEY"),
        (f"group_by=label:{'k' * 300}", "group_by", "1 to 63 letters"),
        ("group_by=label:", "group_by", "Kubernetes label key"),
        ("from=2026-02-30", "from", "is not a date of the calendar"),
        ("from=2026-11-01T10:30:00Z", "from", "a full hour"),
        ("to=2026-11-01T24:00:00Z", "to", "not a time of the day"),
        ("to=tomorrow", "to", "must be a date like 2026-11-01"),
        ("from=2026-11-02&to=2026-11-01", "to", "must be after 'from'"),
        ("from=2026-11-02&to=2026-11-02", "to", "must be after 'from'"),
        ("from=2026-11-02&to=2026-11-01T23:00:00Z", "to", "must be after 'from'"),
        ("limit=0", "limit", "from 1 to 100"),
        ("limit=101", "limit", "from 1 to 100"),
        ("compare=last", "compare", "must be one of previous, year"),
        ("period=2026-10", "period", "allowed query parameters: organization, granularity"),
    ],
)
async def test_bad_input_names_the_parameter_and_what_is_allowed(
    berlin: Api, query: str, parameter: str, text: str
) -> None:
    """400 from the billing service itself."""
    error = assert_error(await berlin.get(f"{PROJECT}&{query}"), 400, "bad_request")
    assert (error["parameter"], text in error["message"]) == (parameter, True), error
    assert len(error["message"]) <= 300, "the functions pass no longer message on"


async def test_400_buckets_are_allowed(berlin: Api) -> None:
    """Of each granularity; 400 hours do not end with a day."""
    for granularity, since, until in (
        ("day", "2025-01-01", "2026-02-05"),
        ("hour", "2026-10-01", "2026-10-17T14:00:00Z"),
        ("week", "2019-01-07", "2026-09-07"),
        ("month", "2000-01-01", "2033-05-01"),
    ):
        found = await trend(berlin, f"{PROJECT}&granularity={granularity}&from={since}&to={until}")
        assert len(found["buckets"]) == 400
        begins = [bucket["from"] for bucket in found["buckets"]]
        assert begins == sorted(set(begins))


async def test_midnight_that_comes_twice(api: Api, load: Load) -> None:
    """In Havana the clocks go back at 1:00 to 0:00: the day has 25 hours, as in the ledger's sums."""
    await load(CPU)
    await load("organization,currency,time_zone\nacme,EUR,America/Havana\n", now=at("2025-01-01T00:00"))
    api.now = at("2025-11-20T12:30")
    await load(LINES + usage("2025-10-30T00:00", 24 * 8))
    found = await trend(api, f"{PROJECT}&from=2025-11-01&to=2025-11-04")
    lengths = [at(b["to"].rstrip("Z")) - at(b["from"].rstrip("Z")) for b in found["buckets"]]
    assert lengths == [timedelta(hours=hours) for hours in (24, 25, 24)]
    assert [bucket["amount"] for bucket in found["buckets"]] == [24, 25, 24]
