"""Parameters and response of /projects, and the replies of the billing service."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from common.access.roles import Namespace, Organization
from common.billing.pages import MAX_ITEMS, Page
from common.billing.resource import Resource
from common.billing.summary import BillingSummary, FiguresReply, ProjectFiguresReply, SummaryReply
from common.http.errors import BillingNotStarted
from common.http.server_errors import BillingIncomplete, BillingUnreachable
from common.model import (
    Count,
    Currency,
    FormatParameters,
    NamespaceName,
    PeriodParameters,
    Scope,
    WireModel,
    whole_number,
)
from common.money.amount import Amount, SignedAmount
from common.money.shares import Share

LARGEST_PAGE = 1000
LARGEST_OFFSET = 10**6
NOT_METERED = "No usage was metered yet"


class ListParameters(FormatParameters, PeriodParameters):
    """Equal projects are sorted by namespace. Projects without a figure are last in both directions."""

    search: Annotated[str, StringConstraints(max_length=63, to_lower=True)] = Field(
        "", description="Substring of the namespace"
    )
    sort: Literal[
        "namespace",
        "-namespace",
        "current_month_total",
        "-current_month_total",
        "last_day_spend",
        "-last_day_spend",
        "total_cost_per_hour",
        "-total_cost_per_hour",
    ] = Field("namespace", description="Sort key. A - before the key means descending")
    limit: Annotated[int, whole_number(1, LARGEST_PAGE)] = Field(
        LARGEST_PAGE, ge=1, le=LARGEST_PAGE, description="Maximum number of projects on a page"
    )
    offset: Annotated[int, whole_number(0, LARGEST_OFFSET)] = Field(
        0, ge=0, le=LARGEST_OFFSET, description="Number of projects before the page"
    )


class Project(WireModel):
    namespace: NamespaceName
    billing_summary: BillingSummary | None
    error: str | None = Field(description="Reason for a missing figure. Null if there is a figure")
    code: Literal["unpriced", "unreachable", "not_started", "not_metered"] | None = Field(
        description="Code of the reason. not_started: the project is new, and has no namespace or no billing data yet. "
        "not_metered: nothing was ever metered"
    )

    @classmethod
    def of(cls, namespace: str, summary: BillingSummary) -> Self:
        if summary.current_month_total is None:
            return cls.not_metered(namespace)
        return cls.model_construct(namespace=namespace, billing_summary=summary, error=None, code=None)

    @classmethod
    def unpriced(cls, namespace: str) -> Self:
        return cls._without_figure(namespace, BillingIncomplete.text, "unpriced")

    @classmethod
    def not_metered(cls, namespace: str) -> Self:
        return cls._without_figure(namespace, NOT_METERED, "not_metered")

    @classmethod
    def unreachable(cls, namespace: str) -> Self:
        return cls._without_figure(namespace, BillingUnreachable.text, "unreachable")

    @classmethod
    def not_started(cls, namespace: str) -> Self:
        return cls._without_figure(namespace, BillingNotStarted.text, "not_started")

    @classmethod
    def _without_figure(cls, namespace: str, text: str, code: str) -> Self:
        return cls.model_construct(namespace=namespace, billing_summary=None, error=text, code=code)


class Totals(WireModel):
    """Sums of the figures of the matching projects, per currency.

    If an org-admin lists all projects, `current_month_total` is rounded once from the exact cost of the organization.
    It is then the sum of the projects' figures, `former_projects` and `rounding`.
    """

    currency: Currency | None
    current_month_total: Amount
    last_day_spend: Amount | None = Field(description="Null for an earlier month")
    total_cost_per_hour: Amount | None = Field(description="Null for an earlier month")
    rounding: SignedAmount | None = Field(
        default=None, description="current_month_total minus former_projects and the projects' rounded figures"
    )
    former_projects: Amount | None = Field(default=None, description="Cost of projects that moved or were deleted")


class ProjectList(WireModel):
    organization: str
    projects: list[Project]
    total: Count = Field(description="Number of matching projects, the same on all pages")
    totals: list[Totals]
    shares: list[Share | None] = Field(
        description="Of each of `projects`, in their order: its part of current_month_total of `totals` in its "
        "currency. With former_projects and rounding they add up to 1. Null if the project has no figure, or the total "
        "is 0"
    )
    unpriced: Count = Field(description="Number of matching projects without a figure")
    billing_started: bool = Field(description="False until the billing service has the organization")
    scope: Scope


# --- replies of the billing service -------------------------------------------


class ReplyError(WireModel):
    code: str


class ProjectReply(WireModel):
    namespace: NamespaceName
    billing_summary: SummaryReply | None
    error: ReplyError | None = None

    def to_project(self) -> Project:
        if self.error is not None and self.error.code == "not_metered":
            return Project.not_metered(self.namespace)
        if self.billing_summary is None or self.error is not None:
            return Project.unpriced(self.namespace)
        return Project.of(self.namespace, self.billing_summary.to_summary())


class TotalReply(WireModel):
    """The complete organization, whatever the page."""

    currency: Currency
    current_month_total: Amount
    rounding: SignedAmount
    former_projects: Amount


class ProjectListReply(FiguresReply):
    projects: Annotated[list[ProjectReply], Field(max_length=MAX_ITEMS)]
    total: TotalReply | None = None
    next: NamespaceName | None = None

    @model_validator(mode="after")
    def _nulls_have_a_reason(self) -> Self:
        for project in self.projects:
            if project.billing_summary is not None:
                self.check(project.billing_summary)
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = {project.namespace for project in self.projects}
        if len(names) != len(self.projects):
            raise ValueError("a project appears twice")
        return self


def _list_projects(reply: ProjectListReply, organization: Organization) -> Page[Project]:
    del organization
    projects = [project.to_project() for project in reply.projects]
    return Page(projects, reply.next, total=reply.total, numbered="next" in reply.model_fields_set)


def _only_visible(page: Page[Project], organization: Organization) -> Page[Project]:
    """The organization's total is only for callers who may see all of it."""
    if organization.namespaces is None:
        return page
    return Page([project for project in page.items if organization.may_list(project.namespace)])


def _summarize(reply: ProjectFiguresReply, namespace: Namespace) -> BillingSummary:
    del namespace
    return reply.billing_summary.to_summary()


PROJECTS = Resource(
    "projects",
    "/api/organization/{organization}/projects",
    ProjectListReply,
    _list_projects,
    narrow=_only_visible,
    paged=True,
)
SUMMARY = Resource("overview", "/api/project/{namespace}/overview", ProjectFiguresReply, _summarize, required=True)
