"""The exact usage of the pieces of a range, by group and SKU."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Context
from typing import NamedTuple

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.errors import BadRequest
from billing_service.ledger.script import script
from billing_service.trends.asked import Asked, Kind
from billing_service.trends.frame import Frame

DECIMALS = 21  # of an exact amount: 9 of a quantity and 12 of a price
MOST_LINES = 1_500_000
_EXACT = Context(prec=100)


class Key(NamedTuple):
    """A group. `life`: a project that was deleted and created again is two. `name`: None is usage without the label."""

    name: str | None
    namespace: str | None = None
    life: int | None = None


@dataclass(frozen=True)
class Scope:
    """A project, an organization, or some of its projects."""

    organization: str
    namespace: str | None = None
    namespaces: list[str] | None = None

    @property
    def names(self) -> list[str] | None:
        return self.namespaces if self.namespace is None else [self.namespace]


class Usage(NamedTuple):
    """Of a group and a SKU in a piece. `amount`: exact, in units of 10^-21. `piece`: its index."""

    key: Key
    sku: int
    code: str
    component: str
    currency: str
    piece: int
    quantity: int  # in units of 10^-9
    amount: int
    lines: int
    unrated: int


@dataclass(frozen=True)
class Reader:
    """`lives`: of a project in each month of its range, None for all lives."""

    database: Database
    scope: Scope
    lives: list[int | None] | None

    async def by_sku(self, frame: Frame, *, hourly: bool = False) -> list[Usage]:
        if hourly:
            return await self._lines(frame, "sku")
        if self.scope.names is None:
            return await self._fetch("organization", frame.arguments)
        return await self._projects(frame, by_project=False)

    async def by_group(
        self, frame: Frame, asked: Asked, keys: Iterable[Key] | None = None, *, hourly: bool = False
    ) -> list[Usage]:
        """`keys`: only these groups."""
        if asked.kind == "project" and not hourly:
            found = await self._projects(frame, by_project=True, keys=keys)
        else:
            found = await self._lines(frame, asked.kind, asked.label, keys)
        return found if keys is None else [usage for usage in found if usage.key in set(keys)]

    async def _projects(self, frame: Frame, *, by_project: bool, keys: Iterable[Key] | None = None) -> list[Usage]:
        names = self.scope.names if keys is None else sorted({key.namespace or "" for key in keys})
        given = {"namespaces": names, "lives": self._lives(frame), "by_project": by_project}
        return await self._fetch("projects", frame.arguments | given)

    async def _lines(
        self, frame: Frame, kind: Kind, label: str | None = None, keys: Iterable[Key] | None = None
    ) -> list[Usage]:
        wanted = None if keys is None else list(keys)
        given = {
            "namespaces": self.scope.names,
            "lives": self._lives(frame),
            "kind": kind,
            "label": label,
            "since": frame.buckets[0].since,
            "until": frame.buckets[-1].until,
            "names": None if wanted is None else [_stored(key.name) if kind == "label" else key.name for key in wanted],
            "spaces": None if wanted is None else [key.namespace or "" for key in wanted],
        }
        found = await self._fetch("lines", frame.by_lines | given)
        if kind != "label":
            return found
        return [usage._replace(key=Key(_shown(usage.key.name))) for usage in found]

    def _lives(self, frame: Frame) -> list[int | None] | None:
        return self.lives and [self.lives[piece.month] for piece in frame.pieces]

    async def _fetch(self, name: str, arguments: dict[str, object]) -> list[Usage]:
        sql = {"organization": _ORGANIZATION, "projects": _PROJECTS, "lines": _LINES}[name]
        rows = await self.database.fetch(sql, organization=self.scope.organization, **arguments)
        return [usage for row in rows for usage in _usage(row)]


_COLUMNS = script("trends/columns.sql")
_ORGANIZATION = script("trends/organization.sql") + _COLUMNS
_PROJECTS = script("trends/projects.sql") + _COLUMNS
_LINES = script("trends/lines.sql") + _COLUMNS


def _stored(value: str | None) -> str:
    return "" if value is None else f"={value}"


def _shown(name: str | None) -> str | None:
    return name[1:] if name else None


def _usage(row: DictRow) -> Iterator[Usage]:
    key = Key(row["name"], row["namespace"], row["life"])
    about = (key, row["sku"], row["code"], row["component"], row["currency"])
    for piece, quantity, amount, lines, unrated in zip(
        row["pieces"], row["quantities"], row["amounts"], row["lines"], row["unrated"], strict=True
    ):
        exact = int(_EXACT.scaleb(amount, DECIMALS)), int(_EXACT.scaleb(quantity, 9))
        yield Usage(*about, piece - 1, exact[1], exact[0], lines, unrated)


def grouped(usage: Iterable[Usage], kind: Kind, currency: str) -> dict[Key, dict[int, int]]:
    """The exact amount of each group in each piece."""
    found: dict[Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in usage:
        if one.currency == currency:
            found[key_of(one, kind)][one.piece] += one.amount
    return found


def key_of(usage: Usage, kind: Kind) -> Key:
    if kind == "component":
        return Key(usage.component)
    return Key(usage.code) if kind == "sku" else usage.key


def check_lines(usage: Iterable[Usage], asked: Asked) -> None:
    """Raises BadRequest (400): lines are read one by one, and a response has a time limit."""
    lines = sum(one.lines for one in usage)
    if lines > MOST_LINES:
        parameter = "granularity" if asked.granularity == "hour" else "group_by"
        text = (
            f"query parameter '{parameter}' needs {lines} usage lines in this range, and at most {MOST_LINES} "
            "are read: use a shorter range or one project"
        )
        raise BadRequest(text, parameter=parameter)
