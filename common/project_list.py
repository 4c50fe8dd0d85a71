"""The caller's projects: fetched as the ownership source gives them, then searched, sorted and paged here."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from common.access.ownership import Ownership
from common.access.roles import may_list
from common.billing.client import Answer, BillingClient, ProjectNotFound, Question
from common.http.errors import BillingIncomplete, BillingUnreachable
from common.identity.authenticator import Caller
from common.models import BillingSummary, ListParameters, Project, ProjectList, Totals


async def fetch_projects(
    caller: Caller, billing: BillingClient, ownership: Ownership, question: Question
) -> Answer[list[Project]]:
    """Raises BillingUnreachable: what cannot be decided is never an empty list."""
    namespaces = await ownership.list_namespaces(caller)
    if namespaces is None:
        reply = await billing.fetch_project_list(caller.organization, question)
        mine = [project for project in reply.value if may_list(caller, project.namespace)]
        return Answer(mine, reply.as_of, reply.age_seconds, reply.stale)
    return await _fan_out(caller, [name for name in namespaces if may_list(caller, name)], billing, question)


async def _fan_out(
    caller: Caller, namespaces: Sequence[str], billing: BillingClient, question: Question
) -> Answer[list[Project]]:
    """One overview per project, a few at a time, for a billing service without a registry."""
    free = asyncio.Semaphore(billing.fan_out)
    failures: list[BillingUnreachable] = []
    answers: list[Answer[object]] = []

    async def one(namespace: str) -> Project:
        async with free:
            try:
                found = await billing.fetch_overview(caller.organization, namespace, question)
            except (BillingIncomplete, ProjectNotFound):
                return Project.unpriced(namespace, BillingIncomplete.text)
            except BillingUnreachable as exc:
                failures.append(exc)
                return Project.unpriced(namespace, exc.text)
            answers.append(Answer(None, found.as_of, found.age_seconds, found.stale))
            return Project.priced(namespace, found.value.billing_summary)

    projects = list(await asyncio.gather(*map(one, namespaces)))
    if failures and not answers:
        raise failures[0]
    return Answer(
        projects,
        min((answer.as_of for answer in answers), default=datetime.now(UTC)),
        max((answer.age_seconds for answer in answers), default=0.0),
        any(answer.stale for answer in answers),
    )


def select(found: Answer[list[Project]], organization: str, parameters: ListParameters) -> Answer[ProjectList]:
    """One page of those that match; `total`, `totals` and `unpriced` speak of all of those."""
    matching = [project for project in found.value if parameters.search in project.namespace]
    ordered = _sorted(matching, parameters)
    page = ProjectList.model_construct(
        organization=organization,
        projects=ordered[parameters.offset : parameters.offset + parameters.limit],
        total=len(matching),
        totals=_totals(matching),
        unpriced=sum(project.billing_summary is None for project in matching),
    )
    return Answer(page, found.as_of, found.age_seconds, found.stale)


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
