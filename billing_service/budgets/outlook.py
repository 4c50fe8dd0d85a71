"""How a period is expected to end: the median, the probability that an amount is reached, and on which day.

A forecast has its median and the intervals of 80 and 95 %. Between these five quantiles, and beyond them, the
distribution is linear in the quantiles of the normal distribution. Probabilities are floats; amounts are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import NormalDist

_NORMAL = NormalDist()
_SCORES = tuple(_NORMAL.inv_cdf(share) for share in (0.025, 0.1, 0.5, 0.9, 0.975))
_HUNDREDTH = Decimal("0.01")
UNMEASURED = "run_rate"  # the method of a forecast from too few days to compare models
_LEAST, _MOST = Decimal("0.01"), Decimal("0.99")  # of what is not certain


@dataclass(frozen=True)
class Outlook:
    """Of the rest of a period. `quantiles`: 2.5, 10, 50, 90 and 97.5 % of what is still spent. `days`: medians.

    `is_measured`: past forecasts of the series were compared with what came. Without it, a probability means nothing.
    """

    quantiles: tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
    days: Sequence[tuple[date, Decimal]]
    is_measured: bool = True

    @property
    def median(self) -> Decimal:
        return self.quantiles[2]

    def probability(self, left: Decimal) -> Decimal:
        """That at least `left` is still spent: 0 to 1 with two digits. 1 is certain, and nothing else is 0 or 1."""
        if left <= 0:
            return Decimal(1)
        if not self.days or self.quantiles[-1] <= 0:
            return Decimal(0)
        exact = Decimal(repr(1 - _NORMAL.cdf(self._score(float(left)))))
        return min(max(exact.quantize(_HUNDREDTH, ROUND_HALF_UP), _LEAST), _MOST)

    def _score(self, left: float) -> float:
        """Where the amount is in the distribution, in standard deviations of the normal one."""
        found = list(zip(map(float, self.quantiles), _SCORES, strict=True))
        parts = [pair for pair in pairwise(found) if pair[1][0] > pair[0][0]]
        if not parts:  # nothing is uncertain
            return _SCORES[0] * 2 if left <= found[2][0] else _SCORES[-1] * 2
        (low, below), (high, above) = next((part for part in parts if left <= part[1][0]), parts[-1])
        return below + (left - low) / (high - low) * (above - below)

    def day_of(self, left: Decimal) -> date | None:
        """The day on which at least `left` is spent. None: not in this period."""
        for day, amount in self.days:
            left -= amount
            if left <= 0:
                return day
        return None


def over() -> Outlook:
    """Of a period that has ended: nothing is still spent."""
    return Outlook((Decimal(0),) * 5, ())
