"""Computes the forecasts and the unusual days of organizations whose data have changed, for the worker."""

import asyncio
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import DictRow

from billing_service.database import Connection
from billing_service.errors import ServiceError
from billing_service.figures.again import DataChanged
from billing_service.forecasts.answer import HORIZONS, Scope, answers
from billing_service.forecasts.fees import with_fees
from billing_service.forecasts.forecast import project_scope
from billing_service.forecasts.inputs import Fetch, Inputs, read
from billing_service.forecasts.stored import Kept, Wanted, keep, state_of
from billing_service.forecasts.unusual_work import refresh_unusual_days
from billing_service.render import text

_OUTDATED: LiteralString = """
    WITH p AS (
        SELECT coalesce(md5(string_agg(concat_ws(' ', id, price_list, sku, currency, unit_price, validity, rating, (
                   SELECT string_agg(concat_ws(' ', s.from_quantity, s.unit_price), ',' ORDER BY s.from_quantity)
                   FROM price_steps AS s WHERE s.price = prices.id
               )), ';' ORDER BY id)), '') AS prices
        FROM prices
    )
    SELECT s.organization, p.prices FROM p, organization_state AS s JOIN data_versions AS v USING (organization)
    WHERE NOT EXISTS (
        SELECT FROM forecast_versions AS f
        WHERE f.organization = s.organization AND f.version = v.version AND f.prices = p.prices
          AND f.period = current_period(s.organization, coalesce(%(now)s::timestamptz, now()))
    )
    ORDER BY s.organization
"""
_DONE: LiteralString = """
    INSERT INTO forecast_versions AS f
    VALUES (%(organization)s, %(version)s, %(period)s, %(prices)s)
    ON CONFLICT (organization) DO UPDATE
    SET version = excluded.version, period = excluded.period, prices = excluded.prices
"""


async def refresh(connection: Connection, now: datetime | None = None) -> int:
    """The number of organizations. Each is one transaction, so a worker that is stopped loses one of them."""

    async def fetch(query: LiteralString, **arguments: object) -> list[DictRow]:
        return await (await connection.execute(query, arguments)).fetchall()

    outdated = await fetch(_OUTDATED, now=now)
    for row in outdated:
        try:
            month = await _refresh(connection, fetch, row["organization"], now)
        except DataChanged:  # the next run has the new data
            continue
        if month is not None:
            done = {"version": month["data_version"], "period": month["this_period"], **row}
            await connection.execute(_DONE, done)
    return len(outdated)


async def _refresh(connection: Connection, fetch: Fetch, organization: str, now: datetime | None) -> DictRow | None:
    inputs = await read(fetch, organization, None, now, each=True)
    whole = await read(fetch, organization, None, now)
    if inputs is None or whole is None:
        return None
    names = sorted({life.row["namespace"] for life in inputs.lives})
    scopes = [scope for name in names if (scope := project_scope(inputs, name)) and not scope.lives[0].row["unrated"]]
    found = await _kept(fetch, whole, [], now, HORIZONS)
    found += await _kept(fetch, inputs, scopes, now, HORIZONS[:1])
    await keep(connection, organization, found)
    await refresh_unusual_days(connection, fetch, organization, now)
    return inputs.month


async def _kept(
    fetch: Fetch, inputs: Inputs, projects: list[Scope], now: datetime | None, horizons: tuple[str, ...]
) -> list[Kept]:
    """Of these projects, or without them of the organization.

    What has no price is left to the request, and its error.
    """
    organization = inputs.month["organization"]
    scopes = projects or [Scope(None, None, inputs.lives)]
    state = await state_of(fetch, organization, None, now) or ""  # the same for each project
    found: list[Kept] = []
    for horizon in horizons:
        try:
            made = await asyncio.to_thread(answers, inputs, scopes, horizon)
        except ServiceError:
            continue
        for scope, levels in zip(scopes, made, strict=True):
            for level, body in levels.items():
                full: dict[str, Any] = body if scope.namespace else await with_fees(fetch, inputs.month, body)
                found.append((scope.namespace or "", Wanted(horizon, level), state, text(full)))
    return found
