"""The cheapest add-ons that bring what is missing: an exact search in whole numbers, by branch and bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MOST_STEPS = 50_000

Amounts = Mapping[str, int]  # by dimension


class TooManyCombinations(Exception):
    """The search was given up: nothing is known of the cheapest combination."""


@dataclass(frozen=True)
class Pack:
    """An add-on. `most`: how many can be had; None: without a limit."""

    id: str
    price: int
    brings: Amounts
    most: int | None = None


@dataclass(frozen=True, order=True)
class Choice:
    """In the order of preference: cheaper, fewer add-ons, then by their names."""

    price: int
    number: int
    packs: tuple[tuple[str, int], ...]


class Search:
    """Prices and amounts are not negative."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = sorted(packs, key=lambda pack: pack.id)
        self._steps = 0

    def cheapest(self, missing: Amounts) -> Choice | None:
        """None: no combination brings it. Raises TooManyCombinations."""
        self._best: Choice | None = None
        wanted = {name: amount for name, amount in missing.items() if amount > 0}
        useful = [pack for pack in self._packs if any(pack.brings.get(name, 0) > 0 for name in wanted)]
        self._try(useful, wanted, Choice(0, 0, ()))
        return self._best

    def _try(self, packs: Sequence[Pack], wanted: Amounts, so_far: Choice) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooManyCombinations
        if not wanted:
            if self._best is None or so_far < self._best:
                self._best = so_far
            return
        least = _least_price(packs, wanted)
        if least is None or (self._best is not None and so_far.price + least > self._best.price):
            return
        pack, others = packs[0], packs[1:]
        for number in self._numbers(pack, others, wanted):
            left = {name: amount - number * pack.brings.get(name, 0) for name, amount in wanted.items()}
            left = {name: amount for name, amount in left.items() if amount > 0}
            chosen = (*so_far.packs, (pack.id, number)) if number else so_far.packs
            self._try(others, left, Choice(so_far.price + number * pack.price, so_far.number + number, chosen))

    def _numbers(self, pack: Pack, others: Sequence[Pack], wanted: Amounts) -> range:
        """From enough of this one alone down to none."""
        needed = {name: -(-amount // pack.brings[name]) for name, amount in wanted.items() if pack.brings.get(name, 0)}
        most = max(needed.values(), default=0)
        most = most if pack.most is None else min(most, pack.most)
        alone = [n for name, n in needed.items() if not any(other.brings.get(name, 0) for other in others)]
        return range(most, max(alone, default=0) - 1, -1)


def _least_price(packs: Sequence[Pack], wanted: Amounts) -> int | None:
    """No combination costs less. None: a dimension cannot be brought at all."""
    least = 0
    for name, amount in wanted.items():
        prices = [-(-amount * pack.price // pack.brings[name]) for pack in packs if pack.brings.get(name, 0) > 0]
        if not prices:
            return None
        least = max(least, min(prices))
    return least
