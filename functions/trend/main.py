"""The cost of a range of time by bucket and group, and what changed since an earlier range."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import LONG_LIST, Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from functions.trend.models import ORGANIZATION_TREND, PROJECT_TREND, OrganizationTrend, ProjectTrend
from functions.trend.parameters import OrganizationParameters, ProjectParameters
from functions.trend.table import trend_table


async def get_project_trend(call: Call[ProjectParameters, None]) -> Result[ProjectTrend]:
    """The cost of a project by hour, day, week or month, in groups.

    200 data: `buckets` of the range without a gap, with the amounts of the `groups` in their order; `rest` is the sum
    of all other groups. The groups add up to the bucket, and the buckets to `total`. A bucket without data has the
    amount null. With `compare`, the difference to an earlier range by what caused it.
    """
    result = await call.billing.fetch(PROJECT_TREND, call.namespace, call.upstream, call.parameters.upstream_query)
    call.parameters.require(result.value)
    return result


async def get_organization_trend(call: Call[OrganizationParameters, None]) -> Result[OrganizationTrend]:
    """The cost of an organization by hour, day, week or month, in groups.

    200 data: as for a project. An org-admin gets all projects, also those that moved or were deleted; a project-user
    the sum of the own projects (`scope`). In groups by project, `rounding` is the total minus their rounded figures.
    """
    query = call.parameters.upstream_query
    result = await call.billing.fetch(ORGANIZATION_TREND, call.organization, call.upstream, query)
    call.parameters.require(result.value)
    return result


app = Function(
    "trend",
    port=8095,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/project/{namespace}/trend",
            access=Access.NAMESPACE,
            handle=get_project_trend,
            data=ProjectTrend,
            parameters=ProjectParameters,
            capacity=LONG_LIST,
            table=trend_table,
        ),
        Endpoint(
            method="GET",
            route="/api/billing/organization/trend",
            access=Access.ORGANIZATION,
            handle=get_organization_trend,
            data=OrganizationTrend,
            parameters=OrganizationParameters,
            capacity=LONG_LIST,
            table=trend_table,
        ),
    ],
)


@functions_framework.aio.http
async def trend(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
