"""The state of a threshold: what it is compared with, and which state follows. Pure: no clock and no database.

A threshold fires once for each version of a budget and period: `resolved` is its last state. It fires at its limit, and
is resolved clearly below it, so that it does not flap around the limit. What cannot be decided changes no state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import Enum
from typing import Literal

from billing_service.budgets.model import Budget, State, Threshold

HOLD = timedelta(hours=3)  # of the ledger, for which a forecast is above the limit before it fires
_BACK = Decimal("0.99")  # of the limit: spend is resolved below it
_BACK_PROBABILITY = Decimal("0.1")  # below the probability: a forecast is resolved there
_EXACT = Context(prec=100)


class Verdict(Enum):
    ABOVE = "above"
    NEAR = "near"  # below the limit, and not clearly
    BELOW = "below"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """What a threshold is compared with. `spent` None: it is not known.

    `at_least`: lines are missing in `spent`, because they have no price or another currency.
    `probabilities`: that the period ends at or above the amount of a threshold, by its id; without it, not known.
    """

    spent: Decimal | None
    at_least: bool
    probabilities: Mapping[str, Decimal]


@dataclass(frozen=True)
class Step:
    """`event`: firing or resolved, if the state has just become it."""

    state: State
    event: Literal["firing", "resolved"] | None


def value_of(threshold: Threshold, found: Found) -> Decimal | None:
    return found.spent if threshold.basis == "actual" else found.probabilities.get(threshold.id)


def verdict(threshold: Threshold, limit: Decimal | None, found: Found) -> Verdict:
    """`limit`: of the period; None: it is not known. An amount that is reached by actual spend needs no forecast."""
    if limit is None and threshold.percent is not None:
        return Verdict.UNKNOWN
    if threshold.basis == "actual":
        return _of_spend(found, threshold.of(limit or Decimal(0)))
    value, wanted = value_of(threshold, found), threshold.probability or Decimal("0.5")
    if value is None:
        return Verdict.UNKNOWN
    if value >= wanted:
        return Verdict.ABOVE
    if found.at_least:
        return Verdict.UNKNOWN
    return Verdict.BELOW if value < max(wanted - _BACK_PROBABILITY, wanted / 2) else Verdict.NEAR


def _of_spend(found: Found, amount: Decimal) -> Verdict:
    if found.spent is None:
        return Verdict.UNKNOWN
    if found.spent >= amount:
        return Verdict.ABOVE
    if found.at_least:
        return Verdict.UNKNOWN
    return Verdict.BELOW if found.spent < _EXACT.multiply(amount, _BACK) else Verdict.NEAR


def follow(threshold: Threshold, before: State, seen: Verdict, at: datetime, *, certain: bool = False) -> Step:
    """`at`: the end of the newest hour of the ledger. `certain`: what is forecast has already been spent."""
    state, since = before.state, before.since
    if state == "resolved" or seen is Verdict.UNKNOWN:
        return Step(State(state, since or at), None)
    if state == "firing":
        return Step(State("resolved", at), "resolved") if seen is Verdict.BELOW else Step(before, None)
    if seen is not Verdict.ABOVE:
        return Step(before if state == "ok" and since else State("ok", at), None)
    if threshold.basis == "actual" or certain:
        return Step(State("firing", at), "firing")
    began = since if state == "pending" and since else at
    if at - began >= HOLD:
        return Step(State("firing", at), "firing")
    return Step(State("pending", began), None)


def matter(budget: Budget, threshold: Threshold) -> str:
    """What a threshold is about. A new version with the same matter, such as a new name, does not fire again."""
    scope, amount = budget.scope.to_json(), f"{budget.amount.normalize():f}"
    return repr((scope, amount, budget.currency, budget.period, budget.rollover, threshold.id))
