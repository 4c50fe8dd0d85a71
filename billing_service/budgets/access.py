"""Who sees a budget, and who may write it.

An org-admin sees and writes all budgets of the organization. A project-user sees those of the own projects, and of
labels within them, not those of the organization; and writes them if the organization allows it (settings.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from billing_service.budgets.model import BudgetScope
from billing_service.currencies import DIGITS
from billing_service.database import Database
from billing_service.errors import AdminRequired, OrganizationNotFound, ProjectNotFound

_FACTS: LiteralString = """
    SELECT t.currency::text, t.time_zone, coalesce(s.project_users_write, false) AS project_users_write,
           EXISTS (
               SELECT FROM ownership AS w
               WHERE w.organization = t.organization AND w.namespace = %(namespace)s::text AND w.validity @> m.moment
           ) AS owned,
           EXISTS (
               SELECT FROM subscriptions AS n WHERE n.organization = t.organization AND n.validity @> m.moment
           ) AS on_plan
    FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS m
    JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> m.moment
    LEFT JOIN budget_settings AS s ON s.organization = t.organization
"""


@dataclass(frozen=True)
class Viewer:
    """`namespaces`: the projects in the token of a project-user. None: an org-admin."""

    organization: str
    namespaces: tuple[str, ...] | None

    @property
    def repeated(self) -> dict[str, Any]:
        """Members of each reply, so that a function can prove for whom it is."""
        limited = {} if self.namespaces is None else {"namespaces": list(self.namespaces)}
        return {"organization": self.organization, **limited}

    def require_scope(self, scope: BudgetScope) -> None:
        """Raises AdminRequired, ProjectNotFound: the same for a project of another organization and an unknown one."""
        if self.namespaces is None:
            return
        if scope.namespace is None:
            raise AdminRequired("only an org-admin has budgets of the organization")
        if scope.namespace not in self.namespaces:
            raise unknown_project()


@dataclass(frozen=True)
class Facts:
    """Of the organization, now. `owned`: it has the project of the scope. `on_plan`: its usage is not invoiced."""

    currency: str
    time_zone: str
    project_users_write: bool
    owned: bool
    on_plan: bool

    def units(self, currency: str | None = None) -> dict[str, Any]:
        """Members of a reply: currency and digits of its amounts, where its days begin, and by which prices."""
        name = currency or self.currency
        return {
            "currency": name,
            "currency_digits": DIGITS.get(name, 2),
            "time_zone": self.time_zone,
            "cost_basis": "list_price" if self.on_plan else "usage",
        }

    def may_write(self, viewer: Viewer) -> bool:
        return viewer.namespaces is None or self.project_users_write

    def require_write(self, viewer: Viewer) -> None:
        """Raises AdminRequired."""
        if not self.may_write(viewer):
            raise AdminRequired("the organization does not allow project-users to write budgets")


async def facts_of(database: Database, organization: str, now: datetime | None, namespace: str | None = None) -> Facts:
    """Raises OrganizationNotFound."""
    rows = await database.fetch(_FACTS, organization=organization, namespace=namespace, now=now)
    if not rows:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    return Facts(**rows[0])


def unknown_project() -> ProjectNotFound:
    return ProjectNotFound("the organization does not have this project")
