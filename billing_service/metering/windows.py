"""The samples of an hour by window, and the sums that become lines."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from billing_service.ledger.ingest import UsageLine
from billing_service.metering.client import Series
from billing_service.metering.owners import Owners
from billing_service.metering.quantity import TOO_LARGE, hours, rounded
from billing_service.metering.queries import WINDOW_SECONDS, WINDOWS

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ENOUGH = Decimal("0.5")  # share of the slots of a window that must have been scraped

Key = tuple[str, ...]
Owning = tuple[str, str, datetime]  # namespace, workload, and the owner's moment (owners.py)
Windows = Mapping[int, Decimal]  # by the end of the window, Unix time


@dataclass(frozen=True)
class Hour:
    start: datetime  # UTC

    @property
    def ends(self) -> list[int]:
        """The end of each window, Unix time."""
        first = int(self.start.timestamp()) + WINDOW_SECONDS
        return [first + WINDOW_SECONDS * window for window in range(WINDOWS)]

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=1)


@dataclass
class Samples:
    """How many samples there should be, how many there are, and why the others are not."""

    expected: int = 0
    seen: int = 0
    missing: Counter[str] = field(default_factory=Counter)

    def source(self, name: str, windows: Windows, expected: Iterable[int]) -> None:
        for end in expected:
            self.expected += 1
            if end in windows:
                self.seen += 1
            else:
                self.missing[f"{name}: not scraped"] += 1

    def lost(self, why: str, count: int = 1) -> None:
        if count:
            self.expected += count
            self.missing[why] += count

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(f"{why} ({count})" for why, count in sorted(self.missing.items()))


def scraped(found: Windows, slots: int) -> dict[int, Decimal]:
    """The windows in which a source was scraped in at least half of the slots, with the number of slots. In such a
    window the slots that are there stand for all. The other windows are missing, and nothing of them is counted."""
    return {end: count for end, count in found.items() if count >= slots * _ENOUGH}


def by_key(series: Iterable[Series], labels: Key) -> Iterator[tuple[Key, Series]]:
    """Series without a namespace are not of a tenant."""
    for one in series:
        key = tuple(one.labels.get(label, "") for label in labels)
        if _NAMESPACE.fullmatch(key[0]):
            yield key, one


def shares(series: Sequence[Series], labels: Key, slots: Windows) -> dict[Key, Windows]:
    """The part of each window (0 to 1) in which the object was there, where its source was scraped."""
    found: dict[Key, Windows] = {}
    known: dict[int, Windows] = {}  # by the identity of samples: most objects were there for the complete hour
    for key, one in by_key(series, labels):
        same = id(one.samples)
        if same not in known:
            known[same] = {
                end: min(count / slots[end], Decimal(1)) for end, count in one.samples.items() if end in slots and count
            }
        found[key] = known[same]
    return found


class Totals:
    """Sums of unit windows by namespace, SKU, workload and owner."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._sums: defaultdict[tuple[str, str, str, datetime], Decimal] = defaultdict(Decimal)

    def add(self, namespace: str, sku: str, workload: str, windows: Windows) -> None:
        for owned_at, amount in self._owners.split(namespace, windows).items():
            self._sums[namespace, sku, workload, owned_at] += amount

    def lines(
        self,
        hour: Hour,
        source: str,
        excluded: frozenset[str],
        samples: Samples,
        labels: Mapping[Owning, Mapping[str, str]],
    ) -> tuple[UsageLine, ...]:
        """Without lines of 0: that the hour was measured is kept for the hour, not in lines."""
        found = []
        for (namespace, sku, workload, owned_at), windows in sorted(self._sums.items()):
            quantity = hours(windows)
            if namespace in excluded:
                continue
            if quantity >= TOO_LARGE:
                samples.lost(f"{namespace} {sku} {workload}: 10^8 or more")
            elif quantity := rounded(quantity):
                known = labels.get((namespace, workload, owned_at))
                found.append(UsageLine(namespace, hour.start, sku, workload, quantity, source, owned_at, known))
        return tuple(found)
