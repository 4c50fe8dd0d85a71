"""What the running month, the next 30 days or the next 90 days will cost."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.http.server_errors import NotOffered
from functions.forecast.models import (
    ORGANIZATION_FORECAST,
    PROJECT_FORECAST,
    Forecast,
    ForecastParameters,
    OrganizationForecast,
    ProjectForecast,
)


async def get_project_forecast(call: Call[ForecastParameters, None]) -> Result[ProjectForecast]:
    """What a project will cost.

    200 data: `spent` so far in the month, `remaining` and `total` with an interval, and each day. `backtest` has how
    wrong such forecasts of this project were. Announced prices are included, one-off lines are not.
    """
    query = call.parameters.upstream_query
    result = await call.billing.fetch(PROJECT_FORECAST, call.namespace, call.upstream, query)
    _require(result.value, call.parameters)
    return result


async def get_organization_forecast(call: Call[ForecastParameters, None]) -> Result[OrganizationForecast]:
    """What an organization will cost.

    200 data: as for a project. An org-admin gets all projects and the `fees` of plan and add-ons; a project-user the
    sum of the own projects (`scope`). The interval is that of the sum.
    """
    query = call.parameters.upstream_query
    result = await call.billing.fetch(ORGANIZATION_FORECAST, call.organization, call.upstream, query)
    _require(result.value, call.parameters)
    return result


def _require(value: Forecast, parameters: ForecastParameters) -> None:
    """The response must be about the requested horizon and level. Raises NotOffered (501)."""
    if value.horizon != parameters.horizon:
        raise NotOffered("horizon")
    if value.level != int(parameters.level):
        raise NotOffered("level")


app = Function(
    "forecast",
    port=8096,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/project/{namespace}/forecast",
            access=Access.NAMESPACE,
            handle=get_project_forecast,
            data=ProjectForecast,
            parameters=ForecastParameters,
        ),
        Endpoint(
            method="GET",
            route="/api/billing/organization/forecast",
            access=Access.ORGANIZATION,
            handle=get_organization_forecast,
            data=OrganizationForecast,
            parameters=ForecastParameters,
        ),
    ],
)


@functions_framework.aio.http
async def forecast(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
