"""Gaps of cAdvisor: the windows that are a missing sample, and the first window after a gap.

In the first window after a gap, counters have no earlier value, and `rate` has what they grew since the first scrape.
The scrapes that are there stand for the window: its mean rate is the one between its first and its last scrape.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from billing_service.metering.client import Series
from billing_service.metering.windows import Key, Windows, by_key

OnNode = tuple[str, int]  # node, and the end of the window


@dataclass(frozen=True)
class Gaps:
    """By namespace and pod. A pod that is not in them has no gap. `spans`: seconds from the first to the last scrape,
    of each window after a gap."""

    missing: Mapping[Key, frozenset[int]] = field(default_factory=dict)
    spans: Mapping[Key, Windows] = field(default_factory=dict)

    def known(self, series: Sequence[Series]) -> list[Series]:
        """Without the windows that are missing."""
        return [self._known(one) for one in series] if self.missing else list(series)

    def _known(self, one: Series) -> Series:
        missing = self.missing.get((one.labels.get("namespace", ""), one.labels.get("pod", "")))
        if not missing:
            return one
        return Series(one.labels, {end: value for end, value in one.samples.items() if end not in missing})


def gaps(places: Sequence[Series], missing: AbstractSet[OnNode], spans: Mapping[OnNode, Decimal]) -> Gaps:
    """`places`: which pods each node has in each window."""
    nodes: defaultdict[tuple[Key, int], list[str]] = defaultdict(list)
    ends = {end for _, end in missing | spans.keys()}
    for (namespace, pod, node), one in by_key(places, ("namespace", "pod", "node")):
        for end in ends & one.samples.keys():
            nodes[(namespace, pod), end].append(node)
    lost: defaultdict[Key, set[int]] = defaultdict(set)
    after: defaultdict[Key, dict[int, Decimal]] = defaultdict(dict)
    for (pod_key, end), found in nodes.items():
        if all((node, end) in missing for node in found):
            lost[pod_key].add(end)
        elif (span := spans.get((found[0], end))) and len(found) == 1:
            after[pod_key][end] = span
    return Gaps({key: frozenset(ends) for key, ends in lost.items()}, after)
