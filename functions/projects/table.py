"""The list of projects as a CSV file."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from common.endpoint import Call
from common.http.response import Result
from common.http.table import Row, Table
from functions.projects.models import ListParameters, Project, ProjectList, Totals

FIGURES: Final = ("current_month_total", "last_day_spend", "total_cost_per_hour", "currency")
COLUMNS: Final = ("row", "namespace", "billing_period", *FIGURES, "almost_nothing", "code", "error", "share")


def project_table(call: Call[ListParameters, None], result: Result[ProjectList]) -> Table:
    """The totals are those of all matching projects, also if the file has one page of them."""
    data = result.value
    *others, last = [row for totals in data.totals for row in _totals(totals)] or [{"row": "total"}]
    rows = [*map(_project, data.projects, data.shares), *others]
    name = "-".join(filter(None, ("projects", data.organization, call.parameters.period)))
    return Table(name, COLUMNS, rows, last)


def _project(project: Project, share: Decimal | None) -> Row:
    summary = project.billing_summary
    figures = {} if summary is None else {name: getattr(summary, name) for name in (*FIGURES, "billing_period")}
    return {
        "row": "project",
        "namespace": project.namespace,
        **figures,
        "almost_nothing": summary and summary.almost_nothing,
        "code": project.code,
        "error": project.error,
        "share": share,
    }


def _totals(totals: Totals) -> Iterator[Row]:
    """What the total contains besides the projects, and the total."""
    for name in ("former_projects", "rounding"):
        amount = getattr(totals, name)
        if amount is not None:
            yield {"row": name, "current_month_total": amount, "currency": totals.currency}
    yield {"row": "total", **{name: getattr(totals, name) for name in FIGURES}}
