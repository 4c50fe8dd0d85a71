"""Virtual machines: the processors and memory that they have while they run. volumes.py has the disks."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from billing_service.metering import skus
from billing_service.metering.client import Series
from billing_service.metering.pods import Compute
from billing_service.metering.quantity import gib
from billing_service.metering.windows import Key, Samples, Totals, Windows, by_key

_SIZE: Key = ("namespace", "name", "resource", "unit", "source")
_TOPOLOGY = ("cores", "sockets", "threads")

Sizes = Mapping[Key, Windows]


def machines(
    sizes: Sequence[Series], running: Mapping[Key, Windows], totals: Totals, samples: Samples
) -> dict[Key, dict[int, Compute]]:
    """A machine whose size is unknown in a window is a missing sample: it is not counted as 0 or as anything else."""
    known = {key: one.samples for key, one in by_key(sizes, _SIZE)}
    found: dict[Key, dict[int, Compute]] = {}
    for key, windows in running.items():
        namespace, name = key
        found[key] = {}
        for end, share in windows.items():
            processors, memory = _processors(known, key, end), _memory(known, key, end)
            if processors is None or memory is None:
                samples.lost("virtual machine without a size")
                continue
            found[key][end] = Compute(processors * share, gib(memory) * share)
            totals.add(namespace, skus.CPU, f"VirtualMachine/{name}", {end: processors * share})
            totals.add(namespace, skus.MEMORY, f"VirtualMachine/{name}", {end: gib(memory) * share})
    return found


def _processors(sizes: Sizes, machine: Key, end: int) -> Decimal | None:
    """vCPU: the topology of the machine, of which a missing part is 1. Without a topology KubeVirt makes as many
    sockets as processors are requested, rounded up. `default` is what it reports for a machine that has neither."""
    topology = [_size(sizes, machine, "cpu", unit, "domain", end) for unit in _TOPOLOGY]
    given = [part for part in topology if part is not None]
    if given:
        product = Decimal(1)
        for part in given:
            product *= part
        return product
    requested = _size(sizes, machine, "cpu", "cores", "requests", end)
    if requested is not None:
        return requested.to_integral_value(ROUND_CEILING)
    return _size(sizes, machine, "cpu", "cores", "default", end)


def _memory(sizes: Sizes, machine: Key, end: int) -> Decimal | None:
    """Bytes: what the guest sees, or else what the machine requests."""
    guest = _size(sizes, machine, "memory", "bytes", "guest", end)
    return _size(sizes, machine, "memory", "bytes", "domain", end) if guest is None else guest


def _size(sizes: Sizes, machine: Key, resource: str, unit: str, source: str, end: int) -> Decimal | None:  # noqa: PLR0917 - a label each
    return sizes.get((*machine, resource, unit, source), {}).get(end)
