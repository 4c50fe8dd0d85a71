"""The budgets of an organization, of its projects and of labels: thresholds, history, and a preview."""

from typing import Any, Final

import functions_framework.aio
from starlette.requests import Request

from common.access.roles import deny, require_namespace
from common.billing.rejections import ProjectNotFound
from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.errors import AccessDenied, AdminRequired
from common.http.response import Result
from functions.budgets.body import BudgetBody, BudgetHistoryParameters, BudgetPath, BudgetSettingsBody
from functions.budgets.models import Budget, BudgetList, BudgetSettings, ChannelChoices, DeletedBudget
from functions.budgets.past import BudgetHistory, BudgetPreview
from functions.budgets.resources import (
    BUDGET,
    BUDGETS,
    CHOICES,
    CREATED,
    DELETED,
    HISTORY,
    PREVIEW,
    SETTINGS,
)

ROUTE: Final = "/api/billing/budgets"


async def list_budgets(call: Call[Any, None]) -> Result[BudgetList]:
    """The budgets that the caller sees, by name.

    An org-admin sees all budgets of the organization; a project-user those of the own projects and of labels within
    them (`scope`). 200 data: `budgets`, each with `current`: what the running period has cost and will have cost.
    """
    return await call.billing.fetch(BUDGETS, call.organization, call.upstream)


async def create_budget(call: Call[Any, BudgetBody]) -> Result[Budget]:
    """Create a budget.

    An org-admin creates budgets of everything, a project-user those of the own projects if the organization allows it.
    201 data: the budget with its `id`; `Location` is its path, `ETag` its version. 409: the organization has 200
    budgets. 422: also for another currency than the organization's, for a channel that it does not have, and for two
    equal thresholds.
    """
    await _check_scope(call)
    try:
        result = await call.billing.send("POST", CREATED, call.organization, call.upstream, body=call.body.to_json())
    except ProjectNotFound:
        raise _deny(call) from None
    result.headers = {"Location": f"{ROUTE}/{result.value.id}"}
    return result


async def get_budget(call: Call[BudgetPath, None]) -> Result[Budget]:
    """One budget.

    200 data: the budget. `ETag` is for `If-Match` of a change: only its version counts there, so a change is not
    refused because a figure moved. 404: also for a budget that the caller does not see.
    """
    return await call.billing.fetch(BUDGET, call.organization, call.upstream, {"id": call.parameters.id})


async def change_budget(call: Call[BudgetPath, BudgetBody]) -> Result[Budget]:
    """Replace a budget.

    200 data: the budget with its new version, whose thresholds can fire again. The scope cannot be changed: 422.
    """
    await _check_scope(call)
    parameters, body = {"id": call.parameters.id}, call.body.to_json()
    try:
        return await call.billing.send(
            "PUT", BUDGET, call.organization, call.upstream, body=body, parameters=parameters
        )
    except ProjectNotFound:
        raise _deny(call) from None


async def delete_budget(call: Call[BudgetPath, None]) -> Result[DeletedBudget]:
    """Delete a budget.

    204. What fires is resolved. Its history is kept.
    """
    parameters = {"id": call.parameters.id}
    return await call.billing.send("DELETE", DELETED, call.organization, call.upstream, parameters=parameters)


async def get_budget_history(call: Call[BudgetHistoryParameters, None]) -> Result[BudgetHistory]:
    """Every change of a budget, and every alert.

    200 data: `entries`, the newest ones first: who changed what and when, and which threshold fired or was resolved.
    Also of a budget that is deleted.
    """
    return await call.billing.fetch(HISTORY, call.organization, call.upstream, call.parameters.upstream_query)


async def preview_budget(call: Call[Any, BudgetBody]) -> Result[BudgetPreview]:
    """When a budget would have fired in the past twelve months.

    For each caller who sees the scope. Nothing is stored, so a request can be sent again. 200 data: of each period when
    each threshold would have fired, how late after the cost arose, and whether a forecast would have warned in vain.
    """
    await _check_scope(call)
    try:
        return await call.billing.send(
            "POST", PREVIEW, call.organization, call.upstream, body=call.body.to_json(), safe=True
        )
    except ProjectNotFound:
        raise _deny(call) from None


async def list_budget_channels(call: Call[Any, None]) -> Result[ChannelChoices]:
    """The channels that a budget can name.

    For each caller who may write budgets. 200 data: `channels`, by name, without their addresses.
    """
    return await call.billing.fetch(CHOICES, call.organization, call.upstream)


async def get_budget_settings(call: Call[Any, None]) -> Result[BudgetSettings]:
    """What the organization allows.

    200 data: whether project-users may write the budgets of the projects in their token. `ETag` is its version.
    """
    return await call.billing.fetch(SETTINGS, call.organization, call.upstream)


async def change_budget_settings(call: Call[Any, BudgetSettingsBody]) -> Result[BudgetSettings]:
    """Change what the organization allows.

    200 data: the settings with their new version.
    """
    return await call.billing.send("PUT", SETTINGS, call.organization, call.upstream, body=call.body.to_json())


async def _check_scope(call: Call[Any, BudgetBody]) -> None:
    """The caller sees the scope. Raises AccessDenied: the same for a foreign and an unknown project; AdminRequired."""
    namespace = call.body.scope.namespace
    if namespace is not None:
        await require_namespace(call.caller, namespace, call.ownership)
    elif call.organization.namespaces is not None:
        raise AdminRequired("not_org_admin")


def _deny(call: Call[Any, BudgetBody]) -> Exception:
    return deny(call.caller, call.body.scope.namespace, "not_in_organization")


MEMBER: Final[dict[str, Any]] = {"access": Access.ORGANIZATION}
SCOPED: Final[dict[str, Any]] = MEMBER | {"errors": (AccessDenied, AdminRequired)}
ADMIN: Final[dict[str, Any]] = {"access": Access.ORG_ADMIN}
ONE: Final = f"{ROUTE}/{{id}}"

app = Function(
    "budgets",
    port=8101,
    endpoints=[
        Endpoint(method="GET", route=ROUTE, handle=list_budgets, data=BudgetList, **MEMBER),
        Endpoint(method="POST", route=ROUTE, handle=create_budget, data=Budget, body=BudgetBody, status=201, **SCOPED),
        Endpoint(method="GET", route=ONE, handle=get_budget, data=Budget, parameters=BudgetPath, **MEMBER),
        Endpoint(
            method="PUT",
            route=ONE,
            handle=change_budget,
            data=Budget,
            parameters=BudgetPath,
            body=BudgetBody,
            **SCOPED,
        ),
        Endpoint(
            method="DELETE",
            route=ONE,
            handle=delete_budget,
            data=None,
            parameters=BudgetPath,
            status=204,
            errors=(AdminRequired,),
            **MEMBER,
        ),
        Endpoint(
            method="GET",
            route=f"{ONE}/history",
            handle=get_budget_history,
            data=BudgetHistory,
            parameters=BudgetHistoryParameters,
            **MEMBER,
        ),
        Endpoint(
            method="POST",
            route=f"{ROUTE}/preview",
            handle=preview_budget,
            data=BudgetPreview,
            body=BudgetBody,
            safe=True,
            **SCOPED,
        ),
        Endpoint(
            method="GET",
            route=f"{ROUTE}/channels",
            handle=list_budget_channels,
            data=ChannelChoices,
            errors=(AdminRequired,),
            **MEMBER,
        ),
        Endpoint(method="GET", route=f"{ROUTE}/settings", handle=get_budget_settings, data=BudgetSettings, **ADMIN),
        Endpoint(
            method="PUT",
            route=f"{ROUTE}/settings",
            handle=change_budget_settings,
            data=BudgetSettings,
            body=BudgetSettingsBody,
            **ADMIN,
        ),
    ],
)


@functions_framework.aio.http
async def budgets(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
