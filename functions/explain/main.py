"""The rows that a figure of a project or of an organization is made of."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import LONG_LIST, Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from functions.explain.models import EXPLAIN, ORGANIZATION_EXPLAIN, Explanation, OrganizationExplanation
from functions.explain.parameters import OrganizationParameters, ProjectParameters
from functions.explain.table import explanation_table, organization_table


async def explain_project(call: Call[ProjectParameters, None]) -> Result[Explanation]:
    """The rows that a figure of a project is made of.

    200 data: `rows` (by SKU, workload and price, with exact amounts), `exact` (their sum), `rounding`, and `value`, the
    figure as the overview shows it: `exact` plus `rounding`. At most 1000 rows; `rest` is the sum of the others.
    With `from` and `to` instead of a figure: the cost of a range.
    """
    result = await call.billing.fetch(EXPLAIN, call.namespace, call.upstream, call.parameters.upstream_query)
    call.parameters.require(result.value)
    return result


async def explain_organization(call: Call[OrganizationParameters, None]) -> Result[OrganizationExplanation]:
    """The rows that a figure of an organization is made of.

    200 data: as for a project, with rows by project, SKU and price. An org-admin gets all projects, also those that
    moved or were deleted; a project-user the own projects (`scope`), and `value` is the figure of these.
    """
    query = call.parameters.upstream_query
    result = await call.billing.fetch(ORGANIZATION_EXPLAIN, call.organization, call.upstream, query)
    call.parameters.require(result.value)
    return result


app = Function(
    "explain",
    port=8093,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/project/{namespace}/explain",
            access=Access.NAMESPACE,
            handle=explain_project,
            data=Explanation,
            parameters=ProjectParameters,
            table=explanation_table,
            capacity=LONG_LIST,
        ),
        Endpoint(
            method="GET",
            route="/api/billing/organization/explain",
            access=Access.ORGANIZATION,
            handle=explain_organization,
            data=OrganizationExplanation,
            parameters=OrganizationParameters,
            table=organization_table,
            capacity=LONG_LIST,
        ),
    ],
)


@functions_framework.aio.http
async def explain(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
