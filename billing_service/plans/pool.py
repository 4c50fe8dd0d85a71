"""The pool of an organization: what is granted, enforced, requested and used, by dimension and project.

Amounts are cores, bytes and counts. None is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.ledger.script import script
from billing_service.plans.dimensions import DIMENSIONS, dimension, total
from billing_service.plans.quantities import EXACT

ByProject = Mapping[str, Mapping[str, Decimal | None]]  # by namespace and dimension
_METERED = ("cpu", "memory", "storage", "pods", "public_ipv4")


@dataclass(frozen=True)
class Measured:
    """`source`: `platform` (status.quotaUsage), `ledger` (metered usage stands for the requests), or `none`."""

    source: str
    uid: str | None = None
    last_updated: datetime | None = None
    read_at: datetime | None = None
    hard: Mapping[str, Decimal | None] = field(default_factory=dict)  # of the organization
    requested: Mapping[str, Decimal | None] = field(default_factory=dict)  # of all projects
    projects: ByProject = field(default_factory=dict)  # requested
    own_limits: ByProject = field(default_factory=dict)  # of the projects' own quotas
    metered: ByProject = field(default_factory=dict)

    def used(self, name: str) -> Decimal | None:
        """By all projects. What is not metered, such as object storage, the platform counts where it is used."""
        if name not in _METERED:
            return self.requested.get(name)
        return total([project.get(name) for project in self.metered.values()]) if self.metered else None

    def used_by(self, project: str, name: str) -> Decimal | None:
        found = self.metered if name in _METERED else self.projects
        return found.get(project, {}).get(name)


async def measure(
    database: Database, organization: str, now: datetime | None, namespaces: list[str] | None
) -> Measured:
    """`namespaces`: only these projects, and what they request together."""
    given = {"organization": organization, "now": now}
    rows = await database.fetch(script("plans/quota.sql"), **given)
    metered = _metered(await database.fetch(script("plans/metered.sql"), **given, namespaces=namespaces))
    of_all = {row["dimension"]: row for row in rows if not row["namespace"]}
    of_projects = [row for row in rows if row["namespace"] and (namespaces is None or row["namespace"] in namespaces)]
    if not of_all:
        return _from_ledger(metered)
    projects = {name: dict.fromkeys(of_all) for name in metered} | _by_project(of_projects, "used")
    requested = {name: row["used"] for name, row in of_all.items()} if namespaces is None else _sums(projects)
    newest = next(iter(of_all.values()))
    return Measured(
        "platform",
        uid=newest["uid"],
        last_updated=newest["last_updated"],
        read_at=newest["read_at"],
        hard={name: row["hard"] for name, row in of_all.items()},
        requested=requested,
        projects=projects,
        own_limits=_by_project(of_projects, "hard"),
        metered=metered,
    )


def _from_ledger(metered: ByProject) -> Measured:
    known = any(amount is not None for project in metered.values() for amount in project.values())
    return Measured("ledger" if known else "none", requested=_sums(metered), projects=metered, metered=metered)


def _metered(rows: Iterable[DictRow]) -> dict[str, dict[str, Decimal | None]]:
    found: dict[str, dict[str, Decimal | None]] = {}
    for row in rows:
        name, quantity = row["dimension"], row["quantity"]
        amount = None if quantity is None else EXACT.multiply(Decimal(quantity), dimension(name).size)
        project = found.setdefault(row["namespace"], {})
        project[name] = total([project.get(name, Decimal(0)), amount])
    return found


def _by_project(rows: Iterable[DictRow], member: str) -> dict[str, dict[str, Decimal | None]]:
    found: dict[str, dict[str, Decimal | None]] = {}
    for row in rows:
        found.setdefault(row["namespace"], {})[row["dimension"]] = row[member]
    return found


def _sums(projects: ByProject) -> dict[str, Decimal | None]:
    names = dict.fromkeys([*DIMENSIONS, *(name for project in projects.values() for name in project)])
    return {name: total([project.get(name) for project in projects.values()]) for name in names} if projects else {}
