"""The budgets of an organization: list, read, create, replace, delete, preview. Every method raises ServiceError.

Figures are computed before the transaction of a change: a figure that is missing or late does not stop the change.
"""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from billing_service.budgets import store
from billing_service.budgets.access import Facts, Viewer, facts_of, unknown_project
from billing_service.budgets.body import BudgetBody
from billing_service.budgets.ended import end
from billing_service.budgets.model import Budget, Standing
from billing_service.budgets.preview import preview
from billing_service.budgets.shown import shown, tag, written
from billing_service.budgets.standing import standings
from billing_service.changes import Change, Reply, invalid, read_body
from billing_service.database import Connection, Database
from billing_service.errors import ServiceError
from billing_service.figures.routes import Clock

DOMAIN = "budget"
_FIGURES_SECONDS = 1.5  # of a change; less than a function waits for its reply


class Budgets:
    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def list_all(self, viewer: Viewer) -> dict[str, Any]:
        facts = await self._facts(viewer)
        budgets = await store.list_seen(self._database, viewer, self._now())
        found = await standings(self._database, viewer.organization, budgets, self._now())
        may = facts.may_write(viewer)
        return {
            **facts.units(),
            "may_create": may,
            "budgets": [shown(one, where, may_change=may) for one, where in zip(budgets, found, strict=True)],
        }

    async def list_channels(self, viewer: Viewer) -> dict[str, Any]:
        """What a budget can name in `channels`, for those who may write budgets. Raises AdminRequired."""
        (await self._facts(viewer)).require_write(viewer)
        return {"channels": await store.list_channels(self._database, viewer.organization)}

    async def read(self, viewer: Viewer, budget: UUID) -> Reply:
        facts = await self._facts(viewer)
        found = await self._seen(viewer, budget)
        [standing] = await standings(self._database, viewer.organization, [found], self._now())
        return _reply(found, standing, facts, may_change=facts.may_write(viewer))

    async def create(self, viewer: Viewer, change: Change, content: bytes) -> Reply:
        body = _read(viewer, content)
        if first := await change.earlier(self._database):
            return first
        facts = await self._checked(viewer, body)
        facts.require_write(viewer)
        wanted = _budget(viewer.organization, body)
        standing = await self._standing(wanted)

        async def make(connection: Connection) -> Reply:
            await store.require_room(connection, viewer.organization)
            await store.require_channels(connection, viewer.organization, wanted.channels)
            made = await store.insert(connection, wanted)
            await change.audit(connection, (DOMAIN, str(made.id)), "create", before=None, after=written(made))
            return _reply(made, standing, facts, may_change=True, status=HTTPStatus.CREATED)

        async with self._database.change(viewer.organization) as connection:
            return await change.once(connection, lambda: make(connection))

    async def replace(self, viewer: Viewer, change: Change, budget: UUID, content: bytes) -> Reply:
        body = _read(viewer, content)
        if first := await change.earlier(self._database):
            return first
        found = await self._seen(viewer, budget)
        facts = await self._facts(viewer)
        facts.require_write(viewer)
        if body.scope.scope != found.scope:
            raise invalid("conflict", "the scope of a budget does not change: create another budget", "scope")
        body.check(facts.currency)
        wanted = _budget(viewer.organization, body, found)
        standing = await self._standing(wanted)

        async def make(connection: Connection) -> Reply:
            await store.require_channels(connection, viewer.organization, wanted.channels)
            before = await store.lock(connection, viewer, self._now(), budget)
            change.check_version(before.version)
            after = await store.update(connection, wanted)
            subject = (DOMAIN, str(budget))
            await change.audit(connection, subject, "change", before=written(before), after=written(after))
            return _reply(after, standing, facts, may_change=True)

        async with self._database.change(viewer.organization) as connection:
            return await change.once(connection, lambda: make(connection))

    async def delete(self, viewer: Viewer, change: Change, budget: UUID) -> Reply:
        """Its alerts and its trail of changes are kept."""
        facts = await self._facts(viewer)

        async def make(connection: Connection) -> Reply:
            before = await store.lock(connection, viewer, self._now(), budget)
            facts.require_write(viewer)
            change.check_version(before.version)
            await end(connection, viewer.organization, before)
            await store.delete(connection, before)
            await change.audit(connection, (DOMAIN, str(budget)), "delete", before=written(before), after=None)
            return Reply(HTTPStatus.OK, {"id": str(budget)})

        async with self._database.change(viewer.organization) as connection:
            return await change.once(connection, lambda: make(connection))

    async def preview(self, viewer: Viewer, content: bytes) -> dict[str, Any]:
        """For each caller who sees the scope: nothing is stored."""
        body = _read(viewer, content)
        facts = await self._checked(viewer, body)
        found = await preview(self._database, viewer.organization, _budget(viewer.organization, body), self._now())
        return found | facts.units()

    async def _facts(self, viewer: Viewer, namespace: str | None = None) -> Facts:
        return await facts_of(self._database, viewer.organization, self._now(), namespace)

    async def _checked(self, viewer: Viewer, body: BudgetBody) -> Facts:
        """The body fits the organization. Raises ProjectNotFound, InvalidBody."""
        namespace = body.scope.namespace
        facts = await self._facts(viewer, namespace)
        if namespace is not None and not facts.owned:
            raise unknown_project()
        body.check(facts.currency)
        return facts

    async def _seen(self, viewer: Viewer, budget: UUID) -> Budget:
        found = await store.list_seen(self._database, viewer, self._now(), budget)
        if not found:
            raise store.not_found()
        return found[0]

    async def _standing(self, budget: Budget) -> Standing | None:
        """None if the figures cannot be computed in time: the change is made, and a GET shows them."""
        try:
            async with asyncio.timeout(_FIGURES_SECONDS):
                [standing] = await standings(self._database, budget.organization, [budget], self._now())
        except (ServiceError, TimeoutError):
            return None
        return standing


def _read(viewer: Viewer, content: bytes) -> BudgetBody:
    """Raises InvalidBody, AdminRequired, ProjectNotFound."""
    body = read_body(BudgetBody, content)
    viewer.require_scope(body.scope.scope)
    return body


def _budget(organization: str, body: BudgetBody, older: Budget | None = None) -> Budget:
    """As it will be stored."""
    now = datetime.now(UTC)
    return Budget(
        organization=organization,
        id=older.id if older else uuid4(),
        version=older.version + 1 if older else 1,
        created_at=older.created_at if older else now,
        updated_at=now,
        **body.columns(),
    )


def _reply(
    budget: Budget, standing: Standing | None, facts: Facts, *, may_change: bool, status: int = HTTPStatus.OK
) -> Reply:
    body = shown(budget, standing, may_change=may_change) | facts.units(budget.currency)
    return Reply(status, body, tag(budget, body))
