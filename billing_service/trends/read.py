"""What the ledger has about a range."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import DictRow

from billing_service.database import Reads
from billing_service.errors import ProjectNotFound
from billing_service.figures.lives import named_lives
from billing_service.figures.summary import prices_missing
from billing_service.ledger.script import script
from billing_service.trends.asked import Asked
from billing_service.trends.calendar import (
    MOST_BUCKETS,
    Clock,
    Month,
    Range,
    check_number,
    clock,
    read_range,
    refuse_number,
)
from billing_service.trends.coverage import Coverage, read_coverage
from billing_service.trends.frame import Frame, coarse, frame
from billing_service.trends.rounding import decimal, unit_of
from billing_service.trends.usage import Key, Reader, Scope, Usage, check_lines


@dataclass(frozen=True)
class Read:
    """`totals`: by piece and SKU, in all currencies."""

    database: Reads
    scope: Scope
    asked: Asked
    clock: Clock
    range: Range
    frame: Frame
    facts: DictRow
    reader: Reader
    coverage: Coverage
    totals: list[Usage]

    @property
    def unit(self) -> int:
        return unit_of(self.digits)

    @property
    def digits(self) -> int:
        found: int = self.facts["digits"]
        return found

    @property
    def currency(self) -> str:
        found: str = self.facts["currency"]
        return found

    @property
    def hourly(self) -> bool:
        return self.asked.granularity == "hour"

    def amount(self, units: int) -> Decimal:
        return decimal(units, self.digits)


async def read_all(database: Reads, scope: Scope, asked: Asked, now: datetime | None) -> Read:
    """Raises BadRequest (400), OrganizationNotFound, ProjectNotFound (404), PriceMissing (409)."""
    present, ends = await clock(database, scope.organization, asked, now)
    check_number(ends, asked.granularity)
    given = await read_range(database, scope.organization, ends, asked.granularity)
    if asked.granularity == "hour" and given.hours > MOST_BUCKETS:
        refuse_number(ends, asked.granularity)
    [facts] = await database.fetch(
        script("trends/facts.sql"),
        organization=scope.organization,
        moment=present.moment,
        since=given.since,
        until=given.until,
        period=given.months[-1].period,
    )
    scope = await _with_lives(database, scope, present.moment)
    lives, owned = await read_lives(database, scope, given.months, present.moment)
    if not owned and lives is not None and not any(lives):
        raise ProjectNotFound(f"Organization {scope.organization} has no project {scope.namespace}")
    filters = await asked.filters.find_skus(database)
    reader = Reader(database, scope, lives, filters, quantities=asked.compare is not None)
    cut = frame(given, asked.granularity)
    if asked.granularity == "hour" or filters.of_lines:
        check_lines(await reader.of_sums().by_sku(coarse(given)), asked)
    coverage, totals = await asyncio.gather(  # the two that take time, on two connections
        read_coverage(database, scope, given.months, lives, present.as_of),
        reader.by_sku(cut, hourly=asked.granularity == "hour"),
    )
    await refuse_unpriced(reader, totals, given.months)
    return Read(database, scope, asked, present, given, cut, facts, reader, coverage, totals)


async def _with_lives(database: Reads, scope: Scope, moment: datetime) -> Scope:
    """A caller who names projects gets no former life of them."""
    if scope.namespaces is None:
        return scope
    lives = await named_lives(database.fetch, scope.organization, scope.namespaces, moment)
    return Scope(scope.organization, namespaces=scope.namespaces, lives=lives)


async def read_lives(
    database: Reads, scope: Scope, months: Sequence[Month], moment: datetime
) -> tuple[list[int | None] | None, bool]:
    """The life of a project in each month, as the overview has it, and whether the organization owns the project now.

    None for a scope that is not one project.
    """
    if scope.namespace is None:
        return None, True
    [row] = await database.fetch(
        script("trends/lives.sql"),
        organization=scope.organization,
        namespace=scope.namespace,
        starts=[month.starts for month in months],
        ends=[month.ends for month in months],
        moment=moment,
    )
    return row["lives"], row["owned"]


async def refuse_unpriced(reader: Reader, usage: Sequence[Usage], months: Sequence[Month]) -> None:
    """A figure of a project is complete; that of an organization has the number of its lines without a price.

    Raises PriceMissing (409).
    """
    namespace = reader.scope.namespace
    if namespace is None or all(one.unrated is None for one in usage):
        return
    for month, life in zip(months, reader.lives or [], strict=True):
        if life is not None:
            found = await prices_missing(
                reader.database, reader.scope.organization, [(namespace, life)], month.since, month.until
            )
            if namespace in found:
                raise found[namespace]


async def read_uids(read: Read, keys: Collection[Key]) -> dict[Key, str]:
    """Of projects. A uid is empty if it is not known."""
    if read.asked.kind != "project" or not keys:
        return {}
    names = sorted({key.namespace or "" for key in keys})
    rows = await read.database.fetch(script("trends/uids.sql"), organization=read.scope.organization, namespaces=names)
    return {Key(row["namespace"], row["namespace"], row["life"]): row["uid"] for row in rows}
