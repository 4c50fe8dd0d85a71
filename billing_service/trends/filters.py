"""Which usage a trend counts. A filter is terms with commas between them, such as `component:cpu,label:team=web`.

Terms of one kind are alternatives, and each key of a label is a kind; usage must fit all kinds. `exclude` leaves out
what fits one of its terms. A name that does not exist is not an error: no usage fits it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, NoReturn

from billing_service.database import Reads
from billing_service.errors import BadRequest

KINDS = ("component", "sku", "project", "workload", "label")
MOST_TERMS = 50
LABEL_KEY = re.compile(r"(?:[a-z0-9][-.a-z0-9]{0,252}/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"[!-~]{1,330}")  # a workload has a namespace, a kind and a name

_SKUS: LiteralString = "SELECT id, code, component FROM skus ORDER BY id"


@dataclass(frozen=True)
class Terms:
    """`labels`: of each key, the stored values (lines.sql): '' is usage without the label."""

    texts: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def of(self, kind: str) -> list[str]:
        return [name for other, name in self.names if other == kind]

    @property
    def of_lines(self) -> bool:
        return bool(self.labels or self.of("workload"))

    def without_lines(self) -> "Terms":
        return Terms(self.texts, tuple(term for term in self.names if term[0] != "workload"))


@dataclass(frozen=True)
class Filters:
    """`skus`: those that fit, None: all."""

    include: Terms = Terms()
    exclude: Terms = Terms()
    skus: list[int] | None = None

    def __bool__(self) -> bool:
        return bool(self.include.texts or self.exclude.texts)

    @property
    def of_lines(self) -> bool:
        """Sums by day and month have no workloads and no labels."""
        return self.include.of_lines or self.exclude.of_lines

    @property
    def of_projects(self) -> bool:
        return bool(self.include.of("project") or self.exclude.of("project"))

    def without_lines(self) -> "Filters":
        return Filters(self.include.without_lines(), self.exclude.without_lines(), self.skus)

    def names(self, scope: Sequence[str] | None) -> list[str] | None:
        """Of projects, None: all. `exclude` is left to the query."""
        wanted = self.include.of("project")
        if not wanted:
            return None if scope is None else list(scope)
        return wanted if scope is None else [name for name in scope if name in wanted]

    def of_sums(self) -> dict[str, Any]:
        """Arguments of organization.sql and projects.sql, and of lines.sql."""
        return {"skus": self.skus, "without": self.exclude.of("project")}

    def of_each_line(self) -> dict[str, Any]:
        """Further arguments of lines.sql."""
        wanted, left_out = self.include, self.exclude
        return {
            "by_label": bool(wanted.labels or left_out.labels),
            "workloads": wanted.of("workload") or None,
            "without_workloads": left_out.of("workload"),
            "label_keys": [key for key, _ in wanted.labels],
            "label_values": [value for _, value in wanted.labels],
            "without_keys": [key for key, _ in left_out.labels],
            "without_values": [value for _, value in left_out.labels],
            "unlabelled": self._fits_unlabelled,
        }

    @property
    def _fits_unlabelled(self) -> bool:
        allowed = {key for key, value in self.include.labels if not value}
        left_out = any(not value for _, value in self.exclude.labels)
        return not left_out and all(key in allowed for key, _ in self.include.labels)

    async def find_skus(self, database: Reads) -> "Filters":
        """With the SKUs that fit."""
        if not any(terms.of(kind) for terms in (self.include, self.exclude) for kind in ("component", "sku")):
            return self
        rows = await database.fetch(_SKUS)
        fitting = [row["id"] for row in rows if self._fits(row["code"], row["component"])]
        return Filters(self.include, self.exclude, fitting)

    def _fits(self, code: str, component: str) -> bool:
        for kind, name in (("sku", code), ("component", component)):
            wanted = self.include.of(kind)
            if (wanted and name not in wanted) or name in self.exclude.of(kind):
                return False
        return True


def terms(parameter: str, text: str | None, *, of_organization: bool) -> Terms:
    """Raises BadRequest (400)."""
    texts = tuple(dict.fromkeys(text.split(","))) if text is not None else ()
    if len(texts) > MOST_TERMS:
        _refuse(parameter, f"must have at most {MOST_TERMS} terms")
    names, labels = [], []
    for term in texts:
        kind, _, value = term.partition(":")
        if kind not in KINDS or not _VALUE.fullmatch(value) or (kind == "project" and not of_organization):
            kinds = ", ".join(f"{name}:NAME" for name in KINDS[:-1] if of_organization or name != "project")
            _refuse(parameter, f"must be terms with commas between them: {kinds}, label:KEY=VALUE or label:KEY")
        if kind == "label":
            labels.append(_label(parameter, value))
        else:
            names.append((kind, value))
    return Terms(texts, tuple(names), tuple(labels))


def _label(parameter: str, text: str) -> tuple[str, str]:
    """`label:KEY` without a value is usage without the label."""
    key, equals, value = text.partition("=")
    if not LABEL_KEY.fullmatch(key):
        _refuse(parameter, "must have a Kubernetes label key after label:")
    return key, f"={value}" if equals else ""


def _refuse(parameter: str, rule: str) -> NoReturn:
    raise BadRequest(f"query parameter '{parameter}' {rule}", parameter=parameter)
