"""A meter that ends: its later hours are not missing, and its earlier ones stay as they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_service.database import Connection, connect
from billing_service.ledger.ingest import ingest, record_hour
from billing_service.ledger.sources import SourceError, end_source, sources

from .conftest import Api
from .ledger_kit import at, found, line
from .process import run

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def ledger(database_url: str, registry: None) -> AsyncIterator[Connection]:  # noqa: ARG001 - the rows must be there
    async with connect(database_url) as connection:
        await connection.execute("INSERT INTO prices VALUES (1, '', 1, 'EUR', 0.05, '[2026-01-01Z,)')")
        yield connection


async def metered(connection: Connection, source: str, first: str, hours: int) -> None:
    for number in range(hours):
        await record_hour(connection, source, at(first) + number * HOUR, 12, 12)


async def used(connection: Connection, first: str, hours: int, source: str = "csv") -> None:
    await ingest(connection, [line(at(first) + number * HOUR, "1", source=source) for number in range(hours)])


async def shown(api: Api, namespace: str = "acme-web") -> tuple[Any, ...]:
    api.now = NOW
    overview = await api.overview("acme", namespace)
    return overview["incomplete_hours"], overview["complete_through"]


async def test_hours_after_the_end_are_not_missing(ledger: Connection, api: Api) -> None:
    """Files go on where the meter stopped: before the end is set, each of their hours is incomplete."""
    await metered(ledger, "eu-1", "08-01T00", 24)
    await used(ledger, "08-01T00", 48)
    assert await shown(api) == (24, "2026-08-02T00:00:00.000Z")
    before = await found(ledger, "SELECT version FROM data_versions WHERE organization = 'acme'")
    assert await end_source(ledger, "eu-1", None) == at("08-02T00")
    assert await shown(api) == (0, "2026-08-03T00:00:00.000Z")
    assert await found(ledger, "SELECT version FROM data_versions WHERE organization = 'acme'") > before


async def test_hours_before_the_end_stay_missing(ledger: Connection, api: Api) -> None:
    """A gap of the meter is not healed by its end, also if a file has the hour."""
    await metered(ledger, "eu-1", "08-01T00", 5)
    await metered(ledger, "eu-1", "08-01T07", 5)
    await used(ledger, "08-01T00", 24)
    await end_source(ledger, "eu-1", at("08-01T12"))
    assert await shown(api) == (2, "2026-08-01T05:00:00.000Z")


async def test_without_a_source_the_hours_with_a_line_decide(ledger: Connection, api: Api) -> None:
    """An hour after the end without a line is missing, as it is for files."""
    await metered(ledger, "eu-1", "08-01T00", 12)
    await used(ledger, "08-01T00", 20)
    await used(ledger, "08-01T22", 2)
    await end_source(ledger, "eu-1", None)
    assert await shown(api) == (2, "2026-08-01T20:00:00.000Z")


async def test_the_other_source_still_decides(ledger: Connection, api: Api) -> None:
    """The cluster moved: hours of the new meter count from its first hour on, and hours between the two are missing."""
    await metered(ledger, "eu-1", "08-01T00", 12)
    await metered(ledger, "eu-2", "08-01T14", 10)
    await end_source(ledger, "eu-1", None)
    assert await shown(api) == (2, "2026-08-01T12:00:00.000Z")


async def test_a_source_that_ended_in_an_earlier_month_makes_nothing_missing(ledger: Connection, api: Api) -> None:
    """Nor is a project that began after the end metered by it: it was never metered, which is not 0."""
    await metered(ledger, "eu-1", "07-01T00", 3)
    await end_source(ledger, "eu-1", None)
    await ledger.execute(
        "INSERT INTO ownership VALUES ('acme-new', 'acme', '', 1, '[2026-08-01Z,)'), ('acme-old', 'acme', '', 1, '(,)')"
    )
    await used(ledger, "08-01T00", 5)
    assert await shown(api) == (0, "2026-08-01T05:00:00.000Z")
    assert (await api.overview("acme", "acme-new"))["billing_summary"]["current_month_total"] is None
    assert (await api.overview("acme", "acme-old"))["billing_summary"]["current_month_total"] is not None


async def test_a_later_hour_ends_the_end(ledger: Connection, api: Api) -> None:
    """The meter runs again: the hours in between are missing, and can be read with --from and --to."""
    await metered(ledger, "eu-1", "08-01T00", 5)
    await end_source(ledger, "eu-1", None)
    await metered(ledger, "eu-1", "08-01T04", 1)
    assert [text async for text in sources(ledger)] == [
        "eu-1: from 2026-08-01T00:00Z to 2026-08-01T05:00Z, ended at 2026-08-01T05:00Z"
    ]
    await metered(ledger, "eu-1", "08-01T07", 1)
    assert [text async for text in sources(ledger)] == ["eu-1: from 2026-08-01T00:00Z to 2026-08-01T08:00Z"]
    assert await shown(api) == (2, "2026-08-01T05:00:00.000Z")


async def test_what_cannot_be_is_refused(ledger: Connection) -> None:
    """An unknown source names the known ones. A source cannot end before its newest hour."""
    with pytest.raises(SourceError, match="no source has an hour"):
        await end_source(ledger, "eu-1", None)
    await metered(ledger, "eu-1", "08-01T00", 5)
    with pytest.raises(SourceError, match="there is no source eu-9: eu-1"):
        await end_source(ledger, "eu-9", None)
    with pytest.raises(SourceError, match="has hours until 2026-08-01T05:00Z: it cannot end before"):
        await end_source(ledger, "eu-1", at("08-01T04"))


async def test_the_commands(ledger: Connection, database_url: str) -> None:
    """Ending it twice changes nothing."""
    await metered(ledger, "eu-1", "08-01T00", 2)
    versions = []
    for _ in range(2):
        done = run(database_url, "end-source", "eu-1", "--at", "2026-08-01T03:00:00Z")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "end-source: eu-1 ended at 2026-08-01T03:00Z: no hour from then on is missing\n"
        versions.append(await found(ledger, "SELECT organization, version FROM data_versions ORDER BY 1"))
    assert versions[0] == versions[1]
    assert run(database_url, "sources").stdout == (
        "eu-1: from 2026-08-01T00:00Z to 2026-08-01T02:00Z, ended at 2026-08-01T03:00Z\n"
    )
    assert run(database_url, "end-source", "eu-2").returncode == 1
