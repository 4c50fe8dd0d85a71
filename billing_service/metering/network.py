"""Load balancers, public addresses, and bytes that pods send."""

from collections.abc import Mapping

from billing_service.metering import skus
from billing_service.metering.controllers import Controllers
from billing_service.metering.quantity import gib
from billing_service.metering.queries import WINDOWS
from billing_service.metering.windows import Key, Totals, Windows


def addresses(balancers: Mapping[Key, Windows], ips: Mapping[Key, Windows], totals: Totals) -> None:
    for (namespace, service), windows in balancers.items():
        totals.add(namespace, skus.LOAD_BALANCER, f"Service/{service}", windows)
    for (namespace, ip), windows in ips.items():
        totals.add(namespace, skus.PUBLIC_IP, f"PublicIP/{ip}", windows)


def egress(pods: Mapping[Key, Windows], controllers: Controllers, known: Windows, totals: Totals) -> None:
    """`pods` is in bytes per window, in the windows that are known. Totals divides by the windows of an hour."""
    for (namespace, pod), windows in pods.items():
        workload = controllers.workload(namespace, pod)
        sent = {end: gib(size) * WINDOWS for end, size in windows.items() if end in known}
        totals.add(namespace, skus.NETWORK, workload, sent)
