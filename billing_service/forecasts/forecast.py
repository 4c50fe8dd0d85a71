"""The forecast as it is sent: the stored one of this data version, or computed now."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing_service.database import Database
from billing_service.errors import OrganizationNotFound, ProjectNotFound
from billing_service.figures.again import consistent
from billing_service.figures.summary import prices_missing
from billing_service.forecasts.answer import Scope, answers
from billing_service.forecasts.fees import with_fees
from billing_service.forecasts.inputs import Inputs, Life, read
from billing_service.forecasts.stored import Wanted, state_of, stored
from billing_service.render import text


async def project_forecast(
    database: Database, organization: str, namespace: str, wanted: Wanted, now: datetime | None
) -> str:
    """JSON. Raises ProjectNotFound (404), PriceMissing (409), AmountTooLarge (409), DataChanging (503)."""

    async def compute() -> str:
        state = await state_of(database.fetch, organization, namespace, now)
        if state is None:
            raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
        if kept := await stored(database.fetch, organization, namespace, wanted, state):
            return kept
        inputs = await read(database.fetch, organization, [namespace], now)
        scope = None if inputs is None else project_scope(inputs, namespace)
        if inputs is None or scope is None:
            raise ProjectNotFound(f"Organization {organization} has no project {namespace}")
        await _refuse_unpriced(database, inputs, scope.lives[0])
        return text((await asyncio.to_thread(answers, inputs, [scope], wanted.horizon))[0][wanted.level])

    return await consistent(compute)


async def organization_forecast(
    database: Database,
    organization: str,
    namespaces: Sequence[str] | None,
    wanted: Wanted,
    now: datetime | None,
) -> str:
    """JSON. `namespaces`: the forecast of the sum of these projects, without the organization's fees.

    Raises OrganizationNotFound (404), PriceMissing (409), AmountTooLarge (409), DataChanging (503).
    """

    async def compute() -> str:
        state = await state_of(database.fetch, organization, None, now)
        if state is None:
            raise OrganizationNotFound(f"Organization {organization} is not registered")
        if namespaces is None and (kept := await stored(database.fetch, organization, "", wanted, state)):
            return kept
        inputs = await read(database.fetch, organization, namespaces, now)
        if inputs is None:
            raise OrganizationNotFound(f"Organization {organization} is not registered")
        scope = Scope(None, namespaces, inputs.lives)
        made: dict[str, Any] = (await asyncio.to_thread(answers, inputs, [scope], wanted.horizon))[0][wanted.level]
        return text(made if namespaces is not None else await with_fees(database.fetch, inputs.month, made))

    return await consistent(compute)


def project_scope(inputs: Inputs, namespace: str) -> Scope | None:
    """The life that the organization owns now, or the last one that it owned in this month."""
    found = [life for life in inputs.lives if life.row["namespace"] == namespace and _in_month(life, inputs)]
    return Scope(namespace, None, found[:1]) if found else None


def _in_month(life: Life, inputs: Inputs) -> bool:
    until: datetime | None = life.row["until"]
    return bool(life.row["present"]) or (until is not None and until > inputs.month["starts"])


async def _refuse_unpriced(database: Database, inputs: Inputs, life: Life) -> None:
    """Raises PriceMissing (409) as the overview does."""
    if not life.row["unrated"]:
        return
    month = inputs.month
    found = await prices_missing(database, month["organization"], [life.name], month["starts"], month["ends"])
    for missing in found.values():
        raise missing
