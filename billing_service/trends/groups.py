"""The figures of a range in integer units: months, pieces and groups that add up.

The figure of a month is rounded once, as in the overview. Its pieces are split by largest remainder, its groups too.
So the amounts of buckets do not depend on the grouping, nor those of groups on the buckets; `table` finds the cells.
Projects are different: each has its own rounded figure, and `rounding` is the difference to the organization's.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from billing_service.parameters import COMPONENTS
from billing_service.trends.asked import Kind
from billing_service.trends.frame import Frame
from billing_service.trends.rounding import apportion, half_up, table
from billing_service.trends.usage import Key

Sums = dict[Key, dict[int, int]]  # exact amounts by group, and by month or piece


@dataclass(frozen=True)
class Figures:
    """`months` and `pieces` in units, `exact` by piece."""

    frame: Frame
    unit: int
    months: list[int]
    pieces: list[int]
    exact: list[int]


@dataclass(frozen=True)
class Margins:
    """Of every group, in units by month, and its exact amount; the largest first."""

    units: dict[Key, list[int]]
    exact: dict[Key, int]

    def total(self, key: Key) -> int:
        return sum(self.units.get(key, ()))


def figures(frame: Frame, exact: list[int], unit: int) -> Figures:
    """`exact`: of each piece."""
    months, pieces = [], []
    for place in range(len(frame.months)):
        parts = [value for piece, value in zip(frame.pieces, exact, strict=True) if piece.month == place]
        months.append(half_up(sum(parts), unit))
        pieces += apportion(parts, months[-1], unit)
    return Figures(frame, unit, months, pieces, exact)


def by_month(sums: Sums, frame: Frame) -> Sums:
    found: Sums = {}
    for key, cells in sums.items():
        found[key] = defaultdict(int)
        for piece, amount in cells.items():
            found[key][frame.pieces[piece].month] += amount
    return found


def margins(sums: Sums, months: Sequence[int], kind: Kind, unit: int) -> Margins:
    """`sums`: by month. `months`: the figures of the months."""
    keys = sorted(sums, key=lambda key: _place(key, kind)) if kind != "sku" else list(sums)
    units: dict[Key, list[int]] = {key: [] for key in keys}
    for place, figure in enumerate(months):
        exact = [sums[key].get(place, 0) for key in keys]
        parts = [half_up(value, unit) for value in exact] if kind == "project" else apportion(exact, figure, unit)
        for key, part in zip(keys, parts, strict=True):
            units[key].append(part)
    total = {key: sum(sums[key].values()) for key in keys}
    order = sorted(keys, key=lambda key: (-sum(units[key]), -total[key]))
    return Margins({key: units[key] for key in order}, total)


def _place(key: Key, kind: Kind) -> tuple[int, str, str, int]:
    """Parts with equal remainders: as in the overview."""
    component = COMPONENTS.index(key.name) if kind == "component" and key.name in COMPONENTS else 0
    return component, key.name or "", key.namespace or "", key.life or 0


def cells(found: Figures, groups: Margins, sums: Sums, shown: Sequence[Key], kind: Kind) -> list[list[int]]:
    """The units of each piece: of the shown groups, and of all others together. `sums`: of the shown ones, by piece."""
    others = list(groups.units)[len(shown) :]
    result: list[list[int]] = []
    for place, figure in enumerate(found.months):
        numbers = [number for number, piece in enumerate(found.frame.pieces) if piece.month == place]
        exact = [[sums.get(key, {}).get(number, 0) for key in shown] for number in numbers]
        for number, row in zip(numbers, exact, strict=True):
            row.append(found.exact[number] - sum(row))
        columns = [groups.units[key][place] for key in shown]
        columns.append(sum(groups.units[key][place] for key in others))
        if kind == "project":
            parts = [apportion([row[n] for row in exact], total, found.unit) for n, total in enumerate(columns)]
            result += [list(row) for row in zip(*parts, strict=True)]
        else:
            columns[-1] = figure - sum(columns[:-1])
            result += table(exact, [found.pieces[number] for number in numbers], columns, found.unit)
    return result


def add_rows(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [value + more for value, more in zip(one, other, strict=True)]
