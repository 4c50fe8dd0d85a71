"""The exact usage of the pieces of a range, by group and SKU."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import LiteralString, NamedTuple

from psycopg.rows import DictRow

from billing_service.database import Reads
from billing_service.errors import BadRequest
from billing_service.figures.lives import Lives, own_lives
from billing_service.ledger.script import script, without
from billing_service.trends.asked import Asked, Kind
from billing_service.trends.filters import Filters
from billing_service.trends.frame import Frame

DECIMALS = 21  # of an exact amount: 9 of a quantity and 12 of a price
QUANTITY_DECIMALS = 9
MOST_LINES = 500_000


class Key(NamedTuple):
    """A group. `life`: a project that was deleted and created again is two. `name`: None is usage without the label."""

    name: str | None
    namespace: str | None = None
    life: int | None = None


@dataclass(frozen=True)
class Scope:
    """A project, an organization, or some of its projects. `lives`: what `namespaces` name (named_lives)."""

    organization: str
    namespace: str | None = None
    namespaces: list[str] | None = None
    lives: Lives | None = None

    @property
    def names(self) -> list[str] | None:
        return self.namespaces if self.namespace is None else [self.namespace]

    @property
    def own(self) -> dict[str, object]:
        """Arguments of the queries. None: all lives."""
        return own_lives(self.lives)


@dataclass(frozen=True)
class Usage:
    """Of a group and a SKU: in each of the `pieces`, which are indexes, the quantity, the exact amount, and lines.

    `sku`, `code` and `component` are None where the SKUs of a group are added up.
    Amounts are in units of 10^-21. `quantities`: empty if they are not needed. `unrated`: the number of lines without a
    price, None if every line has one.
    """

    key: Key
    sku: int | None
    code: str | None
    component: str | None
    currency: str
    pieces: list[int]
    quantities: list[Decimal]
    amounts: list[int]
    lines: list[int]
    unrated: list[int] | None


@cache
def query(name: str, sections: tuple[str, ...], *, single: bool = False) -> LiteralString:
    """Of organization.sql or projects.sql with these sources, or of lines.sql.

    `single`: each sum of the ledger is a cell of the response, and there is nothing to add up.
    """
    head, *texts = script(f"trends/{name}.sql").split("-- section: ")
    if not texts:
        return head + script("trends/columns.sql")
    parts = {text.partition("\n")[0]: text.partition("\n")[2] for text in texts}
    return (
        head
        + "    UNION ALL\n".join(parts[section] for section in sections)
        + parts["single" if single else "groups"]
        + script("trends/columns.sql")
    )


@dataclass(frozen=True)
class Reader:
    """`lives`: of a project in each month of its range, None for all lives. `quantities`: whether they are needed."""

    database: Reads
    scope: Scope
    lives: list[int | None] | None
    filters: Filters
    quantities: bool

    def of_sums(self) -> "Reader":
        """Without the filters that only lines have: a quick count of the lines to read."""
        return Reader(self.database, self.scope, self.lives, self.filters.without_lines(), quantities=False)

    def with_quantities(self) -> "Reader":
        return Reader(self.database, self.scope, self.lives, self.filters, quantities=True)

    @property
    def names(self) -> list[str] | None:
        return self.filters.names(self.scope.names)

    async def by_sku(self, frame: Frame, *, hourly: bool = False) -> list[Usage]:
        if hourly or self.filters.of_lines:
            return await self._lines(frame, "sku")
        if self.names is None and not self.filters.of_projects:
            return await self._fetch("organization", frame, {})
        given = {"namespaces": self.names, "by_project": False, "by_sku": True}
        return await self._fetch("projects", frame, given)

    async def by_group(
        self, frame: Frame, asked: Asked, *, by_sku: bool, keys: Sequence[Key] | None = None, hourly: bool = False
    ) -> list[Usage]:
        """`keys`: only these groups. Without `by_sku`, the SKUs of a group are added up."""
        if asked.kind == "project" and not (hourly or self.filters.of_lines):
            names = self.names if keys is None else sorted({key.namespace or "" for key in keys})
            given = {"namespaces": names, "by_project": True, "by_sku": by_sku}
            found = await self._fetch("projects", frame, given)
        else:
            found = await self._lines(frame, asked.kind, asked.label, keys, by_sku=by_sku)
        wanted = None if keys is None else set(keys)
        return [usage for usage in found if wanted is None or usage.key in wanted]

    async def _lines(
        self,
        frame: Frame,
        kind: Kind,
        label: str | None = None,
        keys: Sequence[Key] | None = None,
        *,
        by_sku: bool = True,
    ) -> list[Usage]:
        given: dict[str, object] = {
            "namespaces": self.names,
            "by_sku": by_sku,
            "kind": kind,
            "label": label,
            "names": keys and [_stored(key.name) if kind == "label" else key.name for key in keys],
            "spaces": keys and [key.namespace or "" for key in keys],
            **self.filters.of_each_line(),
        }
        return await self._fetch("lines", frame, given, of_label=kind == "label")

    async def _fetch(
        self, name: str, frame: Frame, given: Mapping[str, object], *, of_label: bool = False
    ) -> list[Usage]:
        sections = [("months", frame.whole_months), ("days", frame.days), ("hours", frame.hours)]
        single = frame.is_of_days and (name == "organization" or self.scope.namespace is not None)
        sql = query(name, tuple(section for section, spans in sections if spans), single=single)
        arguments = frame.from_lines() if name == "lines" else frame.from_sums()
        arguments |= {
            "lives": self.lives,
            **self.scope.own,
            **self.filters.of_sums(),
            **given,
            "quantities": self.quantities or None,
        }
        rows = await self.database.fetch(without(sql, arguments), organization=self.scope.organization, **arguments)
        return [_usage(row, of_label=of_label) for row in rows]


def _stored(value: str | None) -> str:
    return "" if value is None else f"={value}"


def _shown(name: str) -> str | None:
    return name[1:] or "" if name else None


def _usage(row: DictRow, *, of_label: bool) -> Usage:
    name = _shown(row["name"]) if of_label else row["name"]
    return Usage(
        Key(name, row["namespace"], row["life"]),
        row["sku"],
        row["code"],
        row["component"],
        row["currency"],
        _integers(row["pieces"]),
        row.get("quantities", []),
        _integers(row["amounts"]),
        _integers(row["lines"]),
        None if row["unrated"] is None else _integers(row["unrated"]),
    )


def _integers(text: str) -> list[int]:
    return [*map(int, text.split(","))]


def grouped(usage: Iterable[Usage], kind: Kind, currency: str) -> dict[Key, dict[int, int]]:
    """The exact amount of each group in each piece."""
    found: dict[Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in usage:
        if one.currency == currency:
            cells = found[key_of(one, kind)]
            for piece, amount in zip(one.pieces, one.amounts, strict=True):
                cells[piece] += amount
    return found


def by_piece(usage: Iterable[Usage], frame: Frame, currency: str) -> list[int]:
    """The exact amount of each piece."""
    found = [0] * len(frame.pieces)
    for one in usage:
        if one.currency == currency:
            for piece, amount in zip(one.pieces, one.amounts, strict=True):
                found[piece] += amount
    return found


def key_of(usage: Usage, kind: Kind) -> Key:
    if kind == "component":
        return Key(usage.component)
    return Key(usage.code) if kind == "sku" else usage.key


def check_lines(usage: Iterable[Usage], asked: Asked) -> None:
    """Raises BadRequest (400): lines are read one by one, and a response has a time limit."""
    lines = sum(sum(one.lines) for one in usage)
    if lines > MOST_LINES:
        by_hour = asked.granularity == "hour"
        parameter = "granularity" if by_hour else _filter(asked.filters) if asked.filters.of_lines else "group_by"
        text = (
            f"query parameter '{parameter}' needs {lines} usage lines in this range, and at most {MOST_LINES} "
            "are read: use a shorter range or one project"
        )
        raise BadRequest(text, parameter=parameter)


def _filter(filters: Filters) -> str:
    return "include" if filters.include.of_lines else "exclude"
