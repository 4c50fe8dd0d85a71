"""GPUs, and shares of them: what pods request while they run. The pod of a virtual machine requests for the machine."""

from collections.abc import Mapping, Sequence

from billing_service.metering import skus
from billing_service.metering.client import Series
from billing_service.metering.controllers import Controllers
from billing_service.metering.windows import Key, Totals, Windows, by_key

_REQUEST: Key = ("namespace", "pod", "container", "resource")


def gpus(requests: Sequence[Series], running: Mapping[Key, Windows], controllers: Controllers, totals: Totals) -> None:
    for (namespace, pod, _, resource), one in by_key(requests, _REQUEST):
        workload = controllers.workload(namespace, pod)
        for end, share in running.get((namespace, pod), {}).items():
            if (number := one.samples.get(end)) is not None:
                totals.add(namespace, skus.gpu(resource), workload, {end: number * share})
