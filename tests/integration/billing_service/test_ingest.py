"""Usage lines enter the ledger: owner, price, sums, quarantine, adjustments."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing_service.database import Connection, connect
from billing_service.ledger.ingest import Ingested, ingest, record_hour

from .ledger_kit import at, found, hours, line, sums

WORLD = """
INSERT INTO organizations VALUES ('acme'), ('globex');
INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC'), ('globex', '(,)', 'EUR', 'Europe/Berlin');
INSERT INTO ownership VALUES
    ('acme-web', 'acme', '', 1, '[2026-01-01Z, 2026-11-11Z)'), ('acme-web', 'globex', '', 1, '[2026-11-11Z,)'),
    ('shop', 'globex', '', 1, '(,)');
INSERT INTO prices VALUES
    (1, '', 1, 'EUR', 0.05, '[2026-01-01Z,)'), (2, 'globex', 1, 'EUR', 0.04, '[2026-01-01Z,)');
"""


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        await connection.execute(WORLD)
        yield connection


async def test_a_month_of_one_core_is_its_hours_times_the_price(ledger: Connection) -> None:
    """744 hours at 0.05 are 37.20 in every sum, and the same lines again change nothing."""
    august = hours(at("08-01T00"), 744, "1")
    assert await ingest(ledger, august) == Ingested(744, 0, 0, 0, 0)
    assert await sums(ledger) == (744, Decimal("37.20"), 744)
    rows = "SELECT xmin, * FROM data_versions UNION ALL SELECT xmin, organization, 0 FROM usage_lines"
    before = await found(ledger, rows)
    assert await ingest(ledger, august) == Ingested(0, 0, 0, 0, 744)
    assert before == await found(ledger, rows)


async def test_a_changed_quantity_replaces_the_line_and_every_sum(ledger: Connection) -> None:
    """`ON CONFLICT DO NOTHING` would drop the change. A month that is over and not closed still takes it."""
    await ingest(ledger, hours(at("08-01T00"), 48, "1"))
    assert await ingest(ledger, [line(at("08-01T05"), "3"), line(at("08-01T06"), "1")]) == Ingested(0, 1, 0, 0, 1)
    assert await sums(ledger) == (50, Decimal("2.50"), 48)


async def test_another_source_does_not_replace(ledger: Connection) -> None:
    """The same namespace and hour from two clusters, 10 and 3, is 13."""
    await ingest(ledger, [line(at("08-01T05"), "10", source="one")])
    await ingest(ledger, [line(at("08-01T05"), "3", source="two")])
    assert (await sums(ledger))[0] == 13


async def test_usage_belongs_to_the_owner_of_its_hour_at_the_owners_price(ledger: Connection) -> None:
    """A project that moved on the 11th has the hours before in the old organization, at its price."""
    await ingest(ledger, hours(at("11-10T00"), 48, "1"))
    assert await found(ledger, "SELECT organization, sum(amount) FROM rollup_monthly GROUP BY 1 ORDER BY 1") == [
        ("acme", Decimal("1.20")),
        ("globex", Decimal("0.96")),
    ]


async def test_a_change_of_owner_within_the_hour_has_a_line_for_each(ledger: Connection) -> None:
    """A meter that sees the change gives the moment within the hour; without it, the hour is the first owner's."""
    for organization, validity in (("globex", "[2026-11-11 10:30Z,)"), ("acme", "[2026-01-01Z,2026-11-11 10:30Z)")):
        await ledger.execute(
            "UPDATE ownership SET validity = %s::tstzrange WHERE namespace = 'acme-web' AND organization = %s",
            [validity, organization],
        )
    hour = at("11-11T10")
    first, second = line(hour, "2"), line(hour, "3")
    later = type(second)(**{**vars(second), "owned_at": hour + timedelta(minutes=30)})
    await ingest(ledger, [first, later])
    assert await found(ledger, "SELECT organization, quantity FROM usage_lines ORDER BY 1") == [
        ("acme", 2),
        ("globex", 3),
    ]


async def test_months_and_days_are_those_of_the_organizations_time_zone(ledger: Connection) -> None:
    """The first hours of 1 September in Berlin belong to September, though it is August in UTC."""
    await ingest(ledger, [line(at("08-31T22"), "201", namespace="shop"), line(at("08-31T21"), "1", namespace="shop")])
    assert await found(ledger, "SELECT period::text, quantity FROM organization_monthly ORDER BY 1") == [
        ("2026-08-01", 1),
        ("2026-09-01", 201),
    ]


async def test_what_nobody_owns_goes_to_the_quarantine(ledger: Connection) -> None:
    """Unknown namespace, before the project existed, unknown SKU, above the bound. The rest is booked."""
    lines = [
        line(at("08-01T00"), "1"),
        line(at("08-01T00"), "1", namespace="nobody"),
        line(datetime(2025, 8, 1, tzinfo=UTC), "1"),
        line(at("08-01T00"), "1", sku="unknown_hour"),
        line(at("08-01T01"), "99999999"),
    ]
    assert await ingest(ledger, lines) == Ingested(1, 0, 0, 4, 0)
    assert await ingest(ledger, lines) == Ingested(0, 0, 0, 4, 1)
    assert await found(ledger, "SELECT reason FROM quarantine ORDER BY 1") == [
        ("above_bound",),
        ("not_owned",),
        ("unknown_namespace",),
        ("unknown_sku",),
    ]
    assert await sums(ledger) == (1, Decimal("0.05"), 1)
    assert await ingest(ledger, [line(at("08-01T01"), "2")]) == Ingested(1, 0, 0, 0, 0)
    assert len(await found(ledger, "SELECT FROM quarantine")) == 3


async def test_a_line_without_a_price_is_unrated_and_not_zero(ledger: Connection) -> None:
    """The sums count it. Quantity 0 needs no price."""
    await ingest(ledger, [line(at("08-01T00"), "5", sku="network_gib"), line(at("08-01T01"), "0", sku="network_gib")])
    assert await found(ledger, "SELECT amount FROM usage_lines ORDER BY hour") == [(None,), (0,)]
    assert await found(ledger, "SELECT unrated, lines FROM rollup_monthly") == [(1, 2)]


async def test_a_closed_month_gets_adjustments_in_the_open_month(ledger: Connection) -> None:
    """August again with three times the quantity: August stays 37.20, November has 74.40 more, once."""
    await ingest(ledger, hours(at("08-01T00"), 744, "1"))
    await ledger.execute("INSERT INTO periods VALUES ('acme', '2026-08-01', now(), '{}')")
    november = datetime(2026, 11, 20, 12, tzinfo=UTC)
    again = hours(at("08-01T00"), 744, "3")
    assert await ingest(ledger, again, now=november) == Ingested(0, 0, 744, 0, 0)
    assert await ingest(ledger, again, now=november) == Ingested(0, 0, 0, 0, 744)
    assert await sums(ledger) == (744, Decimal("37.20"), 744)
    adjusted = "SELECT period::text, refers_period::text, sum(amount), min(reason) FROM adjustments GROUP BY 1, 2"
    assert await found(ledger, adjusted) == [("2026-11-01", "2026-08-01", Decimal("74.40"), "changed quantity")]
    await ingest(ledger, hours(at("08-01T00"), 744, "1"), now=november)
    assert await found(ledger, "SELECT sum(amount) FROM adjustments") == [(0,)]


async def test_a_late_line_of_a_closed_month_is_an_adjustment(ledger: Connection) -> None:
    """It keeps the price of the hour that it refers to and refers to it."""
    await ledger.execute("INSERT INTO periods VALUES ('acme', '2026-08-01', now(), '{}')")
    assert (await ingest(ledger, [line(at("08-03T07"), "10")])).adjusted == 1
    late = await found(ledger, "SELECT refers_hour, quantity, amount, reason, namespace FROM adjustments")
    assert late == [(at("08-03T07"), 10, Decimal("0.50"), "late line", "acme-web")]


async def test_a_closed_month_cannot_be_opened_again(ledger: Connection) -> None:
    """Not by SQL either."""
    await ledger.execute("INSERT INTO periods VALUES ('acme', '2026-08-01', now(), '{}')")
    for statement in ("DELETE FROM periods", "UPDATE periods SET closed_at = now()"):
        with pytest.raises(Exception, match="is closed and cannot change"):
            await ledger.execute(statement)


@pytest.mark.parametrize("quantity", ["-1", "NaN", "Infinity", "1e300", "100000000"])
async def test_a_quantity_that_cannot_be_is_refused(ledger: Connection, quantity: str) -> None:
    """Nothing of the call is written."""
    with pytest.raises(ValueError, match="must be from 0 to below"):
        await ingest(ledger, [line(at("08-01T00"), "1"), line(at("08-01T01"), quantity)])
    assert (await sums(ledger))[2] == 0


async def test_the_running_hour_and_a_line_twice_are_refused(ledger: Connection) -> None:
    """An hour is booked after its end; which of two equal lines counts is not guessed."""
    with pytest.raises(ValueError, match="has not ended"):
        await ingest(ledger, [line(at("08-01T10"), "1")], now=datetime(2026, 8, 1, 10, 59, tzinfo=UTC))
    with pytest.raises(ValueError, match="come twice"):
        await ingest(ledger, [line(at("08-01T10"), "1"), line(at("08-01T10"), "1")])


async def test_the_last_day_follows_the_newest_hour_that_is_there(ledger: Connection) -> None:
    """A late line changes it, an older one does not, and a measured hour without lines moves it."""
    await ingest(ledger, hours(at("08-01T00"), 30, "1"))
    state = "SELECT last_day, last_hour FROM project_state"
    assert await found(ledger, state) == [(Decimal("1.20"), Decimal("0.05"))]
    await ingest(ledger, [line(at("08-02T05"), "3"), line(at("08-01T01"), "9")])
    assert await found(ledger, state) == [(Decimal("1.30"), Decimal("0.15"))]
    await record_hour(ledger, "prometheus", at("08-02T06"), 12, 12)
    assert await found(ledger, state) == [(Decimal("1.25"), 0)]
    assert await found(ledger, "SELECT as_of FROM organization_state WHERE organization = 'acme'") == [
        (at("08-02T07"),)
    ]
    await record_hour(ledger, "prometheus", at("08-03T07"), 12, 12)
    assert await found(ledger, state) == []
    assert await found(ledger, "SELECT version FROM data_versions WHERE organization = 'acme'") == [(4,)]
