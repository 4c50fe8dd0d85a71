"""Finds the unusual days of an organization and of each of its projects, for the worker.

Numbers are computed only where a history has changed, which is once a day. Their causes are read each time.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from billing_service.database import Connection
from billing_service.figures.again import DataChanged
from billing_service.forecasts.anomalies import Anomaly, anomalies_all
from billing_service.forecasts.inputs import Fetch
from billing_service.forecasts.stored import state_of
from billing_service.forecasts.unusual import (
    Group,
    History,
    ProjectDay,
    Sum,
    causes_of_projects,
    causes_of_sum,
    day_json,
    history_of,
    sum_of,
    values_of,
)
from billing_service.forecasts.unusual_stored import Kept, found_before, keep
from billing_service.forecasts.window import Name, Window, read_window
from billing_service.trends.usage import Scope

_AT_ONCE = 25  # series, less than a second: a worker that is stopped waits for them


@dataclass(frozen=True)
class Span:
    """Of ranges that begin from `since` up to and without `until`: the same lives count in them."""

    namespace: str  # '' is the organization
    since: date
    until: date
    lives: list[Name]
    history: History
    total: Sum | None = None  # of the organization

    @property
    def hash(self) -> str:
        return hashlib.sha256(repr(self.history).encode()).hexdigest()[:32]


async def refresh_unusual_days(connection: Connection, fetch: Fetch, organization: str, now: datetime | None) -> None:
    """Raises DataChanged: an import came in between."""
    state = await state_of(fetch, organization, None, now)
    window = await read_window(fetch, organization, None, None, now)
    if window is None or state is None:
        return
    spans = [*await _of_organization(fetch, window), *await _of_projects(fetch, window)]
    known = await found_before(fetch, organization)
    found = await _found(spans, known, window.days.first)
    causes = await _causes(fetch, window, spans, found)
    kept = [
        Kept(
            span.namespace,
            span.since,
            span.until,
            span.hash,
            days,
            [day_json(window, *day) for day in zip(days, groups, strict=True)],
        )
        for span, days, groups in zip(spans, found, causes, strict=True)
    ]
    if state != await state_of(fetch, organization, None, now):
        raise DataChanged
    await keep(connection, organization, window.last, state, kept)


async def _of_organization(fetch: Fetch, window: Window) -> list[Span]:
    """Of the ranges of the page: since the first of this month and of the last one, and of more than 100 days."""
    month = window.last.replace(day=1)
    begins = {max(day, window.first) for day in (window.first, (month - timedelta(days=1)).replace(day=1), month)}
    spans = []
    for since, until in _edges(window, window.counts_since.values()):
        if any(since <= begin < until for begin in begins):
            total = await sum_of(fetch, window, Scope(window.organization), since)
            spans.append(Span("", since, until, [], total.history, total))
    return spans


async def _of_projects(fetch: Fetch, window: Window) -> list[Span]:
    values = await values_of(fetch, window, None)
    lives: dict[str, list[Name]] = {}
    for life in window.counts_since:
        lives.setdefault(life[0], []).append(life)
    spans = []
    for namespace, names in lives.items():
        for since, until in _edges(window, [window.counts_since[name] for name in names]):
            counted = [name for name in names if window.counts_since[name] <= since]
            spans.append(Span(namespace, since, until, counted, history_of(window, values, counted)))
    return spans


def _edges(window: Window, days: Iterable[date]) -> Iterable[tuple[date, date]]:
    """Days from the first to the last one of the window, cut at each of `days`."""
    inside = {day for day in days if window.first < day < window.last}
    return pairwise([window.first, *sorted(inside), window.last])


async def _found(spans: Sequence[Span], known: Mapping[str, list[Anomaly]], first_day: date) -> list[list[Anomaly]]:
    """Of each span: the days that its ranges can have."""
    found = dict(known)
    new = {span.hash: span.history for span in spans if span.hash not in found}
    for place in range(0, len(new), _AT_ONCE):
        hashes = list(new)[place : place + _AT_ONCE]
        histories = np.array([new[hash_] for hash_ in hashes], dtype=float)
        made = await asyncio.to_thread(anomalies_all, histories, [first_day] * len(hashes))
        found |= zip(hashes, made, strict=True)
    return [[day for day in found[span.hash] if day.day >= span.since] for span in spans]


async def _causes(
    fetch: Fetch, window: Window, spans: Sequence[Span], found: Sequence[Sequence[Anomaly]]
) -> list[list[list[Group]]]:
    """Of each day of each span. Those of projects are read at once."""
    of_projects = [
        ProjectDay(span.lives, day.day)
        for span, days in zip(spans, found, strict=True)
        if not span.total
        for day in days
    ]
    read = iter(await causes_of_projects(fetch, window, of_projects))
    scope = Scope(window.organization)
    return [
        [await causes_of_sum(fetch, window, scope, span.total, day.day) if span.total else next(read) for day in days]
        for span, days in zip(spans, found, strict=True)
    ]
