"""What a counter increased by in each window.

It is the difference between the last samples of two windows, so every increase of a counter is in exactly one window,
and the sum of the hour is exact. Where there is no such difference (the series begins in the window, or the counter
began again), it is the rate within the window; gaps.py has the windows after a gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_service.metering.client import Series
from billing_service.metering.gaps import Gaps
from billing_service.metering.queries import WINDOW_SECONDS
from billing_service.metering.windows import Key, Windows, by_key

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Counters:
    """`last` also has the end of the window before the first one. `begun` is per second, and has a sample for each
    window without a difference. `grown` is between the first and the last scrape of a window, and is read after a gap.
    """

    last: Sequence[Series]
    begun: Sequence[Series]
    grown: Sequence[Series] = ()


def increases(
    counters: Counters, gaps: Gaps, running: Mapping[Key, Windows], ends: Sequence[int]
) -> dict[Key, dict[int, Decimal]]:
    """By namespace and pod: the sums of its series. `running`: the part of each window in which the pod was there."""
    rates = {_identity(one): one.samples for one in counters.begun}
    grown = {_identity(one): one.samples for one in counters.grown}
    found: dict[Key, dict[int, Decimal]] = {}
    for key, one in by_key(counters.last, ("namespace", "pod")):
        windows = _increases(one.samples, rates.get(_identity(one), {}) if rates else {}, ends)
        for end in gaps.missing.get(key, ()):
            windows.pop(end, None)
        for end, span in gaps.spans.get(key, {}).items():
            increase = grown.get(_identity(one), {}).get(end)
            if increase is not None:
                windows[end] = increase / span * WINDOW_SECONDS * running.get(key, {}).get(end, Decimal(1))
        before = found.setdefault(key, windows)
        if before is not windows:
            for end, increase in windows.items():
                before[end] = before.get(end, _ZERO) + increase
    return found


def _increases(samples: Mapping[int, Decimal], rates: Mapping[int, Decimal], ends: Sequence[int]) -> dict[int, Decimal]:
    found = {}
    for end in ends:
        value, before = samples.get(end), samples.get(end - WINDOW_SECONDS)
        if end in rates:
            found[end] = rates[end] * WINDOW_SECONDS
        elif value is not None and before is not None:
            found[end] = value - before if value >= before else value
    return found


def _identity(one: Series) -> Key:
    return tuple(part for label in sorted(one.labels.items()) for part in label)
