"""The caller's projects: fetched, limited to what the ownership source lists, then searched, sorted and paged."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from common.access.roles import Namespace, Organization, listed_namespaces
from common.billing.rejections import ProjectNotFound
from common.billing.summary import BillingSummary, require_month
from common.endpoint import Call
from common.http.errors import BillingNotStarted
from common.http.response import Result
from common.http.server_errors import BillingIncomplete, BillingUnreachable, NotOffered
from common.model import Scope
from common.money.amount import exact_sum
from common.money.shares import shares
from functions.projects.models import PROJECTS, SUMMARY, ListParameters, Project, ProjectList, TotalReply, Totals


@dataclass(frozen=True)
class Found:
    """Every project that the caller may see. `billing_started`: the billing service has the organization."""

    projects: Result[list[Project]]
    total: TotalReply | None = None  # of the complete organization, if the caller may see all of it
    billing_started: bool = True

    def limited_to(self, owned: frozenset[str]) -> "Found":
        """What the ownership source also lists. The organization's total is that of the billing service's list."""
        kept = [project for project in self.projects.value if project.namespace in owned]
        total = self.total if len(kept) == len(self.projects.value) else None
        return Found(self.projects.with_value(kept), total, self.billing_started)

    def with_missing(self, namespaces: frozenset[str]) -> "Found":
        """New projects are listed too. In mode `registry`, a foreign namespace of the token has the same entry."""
        missing = namespaces - {project.namespace for project in self.projects.value}
        projects = [*self.projects.value, *map(Project.not_started, missing)]
        return Found(self.projects.with_value(projects), self.total, self.billing_started)


async def fetch_projects(call: Call[ListParameters, None]) -> Found:
    """Raises BillingUnreachable: what cannot be decided is never an empty list."""
    owned = await call.ownership.list_namespaces(call.caller)
    try:
        found = await _fetch_list(call)
    except NotOffered as exc:
        if owned is None:  # nothing else lists the projects
            raise BillingUnreachable("http_404") from exc
        found = Found(await _fan_out(call, listed_namespaces(call.organization, owned)))
    if owned is None:
        return found.with_missing(call.caller.namespaces)
    expected = [*owned, *await call.ownership.list_expected(call.caller)]
    visible = frozenset(name for name in expected if call.organization.may_list(name) or name in call.caller.namespaces)
    return found.limited_to(frozenset(owned)).with_missing(visible)


async def _fetch_list(call: Call[ListParameters, None]) -> Found:
    try:
        page = await call.billing.fetch(PROJECTS, call.organization, call.upstream, call.parameters.upstream_query)
    except BillingNotStarted:
        return Found(Result([], datetime.now(UTC)), billing_started=False)
    return Found(page.with_value(page.value.items), page.value.total)


async def _fan_out(call: Call[ListParameters, None], namespaces: Sequence[Namespace]) -> Result[list[Project]]:
    """Fetches one overview per project, a few at a time, from a billing service that has no list."""
    free = asyncio.Semaphore(call.billing.fan_out)
    failures: list[BillingUnreachable] = []
    results: list[Result[BillingSummary]] = []

    async def fetch(namespace: Namespace) -> Project:
        async with free:
            try:
                result = await call.billing.fetch(SUMMARY, namespace, call.upstream, call.parameters.upstream_query)
            except BillingIncomplete:
                return Project.unpriced(namespace.name)
            except ProjectNotFound:
                return Project.not_started(namespace.name)
            except BillingUnreachable as exc:
                failures.append(exc)
                return Project.unreachable(namespace.name)
            results.append(result)
            return Project.of(namespace.name, result.value)

    projects = list(await asyncio.gather(*map(fetch, namespaces)))
    if failures and not results:
        raise failures[0]
    return Result(
        projects,
        min((result.as_of for result in results if result.as_of), default=None if results else datetime.now(UTC)),
        max((result.age_seconds for result in results), default=0.0),
        any(result.stale for result in results),
    )


def select(found: Found, organization: Organization, parameters: ListParameters) -> Result[ProjectList]:
    """One page of the matching projects; `total`, `totals` and `unpriced` are about all matching ones."""
    result = found.projects
    for project in result.value:
        if project.billing_summary:
            require_month(project.billing_summary, parameters.period)
    matching = [project for project in result.value if parameters.search in project.namespace]
    ordered = _sorted(matching, parameters)
    names = organization.namespaces
    totals = _totals(matching, None if parameters.search else found.total)
    share_of = _shares(matching, totals)
    projects = ordered[parameters.offset : parameters.offset + parameters.limit]
    page = ProjectList.model_construct(
        organization=organization.name,
        projects=projects,
        total=len(matching),
        totals=totals,
        shares=[share_of.get(project.namespace) for project in projects],
        unpriced=sum(project.billing_summary is None for project in matching),
        billing_started=found.billing_started,
        scope=Scope(organization=organization.name, namespaces=None if names is None else sorted(names)),
    )
    found_page = result.with_value(page)
    return found_page if names is None else found_page.of_a_part()


def _sorted(projects: list[Project], parameters: ListParameters) -> list[Project]:
    """Equal projects by namespace, projects without a figure last, in both directions."""
    key, descending = parameters.sort.removeprefix("-"), parameters.sort.startswith("-")
    by_name = sorted(projects, key=lambda project: project.namespace)
    if key == "namespace":
        return by_name[::-1] if descending else by_name

    def amount(project: Project) -> Decimal | None:
        value: Decimal | None = getattr(project.billing_summary, key, None)
        return -value if value is not None and descending else value

    with_amount = [(value, project) for project in by_name if (value := amount(project)) is not None]
    ordered = [project for _, project in sorted(with_amount, key=lambda pair: pair[0])]
    return ordered + [project for project in by_name if amount(project) is None]


def _totals(projects: list[Project], total: TotalReply | None) -> list[Totals]:
    """Per currency; the unknown currency is last. `total`: the billing service's figures of the same projects."""
    sums: dict[str | None, list[BillingSummary]] = {}
    for project in projects:
        if project.billing_summary:
            sums.setdefault(project.billing_summary.currency, []).append(project.billing_summary)
    if total is not None:
        sums.setdefault(total.currency, [])
    ordered = sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [
        _sum(currency, summaries, total if total and total.currency == currency else None)
        for currency, summaries in ordered
    ]


def _sum(currency: str | None, summaries: list[BillingSummary], total: TotalReply | None) -> Totals:
    return Totals.model_construct(
        currency=currency,
        current_month_total=total.current_month_total if total else _plus(s.current_month_total for s in summaries),
        last_day_spend=_plus(s.last_day_spend for s in summaries),
        total_cost_per_hour=_plus(s.total_cost_per_hour for s in summaries),
        rounding=total.rounding if total else None,
        former_projects=total.former_projects if total else None,
    )


def _plus(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """None if one of them is not known."""
    known = list(amounts)
    return None if None in known else exact_sum(amount for amount in known if amount is not None)


def _shares(projects: list[Project], totals: list[Totals]) -> dict[str, Decimal]:
    """By namespace. What is in the total and in no project, such as a former one, has a share too."""
    found: dict[str, Decimal] = {}
    for total in totals:
        amounts = {
            project.namespace: project.billing_summary.current_month_total or Decimal(0)
            for project in projects
            if project.billing_summary and project.billing_summary.currency == total.currency
        }
        others = max(Decimal(0), total.current_month_total - exact_sum(amounts.values()))
        found.update(zip(amounts, shares([*amounts.values(), others]) or [], strict=False))
    return found
