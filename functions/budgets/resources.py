"""The resources of the billing service about budgets, and the proof that a reply is about what the caller sees."""

from typing import TypeVar

from common.access.roles import Organization
from common.billing.resource import Resource, UpstreamFailure
from common.model import Scope, WireModel
from common.money.shares import ratio
from functions.budgets.models import (
    Budget,
    BudgetList,
    BudgetListReply,
    BudgetScope,
    BudgetSettings,
    ChannelChoices,
    DeletedBudget,
)
from functions.budgets.past import BudgetChange, BudgetHistory, BudgetPreview

M = TypeVar("M", bound=WireModel)


def _same(reply: M, _: Organization) -> M:
    return reply


def _prove(scope: BudgetScope, organization: Organization) -> None:
    """A project-user gets the budgets of the own projects only. Raises UpstreamFailure."""
    if organization.namespaces is not None and scope.namespace not in organization.namespaces:
        raise UpstreamFailure("mismatch", outage=False)


def _to_budget(reply: Budget, organization: Organization) -> Budget:
    _prove(reply.scope, organization)
    current = reply.current
    if current is None or current.spent is None or current.limit is None:
        return reply
    spent_ratio = ratio(current.spent, current.limit)
    return reply.model_copy(update={"current": current.model_copy(update={"spent_ratio": spent_ratio})})


def _to_list(reply: BudgetListReply, organization: Organization) -> BudgetList:
    namespaces = None if organization.namespaces is None else sorted(organization.namespaces)
    scope = Scope(organization=organization.name, namespaces=namespaces)
    budgets = [_to_budget(budget, organization) for budget in reply.budgets]
    return BudgetList(scope=scope, may_create=reply.may_create, budgets=budgets)


def _to_history(reply: BudgetHistory, organization: Organization) -> BudgetHistory:
    for entry in reply.entries:
        for written in (entry.before, entry.after) if isinstance(entry, BudgetChange) else ():
            if written is not None:
                _prove(written.scope, organization)
    return reply


_PATH = "/api/organization/{organization}/budgets"

BUDGETS = Resource("budgets", _PATH, BudgetListReply, _to_list, cached=False)
CREATED = Resource("budgets", _PATH, Budget, _to_budget, cached=False)
BUDGET = Resource("budgets", f"{_PATH}/{{id}}", Budget, _to_budget, cached=False)
DELETED = Resource("budgets", f"{_PATH}/{{id}}", DeletedBudget, _same, cached=False)
HISTORY = Resource("budgets", f"{_PATH}/{{id}}/history", BudgetHistory, _to_history, cached=False)
PREVIEW = Resource("budgets", f"{_PATH}/preview", BudgetPreview, _same, cached=False)
CHOICES = Resource("budgets", f"{_PATH}/channels", ChannelChoices, _same, cached=False)
SETTINGS = Resource("budgets", f"{_PATH}/settings", BudgetSettings, _same, cached=False)
