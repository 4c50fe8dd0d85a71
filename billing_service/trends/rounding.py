"""Integer units (cents) that add up: the parts of a figure, and tables whose rows and columns both have given sums.

Exact amounts are integers in units of 10^-21; `unit` is how many of them a unit of the currency's smallest digit has.
"""

from collections import deque
from collections.abc import Sequence
from decimal import Context, Decimal

from billing_service.trends.usage import DECIMALS

_EXACT = Context(prec=100)


def unit_of(digits: int) -> int:
    return int(10 ** (DECIMALS - digits))


def half_up(exact: int, unit: int) -> int:
    """Half away from zero, as billing_service/money.py."""
    units = (2 * abs(exact) + unit) // (2 * unit)
    return units if exact >= 0 else -units


def decimal(units: int, digits: int) -> Decimal:
    return _EXACT.scaleb(Decimal(units), -digits)


def exact_decimal(exact: int) -> Decimal:
    """Without zeros at the end."""
    whole, part = divmod(abs(exact), 10**DECIMALS)
    text = f"{whole}.{part:0{DECIMALS}}".rstrip("0").rstrip(".")
    return Decimal(text if exact >= 0 else f"-{text}")


def apportion(exact: Sequence[int], total: int, unit: int) -> list[int]:
    """Units for each part that add up to `total`, by largest remainder; equal remainders: the earlier part.

    No part is negative. `total` is the rounded sum of the parts, or a sum of rounded figures and so close to it. A part
    that is 0 stays 0 if another one is not.
    """
    parts = [value // unit for value in exact]
    left = total - sum(parts)
    order = _by_remainder(exact, unit)
    if left >= 0:
        return _add(parts, left, order)
    while left:
        for number in [number for number in reversed(order) if parts[number]][:-left]:
            parts[number] -= 1
            left += 1
    return parts


def apportion_signed(exact: Sequence[int], total: int, unit: int) -> list[int]:
    """The same for parts of which some are negative."""
    parts = [value // unit for value in exact]
    return _add(parts, total - sum(parts), _by_remainder(exact, unit))


def _by_remainder(exact: Sequence[int], unit: int) -> list[int]:
    order = sorted((number for number, value in enumerate(exact) if value), key=lambda number: -(exact[number] % unit))
    return order or list(range(len(exact)))


def _add(parts: list[int], left: int, order: Sequence[int]) -> list[int]:
    each, more = divmod(left, len(order)) if order else (0, 0)
    for place, number in enumerate(order):
        parts[number] += each + (place < more)
    return parts


def table(exact: Sequence[Sequence[int]], rows: Sequence[int], columns: Sequence[int], unit: int) -> list[list[int]]:
    """A cell for each exact one, so that rows add up to `rows` and columns to `columns`, which have the same sum.

    Each cell is its exact amount rounded up or down, where that is possible: units are given in the order of the
    remainders, and moved along alternating cells if a row and a column that need one have no cell in common.
    """
    cells = [[value // unit for value in row] for row in exact]
    need_row = [total - sum(row) for total, row in zip(rows, cells, strict=True)]
    need_column = [total - sum(column) for total, column in zip(columns, zip(*cells, strict=True), strict=True)]
    _lower(cells, need_row, need_column)
    raised = [[False] * len(columns) for _ in rows]
    open_cells = [(row, column) for row, line in enumerate(exact) for column, value in enumerate(line) if value % unit]
    for row, column in sorted(open_cells, key=lambda at: -(exact[at[0]][at[1]] % unit)):
        if need_row[row] and need_column[column]:
            _raise(cells, raised, row, column)
            need_row[row] -= 1
            need_column[column] -= 1
    for row, _ in enumerate(need_row):
        while need_row[row]:
            path = _path(exact, raised, row, need_column, unit)
            last = _follow(cells, raised, path) if path else _anywhere(exact, cells, row, need_column)
            need_row[row] -= 1
            need_column[last] -= 1
    return cells


def _lower(cells: list[list[int]], need_row: list[int], need_column: list[int]) -> None:
    """A column of many groups that were rounded down can have less than its cells: the largest ones lose units."""
    for column, need in enumerate(need_column):
        for _ in range(-need):
            row = max(range(len(cells)), key=lambda row: cells[row][column])
            cells[row][column] -= 1
            need_row[row] += 1
        need_column[column] = max(need, 0)


def _raise(cells: list[list[int]], raised: list[list[bool]], row: int, column: int) -> None:
    cells[row][column] += -1 if raised[row][column] else 1
    raised[row][column] = not raised[row][column]


def _path(
    exact: Sequence[Sequence[int]], raised: list[list[bool]], start: int, need_column: list[int], unit: int
) -> list[tuple[int, int]]:
    """Cells to change from the row to a column that needs a unit: one is raised, the next lowered again, and so on."""
    came: dict[int, tuple[int, int]] = {}  # column: the row that it was reached from, and the column before
    waiting = deque([(start, -1)])
    seen = {start}
    while waiting:
        row, before = waiting.popleft()
        for column, value in enumerate(exact[row]):
            if column in came or raised[row][column] or not value % unit:
                continue
            came[column] = (row, before)
            if need_column[column]:
                return _back(came, column)
            for other, line in enumerate(raised):
                if line[column] and other not in seen:
                    seen.add(other)
                    waiting.append((other, column))
    return []


def _back(came: dict[int, tuple[int, int]], column: int) -> list[tuple[int, int]]:
    path = []
    while column >= 0:
        row, before = came[column]
        path.append((row, column))
        if before >= 0:
            path.append((row, before))
        column = before
    return path


def _follow(cells: list[list[int]], raised: list[list[bool]], path: list[tuple[int, int]]) -> int:
    """The column that got the unit."""
    for row, column in path:
        _raise(cells, raised, row, column)
    return path[0][1]


def _anywhere(exact: Sequence[Sequence[int]], cells: list[list[int]], row: int, need_column: list[int]) -> int:
    """No cell can be rounded up: the largest one of the row whose column needs a unit gets it."""
    column = max((n for n, need in enumerate(need_column) if need), key=lambda n: exact[row][n])
    cells[row][column] += 1
    return column
