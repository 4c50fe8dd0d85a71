"""Processors and memory of pods: in each window the greater of what a pod requests and what it uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billing_service.metering import skus
from billing_service.metering.client import Series
from billing_service.metering.controllers import MACHINE, Controllers
from billing_service.metering.quantity import gib
from billing_service.metering.queries import WINDOW_SECONDS
from billing_service.metering.windows import Key, Totals, Windows, by_key

_POD: Key = ("namespace", "pod")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class PodSeries:
    cpu_requests: list[Series]
    memory_requests: list[Series]
    cpu_use: Mapping[Key, Windows]  # seconds of processor time
    memory_use: list[Series]


class Compute(NamedTuple):
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
        requested, used = cpu_requests.get(key, {}), series.cpu_use.get(key, {})
        reserved, held = memory_requests.get(key, {}), memory_use.get(key, {})
        # The use of processors is a mean over the window; the others are means over the time in which the pod ran.
        found[key] = {
            end: Compute(
                max(requested.get(end, _ZERO) * share, used.get(end, _ZERO) / WINDOW_SECONDS),
                gib(max(reserved.get(end, _ZERO), held.get(end, _ZERO))) * share,
            )
            for end, share in windows.items()
        }
        _add(totals, namespace, controllers.workload(namespace, pod), found[key])
    return found


def _add(totals: Totals, namespace: str, workload: str, windows: Mapping[int, Compute]) -> None:
    totals.add(namespace, skus.CPU, workload, {end: compute.cores for end, compute in windows.items()})
    totals.add(namespace, skus.MEMORY, workload, {end: compute.memory for end, compute in windows.items()})


def _sums(series: list[Series]) -> dict[Key, Windows]:
    """The sums of a pod's containers, by window."""
    found: dict[Key, Windows] = {}
    for key, one in by_key(series, _POD):
        before = found.get(key)
        found[key] = one.samples if before is None else _added(before, one.samples)
    return found


def _added(one: Windows, other: Windows) -> Windows:
    return {end: one.get(end, _ZERO) + other.get(end, _ZERO) for end in one.keys() | other.keys()}
