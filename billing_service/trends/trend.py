"""The cost of a range by bucket and group. Sums of groups are buckets, and sums of buckets are the total."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing_service.database import Database
from billing_service.errors import AmountTooLarge
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, rfc3339
from billing_service.figures.summary import LARGEST_AMOUNT
from billing_service.forecasts.unusual_stored import shown_days
from billing_service.ledger.script import script
from billing_service.money import rounded
from billing_service.trends.asked import Asked
from billing_service.trends.change import Side, change
from billing_service.trends.frame import Frame, coarse
from billing_service.trends.groups import Figures, Margins, add_rows, by_month, cells, figures, margins
from billing_service.trends.read import Read, read_all, read_uids
from billing_service.trends.response import (
    Seen,
    amount_json,
    amounts_json,
    bucket_json,
    currencies,
    hours_of,
    key_json,
    seen_by_bucket,
    state_of,
)
from billing_service.trends.usage import Key, Scope, Usage, by_piece, check_lines, grouped


@dataclass(frozen=True)
class Groups:
    """`usage`: of all groups, by the pieces of `frame`. `cells`: of each piece, the shown groups and then the rest."""

    usage: Sequence[Usage]
    frame: Frame
    margins: Margins
    shown: list[Key]
    uids: dict[Key, str]
    cells: list[list[int]]

    @property
    def others(self) -> list[Key]:
        return list(self.margins.units)[len(self.shown) :]


async def trend(database: Database, scope: Scope, asked: Asked, now: datetime | None = None) -> dict[str, Any]:
    """Raises BadRequest (400), OrganizationNotFound, ProjectNotFound (404), PriceMissing, AmountTooLarge (409), and
    DataChanging (503)."""
    return await consistent(lambda: _read(database, scope, asked, now))


async def _read(database: Database, scope: Scope, asked: Asked, now: datetime | None) -> dict[str, Any]:
    read = await read_all(database, scope, asked, now)
    found = figures(read.frame, by_piece(read.totals, read.frame, read.currency), read.unit)
    if read.amount(max(found.months)) > LARGEST_AMOUNT:
        raise AmountTooLarge(f"An amount of {scope.namespace or scope.organization} is larger than 10^18")
    body = await _body(read, found)
    [version] = await database.fetch(VERSION, organization=scope.organization)
    if not read.clock.data_version == read.facts["data_version"] == version["number"]:
        raise DataChanged
    return body


async def _body(read: Read, found: Figures) -> dict[str, Any]:
    asked, given, scope = read.asked, read.range, read.scope
    groups = await _groups(read, found)
    seen = seen_by_bucket(read.totals, read.frame, read.currency)
    buckets = _buckets(read, found, groups, seen)
    total = sum(found.months) if any(bucket["amount"] is not None for bucket in buckets) else None
    return {
        **facts(read.facts),
        "complete_through": rfc3339(read.coverage.complete_through(given.months)),
        "incomplete_hours": sum(bucket["incomplete_hours"] for bucket in buckets),
        **({"namespaces": scope.namespaces} if scope.namespace is None else {"namespace": scope.namespace}),
        "granularity": asked.granularity,
        "group_by": asked.kind if asked.label is None else f"label:{asked.label}",
        "include": list(asked.filters.include.texts),
        "exclude": list(asked.filters.exclude.texts),
        "from": rfc3339(given.since),
        "to": rfc3339(given.until),
        "total": None if total is None else read.amount(total),
        **_rounding(read, sum(found.months), groups.margins),
        "groups": [
            key_json(key, groups.uids) | {"amount": read.amount(groups.margins.total(key))} for key in groups.shown
        ],
        "rest": _rest(read, groups),
        "buckets": buckets,
        "adjustments": await _adjustments(read),
        "other_currencies": currencies(seen),
        "unrated_lines": sum(one.unrated for one in seen),
        **await _compare(read, groups, total),
        **await _anomalies(read),
    }


async def _anomalies(read: Read) -> dict[str, Any]:
    """Only of days: those of the range that are complete. What is filtered has none: it was not forecast."""
    if read.asked.granularity != "day" or read.asked.filters:
        return {}
    since, until = read.range.first_day, read.range.last_day + timedelta(days=1)
    found = await shown_days(read.database.fetch, read.scope, since, until, read.clock.moment)
    return {"anomalies": found}


async def _compare(read: Read, groups: Groups, total: int | None) -> dict[str, Any]:
    if read.asked.compare is None:
        return {}
    side = Side(list(groups.usage), groups.frame, groups.margins, total or 0)
    return {"compare": await change(read, side, groups.shown, known=total is not None)}


async def _groups(read: Read, found: Figures) -> Groups:
    asked, currency = read.asked, read.currency
    usage, cut = read.totals, read.frame
    if asked.kind not in {"component", "sku"}:
        if asked.kind != "project":
            check_lines(usage, asked)
        cut = coarse(read.range)
        usage = await read.reader.by_group(cut, asked, by_sku=asked.compare is not None)
    sums = grouped(usage, asked.kind, currency)
    groups = margins(by_month(sums, cut), found.months, asked.kind, read.unit)
    shown = list(groups.units)[: asked.limit]
    if cut is not read.frame and shown:
        part = await read.reader.by_group(read.frame, asked, by_sku=False, keys=shown, hourly=read.hourly)
        sums = grouped(part, asked.kind, currency)
    units = cells(found, groups, sums, shown, asked.kind)
    return Groups(usage, cut, groups, shown, await read_uids(read, shown), units)


def _buckets(read: Read, found: Figures, groups: Groups, seen: Sequence[Seen]) -> list[dict[str, Any]]:
    totals = [0] * len(read.frame.buckets)
    rows: list[list[int]] = [[] for _ in totals]
    for piece, units, row in zip(read.frame.pieces, found.pieces, groups.cells, strict=True):
        totals[piece.bucket] += units
        rows[piece.bucket] = add_rows(rows[piece.bucket], row) if rows[piece.bucket] else row
    hours, digits = hours_of(read.frame, read.coverage), read.digits
    result, has_rest, so_far = [], bool(groups.others), 0
    for bucket, total, row, lines, times in zip(read.frame.buckets, totals, rows, seen, hours, strict=True):
        has_amount = bool(times.known or lines.lines) and lines.has_amount
        amount = amount_json(total, digits) if has_amount else None
        body = bucket_json(bucket, state_of(bucket, times, lines, read.coverage), times, lines, amount)
        so_far += total
        if has_amount:
            body["cumulative"] = amount_json(so_far, digits)
            body["groups"] = amounts_json(row[:-1], digits)
            if has_rest:
                body["rest"] = amount_json(row[-1], digits)
            if read.asked.kind == "project":
                body["rounding"] = amount_json(total - sum(row), digits)
        result.append(body)
    return result


def _rounding(read: Read, total: int, groups: Margins) -> dict[str, Decimal]:
    """The organization's rounded figure minus the sum of the projects'."""
    if read.asked.kind != "project":
        return {}
    return {"rounding": read.amount(total - sum(groups.total(key) for key in groups.units))}


def _rest(read: Read, groups: Groups) -> dict[str, Any] | None:
    if not groups.others:
        return None
    return {
        "groups": len(groups.others),
        "amount": read.amount(sum(groups.margins.total(key) for key in groups.others)),
    }


async def _adjustments(read: Read) -> list[dict[str, Any]]:
    """Corrections of closed months and credits, in the month in which they count. They are in no other amount."""
    rows = await read.database.fetch(
        script("trends/adjustments.sql"),
        organization=read.scope.organization,
        namespaces=read.scope.names,
        **read.scope.own,
        periods=[month.period for month in read.range.months],
        lives=read.reader.lives,
    )
    return [
        {
            "period": f"{row['period']:%Y-%m}",
            "currency": row["currency"],
            "amount": rounded(row["amount"], row["digits"]),
        }
        for row in rows
    ]
