"""Processors and memory of pods: in each window the greater of what a pod requests and what it uses."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing_service.metering import skus
from billing_service.metering.client import Series
from billing_service.metering.controllers import MACHINE, Controllers
from billing_service.metering.quantity import gib
from billing_service.metering.queries import WINDOW_SECONDS
from billing_service.metering.windows import Key, Totals, Windows, by_key

_POD: Key = ("namespace", "pod")


@dataclass(frozen=True)
class PodSeries:
    cpu_requests: list[Series]
    memory_requests: list[Series]
    cpu_use: Mapping[Key, Windows]  # seconds of processor time
    memory_use: list[Series]


@dataclass(frozen=True)
class Compute:
    """Of one pod or machine in one window, in cores and GiB, mean over the window."""

    cores: Decimal
    memory: Decimal


def pods(
    series: PodSeries, running: Mapping[Key, Windows], controllers: Controllers, totals: Totals
) -> dict[Key, dict[int, Compute]]:
    """Adds what each pod had to its controller, except the pods of virtual machines, which machines.py counts.
    Returns it by window."""
    cpu_requests, memory_requests = _sums(series.cpu_requests), _sums(series.memory_requests)
    memory_use = _sums(series.memory_use)
    found: dict[Key, dict[int, Compute]] = {}
    for key, windows in running.items():
        namespace, pod = key
        if controllers.of(namespace, pod)[0] == MACHINE:
            continue
        requested, used = _at(cpu_requests, key), _at(series.cpu_use, key)
        reserved, held = _at(memory_requests, key), _at(memory_use, key)
        # The use of processors is a mean over the window; the others are means over the time in which the pod ran.
        found[key] = {
            end: Compute(
                cores=max(requested(end) * share, used(end) / WINDOW_SECONDS),
                memory=gib(max(reserved(end), held(end))) * share,
            )
            for end, share in windows.items()
        }
        _add(totals, namespace, controllers.workload(namespace, pod), found[key].values())
    return found


def _add(totals: Totals, namespace: str, workload: str, windows: Iterable[Compute]) -> None:
    for compute in windows:
        totals.add(namespace, skus.CPU, workload, compute.cores)
        totals.add(namespace, skus.MEMORY, workload, compute.memory)


def _sums(series: list[Series]) -> dict[Key, dict[int, Decimal]]:
    """The sums of a pod's containers, by window."""
    found: defaultdict[Key, defaultdict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for key, one in by_key(series, _POD):
        for end, value in one.samples.items():
            found[key][end] += value
    return {key: dict(windows) for key, windows in found.items()}


def _at(sums: Mapping[Key, Windows], key: Key) -> Callable[[int], Decimal]:
    windows = sums.get(key, {})
    return lambda end: windows.get(end, Decimal(0))
