"""The labels of workloads: those of their pods, claims and Services that kube-state-metrics is allowed to show."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from billing_service.metering.client import Series
from billing_service.metering.owners import Owners
from billing_service.metering.windows import Key, Owning, by_key

Labels = Mapping[str, str]
Named = Mapping[str, str]  # the name of a label in Prometheus -> its name in Kubernetes


def labels_of(
    series: Sequence[Series], label: str, names: Named, workload_of: Callable[[str, str], str], owners: Owners
) -> dict[Owning, Labels]:
    """If objects of a workload differ, or change within the hour, the labels that were there for longest, then the
    first ones by name. A label without a value is not there."""
    found: defaultdict[Owning, defaultdict[Key, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (namespace, name, *values), one in by_key(series, ("namespace", label, *names)):
        for owned_at, samples in owners.split(namespace, one.samples).items():
            found[namespace, workload_of(namespace, name), owned_at][tuple(values)] += samples
    chosen = {key: min(ways, key=lambda way: (-ways[way], way)) for key, ways in found.items()}
    return {
        key: {name: value for name, value in zip(names.values(), way, strict=True) if value}
        for key, way in chosen.items()
    }
