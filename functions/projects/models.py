"""Parameters and response of /projects, and the replies of the billing service."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from common.access.roles import Namespace, Organization
from common.billing.pages import MAX_ITEMS, Page
from common.billing.resource import Resource
from common.billing.summary import BillingSummary, SummaryReply
from common.http.errors import BillingIncomplete, BillingNotStarted, BillingUnreachable
from common.model import Count, Currency, NamespaceName, Parameters, WireModel, whole_number
from common.money.amount import Amount

LARGEST_PAGE = 1000
LARGEST_OFFSET = 10**6


class ListParameters(Parameters):
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
    code: Literal["unpriced", "unreachable", "not_started"] | None = Field(
        description="Code of the reason. not_started: the namespace is in the token, but not in the billing service"
    )

    @classmethod
    def priced(cls, namespace: str, summary: BillingSummary) -> Self:
        return cls.model_construct(namespace=namespace, billing_summary=summary, error=None, code=None)

    @classmethod
    def unpriced(cls, namespace: str) -> Self:
        return cls._without_figure(namespace, BillingIncomplete.text, "unpriced")

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
    """Decimal sums of the matching projects with a figure, per currency."""

    currency: Currency | None
    current_month_total: Amount
    last_day_spend: Amount
    total_cost_per_hour: Amount


class ProjectList(WireModel):
    organization: str
    projects: list[Project]
    total: Count = Field(description="Number of matching projects, the same on all pages")
    totals: list[Totals]
    unpriced: Count = Field(description="Number of matching projects without a figure")
    billing_started: bool = Field(description="False until the billing service has the organization")


# --- replies of the billing service -------------------------------------------


class ReplyError(WireModel):
    code: str


class ProjectReply(WireModel):
    namespace: NamespaceName
    billing_summary: SummaryReply | None
    error: ReplyError | None = None

    def to_project(self) -> Project:
        if self.billing_summary is None or self.error is not None:
            return Project.unpriced(self.namespace)
        return Project.priced(self.namespace, self.billing_summary.rounded())


class ProjectListReply(WireModel):
    projects: Annotated[list[ProjectReply], Field(max_length=MAX_ITEMS)]
    next: NamespaceName | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = {project.namespace for project in self.projects}
        if len(names) != len(self.projects):
            raise ValueError("a project appears twice")
        return self


class SummaryOnlyReply(WireModel):
    """An overview. The list uses its summary only."""

    billing_summary: SummaryReply


def _list_projects(reply: ProjectListReply, organization: Organization) -> Page[Project]:
    del organization
    projects = [project.to_project() for project in reply.projects]
    return Page(projects, reply.next, numbered="next" in reply.model_fields_set)


def _only_visible(page: Page[Project], organization: Organization) -> Page[Project]:
    return Page([project for project in page.items if organization.may_list(project.namespace)])


def _summarize(reply: SummaryOnlyReply, namespace: Namespace) -> BillingSummary:
    del namespace
    return reply.billing_summary.rounded()


PROJECTS = Resource(
    "projects",
    "/api/organization/{organization}/projects",
    ProjectListReply,
    _list_projects,
    narrow=_only_visible,
    paged=True,
)
SUMMARY = Resource("overview", "/api/project/{namespace}/overview", SummaryOnlyReply, _summarize)
