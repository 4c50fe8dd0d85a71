"""The statement of an organization for one month, and the months that have one."""

from typing import Any

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import LONG_LIST, Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from common.http.server_errors import NotOffered
from common.model import Parameters
from functions.statement.models import MONTHS, STATEMENT, Statement, StatementMonths, StatementParameters
from functions.statement.table import statement_table


async def get_statement(call: Call[StatementParameters, None]) -> Result[Statement]:
    """The statement of an organization for one month.

    200 data: the usage by project and SKU (`projects`), its `usage_total` and `adjustments`. For an org-admin also
    `fees` (plan and add-ons) and what is `invoiced`. The data of a closed month never change.
    """
    result = await call.billing.fetch(STATEMENT, call.organization, call.upstream, call.parameters.upstream_query)
    if call.parameters.period not in {None, result.value.period}:
        raise NotOffered("period")
    return result


async def list_statements(call: Call[Parameters, None]) -> Result[StatementMonths]:
    """The months that have a statement.

    200 data: `months` from the first one with usage to the running one, the newest first, with their state, their
    currency and the totals of their statements; for an org-admin also what is invoiced. At most 120.
    """
    return await call.billing.fetch(MONTHS, call.organization, call.upstream)


app = Function(
    "statement",
    port=8094,
    endpoints=[
        Endpoint(
            method="GET",
            route="/api/billing/organization/statement",
            access=Access.ORGANIZATION,
            handle=get_statement,
            data=Statement,
            parameters=StatementParameters,
            table=statement_table,
            capacity=LONG_LIST,
        ),
        Endpoint(
            method="GET",
            route="/api/billing/organization/statements",
            access=Access.ORGANIZATION,
            handle=list_statements,
            data=StatementMonths,
            capacity=LONG_LIST,
        ),
    ],
)


@functions_framework.aio.http
async def statement(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
