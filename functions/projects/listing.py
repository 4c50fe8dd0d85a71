"""The caller's projects: fetched as the ownership source lists them, then searched, sorted and paged."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common.access.roles import Namespace, Organization, listed_namespaces
from common.billing.rejections import ProjectNotFound
from common.endpoint import Call
from common.http.errors import BillingIncomplete, BillingUnreachable
from common.http.response import Result
from functions.projects.models import PROJECTS, SUMMARY, ListParameters, Project, ProjectList, Totals

if TYPE_CHECKING:
    from common.billing.summary import BillingSummary


async def fetch_projects(call: Call[Any, None]) -> Result[list[Project]]:
    """Raises BillingUnreachable: what cannot be decided is never an empty list."""
    owned = await call.ownership.list_namespaces(call.caller)
    if owned is None:
        return await call.billing.fetch(PROJECTS, call.organization, call.upstream)
    return await _fan_out(call, listed_namespaces(call.organization, owned))


async def _fan_out(call: Call[Any, None], namespaces: Sequence[Namespace]) -> Result[list[Project]]:
    """One overview per project, a few at a time, for a billing service without a registry."""
    free = asyncio.Semaphore(call.billing.fan_out)
    failures: list[BillingUnreachable] = []
    results: list[Result[BillingSummary]] = []

    async def fetch(namespace: Namespace) -> Project:
        async with free:
            try:
                result = await call.billing.fetch(SUMMARY, namespace, call.upstream)
            except (BillingIncomplete, ProjectNotFound):
                return Project.unpriced(namespace.name, BillingIncomplete.text)
            except BillingUnreachable as exc:
                failures.append(exc)
                return Project.unpriced(namespace.name, exc.text)
            results.append(result)
            return Project.priced(namespace.name, result.value)

    projects = list(await asyncio.gather(*map(fetch, namespaces)))
    if failures and not results:
        raise failures[0]
    return Result(
        projects,
        min((result.as_of for result in results), default=datetime.now(UTC)),
        max((result.age_seconds for result in results), default=0.0),
        any(result.stale for result in results),
    )


def select(found: Result[list[Project]], organization: Organization, parameters: ListParameters) -> Result[ProjectList]:
    """One page of the matching projects; `total`, `totals` and `unpriced` are about all matching ones."""
    matching = [project for project in found.value if parameters.search in project.namespace]
    ordered = _sorted(matching, parameters)
    page = ProjectList.model_construct(
        organization=organization.name,
        projects=ordered[parameters.offset : parameters.offset + parameters.limit],
        total=len(matching),
        totals=_totals(matching),
        unpriced=sum(project.billing_summary is None for project in matching),
    )
    return Result(page, found.as_of, found.age_seconds, found.stale)


def _sorted(projects: list[Project], parameters: ListParameters) -> list[Project]:
    """Ties by namespace, nulls last, in either direction."""
    key, descending = parameters.sort.removeprefix("-"), parameters.sort.startswith("-")
    by_name = sorted(projects, key=lambda project: project.namespace)
    if key == "namespace":
        return by_name[::-1] if descending else by_name

    def amount(project: Project) -> Decimal:
        value: Decimal = getattr(project.billing_summary, key)
        return -value if descending else value

    priced = [project for project in by_name if project.billing_summary]
    return sorted(priced, key=amount) + [project for project in by_name if not project.billing_summary]


def _totals(projects: list[Project]) -> list[Totals]:
    """Sums of the amounts as they are shown, by currency; the unknown currency last."""
    sums: dict[str | None, list[BillingSummary]] = {}
    for project in projects:
        if project.billing_summary:
            sums.setdefault(project.billing_summary.currency, []).append(project.billing_summary)
    return [
        Totals.model_construct(
            currency=currency,
            current_month_total=sum((s.current_month_total for s in summaries), Decimal(0)),
            last_day_spend=sum((s.last_day_spend for s in summaries), Decimal(0)),
            total_cost_per_hour=sum((s.total_cost_per_hour for s in summaries), Decimal(0)),
        )
        for currency, summaries in sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]
