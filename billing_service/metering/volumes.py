"""Volumes, by class: what is requested, while a volume is bound, used or not. The disks of a machine belong to the
machine, also while it is stopped."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing_service.metering import skus
from billing_service.metering.client import Series
from billing_service.metering.quantity import gib
from billing_service.metering.windows import Key, Samples, Totals, Windows, by_key

_CLAIM: Key = ("namespace", "persistentvolumeclaim")


@dataclass(frozen=True)
class VolumeSeries:
    sizes: list[Series]
    classes: list[Series]
    disks: list[Series]


def volumes(
    series: VolumeSeries, bound: Mapping[Key, Windows], own: frozenset[str], totals: Totals, samples: Samples
) -> None:
    """`own`: the storage classes with a separate SKU."""
    known = {key: one.samples for key, one in by_key(series.sizes, _CLAIM)}
    class_of = {key[:2]: key[2] for key in sorted(key for key, _ in by_key(series.classes, (*_CLAIM, "storageclass")))}
    machine_of = _machines(series.disks)
    for key, windows in bound.items():
        namespace, claim = key
        workload = machine_of.get(key, f"Volume/{claim}")
        for end, share in windows.items():
            size = known.get(key, {}).get(end)
            if size is None:
                samples.lost("volume without a size")
                continue
            totals.add(namespace, skus.storage(class_of.get(key, ""), own), workload, {end: gib(size) * share})


def _machines(disks: Sequence[Series]) -> dict[Key, str]:
    """A claim that two machines share belongs to neither of them."""
    found: defaultdict[Key, set[str]] = defaultdict(set)
    for (namespace, claim, name), _ in by_key(disks, (*_CLAIM, "name")):
        found[namespace, claim].add(name)
    return {key: f"VirtualMachine/{next(iter(names))}" for key, names in found.items() if len(names) == 1}
